#include "job/fetch.h"

#include <string.h>
#include "base/log.h"
#include "image/content.h"
#include "sys/ring.h"
#include "sys/sig.h"

enum {
	RING_SLOTS = 8,
	RING_SLOT_BYTES = 1 << 20,
	DIGESTS = 3,
	COOKIE_SIZE = 512,
	SMALL_FILE_MAX = 16 << 20, /* an nvram has less than 1 MiB */
	TRIES = 3,
	PAUSE_MS = 1000,
};

/* One file on its way. */
struct flight {
	const struct fetch_env *env;
	struct fetch *f;
	struct target_file *file;
	struct digest *digests[DIGESTS]; /* manifest's, SHA-256, SHA-1 */
	struct vmdkr *reader;
	struct content *content;
	struct ring *ring;
	struct sink taker; /* the ring, or keep() */
	bool is_too_long;
	bool is_local; /* what failed is on this side */
};

static int
on_header(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct flight *t = self;

	if (t->f->capacity_bytes != 0 &&
	    info->capacity_bytes != t->f->capacity_bytes)
		return err_set(e, ERR_IO,
		    "the stream is of a disk of %ju bytes, the VM's has "
		    "%ju",
		    (uintmax_t)info->capacity_bytes,
		    (uintmax_t)t->f->capacity_bytes);
	t->content = content_open(info->capacity_bytes, e);
	return t->content == NULL ? -1 : 0;
}

static int
on_grain(void *self, uint64_t number, const void *data, size_t n, struct err *e)
{
	struct flight *t = self;

	return content_add(t->content, number, data, n, e);
}

/* To the file and its digests. */
static int
keep(void *self, const void *p, size_t n, struct err *e)
{
	struct flight *t = self;
	int i;

	t->is_local = true;
	if (target_file_write(t->file, p, n, e) == -1)
		return -1;
	for (i = 0; i < DIGESTS; i++)
		if (t->digests[i] != NULL &&
		    digest_add(t->digests[i], p, n, e) == -1)
			return -1;
	t->is_local = false;
	return 0;
}

static int
open_reader(struct flight *t, struct err *e)
{
	struct vmdkr_ops ops = { .grain = on_grain,
		.header = on_header,
		.self = t };

	t->reader = vmdkr_open(&ops, e);
	if (t->reader == NULL)
		return -1;
	t->ring = ring_open(vmdkr_sink(t->reader), RING_SLOTS, RING_SLOT_BYTES,
	    e);
	if (t->ring == NULL)
		return -1;
	ring_beside(t->ring, (struct sink){ keep, t });
	t->taker = ring_sink(t->ring);
	return 0;
}

static int
open_digests(struct flight *t, struct err *e)
{
	const enum digest_kind kinds[DIGESTS] = { t->f->digest, DIGEST_SHA256,
		DIGEST_SHA1 };
	const bool wanted[DIGESTS] = { true, t->f->digest != DIGEST_SHA256,
		t->f->wants_sha1 && t->f->digest != DIGEST_SHA1 };
	int i;

	for (i = 0; i < DIGESTS; i++) {
		if (!wanted[i])
			continue;
		t->digests[i] = digest_open(kinds[i], e);
		if (t->digests[i] == NULL)
			return -1;
	}
	return 0;
}

/* How much of a file that is no disk may still come: it must not fill ours. */
static uint64_t
small_file_room(const struct fetch *f)
{
	uint64_t most = f->item->has_size ? f->item->size : SMALL_FILE_MAX;

	return f->bytes < most ? most - f->bytes : 0;
}

static int
arrived(void *self, const void *p, size_t n, struct err *e)
{
	struct flight *t = self;

	t->is_too_long = !t->f->is_disk && n > small_file_room(t->f);
	if (t->is_too_long)
		return err_set(e, ERR_IO, "more than the %ju bytes expected",
		    (uintmax_t)(t->f->bytes + small_file_room(t->f)));
	/* The ring gives it to keep() and to the checker. */
	if (flow_write(&t->taker, p, n, e) == -1)
		return -1;
	t->f->bytes += n;
	if (t->reader != NULL)
		atomic_store(&t->f->position, vmdkr_position(t->reader));
	if (t->env->moved != NULL)
		t->env->moved(t->env->self, t->f);
	return 0;
}

static int
check_status(const struct fetch *f, int status, struct err *e)
{
	int class = ERR_IO;

	if (status == 200)
		return 0;
	if (status == 401 || status == 403)
		class = ERR_PERM;
	else if (status == 404 || status == 502 || status == 503)
		class = ERR_TEMP;
	return err_set(e, class, "%s answers HTTP status %d", f->item->host,
	    status);
}

static bool
is_forbidden(int status)
{
	return status == 401 || status == 403;
}

/* Nothing of the body came: the host was busy or not to be reached. */
static bool
is_worth_repeating(const struct flight *t, int rc,
    const struct http_reply *reply, const struct err *e)
{
	if (t->f->bytes != 0 || t->is_local || *t->env->stop ||
	    (t->ring != NULL && ring_has_failed(t->ring)) || sig_pending() != 0)
		return false;
	if (rc == -1)
		return e->class == ERR_UNAVAIL || e->class == ERR_IO;
	return reply->status == 502 || reply->status == 503;
}

static int
get_patiently(struct flight *t, struct http *h, struct http_req *req,
    struct http_reply *reply, struct err *e)
{
	unsigned int i, pause_ms = PAUSE_MS;
	int rc;

