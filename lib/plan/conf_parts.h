#ifndef PLAN_CONF_PARTS_H
#define PLAN_CONF_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * conf_parts - what plans refer to: repositories, sites, notifications,
 * targets (esxbk-plan(5)).  Filled by conf_read(), which owns all of it.
 */
struct conf_list {
	const char **items; /* NULL at the end, or NULL */
	size_t n;
};

enum conf_secret_kind {
	CONF_NO_SECRET,
	CONF_CREDENTIAL,
	CONF_SECRET_FILE,
	CONF_SECRET_COMMAND, /* argv, no shell */
};

struct conf_secret {
	enum conf_secret_kind kind;
	const char *name; /* of the credential or file */
	struct conf_list argv;
};

struct conf_repo {
	const char *name, *path;
	unsigned int min_free_percent; /* or bytes, or neither */
	uint64_t min_free_bytes;
	bool mounted; /* refuse a path on the root file system */
};

struct conf_site {
	const char *name, *server, *user;
	struct conf_secret password;
	const char *cacert, *thumbprint, *proxy; /* or NULL */
	bool insecure;
	struct conf_list resolve;
	uint64_t stall_timeout_s, bwlimit; /* 0: the tools' own */
	unsigned int vms, disks;           /* limits, at least 1; 2 and 2 */
};

enum conf_event {
	CONF_START = 1 << 0,
	CONF_SUCCESS = 1 << 1,
	CONF_FAILURE = 1 << 2,
	CONF_RECOVERY = 1 << 3,
	CONF_WARNING = 1 << 4,
};

enum conf_notify_kind { CONF_EMAIL, CONF_WEBHOOK, CONF_EXEC };

/* What a webhook's server is to hear: see plan/notify.h. */
enum conf_style {
	CONF_STYLE_BY_URL, /* nothing was said */
	CONF_STYLE_HEALTHCHECKS,
	CONF_STYLE_PLAIN,
};

struct conf_notify {
	const char *name;
	enum conf_notify_kind kind;
	unsigned int on;     /* enum conf_event; failure, recovery, warning */
	struct conf_list to; /* email */
	const char *from, *via, *user;
	struct conf_secret password;
	const char *url; /* webhook; it may be a secret itself */
	enum conf_style style;
	const char *cacert;
	struct conf_list argv; /* exec */
	uint64_t timeout_s;    /* 30 */
};

struct conf_target {
	const char *name;
	bool is_rclone;
	const char *path, *remote; /* of a dir; of rclone */
};

#endif
