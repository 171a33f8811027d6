#include "plan/conf_schema.h"

#include <string.h>
#include "net/mail.h"
#include "plan/conf_form.h"

enum {
	VMS = 64,
	DISKS = 16, /* as --jobs of the tools */
	POINTS = 100000,
};

static const struct conf_key password_keys[] = {
	{ .name = "credential",
	    .flags = CONF_ONE_OF,
	    .form = conf_form_credential },
	{ .name = "file", .flags = CONF_ONE_OF, .form = conf_form_path },
	{ .name = "command", .kind = CONF_ARGV, .flags = CONF_ONE_OF },
	{ 0 },
};

static const struct conf_key repository_keys[] = {
	{ .name = "path", .flags = CONF_REQUIRED, .form = conf_form_path },
	{ .name = "min_free", .form = conf_form_share },
	{ .name = "mounted", .kind = CONF_BOOL },
	{ 0 },
};

static const struct conf_key tls_keys[] = {
	{ .name = "thumbprint", .form = conf_form_thumbprint },
	{ .name = "cacert", .form = conf_form_path },
	{ .name = "insecure", .kind = CONF_BOOL },
	{ 0 },
};

static const struct conf_key limits_keys[] = {
	{ .name = "vms", .kind = CONF_NUMBER, .min = 1, .max = VMS },
	{ .name = "disks", .kind = CONF_NUMBER, .min = 1, .max = DISKS },
	{ 0 },
};

static const struct conf_key site_keys[] = {
	{ .name = "server", .flags = CONF_REQUIRED, .form = conf_form_server },
	{ .name = "user", .flags = CONF_REQUIRED },
	{ .name = "password",
	    .kind = CONF_PASSWORD,
	    .flags = CONF_REQUIRED,
	    .keys = password_keys },
	{ .name = "tls", .kind = CONF_OBJECT, .keys = tls_keys },
	{ .name = "limits", .kind = CONF_OBJECT, .keys = limits_keys },
	{ .name = "resolve", .kind = CONF_LIST, .form = conf_form_resolve },
	{ .name = "proxy", .flags = CONF_HUSH_USER },
	{ .name = "stall_timeout", .form = conf_form_stall },
	{ .name = "bwlimit", .form = conf_form_size },
	{ 0 },
};

static const char events[] = "start|success|failure|recovery|warning";

static const struct conf_key notify_keys[] = {
	{ .name = "type",
	    .flags = CONF_REQUIRED,
	    .words = "email|webhook|exec" },
	{ .name = "to",
	    .kind = CONF_LIST,
	    .flags = CONF_REQUIRED,
	    .form = mail_check_address,
	    .min = 1,
	    .only = "email" },
	{ .name = "from",
	    .flags = CONF_REQUIRED,
	    .form = mail_check_address,
	    .only = "email" },
	{ .name = "via", .form = mail_check_server, .only = "email" },
	{ .name = "user", .only = "email" },
	{ .name = "password",
	    .kind = CONF_PASSWORD,
	    .keys = password_keys,
	    .only = "email" },
	{ .name = "url",
	    .flags = CONF_REQUIRED | CONF_HUSH,
	    .form = conf_form_webhook,
	    .only = "webhook" },
	{ .name = "style", .words = "healthchecks|plain", .only = "webhook" },
	{ .name = "argv",
	    .kind = CONF_ARGV,
	    .flags = CONF_REQUIRED,
	    .only = "exec" },
	{ .name = "cacert", .form = conf_form_path },
	{ .name = "on", .kind = CONF_LIST, .words = events },
	{ .name = "timeout", .form = conf_form_duration },
	{ 0 },
};

static const struct conf_key target_keys[] = {
	{ .name = "type", .flags = CONF_REQUIRED, .words = "dir|rclone" },
	{ .name = "path",
	    .flags = CONF_REQUIRED,
	    .form = conf_form_path,
	    .only = "dir" },
	{ .name = "remote", .flags = CONF_REQUIRED, .only = "rclone" },
	{ 0 },
};

static const struct conf_key schedule_keys[] = {
	{ .name = "daily", .flags = CONF_ONE_OF, .form = conf_form_daily },
	{ .name = "weekly", .flags = CONF_ONE_OF, .form = conf_form_weekly },
	{ .name = "monthly", .flags = CONF_ONE_OF, .form = conf_form_monthly },
	{ .name = "on_calendar",
	    .flags = CONF_ONE_OF,
	    .form = conf_form_calendar },
	{ .name = "jitter", .form = conf_form_duration },
	{ 0 },
};

static const struct conf_key full_keys[] = {
	{ .name = "weekly", .flags = CONF_ONE_OF, .form = conf_form_weekday },
	{ .name = "monthly",
	    .kind = CONF_NUMBER,
	    .flags = CONF_ONE_OF,
	    .words = "last",
	    .min = 1,
	    .max = 28 },
	{ 0 },
};

static const struct conf_key strategy_keys[] = {
	{ .name = "full",
	    .kind = CONF_OBJECT,
	    .keys = full_keys,
	    .words = "always" },
	{ .name = "incremental", .words = "off|compare|cbt" },
	{ .name = "max_chain", .kind = CONF_NUMBER, .min = 1, .max = POINTS },
	{ .name = "audit_every", .kind = CONF_NUMBER, .max = POINTS },
	{ 0 },
};

