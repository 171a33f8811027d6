#include "vsphere/lease.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/leaseinfo.h"
#include "vsphere/props.h"

enum {
	READY_LIMIT_S = 600,
	READY_POLL_MS = 200,
	TIMEOUT_MIN_S = 4,
	TIMEOUT_MAX_S = 3600,
	TIMEOUT_DEFAULT_S = 300,
	RENEW_MAX_MS = 30 * 1000,
	LOOK_MS = 2000, /* how soon a lost lease is seen */
};

/* hosts before 6.7 know no more of a lease */
static const char *const lease_paths[] = { "state", "info", "error",
	"initializeProgress", NULL };
static const char *const state_paths[] = { "state", "error", NULL };

struct lease {
	struct vim *v;
	struct moref ref;
	struct lease_item *items;
	size_t n_items;
	uint64_t timeout_ms;
	volatile bool *stop;
	atomic_bool is_open; /* to be completed or aborted */
	atomic_int percent;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool ended;
	struct err lost; /* why, once it is */
};

static int
read_info(struct lease *l, const struct xml_node *info, struct err *e)
{
	uint64_t seconds;

	seconds = soap_u64(xml_child(info, "leaseTimeout"), TIMEOUT_DEFAULT_S);
	if (seconds < TIMEOUT_MIN_S)
		seconds = TIMEOUT_MIN_S;
	if (seconds > TIMEOUT_MAX_S)
		seconds = TIMEOUT_MAX_S;
	l->timeout_ms = seconds * 1000;
	return leaseinfo_read(l->v, info, &l->items, &l->n_items, e);
}

/* The server has ended it: there is nothing left to abort. */
static int
lost_lease(struct lease *l, const struct props_object *o, const char *state,
    struct err *e)
{
	const struct xml_node *fault = props_find(o, "error");

	atomic_store(&l->is_open, false);

	if (fault == NULL)
		return err_set(e, ERR_TEMP, "the lease is in state '%.32s'",
		    state);
	soap_method_fault(fault, "the lease failed", e);
	if (e->class != ERR_PERM)
		e->class = ERR_TEMP;
	return -1;
}

/* 1: ready, 0: not yet, -1: it will not be. */
static int
look_if_ready(struct lease *l, struct err *e)
{
	struct props p = { 0 };
	const char *state;
	int rc = 0;

	if (props_get(l->v, &l->ref, lease_paths, &p, e) == -1)
		return -1;
	state = props_text(&p.objects[0], "state");
	if (strcmp(state, "ready") == 0)
		rc = read_info(l, props_find(&p.objects[0], "info"), e) == -1
		    ? -1
		    : 1;
	else if (strcmp(state, "initializing") != 0)
		rc = lost_lease(l, &p.objects[0], state, e);
	props_free(&p);
	return rc;
}

static int
wait_ready(struct lease *l, struct err *e)
{
	uint64_t end = clock_mono_ms() + READY_LIMIT_S * 1000ULL;
	int rc;

	while ((rc = look_if_ready(l, e)) == 0) {
		if (sig_check(e) == -1)
			return -1;
		if (clock_mono_ms() > end)
			return err_set(e, ERR_TEMP,
			    "the lease was not ready after %d s",
			    READY_LIMIT_S);
		sig_sleep_ms(READY_POLL_MS);
	}
	return rc == 1 ? 0 : -1;
}

static void
lose(struct lease *l, const struct err *e)
{
	pthread_mutex_lock(&l->lock);
	if (l->lost.class == ERR_NONE && !l->ended)
		l->lost = *e;
	pthread_mutex_unlock(&l->lock);
	*l->stop = true;
}

static int
renew(struct lease *l, struct err *e)
{
	struct buf args = { 0 };
	int rc;

	soap_add_u64(&args, "percent", (uint64_t)atomic_load(&l->percent));
	rc = vim_do(l->v, "HttpNfcLeaseProgress", &l->ref, &args, e);
	buf_free(&args);
	return rc;
}

static int
look(struct lease *l, struct err *e)
{
	struct props p = { 0 };
	const char *state;
	int rc = 0;

	if (props_get(l->v, &l->ref, state_paths, &p, e) == -1)
		return -1;
	state = props_text(&p.objects[0], "state");
	if (strcmp(state, "ready") != 0)
		rc = lost_lease(l, &p.objects[0], state, e);
	props_free(&p);
	return rc;
}

/* Waits; true if the lease is over. */
static bool
pause_ms(struct lease *l, unsigned int ms)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&l->lock);
	while (!l->ended &&
	    pthread_cond_timedwait(&l->wake, &l->lock, &until) == 0)
		;
	ended = l->ended;
	pthread_mutex_unlock(&l->lock);
	return ended;
}

static bool
is_connection_trouble(const struct err *e)
{
	return e->class == ERR_UNAVAIL || e->class == ERR_IO;
}

/* One round: renew if it is time, look.  0: the lease is alive. */
static int
beat(struct lease *l, uint64_t period, uint64_t *renewed, struct err *e)
{
	uint64_t now = clock_mono_ms();

	if (now - *renewed >= period) {
		/* A refused renewal alone says nothing: the state does. */
		if (renew(l, e) == 0)
			*renewed = now;
		else if (is_connection_trouble(e))
			return -1;
		else
			log_step("%s", e->text);
		err_clear(e);
	}
	return look(l, e);
}

/*
 * The lease lives by the clock, whatever the data do.  A call that fails
 * for want of a connection is made again: the lease is only lost when the
 * server says so, or when nothing got through for its whole time-out.
 */
