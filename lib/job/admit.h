#ifndef JOB_ADMIT_H
#define JOB_ADMIT_H

#include <stddef.h>
#include "base/err.h"
#include "job/deploy.h"
#include "job/supply.h"
#include "vsphere/importspec.h"
#include "vsphere/placement.h"

/*
 * admit - whether a backup can become a VM here: all that can be known
 * before anything is made or moved.
 */

/* The backup by itself: one VM, every file there with its size, disks that
 * begin as disks, a manifest that names the descriptor's files and no others.
 * Of a stream: what can be known yet. */
int admit_source(struct supply *s, const struct deploy_conf *conf,
    struct deploy_result *r, struct err *e);

/* The place, found. */
int admit_place(struct vim *v, const struct deploy_conf *conf,
    struct deploy_result *r, struct placement *p, struct err *e);

/* 0: the name is free; 1: a VM made of this very backup has it, *vm; -1:
 * ERR_CREATE, another has it. */
int admit_name(struct vim *v, const struct supply *s, const char *name,
    const struct placement *p, bool is_idempotent, struct moref *vm,
    struct err *e);

/* The place is up, able to run the hardware, with room; the networks.  A VM
 * that is there already has taken its room. */
int admit_fit(struct vim *v, const struct supply *s,
    const struct deploy_conf *conf, struct deploy_result *r,
    const struct placement *p, struct import_network **map, struct err *e);

/* The host's own opinion: its specification, its warnings and refusals. */
int admit_spec(struct vim *v, const struct supply *s,
    const struct deploy_conf *conf, struct deploy_result *r,
    const struct placement *p, const struct import_network *map,
    struct import_spec *spec, struct err *e);

/* The files of the specification, in its order; free() *uploads. */
int admit_files(struct supply *s, const struct import_spec *spec,
    struct deploy_result *r, struct upload **uploads, struct err *e);

#endif
