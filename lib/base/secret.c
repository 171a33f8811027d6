#include "base/secret.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 4 };

struct secret {
	struct secret *next;
	size_t n;
	char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret *all;

static struct secret *
find(const char *text, size_t n)
{
	struct secret *s;

	for (s = all; s != NULL; s = s->next)
		if (s->n == n && memcmp(s->text, text, n) == 0)
			return s;
	return NULL;
}

void
secret_add(const char *text, size_t n)
{
	struct secret *s;

	if (n < SHORTEST)
		return;
	pthread_mutex_lock(&lock);
	if (find(text, n) == NULL && (s = malloc(sizeof(*s) + n)) != NULL) {
		s->n = n;
		memcpy(s->text, text, n);
		s->next = all;
		all = s;
	}
	pthread_mutex_unlock(&lock);
}

/* Where any secret stands; they may overlap. */
static void
mark(const char *line, size_t n, bool *marks)
{
	const struct secret *s;
	const char *p, *end = line + n;

	for (s = all; s != NULL; s = s->next) {
		p = line;
		while (
		    (p = memmem(p, (size_t)(end - p), s->text, s->n)) != NULL) {
			memset(marks + (p - line), true, s->n);
			p++;
		}
	}
}

void
secret_mask(char *line, size_t n)
{
	bool *marks;
	size_t i;

	pthread_mutex_lock(&lock);
	if (all == NULL || n < SHORTEST)
		goto out;
	marks = calloc(n, sizeof(*marks));
	if (marks != NULL)
		mark(line, n, marks);
	for (i = 0; i < n; i++)
		if (marks == NULL || marks[i])
			line[i] = '*';
	free(marks);
out:
	pthread_mutex_unlock(&lock);
}

void
secret_free(void)
{
	struct secret *s;

	pthread_mutex_lock(&lock);
	while ((s = all) != NULL) {
		all = s->next;
		explicit_bzero(s->text, s->n);
		free(s);
	}
	pthread_mutex_unlock(&lock);
}
