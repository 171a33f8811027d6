#include "plan/notify_tell.h"

#include <unistd.h>
#include "base/log.h"

static int
tell_one(const struct conf_notify *n, const struct notify_run *run,
    enum conf_event event, struct err *e)
{
	struct notify_text t;
	int rc = notify_text(run, event, &t, e);

	if (rc == 0)
		rc = notify_send(n, run->plan->name,
		    &(struct notify_message){ .event = event,
			.subject = t.subject,
			.text = t.text,
			.document = t.document },
		    e);
	notify_text_free(&t);
	return rc;
}

static json_t *
told(const struct conf_notify *n, enum conf_event event, const struct err *e)
{
	json_t *o = json_object();

	json_set_text(o, "to", n->name);
	json_set_text(o, "event", notify_event_name(event));
	json_set_int(o, "exit", e->class);
	json_set_text(o, "text", e->text);
	return o;
}

json_t *
notify_tell(const struct notify_run *run, unsigned int events)
{
	struct notify_run named = *run;
	json_t *all = json_array();
	char host[256] = "";
	unsigned int event;
	size_t i;

	if (named.host == NULL && gethostname(host, sizeof(host) - 1) == 0)
		named.host = host;
	for (i = 0; i < run->plan->n_notify; i++) {
		const struct conf_notify *n = run->plan->notify[i];
		struct err e = { 0 };

		event = notify_choose(events, n->on);
		if (event == 0)
			continue;
		if (tell_one(n, &named, event, &e) == -1)
			log_warn("%s", e.text);
		json_array_append_new(all, told(n, event, &e));
	}
	return all;
}
