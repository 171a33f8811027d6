#include "sys/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { POOL_MAX = 64 };

struct pool {
	pool_task *task;
	void *arg;
	size_t n;
	atomic_size_t next;
	atomic_bool stopped;
	pthread_mutex_t lock; /* guards first */
	struct err first;
};

static void
keep_first(struct pool *p, const struct err *e)
{
	pthread_mutex_lock(&p->lock);
	if (p->first.class == ERR_NONE)
		p->first = *e;
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->stopped, true);
}

static void *
worker(void *arg)
{
	struct pool *p = arg;
	size_t i;

	while (!atomic_load(&p->stopped)) {
		struct err e = { 0 };

		i = atomic_fetch_add(&p->next, 1);
		if (i >= p->n)
			break;
		if (p->task(p, p->arg, i, &e) == -1)
			keep_first(p, &e);
	}
	return NULL;
}

static unsigned int
start_threads(struct pool *p, pthread_t *threads, unsigned int n)
{
	sigset_t all, old;
	unsigned int i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, worker, p) != 0)
			break;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return i;
}

int
pool_run(pool_task *task, void *arg, size_t n, unsigned int threads,
    struct err *e)
{
	struct pool p = { .task = task,
		.arg = arg,
		.n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t ids[POOL_MAX];
	unsigned int i, started;

	if (threads > POOL_MAX)
		threads = POOL_MAX;
	if (threads > n)
		threads = (unsigned int)n;
	started = start_threads(&p, ids, threads);
	if (started == 0)
		worker(&p); /* no thread to be had: do it here */
	for (i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	if (p.first.class == ERR_NONE)
		return 0;
	if (e->class == ERR_NONE)
		*e = p.first;
	return -1;
}

bool
pool_is_stopped(const struct pool *p)
{
	return atomic_load(&p->stopped);
}
