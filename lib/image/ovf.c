#include "image/ovf.h"

#include <stdlib.h>
#include <string.h>
#include "base/num.h"
#include "codec/xml.h"

/* JSON and the host's own numbers are signed. */
#define SIZE_LIMIT ((uint64_t)INT64_MAX)

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_OS, "out of memory");
}

/* A copy of text; a NULL text is a NULL copy. */
static int
copy(const char *text, char **out, struct err *e)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text != NULL && *out == NULL ? no_memory(e) : 0;
}

static bool
is_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

/* The attribute, or an error if it is missing or empty. */
static int
copy_needed(const struct xml_node *n, const char *attr, char **out,
    struct err *e)
{
	const char *text = xml_attr(n, attr);

	if (is_empty(text))
		return err_set(e, ERR_DATA, "a %s without %s", xml_name(n),
		    attr);
	return copy(text, out, e);
}

static int
parse_number(const char *what, const char *text, uint64_t *out, struct err *e)
{
	if (num_scan(text, strlen(text), SIZE_LIMIT, out) == -1)
		return err_set(e, ERR_DATA, "%s '%.40s' is no size", what,
		    text);
	return 0;
}

/* How many elements of that name; more than OVF_MAX_ITEMS is an error. */
static int
count(const struct xml_node *parent, const char *name, size_t *n, struct err *e)
{
	const struct xml_node *c;

	*n = 0;
	for (c = xml_child(parent, name); c != NULL; c = xml_next(c, name)) {
		if (++*n > OVF_MAX_ITEMS)
			return err_set(e, ERR_DATA, "more than %d %s elements",
			    OVF_MAX_ITEMS, name);
	}
	return 0;
}

static int
check_version(const struct xml_node *root, int *version, struct err *e)
{
	static const char base[] = "http://schemas.dmtf.org/ovf/envelope/";
	const char *ns = xml_ns(root);

	if (strcmp(xml_name(root), "Envelope") != 0)
		return err_set(e, ERR_DATA,
		    "not an OVF descriptor: its root is '%.40s', not "
		    "'Envelope'",
		    xml_name(root));
	if (strcmp(ns, "http://www.vmware.com/schema/ovf/1/envelope") == 0)
		return err_set(e, ERR_DATA,
		    "OVF 0.9 is not supported: convert it with ovftool");
	if (strncmp(ns, base, sizeof(base) - 1) == 0) {
		*version = ns[sizeof(base) - 1] - '0';
		if ((*version == 1 || *version == 2) &&
		    ns[sizeof(base)] == '\0')
			return 0;
	}
	return err_set(e, ERR_DATA,
	    "namespace '%.100s' is neither OVF 1 nor OVF 2", ns);
}

static int
parse_file(const struct xml_node *n, struct ovf_file *f, struct err *e)
{
	const char *size = xml_attr(n, "size");
	const char *chunk = xml_attr(n, "chunkSize");

	if (copy_needed(n, "id", &f->id, e) == -1)
		return -1;
	if (copy_needed(n, "href", &f->href, e) == -1 ||
	    copy(xml_attr(n, "compression"), &f->compression, e) == -1 ||
	    (size != NULL && parse_number("size", size, &f->size, e) == -1) ||
	    (chunk != NULL &&
		parse_number("chunkSize", chunk, &f->chunk_size, e) == -1))
		return err_ctx(e, "File '%.100s'", f->id);
	f->has_size = size != NULL;
	return 0;
}

static const struct ovf_file *
file_by_id(const struct ovf *o, size_t n, const char *id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(o->files[i].id, id) == 0)
			return &o->files[i];
	return NULL;
}

static const struct ovf_file *
file_by_href(const struct ovf *o, size_t n, const char *href)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(o->files[i].href, href) == 0)
			return &o->files[i];
	return NULL;
}

static int
check_file(const struct ovf *o, size_t i, struct err *e)
{
	const struct ovf_file *f = &o->files[i], *other;

	if (file_by_id(o, i, f->id) != NULL)
		return err_set(e, ERR_DATA, "two Files of the id '%.100s'",
		    f->id);
	other = file_by_href(o, i, f->href);
	if (other != NULL)
		return err_set(e, ERR_DATA,
		    "Files '%.100s' and '%.100s' are both '%.200s'", other->id,
		    f->id, f->href);
	return 0;
}

