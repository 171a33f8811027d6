#include "plan/notify.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "net/mail.h"
#include "plan/notify_hook.h"
#include "sys/child.h"
#include "sys/sig.h"

enum {
	TIMEOUT_S = 30,
	FIRST_WAIT_MS = 1000, /* then twice as long each time */
	OUTPUT_MAX = 4096,
	GRACE_S = 5,
};

struct sending {
	const struct conf_notify *n;
	const struct notify_message *m;
	const char *plan;
	uint64_t timeout_s;
	char *password;      /* of an email, or NULL */
	struct buf document; /* of the others */
};

/* One try; ERR_UNAVAIL: another may do better. */
static int
send_once(const struct sending *s, unsigned int timeout_s, struct err *e)
{
	const struct mail mail = { .via = s->n->via,
		.user = s->n->user,
		.password = s->password,
		.cacert = s->n->cacert,
		.from = s->n->from,
		.to = s->n->to.items,
		.subject = s->m->subject,
		.text = s->m->text,
		.timeout_s = timeout_s };

	if (s->n->kind == CONF_EMAIL)
		return mail_send(&mail, e);
	return notify_hook_post(s->n, s->m->event, &s->document, timeout_s, e);
}

static int
send_patiently(const struct sending *s, struct err *e)
{
	uint64_t end_ms = clock_mono_ms() + s->timeout_s * 1000, now, left_ms;
	unsigned int wait_ms = FIRST_WAIT_MS;
	struct err why;

	for (;; wait_ms *= 2) {
		err_clear(&why);
		now = clock_mono_ms();
		/* Whoever sleeps may wake up late. */
		left_ms = end_ms > now ? end_ms - now : 1;
		if (send_once(s, (unsigned int)((left_ms + 999) / 1000),
			&why) == 0)
			return 0;
		if (why.class != ERR_UNAVAIL ||
		    clock_mono_ms() + wait_ms + 1000 > end_ms ||
		    sig_pending() != 0)
			return err_set(e, why.class, "%s", why.text);
		sig_sleep_ms(wait_ms);
	}
}

static int
judge_exec(const struct sending *s, const struct child_end *end, struct err *e)
{
	const char *name = s->n->argv.items[0];
	const char *colon = end->said[0] == '\0' ? "" : ": ";

	if (end->timed_out)
		return err_set(e, ERR_OS, "%s: stopped after %ju s%s%s", name,
		    (uintmax_t)s->timeout_s, colon, end->said);
	if (end->exit != 0)
		return err_set(e, ERR_OS, "%s: exit %d%s%s", name, end->exit,
		    colon, end->said);
	return 0;
}

static int
execute(const struct sending *s, struct err *e)
{
	const char *keys[] = { "ESXBK_EVENT", "ESXBK_SUBJECT", "ESXBK_PLAN" };
	const char *values[] = { notify_event_name(s->m->event), s->m->subject,
		s->plan };
	const char *env[4] = { NULL };
	struct buf pairs[3] = { 0 };
	struct child_end end = { 0 };
	size_t i;
	int rc = -1;

	for (i = 0; i < 3; i++) {
		buf_fmt(&pairs[i], "%s=%s", keys[i], values[i]);
		env[i] = buf_text(&pairs[i]);
		if (buf_check(&pairs[i], e) == -1)
			goto out;
	}
	rc = child_run(&(struct child_spec){ .argv = s->n->argv.items,
			   .env = env,
			   .input = s->document.data,
			   .input_len = s->document.len,
			   .output_limit = OUTPUT_MAX,
			   .timeout_s = s->timeout_s,
			   .grace_s = GRACE_S },
	    &end, e);
	if (rc == 0)
		rc = judge_exec(s, &end, e);
	buf_free(&end.output);
out:
	for (i = 0; i < 3; i++)
		buf_free(&pairs[i]);
	return rc;
}

static int
prepare(struct sending *s, struct err *e)
{
	if (s->n->kind != CONF_EMAIL)
		return json_write(s->m->document, JSON_LINE, &s->document, e);
	if (s->n->password.kind == CONF_NO_SECRET)
		return 0;
	s->password = conf_secret(&s->n->password, "the mail server", e);
	return s->password == NULL ? -1 : 0;
}

int
notify_send(const struct conf_notify *n, const char *plan,
    const struct notify_message *m, struct err *e)
{
	struct sending s = { .n = n,
		.m = m,
		.plan = plan,
		.timeout_s = n->timeout_s == 0 ? TIMEOUT_S : n->timeout_s };
	int rc = prepare(&s, e);

	if (rc == 0)
		rc = n->kind == CONF_EXEC ? execute(&s, e)
					  : send_patiently(&s, e);
	if (s.password != NULL)
		explicit_bzero(s.password, strlen(s.password));
	free(s.password);
	buf_free(&s.document);
	return rc == 0 ? 0 : err_ctx(e, "notification %s", n->name);
}
