#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/num.h"
#include "base/utf8.h"
#include "codec/json.h"

enum { LABEL_LEAST = 4, TAIL_SIZE = 128 };

static unsigned int
percent(const struct progress_state *s)
{
	if (s->done || s->position_bytes > s->capacity_bytes)
		return 100;
	if (s->capacity_bytes == 0)
		return 0;
	return (unsigned int)((unsigned __int128)s->position_bytes * 100 /
	    s->capacity_bytes);
}

/* part a second, over a span of ms. */
static uint64_t
per_second(uint64_t part, uint64_t ms)
{
	unsigned __int128 v = ms == 0 ? 0 : (unsigned __int128)part * 1000 / ms;

	return v > UINT64_MAX ? UINT64_MAX : (uint64_t)v;
}

static uint64_t
speed(const struct progress_state *s)
{
	if (s->done)
		return per_second(s->moved_bytes, s->elapsed_ms);
	return per_second(s->recent_moved_bytes, s->recent_ms);
}

/* False if nothing moves. */
static bool
seconds_left(const struct progress_state *s, uint64_t *seconds)
{
	uint64_t rate = per_second(s->recent_position_bytes, s->recent_ms);

	if (s->done || rate == 0 || s->position_bytes > s->capacity_bytes)
		return false;
	*seconds = (s->capacity_bytes - s->position_bytes) / rate;
	return true;
}

static bool
is_waiting(const struct progress_state *s)
{
	return !s->done && s->elapsed_ms == 0 && s->moved_bytes == 0;
}

/* Adds the label, at most so many columns of it, or only measures it. */
static unsigned int
add_label(struct buf *b, const char *label, unsigned int columns)
{
	size_t n = strlen(label), len;
	unsigned int used = 0, width;
	uint32_t c;

	for (; n > 0; label += len, n -= len) {
		len = utf8_next(label, n, &c);
		width = len == 0 ? 1 : utf8_width(c);
		if (len != 0 && utf8_is_control(c))
			continue;
		if (width > columns - used)
			break;
		used += width;
		if (len == 0)
			len = 1;
		if (b != NULL)
			utf8_add_valid(b, label, len);
	}
	return used;
}

unsigned int
progress_format_columns(const char *label)
{
	return add_label(NULL, label, UINT32_MAX);
}

static void
format_time(const struct progress_state *s, char *out, size_t size)
{
	char span[32];
	uint64_t left;

	out[0] = '\0';
	if (s->done) {
		num_format_seconds(s->elapsed_ms / 1000, span, sizeof(span));
		snprintf(out, size, "  done in %s", span);
	} else if (seconds_left(s, &left)) {
		num_format_seconds(left, span, sizeof(span));
		snprintf(out, size, "  %s left", span);
	}
}

/* Everything behind the label. */
static void
format_tail(const struct progress_state *s, char *out, size_t size)
{
	char moved[24], rate[24], rest[48];

	if (is_waiting(s)) {
		snprintf(out, size, "waiting");
		return;
	}
	num_format_size(s->moved_bytes, moved, sizeof(moved));
	num_format_size(speed(s), rate, sizeof(rate));
	format_time(s, rest, sizeof(rest));
	snprintf(out, size, "%3u%% %9s %9s/s%s", percent(s), moved, rate, rest);
}

void
progress_format(const struct progress_state *s, unsigned int label_columns,
    unsigned int columns, struct buf *b)
{
	char tail[TAIL_SIZE];
	unsigned int used;
	size_t n;

	format_tail(s, tail, sizeof(tail));
	n = strlen(tail);
	if (label_columns + 1 + n > columns)
		label_columns = columns < n + 1 + LABEL_LEAST
		    ? LABEL_LEAST
		    : columns - 1 - (unsigned int)n;
	used = add_label(b, s->label, label_columns);
	for (; used < label_columns + 1; used++)
		buf_char(b, ' ');
	if (used + n > columns)
		n = columns > used ? columns - used : 0;
	buf_add(b, tail, n);
}

int
progress_format_json(const struct progress_state *s, struct buf *b,
    struct err *e)
{
	json_t *o = json_object();
	uint64_t left;
	int rc;

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", "progress");
	json_set_text(o, "disk", s->label);
	json_set_int(o, "capacity", (long long)s->capacity_bytes);
	json_set_int(o, "position", (long long)s->position_bytes);
	json_set_int(o, "bytes", (long long)s->moved_bytes);
	json_set_int(o, "percent", percent(s));
	json_set_int(o, "bytes_per_second", (long long)speed(s));
	if (seconds_left(s, &left))
		json_set_int(o, "seconds_left", (long long)left);
	else
		json_set_text(o, "seconds_left", NULL);
	json_set_bool(o, "done", s->done);
	rc = json_write(o, JSON_LINE, b, e);
	json_decref(o);
	return rc;
}
