#ifndef VSPHERE_LEASE_INTERNAL_H
#define VSPHERE_LEASE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "vsphere/lease.h"
#include "vsphere/props.h"

/* What the files of lease share. */
struct lease {
	struct vim *v;
	struct moref ref;
	struct moref entity;
	struct lease_item *items;
	size_t n_items;
	uint64_t timeout_ms;
	volatile bool *stop;
	atomic_bool is_open; /* to be completed or aborted */
	atomic_int percent;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool ended;
	struct err lost; /* why, once it is */
};

/* The thread that keeps l alive by the clock, once it is ready; the end of
 * a thread that was never started is fine. */
int lease_watch_start(struct lease *l, struct err *e);
void lease_watch_stop(struct lease *l);

/* Asks for the state now; -1 if the lease is not ready. */
int lease_watch_look(struct lease *l, struct err *e);

/* The lease is lost: says why, and stops the transfers. */
void lease_watch_lose(struct lease *l, const struct err *e);

/* If e says that the server knows no such lease, as after it began anew: there
 * is nothing left to abort, and another may be had.  -1. */
int lease_watch_gone(struct lease *l, struct err *e);

/* The server has ended it, and there is nothing left to abort: -1. */
int lease_watch_ended(struct lease *l, const struct props_object *o,
    const char *state, struct err *e);

#endif
