#include "job/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "codec/gunzip.h"
#include "image/content.h"
#include "net/http.h"
#include "sys/ring.h"
#include "sys/sig.h"

enum {
	RING_SLOTS = 4,
	RING_SLOT_BYTES = 1 << 20,
	HEAD_BYTES = 65536, /* more than header and descriptor take */
};

/* One file on its way. */
struct flight {
	const struct upload_env *env;
	struct upload *u;
	struct source file; /* what the backup holds */
	struct source body; /* what is sent: that, or what is inside */
	struct digest *digests[UPLOAD_KINDS];
	struct digest *sent; /* of the body, where that is another */
	struct gunzip *gunzip;
	struct vmdkr *reader;
	struct content *content;
	struct ring *ring;
	struct sink checker;
	bool is_over; /* all of it has been given, and was good */
	bool gave_up;
};

static int
check_capacity(const struct upload *u, const struct vmdkr_info *info,
    struct err *e)
{
	if (u->capacity_bytes == 0 || info->capacity_bytes == u->capacity_bytes)
		return 0;
	return err_set(e, ERR_DATA,
	    "a disk of %ju bytes, the descriptor says %ju",
	    (uintmax_t)info->capacity_bytes, (uintmax_t)u->capacity_bytes);
}

static int
on_header(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct flight *t = self;

	if (check_capacity(t->u, info, e) == -1)
		return -1;
	if (!t->u->wants_content)
		return 0;
	t->content = content_open(info->capacity_bytes, e);
	return t->content == NULL ? -1 : 0;
}

static int
on_grain(void *self, uint64_t number, const void *data, size_t n, struct err *e)
{
	struct flight *t = self;

	return content_add(t->content, number, data, n, e);
}

/* What is wrong with a file of the backup is unusable input, whatever the
 * reader that found it calls it. */
static int
blame_file(struct err *e)
{
	if (e->class == ERR_IO)
		e->class = ERR_DATA;
	return -1;
}

/* On the ring's thread. */
static int
check_disk(void *self, const void *p, size_t n, struct err *e)
{
	struct flight *t = self;
	struct err own = { 0 };

	if (t->u->damage.class != ERR_NONE ||
	    vmdkr_write(t->reader, p, n, &own) == 0)
		return 0;
	blame_file(&own);
	if (t->env->passes_damage) {
		err_ctx(&own, "%s", t->u->file);
		t->u->damage = own;
		return 0;
	}
	*e = own;
	return -1;
}

static int
add_all(struct flight *t, const void *p, size_t n, struct err *e)
{
	int i;

	for (i = 0; i < UPLOAD_KINDS; i++)
		if (t->digests[i] != NULL &&
		    digest_add(t->digests[i], p, n, e) == -1)
			return -1;
	return 0;
}

static ssize_t
read_file(void *self, void *p, size_t n, struct err *e)
{
	struct flight *t = self;
	ssize_t got = flow_read(&t->file, p, n, e);

	if (got <= 0)
		return got;
	t->u->file_bytes += (size_t)got;
	return add_all(t, p, (size_t)got, e) == -1 ? -1 : got;
}

/* What the reader has to say in the end. */
static int
check_end(struct flight *t, struct err *e)
{
	struct upload *u = t->u;
	struct err own = { 0 };

	if (t->ring == NULL)
		return 0;
	if (ring_commit(t->ring, e) == -1)
		return -1;
	if (u->damage.class == ERR_NONE &&
	    vmdkr_finish(t->reader, &own) == -1) {
		blame_file(&own);
		if (!t->env->passes_damage) {
			*e = own;
			return -1;
		}
		err_ctx(&own, "%s", u->file);
		u->damage = own;
	}
	u->info = *vmdkr_info(t->reader);
	if (t->content == NULL || u->damage.class != ERR_NONE)
		return 0;
	return content_finish(t->content, u->content, e);
}

static ssize_t
give_part(struct flight *t, void *p, size_t n, struct err *e)
{
	uint64_t position;
	ssize_t got = flow_read(&t->body, p, n, e);

	if (got == -1)
		return -1;
	if (got == 0) {
		t->is_over = t->is_over || check_end(t, e) == 0;
		return t->is_over ? 0 : -1;
	}
	if ((t->sent != NULL && digest_add(t->sent, p, (size_t)got, e) == -1) ||
	    (t->ring != NULL &&
		flow_write(&t->checker, p, (size_t)got, e) == -1))
		return -1;
	t->u->sent_bytes += (size_t)got;
	position = t->reader == NULL ? t->u->sent_bytes
				     : vmdkr_position(t->reader);
	t->env->moved(t->env->self, t->u, position);
	return got;
}

