#include "cli/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/tty.h"

enum {
	SCREEN_MS = 200,
	JSON_MS = 1000,
	PLAIN_MS = 10000,
	SAMPLE_MS = 5000,
	PLAIN_COLUMNS = 200,
	ROWS = 24,
};

enum how { HOW_NONE, HOW_SCREEN, HOW_PLAIN, HOW_JSON };

struct sample {
	uint64_t ms, position, moved;
};

struct disk {
	char *label;
	uint64_t capacity;
	atomic_ullong position;
	atomic_ullong moved;
	atomic_ullong start_ms; /* 0: waiting */
	atomic_ullong done_ms;  /* 0: not done */
	struct sample old, mid; /* 5 to 10 s ago and less; guarded by lock */
};

struct progress {
	enum how how;
	unsigned int interval_ms;
	struct disk *disks;
	size_t n;
	unsigned int label_columns;
	atomic_ullong next_ms;
	pthread_mutex_t lock; /* what follows, and what is on stderr */
	unsigned int drawn;   /* lines on the screen above the cursor */
	struct buf out;
};

/* What the hooks of log, which have no argument, work on. */
static struct progress *on_screen;

static bool
can_move_cursor(void)
{
	const char *term = getenv("TERM");

	return tty_is_stderr() && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0;
}

static enum how
choose(const char *mode)
{
	if (strcmp(mode, "json") == 0)
		return HOW_JSON;
	if (strcmp(mode, "always") == 0)
		return can_move_cursor() ? HOW_SCREEN : HOW_PLAIN;
	if (strcmp(mode, "auto") == 0 && can_move_cursor() &&
	    log_is_on(LOG_NORMAL))
		return HOW_SCREEN;
	return HOW_NONE;
}

