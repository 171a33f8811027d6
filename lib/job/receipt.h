#ifndef JOB_RECEIPT_H
#define JOB_RECEIPT_H

#include <stdbool.h>
#include "codec/json.h"
#include "job/deploy.h"

/*
 * receipt - what a restore tells of itself: the result document
 * (esxbk-result(5)) and the warnings in it.
 */

/* To the result's warnings, and to the log. */
void receipt_warn(struct deploy_result *r, const char *code, const char *text);

bool receipt_has(const struct deploy_result *r, const char *text);

/* "ok", "failed", "skipped" */
void receipt_step(struct deploy_result *r, const char *step,
    const char *outcome);
void receipt_files(struct deploy_result *r, const struct upload *uploads,
    size_t n);
void receipt_place(struct deploy_result *r, const struct placement *p,
    const struct import_network *map, size_t n);

/* A new reference, or NULL without memory. */
json_t *receipt_result(const struct deploy_result *r);

#endif