static ssize_t
give(void *self, void *p, size_t n, struct err *e)
{
	struct flight *t = self;
	ssize_t got;

	if (*t->env->stop)
		return err_set(e, ERR_TEMP, "stopped");
	got = give_part(t, p, n, e);
	t->gave_up = got == -1;
	return got;
}

static enum digest_kind
host_kind(const struct upload *u)
{
	return u->host_sha1 ? DIGEST_SHA1 : DIGEST_SHA256;
}

static int
open_digests(struct flight *t, struct err *e)
{
	int i;

	for (i = 0; i < UPLOAD_KINDS; i++) {
		if (!t->u->wants[i] &&
		    (t->u->is_gzip || i != (int)host_kind(t->u)))
			continue;
		t->digests[i] = digest_open((enum digest_kind)i, e);
		if (t->digests[i] == NULL)
			return -1;
	}
	if (!t->u->is_gzip)
		return 0;
	t->sent = digest_open(host_kind(t->u), e);
	return t->sent == NULL ? -1 : 0;
}

static int
open_checker(struct flight *t, struct err *e)
{
	struct vmdkr_ops ops = { .header = on_header,
		.grain = t->u->wants_content ? on_grain : NULL,
		.self = t };

	t->reader = vmdkr_open(&ops, e);
	if (t->reader == NULL)
		return -1;
	t->ring = ring_open((struct sink){ check_disk, t }, RING_SLOTS,
	    RING_SLOT_BYTES, e);
	if (t->ring == NULL)
		return -1;
	t->checker = ring_sink(t->ring);
	return 0;
}

static int
open_all(struct flight *t, struct err *e)
{
	struct source tap = { read_file, t };

	t->body = tap;
	if (t->u->is_gzip) {
		t->gunzip = gunzip_open(&tap, e);
		if (t->gunzip == NULL)
			return -1;
		t->body = gunzip_source(t->gunzip);
	}
	if (open_digests(t, e) == -1 ||
	    (t->u->is_disk && open_checker(t, e) == -1))
		return -1;
	return 0;
}

static int
check_status(const struct lease_item *to, int status, struct err *e)
{
	int class = ERR_IO;

	if (status == 200 || status == 201)
		return 0;
	if (status == 401 || status == 403)
		class = ERR_PERM;
	else if (status == 404 || status == 408 || status == 502 ||
	    status == 503)
		class = ERR_TEMP;
	return err_set(e, class, "%s answers HTTP status %d", to->host, status);
}

static int
send_body(struct flight *t, const struct lease_item *to, int64_t size,
    struct err *e)
{
	static const char *const disk[] = {
		"Content-Type: application/x-vnd.vmware-streamVmdk", NULL
	};
	static const char *const file[] = {
		"Content-Type: application/octet-stream", "Overwrite: t", NULL
	};
	const struct source body = { give, t };
	struct http_reply reply = { 0 };
	struct http_req req = { .method = t->u->is_created ? "PUT" : "POST",
		.url = to->url,
		.headers = t->u->is_created ? file : disk,
		.source = &body,
		.source_len = size,
		.stop = t->env->stop };
	struct http_conf conf;
	char cookie[512];
	struct http *h;
	int rc;

	lease_http_conf(t->env->lease, to, &conf);
	h = http_open(&conf, e);
	if (h == NULL)
		return -1;
	vim_cookie(t->env->v, cookie, sizeof(cookie));
	req.cookie = to->is_api_host ? cookie : NULL;
	rc = http_do(h, &req, &reply, e);
	if (rc == 0)
		rc = check_status(to, reply.status, e);
	explicit_bzero(cookie, sizeof(cookie));
	http_free(h);
	return rc;
}

/* A host may see what is wrong with a disk before our own reader has come to
 * it; whose fault it is decides what is said and done. */
static int
blame(struct flight *t, struct err *e)
{
	struct err own = { 0 };

	if (!t->gave_up && !t->is_over && t->ring != NULL &&
	    e->class < ERR_SIGNAL && ring_commit(t->ring, &own) == -1) {
		t->gave_up = true;
		*e = own;
	}
	t->u->is_unfit = t->gave_up || e->class == ERR_DATA;
	return -1;
}

