#include "job/transfer.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "job/account.h"
#include "job/attest.h"
#include "job/preflight.h"
#include "sys/pool.h"
#include "sys/sig.h"
#include "vsphere/lease.h"
#include "vsphere/soap.h"

enum { PAUSE_MS = 2000, PAUSE_MAX_MS = 60 * 1000 };

/* One lease and what goes on under it. */
struct attempt {
	const struct transfer *t;
	struct lease *lease;
	volatile bool stop;
	bool has_gap; /* a sequential target lacks a file */
	struct fetch *pending[1024];
	size_t n_pending;
};

/* Hosts before 6.7 keep it to themselves. */
static void
warn_of_nvram(const struct transfer *t)
{
	size_t i;

	for (i = 0; i < t->match->n; i++)
		if (!t->match->fetches[i].is_disk)
			return;
	if (strcmp(t->vm->firmware, "efi") == 0)
		account_warn(t->r, "W_NO_NVRAM",
		    "the host gives no nvram: restored, the guest may not "
		    "find what to boot");
}

/* The first lease tells what there is, another must offer the same. */
static int
match_lease(struct attempt *a, struct err *e)
{
	const struct transfer *t = a->t;
	const struct lease_item *items;
	size_t n, i;

	items = lease_items(a->lease, &n);
	if (t->match->n > 0)
		return match_bind(t->match, items, n, e);
	if (match_items(t->vm, items, n, t->stem, t->conf->excluded, t->match,
		e) == -1 ||
	    preflight_coverage(t->vm, t->match, t->conf->excluded, t->r, e) ==
		-1)
		return -1;
	if (t->match->n == 0)
		return err_set(e, ERR_DATA, "there is nothing to export");
	warn_of_nvram(t);
	for (i = 0; i < t->match->n; i++)
		t->r->capacity_bytes += t->match->fetches[i].capacity_bytes;
	return match_begin_watch(t->match, t->conf->watch, e);
}

/* Takes out what came in an earlier attempt but must come again: what the
 * host did not confirm, and in a sequential target all behind that. */
static int
take_out(const struct transfer *t, struct err *e)
{
	bool is_sequential = target_is_sequential(t->target);
	struct match *m = t->match;
	size_t i, first = 0;

	while (first < m->n && m->fetches[first].is_attested)
		first++;
	for (i = m->n; i-- > 0;) {
		struct fetch *f = &m->fetches[i];

		if (f->is_attested && (!is_sequential || i < first))
			continue;
		if (f->is_stored &&
		    target_file_remove(t->target, f->file, e) == -1)
			return -1;
		f->is_stored = f->is_done = f->is_attested = false;
		f->fault = FETCH_FINE;
		err_clear(&f->err);
	}
	return 0;
}

static int
list_pending(struct attempt *a, bool has_sha256, struct err *e)
{
	struct match *m = a->t->match;
	size_t i;

	if (take_out(a->t, e) == -1)
		return -1;
	for (i = 0; i < m->n; i++) {
		struct fetch *f = &m->fetches[i];

		if (f->is_attested)
			continue;
		if (a->n_pending == sizeof(a->pending) / sizeof(*a->pending))
			return err_set(e, ERR_PROTO, "too many files");
		f->digest = a->t->conf->digest;
		f->wants_sha1 = !has_sha256;
		a->pending[a->n_pending++] = f;
	}
	return 0;
}

static void
on_moved(void *self, struct fetch *f)
{
	struct attempt *a = self;
	const struct watch *w = a->t->conf->watch;
	struct match *m = a->t->match;
	unsigned long long sum = 0;
	size_t i;

	for (i = 0; i < m->n; i++)
		sum += atomic_load(&m->fetches[i].position);
	lease_set_progress(a->lease,
	    (int)(sum / (a->t->r->capacity_bytes / 100 + 1)));
	if (w != NULL)
		w->moved(w->self, (size_t)(f - m->fetches),
		    atomic_load(&f->position), f->bytes);
}

/* The others go on when the line or the host fails one disk; they need not
 * when our own disk is full. */
static int
fetch_one(struct pool *p, void *arg, size_t i, struct err *e)
{
	struct attempt *a = arg;
	const struct watch *w = a->t->conf->watch;
	struct fetch *f = a->pending[i];
	struct fetch_env env = { .v = a->t->v,
		.lease = a->lease,
		.target = a->t->target,
		.stop = &a->stop,
		.moved = on_moved,
		.self = a };

	(void)p;
	if (a->stop || a->has_gap)
		return 0;
	if (fetch_run(&env, f) == 0) {
		if (w != NULL)
			w->done(w->self, (size_t)(f - a->t->match->fetches));
		return 0;
	}
	if (target_is_sequential(a->t->target))
		a->has_gap = true;
	if (f->fault != FETCH_LOCAL)
		return 0;
	a->stop = true;
	*e = f->err;
	return -1;
}

static size_t
count_done(const struct attempt *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->n_pending; i++)
		n += a->pending[i]->is_done;
	return n;
}

/* A disk that ended with its lease is not a damaged one. */
static void
blame_lease(struct attempt *a)
{
	size_t i;

	for (i = 0; i < a->n_pending; i++)
		if (a->pending[i]->fault == FETCH_BODY)
			a->pending[i]->fault = FETCH_LINE;
}

