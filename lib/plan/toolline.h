#ifndef PLAN_TOOLLINE_H
#define PLAN_TOOLLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "plan/conf.h"

/*
 * toolline - the command lines that a plan runs: such as a person could type.
 *
 * Pure but for toolline_init().  A site's password comes by descriptor 3.
 * Words are added until one fails for lack of memory; toolline_check() asks
 * once.  { 0 } is empty.
 */
struct toolline {
	char **argv; /* NULL at the end; NULL while empty */
	size_t n;
	bool failed;
};

/* Begins with the tool's path: beside our own binary, or in
 * $ESXBK_EXEC_PATH; never $PATH. */
int toolline_init(struct toolline *l, const char *tool, struct err *e);
void toolline_add(struct toolline *l, const char *word);
void toolline_add_pair(struct toolline *l, const char *option,
    const char *value);
int toolline_check(const struct toolline *l, struct err *e);
void toolline_free(struct toolline *l);

/* For people: words quoted as a shell wants them. */
void toolline_format(const struct toolline *l, struct buf *b);

/* How to reach the site: --server to --bwlimit.  config: the file that it is
 * of, where the tool finds a proxy with a password in it. */
void toolline_add_site(struct toolline *l, const struct conf_site *site,
    const char *config);

/* What an export of one VM is told. */
struct toolline_export {
	const struct conf_plan *plan;
	const char *folder; /* where the points go */
	const char *moid;
	const char *const *labels; /* of the VM's disks */
	size_t n_labels;
};

/* The tool that makes the plan's points: "esxbk-export-ovf". */
const char *toolline_exporter(const struct conf_plan *plan);

/* The rest of its line.  ERR_CONFIG: no disk would be left. */
int toolline_add_export(struct toolline *l, const struct toolline_export *x,
    struct err *e);

#endif