static int
finish(struct flight *t, struct err *e)
{
	struct upload *u = t->u;
	int i;

	for (i = 0; i < UPLOAD_KINDS; i++)
		if (t->digests[i] != NULL &&
		    digest_finish(t->digests[i], u->hex[i], e) == -1)
			return -1;
	if (t->sent != NULL)
		return digest_finish(t->sent, u->host_hex, e);
	memcpy(u->host_hex, u->hex[host_kind(u)], sizeof(u->host_hex));
	return 0;
}

static void
close_all(struct flight *t)
{
	int i;

	ring_free(t->ring); /* before what it writes to */
	vmdkr_free(t->reader);
	content_free(t->content);
	gunzip_free(t->gunzip);
	digest_free(t->sent);
	for (i = 0; i < UPLOAD_KINDS; i++)
		digest_free(t->digests[i]);
}

int
upload_run(const struct upload_env *env, const struct lease_item *to,
    struct upload *u, struct err *e)
{
	struct flight t = { .env = env, .u = u };
	uint64_t size = 0;
	int rc;

	u->is_done = false;
	u->is_unfit = true;
	u->file_bytes = u->sent_bytes = 0;
	err_clear(&u->damage);
	if (supply_begin(env->supply, u->file, &t.file, &size, e) == -1)
		return -1;
	rc = open_all(&t, e);
	if (rc == 0 &&
	    send_body(&t, to,
		u->is_gzip || size > INT64_MAX ? -1 : (int64_t)size, e) == -1)
		rc = blame(&t, e);
	if (rc == 0)
		rc = finish(&t, e);
	close_all(&t);
	if (rc == -1) {
		supply_drop(env->supply);
		return err_ctx(e, "%s", u->file);
	}
	/* Of a stream this looks at what comes next. */
	if (supply_end(env->supply, e) == -1)
		return -1;
	u->is_unfit = false;
	u->is_done = true;
	log_step("%s: %ju bytes sent", u->file, (uintmax_t)u->sent_bytes);
	return 0;
}

/* Looking at no more of a disk than its header. */
struct head {
	const struct upload *u;
	bool is_seen;
};

static int
on_head(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct head *h = self;

	h->is_seen = true;
	return check_capacity(h->u, info, e);
}

/* Enough of the stream to see its header. */
static int
read_head(const struct source *from, struct vmdkr *r, const struct head *h,
    struct err *e)
{
	char piece[4096];
	size_t all = 0;
	ssize_t n;

	while (!h->is_seen && all < HEAD_BYTES) {
		n = flow_read(from, piece, sizeof(piece), e);
		if (n == -1)
			return -1;
		if (n == 0)
			return vmdkr_finish(r, e);
		if (vmdkr_write(r, piece, (size_t)n, e) == -1)
			return -1;
		all += (size_t)n;
	}
	return 0;
}

static int
check_head(const struct source *file, const struct upload *u, struct err *e)
{
	struct head h = { .u = u };
	struct vmdkr_ops ops = { .header = on_head, .self = &h };
	struct gunzip *gunzip = NULL;
	struct vmdkr *r = vmdkr_open(&ops, e);
	struct source from = *file;
	int rc = -1;

	if (r == NULL)
		return -1;
	if (u->is_gzip) {
		gunzip = gunzip_open(file, e);
		if (gunzip == NULL)
			goto out;
		from = gunzip_source(gunzip);
	}
	rc = read_head(&from, r, &h, e);
out:
	gunzip_free(gunzip);
	vmdkr_free(r);
	return rc;
}

int
upload_check_head(struct supply *s, const struct upload *u, struct err *e)
{
	struct source file;
	uint64_t size;
	int rc;

	if (supply_begin(s, u->file, &file, &size, e) == -1)
		return -1;
	rc = check_head(&file, u, e);
	supply_end(s, e);
	if (rc == 0)
		return 0;
	blame_file(e);
	return err_ctx(e, "%s", u->file);
}

int
upload_begin_watch(const struct upload *uploads, size_t n,
    const struct watch *w, struct err *e)
{
	struct watch_disk *disks;
	size_t i;

	if (w == NULL)
		return 0;
	disks = calloc(n + 1, sizeof(*disks));
	if (disks == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < n; i++) {
		disks[i].label = uploads[i].file;
		disks[i].capacity_bytes = uploads[i].capacity_bytes;
	}
	w->begin(w->self, disks, n);
	free(disks);
	return 0;
}