static const struct conf_key retention_keys[] = {
	{ .name = "last", .kind = CONF_NUMBER, .words = "all", .max = POINTS },
	{ .name = "daily", .kind = CONF_NUMBER, .words = "all", .max = POINTS },
	{ .name = "weekly",
	    .kind = CONF_NUMBER,
	    .words = "all",
	    .max = POINTS },
	{ .name = "monthly",
	    .kind = CONF_NUMBER,
	    .words = "all",
	    .max = POINTS },
	{ .name = "yearly",
	    .kind = CONF_NUMBER,
	    .words = "all",
	    .max = POINTS },
	{ .name = "within", .form = conf_form_duration },
	{ .name = "slot", .words = "full|any" },
	{ 0 },
};

static const struct conf_key verify_keys[] = {
	{ .name = "level", .flags = CONF_REQUIRED, .words = "quick|hash|deep" },
	{ .name = "after", .flags = CONF_ONE_OF, .words = "run" },
	{ .name = "every", .flags = CONF_ONE_OF, .form = conf_form_duration },
	{ 0 },
};

static const struct conf_key restore_test_keys[] = {
	{ .name = "every", .flags = CONF_REQUIRED, .form = conf_form_duration },
	{ .name = "datastore" },
	{ .name = "success", .words = "power|tools|ip" },
	{ .name = "timeout", .form = conf_form_duration },
	{ 0 },
};

static const struct conf_key replicate_keys[] = {
	{ .name = "to", .flags = CONF_REQUIRED },
	{ .name = "only", .words = "full" },
	{ 0 },
};

static const struct conf_key hooks_keys[] = {
	{ .name = "before_run", .kind = CONF_ARGVS },
	{ .name = "before_vm", .kind = CONF_ARGVS },
	{ .name = "after_vm", .kind = CONF_ARGVS },
	{ .name = "after_run", .kind = CONF_ARGVS },
	{ .name = "on_failure", .kind = CONF_ARGVS },
	{ .name = "timeout", .form = conf_form_duration },
	{ 0 },
};

/* What is required may come from the defaults: conf_fill() has a look. */
const struct conf_key conf_schema_plan[] = {
	{ .name = "site" },
	{ .name = "repository" },
	{ .name = "select",
	    .kind = CONF_LIST,
	    .form = conf_form_selector,
	    .min = 1 },
	{ .name = "exclude_disks", .kind = CONF_LIST },
	{ .name = "mode", .words = "ovf|vmdk" },
	{ .name = "quiesce", .words = "off|try|require" },
	{ .name = "schedule", .kind = CONF_OBJECT, .keys = schedule_keys },
	{ .name = "timezone", .form = conf_form_zone },
	{ .name = "stale_after", .form = conf_form_duration },
	{ .name = "retry_for", .form = conf_form_duration },
	{ .name = "strategy", .kind = CONF_OBJECT, .keys = strategy_keys },
	{ .name = "retention",
	    .kind = CONF_OBJECT,
	    .keys = retention_keys,
	    .whole = conf_form_retention },
	{ .name = "verify", .kind = CONF_OBJECTS, .keys = verify_keys },
	{ .name = "restore_test",
	    .kind = CONF_OBJECT,
	    .keys = restore_test_keys },
	{ .name = "replicate", .kind = CONF_OBJECTS, .keys = replicate_keys },
	{ .name = "hooks", .kind = CONF_OBJECT, .keys = hooks_keys },
	{ .name = "notify", .kind = CONF_LIST },
	{ 0 },
};

const struct conf_key conf_schema[] = {
	{ .name = "version", .kind = CONF_NUMBER, .min = 1, .max = 1 },
	{ .name = "repositories", .kind = CONF_MAP, .keys = repository_keys },
	{ .name = "sites", .kind = CONF_MAP, .keys = site_keys },
	{ .name = "notify",
	    .kind = CONF_MAP,
	    .keys = notify_keys,
	    .whole = conf_form_notify },
	{ .name = "targets", .kind = CONF_MAP, .keys = target_keys },
	{ .name = "defaults", .kind = CONF_OBJECT, .keys = conf_schema_plan },
	{ .name = "plans", .kind = CONF_MAP, .keys = conf_schema_plan },
	{ 0 },
};

const struct conf_key *
conf_schema_find(const struct conf_key *keys, const char *name, size_t n)
{
	for (; keys->name != NULL; keys++)
		if (strlen(keys->name) == n && memcmp(keys->name, name, n) == 0)
			return keys;
	return NULL;
}

bool
conf_schema_has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (; words != NULL; words = strchr(words, '|')) {
		words += *words == '|';
		if (strcspn(words, "|") == n && memcmp(words, word, n) == 0)
			return true;
	}
	return false;
}

bool
conf_schema_is_secret(const struct conf_key *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if ((key->flags & CONF_HUSH) != 0)
		return true;
	return (key->flags & CONF_HUSH_USER) != 0 && text != NULL &&
	    strchr(text, '@') != NULL;
}
