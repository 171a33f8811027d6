#include "plan/notify_text.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/utf8.h"
#include "plan/notify_body.h"
#include "plan/notify_facts.h"

enum {
	SUBJECT_MAX = 160, /* columns */
	NAME_MAX_COLUMNS = 35,
	NAMED_MAX = 3, /* VMs */
};

/* One VM with its cause, or some by name. */
static void
add_names(const struct notify_facts *f, size_t n, struct buf *b)
{
	size_t i;

	if (n == 0)
		return;
	buf_puts(b, " (");
	for (i = 0; i < n && i < NAMED_MAX; i++) {
		buf_puts(b, i == 0 ? "" : ", ");
		utf8_add_shown(b, f->vms[i].name, NAME_MAX_COLUMNS);
	}
	if (n == 1 && f->vms[0].text[0] != '\0')
		buf_fmt(b, ": %s", f->vms[0].text);
	if (n > i)
		buf_fmt(b, " and %zu more", n - i);
	buf_char(b, ')');
}

static char *
make_subject(const struct notify_facts *f, enum conf_event event)
{
	struct buf all = { 0 }, b = { 0 };
	char *subject = NULL;

	buf_fmt(&all, "esxbk: %s ", f->run->plan->name);
	notify_body_verdict(f, event, &all);
	if (event == CONF_FAILURE)
		add_names(f, f->bad, &all);
	else if (event == CONF_WARNING)
		add_names(f, f->warned, &all);
	utf8_add_shown(&b, buf_text(&all), SUBJECT_MAX);
	if (!all.failed)
		subject = buf_steal(&b);
	buf_free(&all);
	buf_free(&b);
	return subject;
}

/* What is there of these keys, as it is. */
static void
copy(json_t *to, const json_t *from, const char *const *keys)
{
	json_t *value;

	for (; *keys != NULL; keys++) {
		value = json_object_get(from, *keys);
		if (value != NULL)
			json_set(to, *keys, json_incref(value));
	}
}

static json_t *
vm_document(const json_t *line)
{
	static const char *const keys[] = { "vm", "outcome", "exit", "class",
		"text", "decision", "point", "started", "ended", "steps",
		"warnings", NULL };
	static const char *const of_result[] = { "bytes", NULL };
	json_t *o = json_object();

	copy(o, line, keys);
	copy(o, json_object_get(line, "result"), of_result);
	return o;
}

static json_t *
begin_document(const struct notify_text *t, enum conf_event event,
    const char *host)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.notify/1");
	json_set_text(o, "event", notify_event_name(event));
	json_set_text(o, "subject", t->subject);
	json_set_text(o, "text", t->text);
	json_set_text(o, "host", host);
	return o;
}

static json_t *
make_document(const struct notify_facts *f, enum conf_event event,
    const struct notify_text *t)
{
	static const char *const of_begin[] = { "run", "plan", "site",
		"repository", "slot", "scheduled", "started", NULL };
	static const char *const of_end[] = { "ended", "exit", "class", "final",
		"warnings", NULL };
	const struct notify_run *run = f->run;
	json_t *o = begin_document(t, event, run->host), *vms = json_array();
	size_t i;

	copy(o, run->begin, of_begin);
	json_set_text(o, "plan", run->plan->name);
	copy(o, run->end, of_end);
	if (run->end != NULL) {
		json_set_text(o, "reason", f->text);
		json_set_text(o, "record", run->record);
	}
	for (i = 0; i < json_array_size(run->vms); i++)
		json_array_append_new(vms,
		    vm_document(json_array_get(run->vms, i)));
	json_set(o, "vms", vms);
	return o;
}

static int
finish(struct notify_text *t, struct buf *body, struct err *e)
{
	t->text = buf_steal(body);
	buf_free(body);
	if (t->text == NULL)
		t->text = strdup("");
	if (t->subject == NULL || t->text == NULL)
		return err_set(e, ERR_OS, "memory");
	return 0;
}

int
notify_text(const struct notify_run *run, enum conf_event event,
    struct notify_text *out, struct err *e)
{
	struct notify_facts f;
	struct buf body = { 0 };
	int rc = -1;

	*out = (struct notify_text){ 0 };
	if (notify_facts_read(&f, run, e) == -1)
		goto out;
	out->subject = make_subject(&f, event);
	notify_body(&f, event, &body);
	if (finish(out, &body, e) == -1)
		goto out;
	out->document = make_document(&f, event, out);
	rc = 0;
out:
	notify_facts_free(&f);
	return rc;
}

int
notify_text_test(const char *name, enum conf_event event, time_t now,
    const char *host, struct notify_text *out, struct err *e)
{
	struct buf subject = { 0 }, body = { 0 };
	char iso[CLOCK_ISO_SIZE];

	*out = (struct notify_text){ 0 };
	clock_format_iso(now, iso);
	buf_fmt(&subject,
	    "esxbk: test of notification %s (\u00e9 \u65e5\u672c)", name);
	out->subject = buf_steal(&subject);
	/* What mail servers and gateways spoil, if they do. */
	buf_fmt(&body,
	    "This is a test, sent by hand. No backup was made.\n\n"
	    "%-16s%s\n%-16s%s\n%-16s%s\n%-16s%s\n\n"
	    "Names of VMs may hold any character. These must arrive as they "
	    "are,\nand a line of one dot and one of two behind them:\n"
	    "  \u00e9 \u00df \u0416 \u65e5\u672c =\n.\n..\n",
	    "Notification", name, "Event", notify_event_name(event), "Machine",
	    host, "Time", iso);
	if (finish(out, &body, e) == -1)
		return -1;
	out->document = begin_document(out, event, host);
	json_set_bool(out->document, "test", true);
	json_set_time(out->document, "started", now);
	return 0;
}

void
notify_text_free(struct notify_text *t)
{
	free(t->subject);
	free(t->text);
	json_decref(t->document);
	*t = (struct notify_text){ 0 };
}
