#include "plan/notify.h"

#include <stddef.h>

/* The one that says most first. */
static const struct {
	enum conf_event event;
	const char *name;
} known[] = {
	{ CONF_FAILURE, "failure" },
	{ CONF_RECOVERY, "recovery" },
	{ CONF_WARNING, "warning" },
	{ CONF_SUCCESS, "success" },
	{ CONF_START, "start" },
};

unsigned int
notify_events(const struct notify_case *c)
{
	unsigned int events = CONF_SUCCESS;

	if (!c->ended)
		return c->first ? CONF_START : 0;
	if (c->exit != 0)
		return c->final ? CONF_FAILURE : 0;
	if (c->has_warnings)
		events |= CONF_WARNING;
	if (c->failed_before)
		events |= CONF_RECOVERY;
	return events;
}

unsigned int
notify_choose(unsigned int events, unsigned int on)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((events & on & (unsigned int)known[i].event) != 0)
			return known[i].event;
	return 0;
}

const char *
notify_event_name(enum conf_event event)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].event == event)
			return known[i].name;
	return "unknown";
}