static void *
keep_alive(void *arg)
{
	struct lease *l = arg;
	uint64_t period = l->timeout_ms / 4, renewed = 0;
	uint64_t alive = clock_mono_ms();
	unsigned int pause = LOOK_MS;
	struct err e = { 0 };

	sig_shield(); /* the owner aborts, this thread does not */
	if (period > RENEW_MAX_MS)
		period = RENEW_MAX_MS;
	if (period < pause)
		pause = (unsigned int)period;
	do {
		err_clear(&e);
		if (beat(l, period, &renewed, &e) == 0) {
			alive = clock_mono_ms();
		} else if (!is_connection_trouble(&e) ||
		    clock_mono_ms() - alive > l->timeout_ms) {
			lose(l, &e);
			break;
		}
	} while (!pause_ms(l, pause));
	return NULL;
}

static int
start_thread(struct lease *l, struct err *e)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int rc;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_destroy(&l->wake);
	pthread_cond_init(&l->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, keep_alive, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		return err_set(e, ERR_OS, "start a thread: %s", strerror(rc));
	l->has_thread = true;
	return 0;
}

static void
stop_thread(struct lease *l)
{
	if (!l->has_thread)
		return;
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	l->has_thread = false;
}

struct lease *
lease_open(struct vim *v, const struct moref *source, volatile bool *stop,
    struct err *e)
{
	const char *method = strcmp(source->type, "VirtualMachine") == 0
	    ? "ExportVm"
	    : "ExportSnapshot";
	struct lease *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		err_sys(e, ERR_OS, "lease");
		return NULL;
	}
	l->v = v;
	l->stop = stop;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	if (vim_call_ref(v, method, source, NULL, &l->ref, e) == -1)
		goto fail;
	atomic_store(&l->is_open, true);
	if (wait_ready(l, e) == -1 || start_thread(l, e) == -1) {
		err_ctx(e, "%s", method);
		goto fail;
	}
	log_step("lease ready: %zu files, time-out %ju s", l->n_items,
	    (uintmax_t)(l->timeout_ms / 1000));
	return l;
fail:
	lease_free(l);
	return NULL;
}

const struct lease_item *
lease_items(const struct lease *l, size_t *n)
{
	*n = l->n_items;
	return l->items;
}

bool
lease_ask_sha256(struct lease *l)
{
	struct err ignored = { 0 };
	struct buf args = { 0 };
	size_t i;
	int rc;

	if (!vim_has_api(l->v, 6, 7))
		return false;
	for (i = 0; i < l->n_items; i++) {
		soap_open(&args, "deviceUrlsToChecksumTypes", NULL);
		xml_add_elem(&args, "key", l->items[i].key);
		xml_add_elem(&args, "value", "sha256");
		soap_close(&args, "deviceUrlsToChecksumTypes");
	}
	rc = vim_do(l->v, "HttpNfcLeaseSetManifestChecksumType", &l->ref, &args,
	    &ignored);
	buf_free(&args);
	if (rc == -1)
		log_step("no SHA-256 from the host: %s", ignored.text);
	return rc == 0;
}

void
lease_set_progress(struct lease *l, int percent)
{
	atomic_store(&l->percent,
	    percent < 0         ? 0
		: percent > 100 ? 100
				: percent);
}

int
lease_check(struct lease *l, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	if (l->lost.class != ERR_NONE) {
		rc = -1;
		if (e->class == ERR_NONE)
			*e = l->lost;
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

int
lease_look(struct lease *l, struct err *e)
{
	struct err own = { 0 };

	/* Without a connection the transfer's own reason is as good. */
	if (look(l, &own) == -1 && !is_connection_trouble(&own) &&
	    own.class < ERR_SIGNAL)
		lose(l, &own);
	return lease_check(l, e);
}

int
lease_manifest(struct lease *l, struct lease_checksum **sums, size_t *n,
    struct err *e)
{
	const struct xml_node *response;
	struct xml *reply = NULL;
	int rc;

	*sums = NULL;
	*n = 0;
	response = vim_call(l->v, "HttpNfcLeaseGetManifest", &l->ref, NULL,
	    &reply, e);
	if (response == NULL)
		return -1;
	rc = leaseinfo_read_manifest(response, sums, n, e);
	xml_free(reply);
	return rc;
}

void
lease_manifest_free(struct lease_checksum *sums, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(sums[i].key);
	free(sums);
}

void
lease_http_conf(const struct lease *l, const struct lease_item *item,
    struct http_conf *conf)
{
	*conf = *vim_http_conf(l->v);
	if (item->pin[0] != '\0')
		conf->pin = item->pin;
	else if (!item->is_api_host)
		conf->pin = NULL; /* that one is the API's own */
}

int
lease_commit(struct lease *l, struct err *e)
{
	struct err own = { 0 };
	struct buf args = { 0 };

	stop_thread(l);
	if (lease_check(l, e) == -1)
		return -1;
	soap_add_u64(&args, "percent", 100);
	vim_do(l->v, "HttpNfcLeaseProgress", &l->ref, &args, &own);
	buf_free(&args);
	if (vim_do(l->v, "HttpNfcLeaseComplete", &l->ref, NULL, e) == -1)
		return -1;
	atomic_store(&l->is_open, false);
	return 0;
}

static void
abort_lease(struct lease *l)
{
	struct err e = { 0 };
	int rc;

	sig_shield();
	rc = vim_do(l->v, "HttpNfcLeaseAbort", &l->ref, NULL, &e);
	sig_unshield();
	/* InvalidState: it has ended in the meantime. */
	if (rc == -1 && l->lost.class == ERR_NONE &&
	    strcmp(e.fault, "InvalidState") != 0)
		log_warn("the lease could not be aborted, it ends by itself: "
			 "%s",
		    e.text);
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	stop_thread(l);
	if (atomic_load(&l->is_open))
		abort_lease(l);
	leaseinfo_free(l->items, l->n_items);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
