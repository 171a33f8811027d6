#include "vsphere/lease_internal.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"

enum {
	RENEW_MAX_MS = 30 * 1000,
	LOOK_MS = 2000, /* how soon a lost lease is seen */
};

static const char *const state_paths[] = { "state", "error", NULL };

int
lease_watch_ended(struct lease *l, const struct props_object *o,
    const char *state, struct err *e)
{
	const struct xml_node *fault = props_find(o, "error");

	atomic_store(&l->is_open, false);
	if (fault == NULL)
		return err_set(e, ERR_TEMP, "the lease is in state '%.32s'",
		    state);
	soap_method_fault(fault, "the lease failed", e);
	/* A taken name, a full datastore, a privilege: the same again later.
	 * All else may be another thing on the next try. */
	if (e->class != ERR_PERM && e->class != ERR_CREATE &&
	    e->class != ERR_IO)
		e->class = ERR_TEMP;
	return -1;
}

int
lease_watch_gone(struct lease *l, struct err *e)
{
	if (e->class != ERR_NOTFOUND)
		return -1;
	atomic_store(&l->is_open, false);
	e->class = ERR_TEMP;
	return err_ctx(e, "the lease is gone");
}

void
lease_watch_lose(struct lease *l, const struct err *e)
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

int
lease_watch_look(struct lease *l, struct err *e)
{
	struct props p = { 0 };
	const char *state;
	int rc = 0;

	if (props_get(l->v, &l->ref, state_paths, &p, e) == -1)
		return lease_watch_gone(l, e);
	state = props_text(&p.objects[0], "state");
	if (strcmp(state, "ready") != 0)
		rc = lease_watch_ended(l, &p.objects[0], state, e);
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

/* One round: renew if it is time, look.  0: the lease is alive. */
static int
beat(struct lease *l, uint64_t period, uint64_t *renewed, struct err *e)
{
	uint64_t now = clock_mono_ms();

	if (now - *renewed >= period) {
		/* A refused renewal alone says nothing: the state does. */
		if (renew(l, e) == 0)
			*renewed = now;
		else if (soap_is_cut_off(e))
			return -1;
		else
			log_step("%s", e->text);
		err_clear(e);
	}
	return lease_watch_look(l, e);
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
		} else if (!soap_is_cut_off(&e) ||
		    clock_mono_ms() - alive > l->timeout_ms) {
			lease_watch_lose(l, &e);
			break;
		}
	} while (!pause_ms(l, pause));
	return NULL;
}

int
lease_watch_start(struct lease *l, struct err *e)
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

void
lease_watch_stop(struct lease *l)
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
