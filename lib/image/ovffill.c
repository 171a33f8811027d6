#include "image/ovffill.h"

#include <string.h>
#include "codec/xml.h"
#include "image/ovf.h"

static int
unknown_form(struct err *e)
{
	return err_set(e, ERR_DATA,
	    "the descriptor has a form that cannot be given files");
}

/* Where a start tag of that local name begins, at or behind at; *prefix and
 * *n are what stands before the name, "ovf:" or nothing. */
static const char *
find_tag(const char *at, const char *name, const char **prefix, size_t *n)
{
	size_t len = strlen(name);
	const char *colon;

	while ((at = strchr(at, '<')) != NULL) {
		*prefix = at + 1;
		colon = at + 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
		*n = *colon == ':' ? (size_t)(colon + 1 - *prefix) : 0;
		if (strncmp(*prefix + *n, name, len) == 0 &&
		    strchr(" \t\r\n/>", (*prefix)[*n + len]) != NULL)
			return at;
		at++;
	}
	return NULL;
}

/* Behind an empty element that begins at at. */
static const char *
end_of_empty(const char *at, const char *name)
{
	const char *end = strchr(at, '>'), *close, *prefix;
	size_t n;

	if (end == NULL || end[-1] == '/')
		return end == NULL ? NULL : end + 1;
	close = end + 1 + strspn(end + 1, " \t\r\n");
	if (strncmp(close, "</", 2) != 0)
		return NULL;
	prefix = close + 2;
	n = strcspn(prefix, ":>");
	if (prefix[n] == ':')
		prefix += n + 1;
	if (strncmp(prefix, name, strlen(name)) != 0)
		return NULL;
	end = strchr(prefix, '>');
	return end == NULL ? NULL : end + 1;
}

static void
add_references(struct buf *b, const char *prefix, size_t n,
    const struct ovffill_file *files, size_t many)
{
	size_t i;

	buf_fmt(b, "<%.*sReferences>", (int)n, prefix);
	for (i = 0; i < many; i++) {
		buf_fmt(b, "\n    <%.*sFile ovf:href=\"", (int)n, prefix);
		xml_add_text(b, files[i].href);
		buf_fmt(b, "\" ovf:id=\"file%zu\"/>", i + 1);
	}
	buf_fmt(b, "\n  </%.*sReferences>", (int)n, prefix);
}

static int
fill_references(const char **at, const struct ovffill_file *files, size_t n,
    struct buf *out, struct err *e)
{
	const char *prefix, *tag, *end;
	size_t len;

	tag = find_tag(*at, "References", &prefix, &len);
	end = tag == NULL ? NULL : end_of_empty(tag, "References");
	if (end == NULL)
		return unknown_form(e);
	buf_add(out, *at, (size_t)(tag - *at));
	add_references(out, prefix, len, files, n);
	*at = end;
	return 0;
}

/* The number of the file is that of the disk among all. */
static int
fill_disks(const char **at, const struct ovffill_file *files, size_t n,
    struct buf *out, struct err *e)
{
	const char *prefix, *tag;
	size_t i, len;

	for (i = 0; i < n; i++) {
		if (!files[i].is_disk)
			continue;
		tag = find_tag(*at, "Disk", &prefix, &len);
		if (tag == NULL)
			return unknown_form(e);
		tag = prefix + len + strlen("Disk");
		buf_add(out, *at, (size_t)(tag - *at));
		buf_fmt(out, " ovf:fileRef=\"file%zu\"", i + 1);
		*at = tag;
	}
	return 0;
}

/* "</VirtualHardwareSection>": the settings come last in it. */
static const char *
end_of_hardware(const char *at)
{
	static const char name[] = "VirtualHardwareSection>";
	const char *found = at, *tag;

	while ((found = strstr(found, name)) != NULL) {
		tag = memrchr(at, '<', (size_t)(found - at));
		if (tag != NULL && tag[1] == '/')
			return tag;
		found++;
	}
	return NULL;
}

static int
fill_nvram(const char **at, const struct ovffill_file *files, size_t n,
    struct buf *out, struct err *e)
{
	const char *end;
	size_t i;

	for (i = 0; i < n && files[i].is_disk; i++)
		continue;
	if (i == n)
		return 0;
	end = end_of_hardware(*at);
	if (end == NULL)
		return unknown_form(e);
	buf_add(out, *at, (size_t)(end - *at));
	buf_fmt(out,
	    "<vmw:ExtraConfig ovf:required=\"false\" vmw:key=\"nvram\" "
	    "vmw:value=\"ovf:/file/file%zu\"/>",
	    i + 1);
	*at = end;
	return 0;
}

static int
check_disks(const struct ovf *o, const struct ovffill_file *files, size_t n,
    struct err *e)
{
	size_t i, disk = 0;

	for (i = 0; i < n; i++) {
		if (strcmp(o->files[i].href, files[i].href) != 0)
			return unknown_form(e);
		if (!files[i].is_disk)
			continue;
		if (disk == o->n_disks || o->disks[disk++].file != &o->files[i])
			return unknown_form(e);
	}
	if (disk != o->n_disks)
		return err_set(e, ERR_DATA,
		    "the descriptor has %zu disks, the backup %zu", o->n_disks,
		    disk);
	return 0;
}

static int
check(const struct buf *text, const struct ovffill_file *files, size_t n,
    struct err *e)
{
	struct ovf o = { 0 };
	int rc;

	if (ovf_parse(text->data, text->len, &o, e) == -1)
		return -1;
	rc = o.n_files == n ? check_disks(&o, files, n, e) : unknown_form(e);
	ovf_free(&o);
	return rc;
}

int
ovffill(const struct buf *text, const struct ovffill_file *files, size_t n,
    struct buf *out, struct err *e)
{
	const char *at = buf_text(text);

	if (fill_references(&at, files, n, out, e) == -1 ||
	    fill_disks(&at, files, n, out, e) == -1 ||
	    fill_nvram(&at, files, n, out, e) == -1)
		return -1;
	buf_puts(out, at);
	if (buf_check(out, e) == -1)
		return -1;
	return check(out, files, n, e);
}
