#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/names.h"
#include "plan/notify_text.h"
#include "plan/outcome.h"

static const char *event_name = "success";

static const struct opt table[] = {
	{ 0, "event", "start|success|failure|recovery|warning",
	    "as if a run had come to that (success)", OPT_CHOICE, &event_name },
	{ 0 },
};

static enum conf_event
asked_event(void)
{
	unsigned int bit;

	for (bit = CONF_START; bit < CONF_WARNING; bit <<= 1)
		if (strcmp(notify_event_name(bit), event_name) == 0)
			return bit;
	return CONF_WARNING;
}

static const struct conf_notify *
find(const struct conf *c, const char *name, struct err *e)
{
	struct names there = { 0 };
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < c->n_notifies; i++)
		if (strcmp(c->notifies[i].name, name) == 0)
			return &c->notifies[i];
	for (i = 0; i < c->n_notifies; i++)
		names_add(&there, c->notifies[i].name);
	names_tell(&there, &b);
	err_set(e, ERR_NOTFOUND, "no notification '%s': %s", name,
	    buf_text(&b));
	buf_free(&b);
	return NULL;
}

/* An array of *n, free() it. */
static const struct conf_notify **
choose(const struct conf *c, const char **names, size_t n_names, size_t *n,
    struct err *e)
{
	const struct conf_notify **all;
	size_t i;

	*n = n_names == 0 ? c->n_notifies : n_names;
	all = calloc(*n + 1, sizeof(*all));
	if (all == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	for (i = 0; i < *n; i++) {
		all[i] = n_names == 0 ? &c->notifies[i] : find(c, names[i], e);
		if (all[i] == NULL) {
			free(all);
			return NULL;
		}
	}
	if (*n == 0)
		err_set(e, ERR_EMPTY, "no notification is configured");
	return all;
}

static int
send_one(const struct conf_notify *n, enum conf_event event, struct err *e)
{
	struct notify_text t;
	char host[256] = "";
	int rc;

	gethostname(host, sizeof(host) - 1);
	rc = notify_text_test(n->name, event, clock_now(), host, &t, e);
	if (rc == 0)
		rc = notify_send(n, "",
		    &(struct notify_message){ .event = event,
			.subject = t.subject,
			.text = t.text,
			.document = t.document },
		    e);
	notify_text_free(&t);
	return rc;
}

static void
print(const struct conf_notify *n, const struct err *e)
{
	json_t *doc = json_object();

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "notify");
	json_set_text(doc, "to", n->name);
	json_set_text(doc, "event", event_name);
	json_set_text(doc, "outcome", e->class == ERR_NONE ? "ok" : "failed");
	json_set_int(doc, "exit", e->class);
	json_set_text(doc, "class", err_class_name(e->class));
	json_set_err(doc, "error", e);
	cmd_print_json(doc);
	json_decref(doc);
	if (e->class == ERR_NONE && !cmd_json)
		cmd_print("%s: sent\n", n->name);
}

static int
send_all(const struct conf_notify **all, size_t n, struct err *e)
{
	struct outcome o = { 0 };
	struct err first = { 0 };
	size_t i, failed = 0;
	json_t *doc;

	for (i = 0; i < n; i++) {
		struct err why = { 0 };

		if (send_one(all[i], asked_event(), &why) == -1) {
			if (n > 1)
				log_error("%s", why.text);
			err_set(&first, why.class, "%s", why.text);
			failed++;
		}
		outcome_add(&o, why.class);
		print(all[i], &why);
	}
	doc = cmd_begin_summary();
	json_set_int(doc, "sent", (long long)(n - failed));
	json_set_int(doc, "failed", (long long)failed);
	cmd_end_summary(doc, outcome_exit(&o), &first);
	if (n == 1 && failed == 1)
		return err_set(e, first.class, "%s", first.text);
	if (failed > 0)
		cmd_say("%zu of %zu notifications failed", failed, n);
	return outcome_exit(&o);
}

static int
run(const char **operands, size_t n_names, struct err *e)
{
	const struct conf_notify **all = NULL;
	struct conf c = { 0 };
	size_t n = 0;
	int rc = -1;

	if (plan_read_conf(&c, e) == 0)
		all = choose(&c, operands, n_names, &n, e);
	if (all != NULL && n > 0)
		rc = send_all(all, n, e);
	free(all);
	conf_free(&c);
	return rc;
}

const struct cmd plan_notify = { .name = "notify",
	.about = "Send a test message by the notifications.",
	.synopsis = "[OPTION]... [NAME]...",
	.tables = { table, plan_table },
	.run = run };
