#include "plan/toolresult.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sys/sig.h"

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool
is_type(const json_t *doc, const char *type)
{
	const char *schema = text_of(doc, "schema"), *t = text_of(doc, "type");

	return schema != NULL && strcmp(schema, "esxbk.result/1") == 0 &&
	    t != NULL && strcmp(t, type) == 0;
}

/* The next line of the output, without its newline; an unfinished one at the
 * end is none. */
static const char *
next_line(const struct buf *output, size_t *at, size_t *n)
{
	const char *line = output->data + *at, *end;

	if (*at >= output->len)
		return NULL;
	end = memchr(line, '\n', output->len - *at);
	if (end == NULL)
		return NULL;
	*n = (size_t)(end - line);
	*at += *n + 1;
	return line;
}

/* Keeps the last document and, if it is the last line, the summary. */
static void
read_lines(struct toolresult *r, const char *type, const struct buf *output)
{
	const char *line;
	size_t at = 0, n;

	while ((line = next_line(output, &at, &n)) != NULL) {
		struct err ignored = { 0 };
		json_t *doc = json_read("line", line, n, &ignored);

		json_decref(r->summary);
		r->summary = NULL;
		if (doc == NULL)
			continue;
		if (is_type(doc, "summary"))
			r->summary = json_incref(doc);
		if (is_type(doc, type)) {
			json_decref(r->document);
			r->document = json_incref(doc);
		}
		json_decref(doc);
	}
	if (at < output->len) {
		json_decref(r->summary);
		r->summary = NULL;
	}
}

static void
describe_end(const struct child_end *end, char *out, size_t size)
{
	if (end->timed_out)
		snprintf(out, size, "it was stopped after %ju s",
		    (uintmax_t)(end->ms / 1000));
	else if (end->signal != 0)
		snprintf(out, size, "it was ended by SIG%s",
		    sigabbrev_np(end->signal) == NULL
			? "?"
			: sigabbrev_np(end->signal));
	else
		snprintf(out, size, "it exited with %d", end->exit);
}

static void
crashed(struct toolresult *r, const char *tool, const struct child_end *end)
{
	char how[80];

	describe_end(end, how, sizeof(how));
	r->exit = ERR_BUG;
	snprintf(r->text, sizeof(r->text), "%s printed no summary%s: %s%s%s",
	    tool, end->output_cut ? " within the limit" : "", how,
	    end->said[0] == '\0' ? "" : "; its last words: ", end->said);
}

/* What the tool itself says of a failure, or "". */
static const char *
reason(const struct toolresult *r)
{
	const json_t *const docs[] = { r->document, r->summary };
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		text = text_of(json_object_get(docs[i], "error"), "text");
		if (text != NULL && text[0] != '\0')
			return text;
	}
	return "";
}

/* TEXT of "esxbk-export-ovf: error: TEXT". */
static const char *
last_words(const struct child_end *end)
{
	static const char mark[] = "error: ";
	const char *at = strstr(end->said, mark);

	return at == NULL ? end->said : at + strlen(mark);
}

static void
judge(struct toolresult *r, const char *tool, const struct child_end *end)
{
	const json_t *told = json_object_get(r->summary, "exit");
	char how[80];

	if (end->signal != 0 || end->timed_out || !json_is_integer(told) ||
	    json_integer_value(told) != end->exit) {
		describe_end(end, how, sizeof(how));
		r->exit = ERR_BUG;
		snprintf(r->text, sizeof(r->text),
		    "%s said %lld in its summary, but %s", tool,
		    (long long)json_integer_value(told), how);
		return;
	}
	r->exit = end->exit;
	if (r->exit == 0)
		return;
	snprintf(r->text, sizeof(r->text), "%s", reason(r));
	if (r->text[0] == '\0')
		snprintf(r->text, sizeof(r->text), "%s", last_words(end));
	if (r->text[0] == '\0')
		snprintf(r->text, sizeof(r->text), "%s",
		    err_class_name(r->exit));
}