	for (i = 1;; i++) {
		rc = http_do(h, req, reply, e);
		if (i == TRIES || !is_worth_repeating(t, rc, reply, e))
			return rc;
		log_step("%s: %s is busy or away, trying again", t->f->label,
		    t->f->item->host);
		err_clear(e);
		sig_sleep_ms(pause_ms);
		pause_ms *= 2;
	}
}

/*
 * The ticket in the URL is the authority.  Clients send the session's cookie
 * to the API's own host as well; to another host it goes only if that
 * asks, and that host is pinned by the lease.
 */
static int
get(struct flight *t, struct err *e)
{
	char cookie[COOKIE_SIZE];
	struct http_reply reply = { 0 };
	struct http_req req = { .method = "GET",
		.url = t->f->item->url,
		.sink = { arrived, t },
		.stop = t->env->stop };
	struct http_conf conf;
	struct http *h;
	int rc;

	lease_http_conf(t->env->lease, t->f->item, &conf);
	h = http_open(&conf, e);
	if (h == NULL)
		return -1;
	vim_cookie(t->env->v, cookie, sizeof(cookie));
	req.cookie = t->f->item->is_api_host ? cookie : NULL;
	rc = get_patiently(t, h, &req, &reply, e);
	if (rc == 0 && is_forbidden(reply.status) && req.cookie == NULL &&
	    conf.pin != NULL) {
		req.cookie = cookie;
		rc = get_patiently(t, h, &req, &reply, e);
	}
	if (rc == 0)
		rc = check_status(t->f, reply.status, e);
	explicit_bzero(cookie, sizeof(cookie));
	http_free(h);
	if (rc == -1 && e->class == ERR_UNAVAIL && !t->f->item->is_api_host)
		err_ctx(e,
		    "a vCenter sends its clients to the ESXi hosts, "
		    "each must be reachable (--resolve NAME=ADDR)");
	return rc;
}

static int
finish_reader(struct flight *t, struct err *e)
{
	if (t->ring == NULL)
		return 0;
	if (ring_commit(t->ring, e) == -1 || vmdkr_finish(t->reader, e) == -1)
		return -1;
	t->f->info = *vmdkr_info(t->reader);
	return content_finish(t->content, t->f->content, e);
}

static int
finish_digests(struct flight *t, struct err *e)
{
	char *const hex[DIGESTS] = { t->f->digest_hex, t->f->sha256,
		t->f->sha1 };
	int i;

	for (i = 0; i < DIGESTS; i++)
		if (t->digests[i] != NULL &&
		    digest_finish(t->digests[i], hex[i], e) == -1)
			return -1;
	if (t->digests[1] == NULL)
		memcpy(t->f->sha256, t->f->digest_hex, sizeof(t->f->sha256));
	if (t->f->digest == DIGEST_SHA1)
		memcpy(t->f->sha1, t->f->digest_hex, sizeof(t->f->sha1));
	return 0;
}

/* All of the body is there: is it one? */
static int
check_body(struct flight *t, struct err *e)
{
	if (finish_reader(t, e) == -1)
		return -1;
	if (t->f->item->has_size && t->f->bytes != t->f->item->size)
		return err_set(e, ERR_IO, "%ju bytes came, the lease says %ju",
		    (uintmax_t)t->f->bytes, (uintmax_t)t->f->item->size);
	return 0;
}

static int
open_local(struct flight *t, struct err *e)
{
	if (!t->f->is_disk && t->f->item->size > SMALL_FILE_MAX)
		return err_set(e, ERR_PROTO, "the lease says %ju bytes",
		    (uintmax_t)t->f->item->size);
	t->file = target_file_open(t->env->target, t->f->file, e);
	if (t->file == NULL || open_digests(t, e) == -1 ||
	    (t->f->is_disk && open_reader(t, e) == -1))
		return -1;
	return 0;
}

static bool
is_body_refused(const struct flight *t)
{
	return t->is_too_long || (t->ring != NULL && ring_has_failed(t->ring));
}

static enum fetch_fault
fly(struct flight *t, struct err *e)
{
	if (open_local(t, e) == -1)
		return FETCH_LOCAL;
	if (get(t, e) == -1) {
		if (t->is_local || e->class >= ERR_SIGNAL)
			return FETCH_LOCAL;
		/* The checker's word comes back through the transfer. */
		return is_body_refused(t) ? FETCH_BODY : FETCH_LINE;
	}
	if (check_body(t, e) == -1)
		return t->is_local ? FETCH_LOCAL : FETCH_BODY;
	if (finish_digests(t, e) == -1 ||
	    target_file_commit(t->file, t->f->digest_hex, e) == -1)
		return FETCH_LOCAL;
	return FETCH_FINE;
}

int
fetch_run(const struct fetch_env *env, struct fetch *f)
{
	struct flight t = { .env = env, .f = f, .taker = { keep, &t } };
	int i;

	f->bytes = 0;
	err_clear(&f->err);
	f->fault = fly(&t, &f->err);
	f->is_done = f->is_stored = f->fault == FETCH_FINE;
	ring_free(t.ring); /* before what it writes to */
	vmdkr_free(t.reader);
	content_free(t.content);
	for (i = 0; i < DIGESTS; i++)
		digest_free(t.digests[i]);
	target_file_free(t.file);
	if (!f->is_done)
		return err_ctx(&f->err, "%s", f->label);
	log_step("%s: %ju bytes in %s", f->label, (uintmax_t)f->bytes, f->file);
	return 0;
}
