#ifndef PLAN_RUNNER_RECORD_H
#define PLAN_RUNNER_RECORD_H

#include "plan/runner_internal.h"

/*
 * runner_record - the lines of a run's file (plan/history.h), and the documents
 * that are made of them (esxbk-result(5)).
 */

void runner_record_warn(json_t *list, const char *code, const char *text);
json_t *runner_record_begin(const struct run *r);
json_t *runner_record_vm(const struct run_vm *vm);
json_t *runner_record_past(const struct history_vm *vm); /* its main parts */
json_t *runner_record_end(const struct run *r, int exit, const char *text,
    bool is_final);
void runner_record_add(struct run *r, const json_t *line);

/* The document of a VM or, for its last line, of the run. */
void runner_record_tell(const struct run *r, const json_t *line);

#endif
