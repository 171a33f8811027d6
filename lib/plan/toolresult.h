#ifndef PLAN_TOOLRESULT_H
#define PLAN_TOOLRESULT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "codec/json.h"
#include "sys/child.h"

/*
 * toolresult - what a tool printed with --json, and what to make of it
 * (esxbk-result(5)).
 *
 * Untrusted: the tool may have crashed in the middle of a line.  Without a
 * summary as its last line a tool has crashed, whatever its exit status, but
 * for a signal that came to us (sys/sig).
 */
struct toolresult {
	int exit;         /* the tool's; 70: crashed, 75: ended by somebody */
	char text[1000];  /* why, or "" */
	char outcome[16]; /* of its only document, or "" */
	json_t *document; /* the last of the type asked for, or NULL */
	json_t *summary;  /* or NULL: it crashed */
};

/* tool: its name, for text.  type: of the documents that it prints, "backup".
 * Not an error value: a result always comes of it.  toolresult_free() it. */
void toolresult_read(struct toolresult *r, const char *tool, const char *type,
    const struct child_end *end);
void toolresult_free(struct toolresult *r);

/* A VM of esxbk-list. */
struct toolresult_vm {
	const char *name, *moid, *path; /* borrowed from document */
	const char *uuid, *bios_uuid;
	bool is_on, is_template;
	const char **labels; /* of its disks */
	size_t n_labels;
	json_t *document;
};

struct toolresult_list {
	struct toolresult_vm *vms;
	size_t n;
};

/* The VMs that esxbk-list printed; what is no VM of ours (no name, no id, no
 * uuid) is ERR_DATA.  toolresult_list_free() in any case. */
int toolresult_list_read(struct toolresult_list *l, const struct buf *output,
    struct err *e);
void toolresult_list_free(struct toolresult_list *l);

#endif