static int
parse_files(const struct xml_node *root, struct ovf *o, struct err *e)
{
	const struct xml_node *n = xml_child(root, "References");
	size_t many, i;

	if (xml_next(n, "References") != NULL)
		return err_set(e, ERR_DATA, "a second References");
	if (count(n, "File", &many, e) == -1)
		return -1;
	o->files = calloc(many + 1, sizeof(*o->files));
	if (o->files == NULL)
		return no_memory(e);
	n = xml_child(n, "File");
	for (i = 0; i < many; i++, n = xml_next(n, "File")) {
		/* Counted first, so that ovf_free() sees half a file. */
		o->n_files++;
		if (parse_file(n, &o->files[i], e) == -1 ||
		    check_file(o, i, e) == -1)
			return -1;
	}
	return 0;
}

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* "byte", "byte * 2^30" (DSP0004): *shift is 0, 30. */
static int
parse_unit(const char *text, unsigned int *shift, struct err *e)
{
	const char *s = skip_blanks(text);
	uint64_t power = 0;
	size_t digits;

	*shift = 0;
	if (strncmp(s, "byte", 4) != 0)
		goto bad;
	s = skip_blanks(s + 4 + (s[4] == 's'));
	if (*s == '\0')
		return 0;
	if (*s != '*')
		goto bad;
	s = skip_blanks(s + 1);
	if (strncmp(s, "2^", 2) != 0)
		goto bad;
	s += 2;
	digits = strspn(s, "0123456789");
	if (num_scan(s, digits, 62, &power) == -1 ||
	    *skip_blanks(s + digits) != '\0')
		goto bad;
	*shift = (unsigned int)power;
	return 0;
bad:
	return err_set(e, ERR_DATA, "unknown unit '%.40s'", text);
}

static bool
is_property(const char *s)
{
	size_t n = strlen(s);

	return n > 3 && strncmp(s, "${", 2) == 0 && s[n - 1] == '}';
}

static int
parse_capacity(const struct xml_node *n, struct ovf_disk *d, struct err *e)
{
	const char *text = xml_attr(n, "capacity");
	const char *unit = xml_attr(n, "capacityAllocationUnits");
	unsigned int shift = 0;
	uint64_t v;

	if (text == NULL)
		return err_set(e, ERR_DATA, "no capacity");
	if (!is_empty(unit) && parse_unit(unit, &shift, e) == -1)
		return -1;
	if (is_property(text))
		return 0;
	if (parse_number("capacity", text, &v, e) == -1)
		return -1;
	if (v == 0)
		return err_set(e, ERR_DATA, "a capacity of 0");
	if (v > SIZE_LIMIT >> shift)
		return err_set(e, ERR_DATA, "a capacity of %.40s x %.40s", text,
		    unit);
	d->capacity_bytes = v << shift;
	d->has_capacity = true;
	return 0;
}

static int
parse_disk(const struct ovf *o, const struct xml_node *n, struct ovf_disk *d,
    struct err *e)
{
	const char *file = xml_attr(n, "fileRef");

	if (copy_needed(n, "diskId", &d->id, e) == -1)
		return -1;
	if (copy(xml_attr(n, "parentRef"), &d->parent_ref, e) == -1 ||
	    copy(xml_attr(n, "format"), &d->format, e) == -1 ||
	    parse_capacity(n, d, e) == -1)
		return err_ctx(e, "Disk '%.100s'", d->id);
	if (is_empty(file))
		return 0;
	d->file = file_by_id(o, o->n_files, file);
	if (d->file == NULL)
		return err_set(e, ERR_DATA,
		    "Disk '%.100s': there is no File '%.100s'", d->id, file);
	return 0;
}

/* Index of the disk, n if there is none of that id among the first n. */
static size_t
disk_index(const struct ovf *o, size_t n, const char *id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(o->disks[i].id, id) == 0)
			break;
	return i;
}

/* parents[i]: index of disk i's parent, n_disks if it has none. */
static int
find_parents(const struct ovf *o, size_t *parents, struct err *e)
{
	size_t i;

	for (i = 0; i < o->n_disks; i++) {
		const struct ovf_disk *d = &o->disks[i];

		parents[i] = o->n_disks;
		if (d->parent_ref == NULL)
			continue;
		parents[i] = disk_index(o, o->n_disks, d->parent_ref);
		if (parents[i] == o->n_disks)
			return err_set(e, ERR_DATA,
			    "Disk '%.100s': there is no parent '%.100s'", d->id,
			    d->parent_ref);
	}
	return 0;
}

static int
check_parents(const struct ovf *o, struct err *e)
{
	size_t *parents = calloc(o->n_disks + 1, sizeof(*parents));
	size_t i, at, steps;
	int rc = -1;

	if (parents == NULL)
		return no_memory(e);
	if (find_parents(o, parents, e) == -1)
		goto out;
	for (i = 0; i < o->n_disks; i++) {
		at = parents[i];
		for (steps = 0; at < o->n_disks && steps < o->n_disks; steps++)
			at = parents[at];
		if (at < o->n_disks) {
			err_set(e, ERR_DATA,
			    "Disk '%.100s': its parents go in a circle",
			    o->disks[i].id);
			goto out;
		}
	}
	rc = 0;
out:
	free(parents);
	return rc;
}

