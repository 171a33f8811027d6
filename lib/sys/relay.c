#include "sys/relay.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RELAY_MAX = 64 };

struct slot {
	bool is_done;
	int rc; /* 1: a piece, 0: there was none, -1: why */
	struct err why;
};

struct worker {
	struct relay *r;
	unsigned int number;
	pthread_t id;
};

struct relay {
	struct relay_ops ops;
	struct slot *slots;
	unsigned int n;
	struct worker workers[RELAY_MAX];
	unsigned int started;
	pthread_mutex_t lock;    /* guards all below, and slots' is_done */
	pthread_cond_t is_free;  /* a slot, or it is over */
	pthread_cond_t is_ready; /* the slot at tail */
	uint64_t head;           /* pieces begun */
	uint64_t tail;           /* pieces taken, without the one in use */
	bool in_use;             /* the consumer has the slot at tail */
	bool over;               /* no piece is to be begun */
};

static struct slot *
slot_at(struct relay *r, uint64_t i)
{
	return &r->slots[i % r->n];
}

/* The next piece for a thread, or NULL.  Where there is none, a slot tells the
 * consumer so. */
static struct slot *
begin(struct relay *r)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->head - r->tail == r->n && !r->over)
		pthread_cond_wait(&r->is_free, &r->lock);
	if (!r->over) {
		s = slot_at(r, r->head);
		*s = (struct slot){ 0 };
		s->rc = r->ops.next(r->ops.self, (unsigned int)(s - r->slots),
		    &s->why);
		s->is_done = s->rc != 1;
		r->over = s->rc != 1;
		r->head++;
	}
	if (r->over) {
		pthread_cond_broadcast(&r->is_free);
		pthread_cond_signal(&r->is_ready);
		s = NULL;
	}
	pthread_mutex_unlock(&r->lock);
	return s;
}

static void
finish(struct relay *r, struct slot *s)
{
	pthread_mutex_lock(&r->lock);
	s->is_done = true;
	if (s->rc == -1)
		r->over = true;
	if (s == slot_at(r, r->tail))
		pthread_cond_signal(&r->is_ready);
	pthread_mutex_unlock(&r->lock);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct relay *r = w->r;
	struct slot *s;

	while ((s = begin(r)) != NULL) {
		if (r->ops.work(r->ops.self, w->number,
			(unsigned int)(s - r->slots), &s->why) == -1)
			s->rc = -1;
		finish(r, s);
	}
	return NULL;
}

/* Fewer threads than asked for will do, none will not. */
static int
start(struct relay *r, unsigned int threads, struct err *e)
{
	struct worker *w;
	sigset_t all, old;
	int rc = 0;

	if (threads > RELAY_MAX)
		threads = RELAY_MAX;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	do {
		w = &r->workers[r->started];
		*w = (struct worker){ .r = r, .number = r->started };
		rc = pthread_create(&w->id, NULL, work, w);
		r->started += rc == 0;
	} while (rc == 0 && r->started < threads);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r->started == 0)
		return err_set(e, ERR_OS, "start a thread: %s", strerror(rc));
	return 0;
}

struct relay *
relay_open(const struct relay_ops *ops, unsigned int slots,
    unsigned int threads, struct err *e)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->is_free, NULL);
	pthread_cond_init(&r->is_ready, NULL);
	r->ops = *ops;
	r->n = slots;
	r->slots = calloc(slots, sizeof(*r->slots));
	if (r->slots == NULL)
		err_set(e, ERR_OS, "out of memory");
	else if (start(r, threads, e) == 0)
		return r;
	relay_free(r);
	return NULL;
}

/* The consumer is done with the slot it had. */
static void
give_back(struct relay *r)
{
	if (!r->in_use)
		return;
	r->in_use = false;
	r->tail++;
	pthread_cond_signal(&r->is_free);
}

int
relay_take(struct relay *r, unsigned int *slot, struct err *e)
{
	struct slot *s;

	pthread_mutex_lock(&r->lock);
	give_back(r);
	s = slot_at(r, r->tail);
	while (r->head == r->tail || !s->is_done)
		pthread_cond_wait(&r->is_ready, &r->lock);
	r->in_use = s->rc == 1;
	pthread_mutex_unlock(&r->lock);
	*slot = (unsigned int)(s - r->slots);
	if (s->rc == -1 && e->class == ERR_NONE)
		*e = s->why;
	return s->rc;
}

void
relay_free(struct relay *r)
{
	unsigned int i;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->over = true;
	pthread_cond_broadcast(&r->is_free);
	pthread_mutex_unlock(&r->lock);
	for (i = 0; i < r->started; i++)
		pthread_join(r->workers[i].id, NULL);
	free(r->slots);
	pthread_cond_destroy(&r->is_free);
	pthread_cond_destroy(&r->is_ready);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
