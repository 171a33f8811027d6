#include "sys/ring.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	char *data;
	size_t len;
};

struct ring {
	struct sink below;
	struct sink beside; /* or { 0 } */
	struct slot *slots;
	unsigned int n;
	size_t bytes; /* a slot */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards all below, not the slots' bytes */
	pthread_cond_t changed;
	unsigned int head; /* slots filled since the start */
	unsigned int tail; /* slots emptied since the start */
	bool ended;        /* nothing more will be written */
	bool dropped;      /* what is in the slots is not wanted */
	bool failed;       /* below failed: *why */
	struct err why;
	size_t fill; /* the writer's: bytes in the slot at head */
};

static struct slot *
slot_at(struct ring *r, unsigned int i)
{
	return &r->slots[i % r->n];
}

/* The next full slot that is wanted, or NULL at the end. */
static struct slot *
take(struct ring *r)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->head == r->tail && !r->ended)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->head != r->tail && !r->dropped)
		s = slot_at(r, r->tail);
	pthread_mutex_unlock(&r->lock);
	return s;
}

static void
give_back(struct ring *r, int rc, const struct err *e)
{
	pthread_mutex_lock(&r->lock);
	r->tail++;
	if (rc == -1) {
		r->failed = true;
		r->why = *e;
	}
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void *
consume(void *arg)
{
	struct ring *r = arg;
	struct slot *s;
	int rc = 0;

	while (rc == 0 && (s = take(r)) != NULL) {
		struct err e = { 0 };

		rc = flow_write(&r->below, s->data, s->len, &e);
		give_back(r, rc, &e);
	}
	return NULL;
}

static int
report(struct ring *r, struct err *e)
{
	if (e->class == ERR_NONE)
		*e = r->why;
	return -1;
}

/* Waits for a free slot at head. */
static int
wait_free(struct ring *r, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	while (r->head - r->tail == r->n && !r->failed)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->failed)
		rc = report(r, e);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* Below begins with it at once; no one fills it before we return. */
static int
publish(struct ring *r, struct err *e)
{
	struct slot *s = slot_at(r, r->head);
	size_t n = r->fill;

	s->len = n;
	r->fill = 0;
	pthread_mutex_lock(&r->lock);
	r->head++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (r->beside.write == NULL)
		return 0;
	return flow_write(&r->beside, s->data, n, e);
}

static int
ring_write(void *self, const void *p, size_t n, struct err *e)
{
	struct ring *r = self;
	const char *at = p;
	size_t part;

	while (n > 0) {
		if (wait_free(r, e) == -1)
			return -1;
		part = r->bytes - r->fill < n ? r->bytes - r->fill : n;
		memcpy(slot_at(r, r->head)->data + r->fill, at, part);
		r->fill += part;
		at += part;
		n -= part;
		if (r->fill == r->bytes && publish(r, e) == -1)
			return -1;
	}
	return 0;
}

static int
start(struct ring *r, struct err *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&r->thread, NULL, consume, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		return err_set(e, ERR_OS, "start a thread: %s", strerror(rc));
	r->has_thread = true;
	return 0;
}

struct ring *
ring_open(struct sink below, unsigned int slots, size_t bytes, struct err *e)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (r == NULL)
		goto no_memory;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->below = below;
	r->bytes = bytes;
	r->slots = calloc(slots, sizeof(*r->slots));
	if (r->slots == NULL)
		goto no_memory;
	for (r->n = 0; r->n < slots; r->n++) {
		r->slots[r->n].data = malloc(bytes);
		if (r->slots[r->n].data == NULL)
			goto no_memory;
	}
	if (start(r, e) == 0)
		return r;
	ring_free(r);
	return NULL;
no_memory:
	err_set(e, ERR_OS, "out of memory");
	ring_free(r);
	return NULL;
}

void
ring_beside(struct ring *r, struct sink beside)
{
	r->beside = beside;
}

struct sink
ring_sink(struct ring *r)
{
	return (struct sink){ ring_write, r };
}

static void
end(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->has_thread = false;
}

int
ring_commit(struct ring *r, struct err *e)
{
	if (r->fill > 0) {
		if (wait_free(r, e) == -1 || publish(r, e) == -1)
			return -1;
	}
	end(r);
	return r->failed ? report(r, e) : 0;
}

bool
ring_has_failed(struct ring *r)
{
	bool failed;

	pthread_mutex_lock(&r->lock);
	failed = r->failed;
	pthread_mutex_unlock(&r->lock);
	return failed;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	if (r->has_thread) {
		pthread_mutex_lock(&r->lock);
		r->dropped = true;
		pthread_mutex_unlock(&r->lock);
		end(r);
	}
	while (r->n > 0)
		free(r->slots[--r->n].data);
	free(r->slots);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