static int
parse_disks(const struct xml_node *root, struct ovf *o, struct err *e)
{
	const struct xml_node *n = xml_child(root, "DiskSection");
	size_t many, i;

	if (xml_next(n, "DiskSection") != NULL)
		return err_set(e, ERR_DATA, "a second DiskSection");
	if (count(n, "Disk", &many, e) == -1)
		return -1;
	o->disks = calloc(many + 1, sizeof(*o->disks));
	if (o->disks == NULL)
		return no_memory(e);
	n = xml_child(n, "Disk");
	for (i = 0; i < many; i++, n = xml_next(n, "Disk")) {
		o->n_disks++;
		if (parse_disk(o, n, &o->disks[i], e) == -1)
			return -1;
		if (disk_index(o, i, o->disks[i].id) < i)
			return err_set(e, ERR_DATA,
			    "two Disks of the id '%.100s'", o->disks[i].id);
	}
	return check_parents(o, e);
}

static int
parse_networks(const struct xml_node *root, struct ovf *o, struct err *e)
{
	const struct xml_node *n = xml_child(root, "NetworkSection");
	size_t many, i;

	if (count(n, "Network", &many, e) == -1)
		return -1;
	o->networks = calloc(many + 1, sizeof(*o->networks));
	if (o->networks == NULL)
		return no_memory(e);
	n = xml_child(n, "Network");
	for (i = 0; i < many; i++, n = xml_next(n, "Network")) {
		if (copy_needed(n, "name", &o->networks[i], e) == -1)
			return -1;
		o->n_networks++;
	}
	return 0;
}

/* The first VirtualSystem below n, itself or in a collection; counts all.
 * Documents are at most XML_MAX_DEPTH deep. */
static const struct xml_node *
find_systems(const struct xml_node *n, size_t *many)
{
	static const char system[] = "VirtualSystem";
	static const char collection[] = "VirtualSystemCollection";
	const struct xml_node *first = xml_child(n, system), *c, *inner;

	for (c = first; c != NULL; c = xml_next(c, system))
		++*many;
	for (c = xml_child(n, collection); c != NULL;
	     c = xml_next(c, collection)) {
		inner = find_systems(c, many);
		if (first == NULL)
			first = inner;
	}
	return first;
}

static int
parse_system(const struct xml_node *root, struct ovf *o, struct err *e)
{
	const struct xml_node *system = find_systems(root, &o->n_systems);
	const char *name = xml_text(xml_child(system, "Name"));
	const char *hardware = xml_text(xml_find(system,
	    "VirtualHardwareSection/System/VirtualSystemType"));

	if (system == NULL)
		return 0;
	if (is_empty(name))
		name = xml_attr(system, "id");
	if (copy(is_empty(name) ? NULL : name, &o->name, e) == -1)
		return -1;
	return copy(is_empty(hardware) ? NULL : hardware, &o->hardware, e);
}

int
ovf_parse(const void *p, size_t n, struct ovf *o, struct err *e)
{
	struct xml *x = NULL;
	const struct xml_node *root;
	int rc = -1;

	*o = (struct ovf){ 0 };
	if (n > OVF_MAX_BYTES)
		return err_set(e, ERR_DATA,
		    "a descriptor of %zu bytes, at most %d", n, OVF_MAX_BYTES);
	x = xml_parse(p, n, e);
	if (x == NULL)
		goto out;
	root = xml_root(x);
	if (check_version(root, &o->version, e) == -1 ||
	    parse_files(root, o, e) == -1 || parse_disks(root, o, e) == -1 ||
	    parse_networks(root, o, e) == -1 || parse_system(root, o, e) == -1)
		goto out;
	rc = 0;
out:
	xml_free(x);
	if (rc == -1)
		ovf_free(o);
	return rc;
}

const struct ovf_file *
ovf_file_by_href(const struct ovf *o, const char *href)
{
	return file_by_href(o, o->n_files, href);
}

void
ovf_free(struct ovf *o)
{
	size_t i;

	for (i = 0; i < o->n_files; i++) {
		free(o->files[i].id);
		free(o->files[i].href);
		free(o->files[i].compression);
	}
	for (i = 0; i < o->n_disks; i++) {
		free(o->disks[i].id);
		free(o->disks[i].parent_ref);
		free(o->disks[i].format);
	}
	for (i = 0; i < o->n_networks; i++)
		free(o->networks[i]);
	free(o->files);
	free(o->disks);
	free(o->networks);
	free(o->name);
	free(o->hardware);
	*o = (struct ovf){ 0 };
}

/* A segment that names something in its folder. */
static bool
is_safe_segment(const char *s, size_t n)
{
	return n > 0 && !(n == 1 && s[0] == '.') &&
	    !(n == 2 && s[0] == '.' && s[1] == '.');
}

bool
ovf_href_is_safe(const char *href)
{
	const char *s = href;
	size_t n, i;

	for (i = 0; href[i] != '\0'; i++) {
		if ((unsigned char)href[i] < ' ' || href[i] == 0x7f ||
		    href[i] == '\\')
			return false;
	}
	/* "http://x", "nbd:x", "C:x": a scheme ends in the first segment. */
	if (memchr(href, ':', strcspn(href, "/")) != NULL)
		return false;
	for (;;) {
		n = strcspn(s, "/");
		if (!is_safe_segment(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}
