#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/props.h"
#include "vsphere/vmop.h"
#include "vsphere/vmop_question.h"

enum { POLL_FIRST_MS = 250, POLL_LAST_MS = 2000 };

static const char *const paths[] = { "runtime.powerState", "runtime.question",
	"guest.toolsRunningStatus", "guest.ipAddress", "guest.net", NULL };

/* Not one that only says that no other was given. */
static bool
is_address(const char *text)
{
	struct in6_addr v6;
	struct in_addr v4;
	uint32_t ip;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		ip = ntohl(v4.s_addr);
		return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 16 != 0xa9fe;
	}
	return inet_pton(AF_INET6, text, &v6) == 1 &&
	    !IN6_IS_ADDR_LINKLOCAL(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6) &&
	    !IN6_IS_ADDR_UNSPECIFIED(&v6);
}

/* The guest's first one, or NULL. */
static const char *
find_address(const struct props_object *o)
{
	const char *text = props_text(o, "guest.ipAddress");
	const struct xml_node *nic, *n;

	if (is_address(text))
		return text;
	nic = xml_child(props_find(o, "guest.net"), NULL);
	for (; nic != NULL; nic = xml_next(nic, NULL))
		for (n = xml_child(nic, "ipAddress"); n != NULL;
		     n = xml_next(n, "ipAddress"))
			if (is_address(xml_text(n)))
				return xml_text(n);
	return NULL;
}

static bool
is_reached(const struct props_object *o, enum vmop_wait what, bool is_off)
{
	if (what == VMOP_OFF)
		return is_off;
	if (what == VMOP_IP)
		return find_address(o) != NULL;
	return strcmp(props_text(o, "guest.toolsRunningStatus"),
		   "guestToolsRunning") == 0;
}

/* 1: reached. */
static int
judge(const struct props_object *o, enum vmop_wait what, char **ip,
    struct err *e)
{
	const struct xml_node *question = props_find(o, "runtime.question");
	bool is_off = strcmp(props_text(o, "runtime.powerState"),
			  "poweredOff") == 0;

	/* What the tools told stays there after the power went. */
	if (is_off && what != VMOP_OFF)
		return err_set(e, ERR_TEMP, "the VM is off");
	if (is_reached(o, what, is_off)) {
		if (what != VMOP_IP || ip == NULL)
			return 1;
		*ip = strdup(find_address(o));
		return *ip == NULL ? err_sys(e, ERR_OS, "memory") : 1;
	}
	return question == NULL ? 0 : vmop_question_refuse(question, e);
}

static int
look(struct vim *v, const struct moref *vm, enum vmop_wait what, char **ip,
    struct err *e)
{
	struct props p = { 0 };
	int rc;

	if (props_get(v, vm, paths, &p, e) == -1)
		return -1;
	rc = judge(&p.objects[0], what, ip, e);
	props_free(&p);
	return rc;
}

/* 1: reached, 0: not yet.  That a question got no answer says nothing of the
 * VM: *lost says why. */
static int
look_again(struct vim *v, const struct moref *vm, enum vmop_wait what,
    char **ip, struct err *lost, struct err *e)
{
	int rc;

	err_clear(lost);
	rc = look(v, vm, what, ip, lost);
	if (rc == -1 && soap_is_cut_off(lost)) {
		log_step("%s; asking again", lost->text);
		return 0;
	}
	if (rc == -1)
		*e = *lost;
	return rc;
}

int
vmop_wait(struct vim *v, const struct moref *vm, enum vmop_wait what,
    uint64_t limit_s, char **ip, struct err *e)
{
	static const char *const missing[] = {
		[VMOP_TOOLS] = "VMware Tools do not run",
		[VMOP_IP] = "the guest has no address",
		[VMOP_OFF] = "the VM is not off",
	};
	uint64_t start = clock_mono_ms(), limit_ms, spent, pause = 0;
	struct err lost = { 0 };
	int rc;

	if (__builtin_mul_overflow(limit_s, (uint64_t)1000, &limit_ms))
		limit_ms = UINT64_MAX;
	while ((rc = look_again(v, vm, what, ip, &lost, e)) == 0) {
		if (sig_check(e) == -1)
			return -1;
		spent = clock_mono_ms() - start;
		if (spent >= limit_ms) {
			*e = lost; /* which is the better reason, if any */
			return err_set(e, ERR_TEMP, "%s after %ju s",
			    missing[what], (uintmax_t)limit_s);
		}
		pause = pause == 0 ? POLL_FIRST_MS : pause * 3 / 2;
		if (pause > POLL_LAST_MS)
			pause = POLL_LAST_MS;
		if (pause > limit_ms - spent)
			pause = limit_ms - spent;
		sig_sleep_ms((unsigned int)pause);
	}
	return rc == 1 ? 0 : -1;
}
