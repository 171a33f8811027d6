#include "vsphere/dsfile.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "net/http.h"
#include "vsphere/dsfile_ask.h"
#include "vsphere/dsfile_pause.h"
#include "vsphere/dsfile_url.h"
#include "vsphere/props.h"
#include "vsphere/tree.h"

enum {
	DATASTORE_SIZE = 256,
	OPEN_TRIES = 6,
	OPEN_PAUSE_MS = 2000,
	PAUSE_MS = 1000,
	PAUSE_MAX_MS = 30000,
	/* A line that breaks again and again but brings this much is a line
	 * that works. */
	LEAP_BYTES = 64 << 10,
	LEAP_PAUSE_MS = 100,
};

struct dsfile {
	struct vim *v;
	char *name; /* "[datastore1] web/web-flat.vmdk" */
	char *url;
	uint64_t size;
	char modified[sizeof(((struct http_reply *)0)->modified)];
	atomic_bool is_changed;
	unsigned int lines; /* that share the limit */
};

struct dsfile_line {
	struct dsfile *f;
	struct http *http;
	const struct sink *to;
	uint64_t at; /* the first byte that is missing */
	bool has_sink_failed;
};

/* No empty segment, "." or "..": what a server makes of those is its own
 * affair. */
static bool
is_path(const char *path)
{
	const char *p = path;
	size_t n;

	for (;;) {
		n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

int
dsfile_split(const char *name, char datastore[256], const char **path)
{
	const char *end = strstr(name, "] "), *p;
	size_t n;

	if (name[0] != '[' || end == NULL || !is_path(end + 2))
		return -1;
	for (p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return -1;
	n = (size_t)(end - name) - 1;
	if (n == 0 || n >= DATASTORE_SIZE)
		return -1;
	memcpy(datastore, name + 1, n);
	datastore[n] = '\0';
	*path = end + 2;
	return 0;
}

/* Puts "name/" before what is in path. */
static void
prepend(struct buf *path, const char *name)
{
	struct buf longer = { .limit = path->limit };

	buf_puts(&longer, name);
	if (path->len > 0)
		buf_fmt(&longer, "/%s", path->data);
	longer.failed |= path->failed;
	buf_free(path);
	*path = longer;
}

/* Goes from *at to its parent; false at the end of the way. */
static bool
climb(const struct props *p, struct moref *at)
{
	const struct props_object *o = &p->objects[0];

	return soap_read_ref(props_find(o, "parent"), at) == 0 ||
	    soap_read_ref(props_find(o, "parentVApp"), at) == 0;
}

/* A few questions rather than all folders of a large inventory. */
int
dsfile_datacenter(struct vim *v, const struct moref *object, char **path,
    struct err *e)
{
	static const char *const paths[] = { "name", "parent", NULL };
	static const char *const vm_paths[] = { "name", "parent", "parentVApp",
		NULL };
	const struct moref *root = vim_manager(v, VIM_ROOT_FOLDER);
	struct buf b = { .limit = TREE_PATH_MAX };
	struct moref at = *object;
	struct props p = { 0 };
	bool goes_on = true;
	int depth;

	for (depth = 0;
	     goes_on && depth < TREE_DEPTH_MAX && strcmp(at.id, root->id) != 0;
	     depth++) {
		bool is_vm = strcmp(at.type, "VirtualMachine") == 0;

		if (props_get(v, &at, is_vm ? vm_paths : paths, &p, e) == -1)
			break;
		if (b.len > 0 || strcmp(at.type, "Datacenter") == 0)
			prepend(&b, props_text(&p.objects[0], "name"));
		goes_on = climb(&p, &at);
		props_free(&p);
	}
	*path = NULL;
	if (e->class == ERR_NONE && b.len == 0 && !b.failed)
		err_set(e, ERR_PROTO, "%s %s lies in no datacenter",
		    object->type, object->id);
	if (e->class == ERR_NONE && buf_check(&b, e) == 0)
		*path = buf_steal(&b);
	buf_free(&b);
	return *path == NULL ? err_ctx(e, "datacenter") : 0;
}

/* Asks until it is answered, or its trouble does not pass. */
static int
ask_patiently(struct vim *v, struct http *h, struct http_req *req,
    struct http_reply *reply, struct buf *body, struct err *e)
{
	int i, rc;

	for (i = 1;; i++) {
		rc = dsfile_ask(v, h, req, reply, e);
		if (i == OPEN_TRIES || !dsfile_ask_is_passing(rc, reply, e))
			return rc;
		if (rc == 0)
			log_step("%s answers HTTP status %d, trying again",
			    vim_server(v)->host, reply->status);
		else
			log_step("%s, trying again", e->text);
		err_clear(e);
		buf_cut(body, 0);
		if (dsfile_pause(OPEN_PAUSE_MS, NULL, e) == -1)
			return -1;
	}
}

/* The same with each form of the name until one is found, which *url is then;
 * free() it.  Any other status than 404 is an answer. */
static int
ask_by_name(struct vim *v, struct http *h, struct http_req *req,
    const char *datacenter, const char *name, char **url, struct buf *body,
    struct http_reply *reply, struct err *e)
{
	char datastore[DATASTORE_SIZE], *made;
	const char *path;
	int form, rc;

	*url = NULL;
	*reply = (struct http_reply){ .status = 404 };
	if (dsfile_split(name, datastore, &path) == -1)
		return err_set(e, ERR_DATA, "no name of a file on a datastore");
	for (form = 0; form < DSFILE_FORMS && reply->status == 404; form++) {
		made = dsfile_url_make(vim_server(v), datacenter, datastore,
		    path, (enum dsfile_form)form);
		if (made == NULL)
			return err_set(e, ERR_OS, "out of memory");
		if (*url != NULL && strcmp(made, *url) == 0) {
			free(made);
			continue;
		}
		free(*url);
		*url = made;
		req->url = made;
		rc = ask_patiently(v, h, req, reply, body, e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* Answers to HEAD may leave the size out, those to a range may not. */
static int
ask_size(struct dsfile *f, struct http *h, struct err *e)
{
	struct http_req req = { .method = "GET",
		.url = f->url,
		.range = { 0, 1, 0 } };
	struct http_reply reply;
	struct buf none = { 0 };

	if (ask_patiently(f->v, h, &req, &reply, &none, e) == -1)
		return -1;
	if (reply.status != 206 && !(reply.status == 416 && reply.of == 0))
		return dsfile_ask_refused(f->v, &reply, e);
	f->size = (uint64_t)reply.of;
	return 0;
}

static int
look(struct dsfile *f, const char *datacenter, struct err *e)
{
	struct http_req req = { .method = "HEAD" };
	struct http_reply reply;
	struct buf none = { 0 };
	struct http *h = http_open(vim_http_conf(f->v), e);
	int rc = -1;

	if (h == NULL ||
	    ask_by_name(f->v, h, &req, datacenter, f->name, &f->url, &none,
		&reply, e) == -1)
		goto out;
	if (reply.status != 200) {
		dsfile_ask_refused(f->v, &reply, e);
		goto out;
	}
	memcpy(f->modified, reply.modified, sizeof(f->modified));
	if (reply.length == -1 && ask_size(f, h, e) == -1)
		goto out;
	if (reply.length != -1)
		f->size = (uint64_t)reply.length;
	rc = 0;
out:
	http_free(h);
	return rc;
}

struct dsfile *
dsfile_open(struct vim *v, const char *datacenter, const char *name,
    struct err *e)
{
	struct dsfile *f = calloc(1, sizeof(*f));

	if (f == NULL || (f->name = strdup(name)) == NULL) {
		err_set(e, ERR_OS, "out of memory");
		goto out;
	}
	f->v = v;
	f->lines = 1;
	if (look(f, datacenter, e) == -1)
		goto out;
	return f;
out:
	dsfile_free(f);
	err_ctx(e, "%s", name);
	return NULL;
}

uint64_t
dsfile_size(const struct dsfile *f)
{
	return f->size;
}

const char *
dsfile_modified(const struct dsfile *f)
{
	return f->modified;
}

bool
dsfile_is_changed(const struct dsfile *f)
{
	return atomic_load(&f->is_changed);
}

int
dsfile_look_again(struct dsfile *f, struct err *e)
{
	struct http_req req = { .method = "HEAD", .url = f->url };
	struct http *h = http_open(vim_http_conf(f->v), e);
	struct http_reply reply;
	struct buf none = { 0 };
	int rc = -1;

	if (h != NULL && ask_patiently(f->v, h, &req, &reply, &none, e) == 0)
		rc = reply.status == 200 ? 0
					 : dsfile_ask_refused(f->v, &reply, e);
	if (rc == 0 &&
	    (strcmp(reply.modified, f->modified) != 0 ||
		(reply.length != -1 && (uint64_t)reply.length != f->size)))
		atomic_store(&f->is_changed, true);
	http_free(h);
	return rc == -1 ? err_ctx(e, "%s", f->name) : 0;
}

void
dsfile_share(struct dsfile *f, unsigned int lines)
{
	f->lines = lines == 0 ? 1 : lines;
}

void
dsfile_free(struct dsfile *f)
{
	if (f == NULL)
		return;
	free(f->name);
	free(f->url);
	free(f);
}

struct dsfile_line *
dsfile_line_open(struct dsfile *f, struct err *e)
{
	struct dsfile_line *l = calloc(1, sizeof(*l));
	struct http_conf conf = *vim_http_conf(f->v);

	if (l == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	if (conf.bwlimit != 0)
		conf.bwlimit = (conf.bwlimit + f->lines - 1) / f->lines;
	l->f = f;
	l->http = http_open(&conf, e);
	if (l->http != NULL)
		return l;
	dsfile_line_free(l);
	return NULL;
}

void
dsfile_line_free(struct dsfile_line *l)
{
	if (l == NULL)
		return;
	http_free(l->http);
	free(l);
}

static int
arrived(void *self, const void *p, size_t n, struct err *e)
{
	struct dsfile_line *l = self;

	l->has_sink_failed = flow_write(l->to, p, n, e) == -1;
	if (l->has_sink_failed)
		return -1;
	l->at += n;
	return 0;
}

/* Up to end; passes: the same again may succeed. */
static int
read_once(struct dsfile_line *l, uint64_t end, const volatile bool *stop,
    bool *passes, struct err *e)
{
	struct dsfile *f = l->f;
	struct http_req req = { .method = "GET",
		.url = f->url,
		.range = { l->at, end - l->at, f->size },
		.sink = { arrived, l },
		.stop = stop };
	struct http_reply reply = { 0 };
	int rc = dsfile_ask(f->v, l->http, &req, &reply, e);

	*passes = !l->has_sink_failed && dsfile_ask_is_passing(rc, &reply, e);
	if (rc == -1)
		return -1;
	if (reply.status != 206)
		return dsfile_ask_refused(f->v, &reply, e);
	if (reply.modified[0] != '\0' && f->modified[0] != '\0' &&
	    strcmp(reply.modified, f->modified) != 0)
		atomic_store(&f->is_changed, true);
	return 0;
}

static unsigned int
pause_ms(unsigned int failures)
{
	if (failures > 5)
		return PAUSE_MAX_MS;
	return PAUSE_MS << (failures - 1);
}

static int
read_patiently(struct dsfile_line *l, uint64_t end, unsigned int retries,
    const volatile bool *stop, struct err *e)
{
	unsigned int failures = 0, ms;
	uint64_t from;
	bool passes;

	while (l->at < end) {
		from = l->at;
		if (read_once(l, end, stop, &passes, e) == 0)
			continue;
		failures = l->at > from ? 1 : failures + 1;
		if (!passes || failures > retries)
			return -1;
		ms = l->at - from >= LEAP_BYTES ? LEAP_PAUSE_MS
						: pause_ms(failures);
		log_step("%s at byte %ju: %s; trying again in %u ms",
		    l->f->name, (uintmax_t)l->at, e->text, ms);
		err_clear(e);
		if (dsfile_pause(ms, stop, e) == -1)
			return -1;
	}
	return 0;
}

int
dsfile_read(struct dsfile_line *l, uint64_t offset, uint64_t n,
    unsigned int retries, const struct sink *to, const volatile bool *stop,
    struct err *e)
{
	uint64_t end;

	if (__builtin_add_overflow(offset, n, &end) || end > l->f->size)
		return err_set(e, ERR_BUG, "%s: %ju bytes from %ju of %ju",
		    l->f->name, (uintmax_t)n, (uintmax_t)offset,
		    (uintmax_t)l->f->size);
	l->to = to;
	l->at = offset;
	l->has_sink_failed = false;
	if (read_patiently(l, end, retries, stop, e) == 0)
		return 0;
	return err_ctx(e, "%s at byte %ju", l->f->name, (uintmax_t)l->at);
}

static int
collect(void *self, const void *p, size_t n, struct err *e)
{
	buf_add(self, p, n);
	return buf_check(self, e);
}

int
dsfile_get(struct vim *v, const char *datacenter, const char *name,
    struct buf *b, struct err *e)
{
	struct http_req req = { .method = "GET", .sink = { collect, b } };
	struct http *h = http_open(vim_http_conf(v), e);
	struct http_reply reply;
	char *url = NULL;
	int rc = -1;

	buf_cut(b, 0);
	if (h != NULL &&
	    ask_by_name(v, h, &req, datacenter, name, &url, b, &reply, e) == 0)
		rc = reply.status == 200 ? 0 : dsfile_ask_refused(v, &reply, e);
	free(url);
	http_free(h);
	return rc == -1 ? err_ctx(e, "%s", name) : 0;
}
