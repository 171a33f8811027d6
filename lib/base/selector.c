#include "base/selector.h"

#include <fnmatch.h>
#include <locale.h>
#include <string.h>

/* In any locale names are UTF-8, and '?' is a character of it. */
static bool
fits(const char *pattern, const char *text, int flags)
{
	static locale_t utf8;
	locale_t before;
	bool is;

	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	/* Without that locale it is bytes; 0 changes nothing. */
	before = uselocale(utf8);
	is = fnmatch(pattern, text, flags) == 0;
	uselocale(before);
	return is;
}

static bool
match_exact(const struct selector_vm *vm, const char *what)
{
	return strcmp(vm->name, what) == 0;
}

static bool
match_name(const struct selector_vm *vm, const char *what)
{
	return fits(what, vm->name, 0);
}

static bool
match_moid(const struct selector_vm *vm, const char *what)
{
	return strcmp(vm->id, what) == 0;
}

static bool
match_instance(const struct selector_vm *vm, const char *what)
{
	return strcasecmp(vm->instance_uuid, what) == 0;
}

static bool
match_bios(const struct selector_vm *vm, const char *what)
{
	return strcasecmp(vm->uuid, what) == 0;
}

static bool
match_path(const struct selector_vm *vm, const char *what)
{
	return strcmp(vm->path, what + (what[0] == '/')) == 0;
}

/* The folder's own path, "DC/vm/web", or what stands below it. */
static bool
match_folder(const struct selector_vm *vm, const char *what)
{
	const char *slash = strrchr(vm->path, '/');
	char folder[4096];
	size_t n;

	n = slash == NULL ? 0 : (size_t)(slash - vm->path);
	if (n >= sizeof(folder))
		return false;
	memcpy(folder, vm->path, n);
	folder[n] = '\0';
	return fits(what + (what[0] == '/'), folder, FNM_LEADING_DIR);
}

static bool
match_power(const struct selector_vm *vm, const char *what)
{
	return vm->is_on == (strcmp(what, "on") == 0);
}

int
selector_parse(struct selector *s, const char *text, struct err *e)
{
	static const struct {
		const char *prefix;
		bool is_pattern;
		bool (*match)(const struct selector_vm *, const char *);
	} kinds[] = {
		{ "name:", true, match_name },
		{ "moid:", false, match_moid },
		{ "uuid:", false, match_instance },
		{ "path:", false, match_path },
		{ "folder:", true, match_folder },
		{ "power:", true, match_power },
	};
	size_t i, n;

	*s = (struct selector){ .removes = text[0] == '!' };
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
refuse_two(const struct selector_vm *vms, size_t n, const struct selector *s,
    struct err *e)
{
	const struct selector_vm *found[2] = { NULL, NULL };
	size_t i, k = 0;

	for (i = 0; i < n && k < 2; i++)
		if (s->match(&vms[i], s->what))
			found[k++] = &vms[i];
	return err_set(e, ERR_NOTFOUND,
	    "%s: two VMs fit, moid:%s (%s) and moid:%s (%s); name one by "
	    "its moid: or path:",
	    s->what, found[0]->id, found[0]->path, found[1]->id,
	    found[1]->path);
}

int
selector_apply(const struct selector *s, const struct selector_vm *vms,
    size_t n, bool *picked, size_t *found, struct err *e)
{
	size_t i;

	*found = 0;
	for (i = 0; i < n; i++) {
		if (!s->match(&vms[i], s->what))
			continue;
		++*found;
		picked[i] = !s->removes;
	}
	if (s->is_pattern || (s->removes && s->match != match_instance))
		return 0;
	if (*found == 0 && s->match == match_instance) {
		struct selector other = *s;

		/* BIOS uuids get cloned: they come second. */
		other.match = match_bios;
		return selector_apply(&other, vms, n, picked, found, e);
	}
	if (*found == 0)
		return err_set(e, ERR_NOTFOUND, "%s: no such VM", s->what);
	return *found == 1 ? 0 : refuse_two(vms, n, s, e);
}

int
selector_pick(const struct selector_vm *vms, size_t n,
    const char *const *selectors, size_t n_selectors, bool *picked,
    struct err *e)
{
	size_t i, found, left = 0;

	for (i = 0; i < n; i++)
		picked[i] = false;
	for (i = 0; i < n_selectors; i++) {
		struct selector s;

		if (selector_parse(&s, selectors[i], e) == -1)
			return -1;
		/* Only removals: they are taken from all VMs. */
		if (i == 0 && s.removes)
			memset(picked, true, n * sizeof(*picked));
		if (selector_apply(&s, vms, n, picked, &found, e) == -1)
			return -1;
	}
	for (i = 0; i < n; i++)
		left += picked[i];
	if (left == 0)
		return err_set(e, ERR_EMPTY, "the selection matches no VM");
	return 0;
}
