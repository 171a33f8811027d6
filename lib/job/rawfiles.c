#include "job/rawfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "job/account.h"
#include "vsphere/dsfile.h"

enum { SMALL_MAX_BYTES = 16 << 20 };

/* The text behind 'nvram = "' in a .vmx, to be freed; NULL: there is none. */
static char *
nvram_name(const struct buf *vmx)
{
	static const char key[] = "nvram = \"";
	const char *at = buf_text(vmx), *end;

	while (strncmp(at, key, sizeof(key) - 1) != 0) {
		at = strchr(at, '\n');
		if (at++ == NULL)
			return NULL;
	}
	at += sizeof(key) - 1;
	end = at + strcspn(at, "\"\r\n");
	return end == at ? NULL : strndup(at, (size_t)(end - at));
}

/* Up to where the file's own name begins. */
static size_t
folder_length(const char *path)
{
	const char *slash = strrchr(path, '/'), *store = strstr(path, "] ");

	if (slash != NULL)
		return (size_t)(slash + 1 - path);
	return store == NULL ? 0 : (size_t)(store + 2 - path);
}

/* "[datastore1] web/web.nvram" beside "[datastore1] web/web.vmx". */
static char *
nvram_path(const struct transfer *t, const struct buf *vmx)
{
	const char *of = t->vm->vmx;
	char *name = nvram_name(vmx), *path = NULL;
	size_t n = strlen(of);
	int rc = 0;

	if (name != NULL && strchr(name, '/') != NULL)
		account_skip(t->r, -1, "nvram", "W_FILE_WITHHELD",
		    "it does not lie beside the .vmx");
	else if (name != NULL)
		rc = asprintf(&path, "%.*s%s", (int)folder_length(of), of,
		    name);
	else if (vmx->len == 0 && n > 4 && strcmp(of + n - 4, ".vmx") == 0)
		/* Nobody knows: the usual name. */
		rc = asprintf(&path, "%.*s.nvram", (int)(n - 4), of);
	free(name);
	return rc == -1 ? NULL : path;
}

static int
add_fetch(const struct transfer *t, const char *kind, const struct buf *b,
    struct err *e)
{
	struct match *m = t->match;
	struct fetch *f = &m->fetches[m->n];
	struct digest *d;
	int rc = -1;

	if (asprintf(&m->files[m->n], "%s.%s", t->stem, kind) == -1) {
		m->files[m->n] = NULL;
		return err_set(e, ERR_OS, "out of memory");
	}
	f->file = m->files[m->n];
	f->label = kind;
	f->disk = -1;
	f->bytes = b->len;
	f->verdict = "unverified";
	d = digest_open(DIGEST_SHA256, e);
	if (d != NULL && digest_add(d, buf_text(b), b->len, e) == 0 &&
	    digest_finish(d, f->sha256, e) == 0 &&
	    point_put(target_as_point(t->target), f->file, buf_text(b), b->len,
		e) == 0)
		rc = 0;
	digest_free(d);
	f->is_done = f->is_stored = rc == 0;
	m->n++;
	return rc;
}

/* The host has it, but does not give it: the disks are worth keeping. */
static bool
is_withheld(const struct err *e)
{
	return e->class == ERR_TEMP || e->class == ERR_NOTFOUND;
}

static int
fetch(const struct transfer *t, const char *datacenter, const char *path,
    const char *kind, struct buf *b, struct err *e)
{
	struct err own = { 0 };

	if (dsfile_get(t->v, datacenter, path, b, &own) == 0)
		return add_fetch(t, kind, b, e);
	buf_cut(b, 0);
	if (!is_withheld(&own)) {
		*e = own;
		return -1;
	}
	if (own.class == ERR_NOTFOUND && strcmp(kind, "nvram") == 0)
		log_step("%s: no such file, the VM has never been started",
		    path);
	else
		account_skip(t->r, -1, kind, "W_FILE_WITHHELD", own.text);
	return 0;
}

int
rawfiles_fetch(const struct transfer *t, const char *datacenter, struct err *e)
{
	struct buf vmx = { .limit = SMALL_MAX_BYTES };
	struct buf nvram = { .limit = SMALL_MAX_BYTES };
	char *path = NULL;
	int rc;

	rc = fetch(t, datacenter, t->vm->vmx, "vmx", &vmx, e);
	if (rc == 0)
		path = nvram_path(t, &vmx);
	if (path != NULL)
		rc = fetch(t, datacenter, path, "nvram", &nvram, e);
	free(path);
	buf_free(&vmx);
	buf_free(&nvram);
	return rc;
}