/* Fails only for what ends the whole attempt. */
static int
fetch_pending(struct attempt *a, struct err *e)
{
	bool is_sequential = target_is_sequential(a->t->target);
	struct err own = { 0 };
	int rc;

	rc = pool_run(fetch_one, a, a->n_pending,
	    is_sequential ? 1 : a->t->conf->threads, &own);
	if (sig_check(e) == -1)
		return -1;
	/* Hosts end the body cleanly when a lease dies: of several reasons
	 * the server's own is the better one. */
	if (rc == 0 && count_done(a) < a->n_pending &&
	    lease_look(a->lease, e) == -1) {
		blame_lease(a);
		return -1;
	}
	if (rc == -1)
		*e = own;
	return rc;
}

/* The failure to report: a disk's own, the first. */
static int
first_failure(const struct match *m, struct err *e)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!m->fetches[i].is_done) {
			*e = m->fetches[i].err;
			if (e->class == ERR_NONE)
				err_set(e, ERR_IO, "%s was not fetched",
				    m->fetches[i].label);
			return -1;
		}
	return 0;
}

/* The host's word on what came; a disk that failed before is the better
 * reason for what goes wrong then. */
static int
confirm(struct attempt *a, struct err *e)
{
	struct err own = { 0 };
	int rc = 0;

	if (count_done(a) > 0)
		rc = attest_manifest(a->lease, a->t->match, &own);
	if (first_failure(a->t->match, e) == -1)
		return -1;
	if (rc == -1)
		*e = own;
	return rc;
}

static int
run_attempt(struct attempt *a, struct err *e)
{
	const struct transfer *t = a->t;
	const struct moref *snapshot = t->source == &t->vm->ref ? NULL
								: t->source;

	a->lease = lease_open(t->v, t->source, &a->stop, e);
	if (a->lease == NULL || match_lease(a, e) == -1 ||
	    list_pending(a, lease_ask_sha256(a->lease), e) == -1 ||
	    fetch_pending(a, e) == -1 || confirm(a, e) == -1)
		return -1;
	if (attest_descriptor(t->v, t->vm, snapshot, t->match, t->descriptor,
		e) == -1)
		return -1;
	return lease_commit(a->lease, e);
}

static bool
has_fault(const struct match *m, enum fetch_fault fault)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!m->fetches[i].is_done && m->fetches[i].fault == fault)
			return true;
	return false;
}

/* What is left of our patience. */
struct patience {
	bool had_fresh_lease; /* since a file was confirmed */
	size_t confirmed;     /* files */
	uint64_t retries;
	unsigned int pause_ms;
};

/* There are hosts that send no more than one whole disk for a lease. */
static void
look_for_progress(const struct match *m, struct patience *p)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += m->fetches[i].is_attested;
	if (n <= p->confirmed)
		return;
	p->confirmed = n;
	p->had_fresh_lease = false;
}

static bool
may_try_again(const struct transfer *t, struct patience *p, const struct err *e)
{
	if (sig_pending() != 0 || has_fault(t->match, FETCH_LOCAL) ||
	    soap_is_final(e))
		return false;
	look_for_progress(t->match, p);
	if (has_fault(t->match, FETCH_BODY) && !p->had_fresh_lease) {
		p->had_fresh_lease = true;
		return true;
	}
	if (p->retries == 0)
		return false;
	p->retries--;
	log_step("next attempt in %u s", p->pause_ms / 1000);
	sig_sleep_ms(p->pause_ms);
	p->pause_ms = p->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS
						     : p->pause_ms * 2;
	return sig_pending() == 0;
}

static void
tell(const struct transfer *t, int rc)
{
	const struct match *m = t->match;
	size_t i, unverified = 0;

	for (i = 0; i < m->n; i++)
		unverified += m->fetches[i].is_attested &&
		    strcmp(m->fetches[i].verdict, "verified") != 0;
	json_set_text(t->r->steps, "transfer", rc == 0 ? "ok" : "failed");
	if (rc == -1)
		return;
	json_set_text(t->r->steps, "host_check",
	    unverified == 0 ? "ok" : "skipped");
	json_set_text(t->r->steps, "descriptor", "ok");
	if (unverified > 0)
		account_warn(t->r, "W_UNVERIFIED_BY_HOST",
		    "the host gave no digest to compare with");
}

int
transfer_run(const struct transfer *t, struct err *e)
{
	struct patience p = { .retries = t->conf->retries,
		.pause_ms = PAUSE_MS };
	const struct watch *w = t->conf->watch;
	int rc;

	for (;;) {
		struct attempt a = { .t = t };
		struct err own = { 0 };

		buf_cut(t->descriptor, 0);
		rc = run_attempt(&a, &own);
		lease_free(a.lease); /* aborts it unless all went well */
		if (rc == 0)
			break;
		if (!may_try_again(t, &p, &own)) {
			*e = own;
			if (sig_pending() != 0) {
				err_clear(e);
				sig_check(e);
			}
			break;
		}
		err_ctx(&own, "tried again with a new lease");
		account_warn(t->r, "W_RETRIED", own.text);
	}
	if (w != NULL && t->match->n > 0)
		w->end(w->self);
	tell(t, rc);
	return rc;
}