/* What ended us ended also one that did not get to say so.  Whom somebody
 * ended alone may be tried again: the run goes on. */
static void
mind_signals(struct toolresult *r)
{
	struct err e = { 0 };

	if (r->summary == NULL && sig_check(&e) == -1) {
		r->exit = e.class;
		snprintf(r->text, sizeof(r->text), "%s", e.text);
	} else if (r->exit > ERR_SIGNAL && sig_pending() == 0) {
		r->exit = ERR_TEMP;
	}
}

void
toolresult_read(struct toolresult *r, const char *tool, const char *type,
    const struct child_end *end)
{
	const char *outcome;

	*r = (struct toolresult){ 0 };
	read_lines(r, type, &end->output);
	if (r->summary == NULL)
		crashed(r, tool, end);
	else
		judge(r, tool, end);
	mind_signals(r);
	outcome = text_of(r->document, "outcome");
	if (outcome != NULL)
		snprintf(r->outcome, sizeof(r->outcome), "%s", outcome);
}

void
toolresult_free(struct toolresult *r)
{
	json_decref(r->document);
	json_decref(r->summary);
	*r = (struct toolresult){ 0 };
}

static int
read_labels(struct toolresult_vm *vm, struct err *e)
{
	const json_t *disks = json_object_get(vm->document, "disks");
	const char *label;
	size_t i;

	vm->labels = calloc(json_array_size(disks) + 1, sizeof(*vm->labels));
	if (vm->labels == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < json_array_size(disks); i++) {
		label = text_of(json_array_get(disks, i), "label");
		if (label != NULL)
			vm->labels[vm->n_labels++] = label;
	}
	return 0;
}

static int
read_vm(struct toolresult_vm *vm, json_t *doc, struct err *e)
{
	const char *power = text_of(doc, "power");

	vm->document = json_incref(doc);
	vm->name = text_of(doc, "name");
	vm->moid = text_of(doc, "moid");
	vm->uuid = text_of(doc, "uuid");
	vm->bios_uuid = text_of(doc, "bios_uuid");
	vm->path = text_of(doc, "path");
	vm->is_on = power != NULL && strcmp(power, "on") == 0;
	vm->is_template = json_is_true(json_object_get(doc, "template"));
	if (vm->name == NULL || vm->moid == NULL || vm->moid[0] == '\0' ||
	    vm->uuid == NULL || vm->uuid[0] == '\0')
		return err_set(e, ERR_DATA,
		    "esxbk-list: a VM without a name, id or uuid");
	if (vm->bios_uuid == NULL)
		vm->bios_uuid = "";
	if (vm->path == NULL)
		vm->path = "";
	return read_labels(vm, e);
}

static int
add_vm(struct toolresult_list *l, json_t *doc, struct err *e)
{
	struct toolresult_vm *grown = l->vms;

	if ((l->n & (l->n - 1)) == 0) {
		grown = realloc(l->vms,
		    (l->n == 0 ? 1 : l->n * 2) * sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, ERR_OS, "memory");
		l->vms = grown;
	}
	grown[l->n] = (struct toolresult_vm){ 0 };
	return read_vm(&grown[l->n++], doc, e);
}

int
toolresult_list_read(struct toolresult_list *l, const struct buf *output,
    struct err *e)
{
	const char *line;
	size_t at = 0, n;
	int rc = 0;

	*l = (struct toolresult_list){ 0 };
	while (rc == 0 && (line = next_line(output, &at, &n)) != NULL) {
		json_t *doc = json_read("esxbk-list", line, n, e);

		if (doc == NULL)
			return -1;
		if (is_type(doc, "vm"))
			rc = add_vm(l, doc, e);
		json_decref(doc);
	}
	return rc;
}

void
toolresult_list_free(struct toolresult_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->vms[i].labels);
		json_decref(l->vms[i].document);
	}
	free(l->vms);
	*l = (struct toolresult_list){ 0 };
}
