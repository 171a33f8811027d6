#include "vsphere/pick.h"

#include <fnmatch.h>
#include <string.h>

struct selector {
	bool removes;
	bool is_pattern;  /* may match nothing or many */
	const char *what; /* what it says behind the colon */
	bool (*match)(const struct inv_entry *entry, const char *what);
};

static bool
match_exact(const struct inv_entry *entry, const char *what)
{
	return strcmp(entry->name, what) == 0;
}

static bool
match_name(const struct inv_entry *entry, const char *what)
{
	return fnmatch(what, entry->name, 0) == 0;
}

static bool
match_moid(const struct inv_entry *entry, const char *what)
{
	return strcmp(entry->ref.id, what) == 0;
}

static bool
match_instance(const struct inv_entry *entry, const char *what)
{
	return strcasecmp(entry->instance_uuid, what) == 0;
}

static bool
match_bios(const struct inv_entry *entry, const char *what)
{
	return strcasecmp(entry->uuid, what) == 0;
}

static bool
match_path(const struct inv_entry *entry, const char *what)
{
	return strcmp(entry->path, what + (what[0] == '/')) == 0;
}

/* The folder's own path, "DC/vm/web", or what stands below it. */
static bool
match_folder(const struct inv_entry *entry, const char *what)
{
	const char *slash = strrchr(entry->path, '/');
	char folder[4096];
	size_t n;

	n = slash == NULL ? 0 : (size_t)(slash - entry->path);
	if (n >= sizeof(folder))
		return false;
	memcpy(folder, entry->path, n);
	folder[n] = '\0';
	return fnmatch(what + (what[0] == '/'), folder, FNM_LEADING_DIR) == 0;
}

static bool
match_power(const struct inv_entry *entry, const char *what)
{
	return entry->is_on == (strcmp(what, "on") == 0);
}

static int
parse(const char *text, struct selector *s, struct err *e)
{
	static const struct {
		const char *prefix;
		bool is_pattern;
		bool (*match)(const struct inv_entry *, const char *);
	} kinds[] = {
		{ "name:", true, match_name },
		{ "moid:", false, match_moid },
		{ "uuid:", false, match_instance },
		{ "path:", false, match_path },
		{ "folder:", true, match_folder },
		{ "power:", true, match_power },
	};
	size_t i, n;

	s->removes = text[0] == '!';
	text += s->removes;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = strlen(kinds[i].prefix);
		if (strncmp(text, kinds[i].prefix, n) != 0)
			continue;
		s->what = text + n;
		s->is_pattern = kinds[i].is_pattern;
		s->match = kinds[i].match;
		if (s->match == match_power && strcmp(s->what, "on") != 0 &&
		    strcmp(s->what, "off") != 0)
			return err_set(e, ERR_USAGE,
			    "%s: power is 'on' or 'off'", text);
		break;
	}
	if (s->match == NULL) {
		s->what = text;
		s->match = match_exact;
		if (strpbrk(text, "*?[") != NULL)
			return err_set(e, ERR_USAGE,
			    "%s: a bare word is an exact name; for a "
			    "pattern write 'name:%s'",
			    text, text);
	}
	if (s->what[0] == '\0')
		return err_set(e, ERR_USAGE, "'%s': an empty selector", text);
	return 0;
}

static int
refuse_two(const struct inv *inv, const struct selector *s, struct err *e)
{
	const struct inv_entry *found[2] = { NULL, NULL };
	size_t i, n = 0;

	for (i = 0; i < inv->n && n < 2; i++)
		if (s->match(&inv->entries[i], s->what))
			found[n++] = &inv->entries[i];
	return err_set(e, ERR_NOTFOUND,
	    "%s: two VMs fit, moid:%s (%s) and moid:%s (%s); name one by "
	    "its moid: or path:",
	    s->what, found[0]->ref.id, found[0]->path, found[1]->ref.id,
	    found[1]->path);
}

static int
apply(const struct inv *inv, const struct selector *s, bool *picked,
    struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < inv->n; i++) {
		if (!s->match(&inv->entries[i], s->what))
			continue;
		n++;
		picked[i] = !s->removes;
	}
	if (s->is_pattern || (s->removes && s->match != match_instance))
		return 0;
	if (n == 0 && s->match == match_instance) {
		struct selector other = *s;

		/* BIOS uuids get cloned: they come second. */
		other.match = match_bios;
		return apply(inv, &other, picked, e);
	}
	if (n == 0)
		return err_set(e, ERR_NOTFOUND, "%s: no such VM", s->what);
	return n == 1 ? 0 : refuse_two(inv, s, e);
}

int
pick_vms(const struct inv *inv, const char *const *selectors, size_t n,
    bool *picked, struct err *e)
{
	size_t i, left = 0;

	for (i = 0; i < inv->n; i++)
		picked[i] = false;
	for (i = 0; i < n; i++) {
		struct selector s = { 0 };

		if (parse(selectors[i], &s, e) == -1)
			return -1;
		/* Only removals: they are taken from all VMs. */
		if (i == 0 && s.removes)
			memset(picked, true, inv->n * sizeof(*picked));
		if (apply(inv, &s, picked, e) == -1)
			return -1;
	}
	for (i = 0; i < inv->n; i++)
		left += picked[i];
	if (left == 0)
		return err_set(e, ERR_EMPTY, "the selection matches no VM");
	return 0;
}
