#ifndef SYS_MACHINE_H
#define SYS_MACHINE_H

#include "base/err.h"

/*
 * machine - which machine this is, for marks on things that we leave on a
 * host: /etc/machine-id, else the host name (machine-id(5)).
 */
#define MACHINE_ID_SIZE 72

int machine_id(char out[MACHINE_ID_SIZE], struct err *e);

/* 16 random hex digits. */
#define MACHINE_NONCE_SIZE 17
int machine_nonce(char out[MACHINE_NONCE_SIZE], struct err *e);

#endif