static void
write_out(struct buf *b)
{
	const char *p = buf_text(b);
	size_t n = b->len;
	ssize_t w;

	while (n > 0) {
		w = write(STDERR_FILENO, p, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			break; /* nobody to tell */
		p += w;
		n -= (size_t)w;
	}
	buf_cut(b, 0);
}

/* 0 if now is before: two threads may read the clock, or set a position, and
 * come here in the other order. */
static uint64_t
since(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static void
take_samples(struct disk *d, uint64_t now)
{
	struct sample s = { now, atomic_load(&d->position),
		atomic_load(&d->moved) };

	if (d->mid.ms == 0)
		d->old = d->mid = (struct sample){ .ms = atomic_load(
						       &d->start_ms) };
	if (since(d->mid.ms, now) >= SAMPLE_MS) {
		d->old = d->mid;
		d->mid = s;
	}
}

static struct progress_state
state_of(struct disk *d, uint64_t now)
{
	struct progress_state s = { .label = d->label,
		.capacity_bytes = d->capacity };
	uint64_t start = atomic_load(&d->start_ms);
	uint64_t end = atomic_load(&d->done_ms);

	if (start == 0)
		return s;
	take_samples(d, now);
	s.position_bytes = atomic_load(&d->position);
	s.moved_bytes = atomic_load(&d->moved);
	s.done = end != 0;
	s.elapsed_ms = since(start, s.done ? end : now);
	s.recent_ms = since(d->old.ms, now);
	s.recent_position_bytes = since(d->old.position, s.position_bytes);
	s.recent_moved_bytes = since(d->old.moved, s.moved_bytes);
	return s;
}

static unsigned int
rows(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_row == 0)
		return ROWS;
	return w.ws_row;
}

static void
add_cursor_up(struct progress *p)
{
	if (p->drawn > 0)
		buf_fmt(&p->out, "\033[%uA", p->drawn);
	p->drawn = 0;
}

/* What does not fit on the screen cannot be drawn over: then only disks that
 * move are shown. */
static void
draw_screen(struct progress *p, uint64_t now)
{
	unsigned int columns = tty_columns() - 1, most = rows() - 1;
	struct progress_state s;
	bool all = p->n <= most;
	size_t i;

	add_cursor_up(p);
	for (i = 0; i < p->n; i++) {
		s = state_of(&p->disks[i], now);
		if (!all && (s.done || s.elapsed_ms == 0 || p->drawn >= most))
			continue;
		progress_format(&s, p->label_columns, columns, &p->out);
		buf_puts(&p->out, "\033[K\n");
		p->drawn++;
	}
	buf_puts(&p->out, "\033[J");
	write_out(&p->out);
}

static void
tell(struct progress *p, struct disk *d, uint64_t now)
{
	struct progress_state s = state_of(d, now);
	struct err ignored = { 0 };

	if (p->how == HOW_JSON) {
		progress_format_json(&s, &p->out, &ignored);
		write_out(&p->out);
		return;
	}
	progress_format(&s, p->label_columns, PLAIN_COLUMNS, &p->out);
	/* Asked for by --progress=always, so -q does not silence it. */
	log_error("%s", buf_text(&p->out));
	buf_cut(&p->out, 0);
}

static void
draw(struct progress *p, uint64_t now)
{
	struct disk *d;

	if (p->how == HOW_SCREEN) {
		draw_screen(p, now);
		return;
	}
	for (d = p->disks; d < p->disks + p->n; d++)
		if (atomic_load(&d->start_ms) != 0 &&
		    atomic_load(&d->done_ms) == 0)
			tell(p, d, now);
}

static void
tick(struct progress *p, uint64_t now)
{
	if (now < atomic_load(&p->next_ms) ||
	    pthread_mutex_trylock(&p->lock) != 0)
		return;
	if (now >= atomic_load(&p->next_ms)) {
		atomic_store(&p->next_ms, now + p->interval_ms);
		draw(p, now);
	}
	pthread_mutex_unlock(&p->lock);
}

static void
before_message(void)
{
	struct progress *p = on_screen;

	pthread_mutex_lock(&p->lock);
	if (p->drawn > 0) {
		add_cursor_up(p);
		buf_puts(&p->out, "\r\033[J");
		write_out(&p->out);
	}
}

static void
after_message(void)
{
	draw(on_screen, clock_mono_ms());
	pthread_mutex_unlock(&on_screen->lock);
}

static int
copy_disks(struct progress *p, const struct watch_disk *disks, size_t n)
{
	unsigned int columns;

	p->disks = calloc(n + 1, sizeof(*p->disks));
	if (p->disks == NULL)
		return -1;
	for (; p->n < n; p->n++) {
		p->disks[p->n].capacity = disks[p->n].capacity_bytes;
		p->disks[p->n].label = strdup(disks[p->n].label);
		if (p->disks[p->n].label == NULL)
			return -1;
		columns = progress_format_columns(disks[p->n].label);
		if (columns > p->label_columns)
			p->label_columns = columns;
	}
	return 0;
}

static void
start(struct progress *p)
{
	static const unsigned int intervals[] = { 0, SCREEN_MS, PLAIN_MS,
		JSON_MS };

	p->interval_ms = intervals[p->how];
	/* The first message tells of the first interval. */
	atomic_store(&p->next_ms,
	    p->how == HOW_SCREEN ? 0 : clock_mono_ms() + p->interval_ms);
	if (p->how == HOW_SCREEN) {
		on_screen = p;
		log_hook(before_message, after_message);
	}
}

struct progress *
progress_open(const char *mode, const struct watch_disk *disks, size_t n,
    struct err *e)
{
	struct progress *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		err_sys(e, ERR_OS, "progress");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	if (copy_disks(p, disks, n) == -1) {
		err_sys(e, ERR_OS, "progress");
		progress_free(p);
		return NULL;
	}
	p->how = choose(mode);
	start(p);
	return p;
}

void
progress_set(struct progress *p, size_t disk, uint64_t position_bytes,
    uint64_t moved_bytes)
{
	unsigned long long waiting = 0;
	uint64_t now;

	if (p == NULL || p->how == HOW_NONE || disk >= p->n)
		return;
	now = clock_mono_ms();
	atomic_store(&p->disks[disk].position, position_bytes);
	atomic_store(&p->disks[disk].moved, moved_bytes);
	atomic_compare_exchange_strong(&p->disks[disk].start_ms, &waiting, now);
	tick(p, now);
}

void
progress_done(struct progress *p, size_t disk)
{
	unsigned long long waiting = 0;
	uint64_t now;

	if (p == NULL || p->how == HOW_NONE || disk >= p->n)
		return;
	now = clock_mono_ms();
	pthread_mutex_lock(&p->lock);
	atomic_compare_exchange_strong(&p->disks[disk].start_ms, &waiting, now);
	atomic_store(&p->disks[disk].done_ms, now);
	if (p->how == HOW_SCREEN)
		draw_screen(p, now);
	else
		tell(p, &p->disks[disk], now);
	pthread_mutex_unlock(&p->lock);
}

void
progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	if (p->how == HOW_SCREEN) {
		log_hook(NULL, NULL); /* waits for a message being written */
		on_screen = NULL;
		draw_screen(p, clock_mono_ms());
	}
	while (p->n > 0)
		free(p->disks[--p->n].label);
	free(p->disks);
	buf_free(&p->out);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static struct progress *shown; /* by a watch: there is one at a time */

static void
begin(void *self, const struct watch_disk *disks, size_t n)
{
	const char *const *mode = self;
	struct err ignored = { 0 }; /* what cannot be shown is not */

	shown = progress_open(*mode, disks, n, &ignored);
}

static void
moved(void *self, size_t i, uint64_t position, uint64_t bytes)
{
	(void)self;
	progress_set(shown, i, position, bytes);
}

static void
done(void *self, size_t i)
{
	(void)self;
	progress_done(shown, i);
}

static void
end(void *self)
{
	(void)self;
	progress_free(shown);
	shown = NULL;
}

struct watch
progress_watch(const char **mode)
{
	return (struct watch){ begin, moved, done, end, mode };
}
