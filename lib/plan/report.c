#include "plan/report.h"

#include <string.h>

enum { DAY = 24 * 60 * 60 };

time_t
report_since(time_t now)
{
	return now - (time_t)(REPORT_DAYS + 1) * DAY;
}

static void
add_point(struct report_mode *m, const struct catalog_point *p)
{
	m->points++;
	m->provisioned += p->provisioned;
	m->transferred += p->transferred;
	m->stored += p->stored;
	m->seconds += p->seconds;
}

void
report_mode(const struct report *r, bool is_vmdk, struct report_mode *m)
{
	const struct catalog_folder *f;
	const struct catalog *c;
	size_t i, j;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < r->n_repos; i++) {
		c = r->repos[i].catalog;
		if (c == NULL)
			continue;
		for (f = c->folders; f < c->folders + c->n; f++)
			for (j = 0; j < f->n; j++)
				if ((f->points[j].mode != NULL &&
					strcmp(f->points[j].mode, "vmdk") ==
					    0) == is_vmdk)
					add_point(m, &f->points[j]);
	}
}

void
report_stored(const struct report_space *s, time_t now,
    struct report_stored *out)
{
	const struct catalog_folder *f;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (f = s->catalog->folders; f < s->catalog->folders + s->catalog->n;
	     f++)
		for (i = 0; i < f->n; i++) {
			out->points++;
			out->bytes += f->points[i].stored;
			if (f->points[i].when > now - (time_t)REPORT_DAYS * DAY)
				out->new_bytes += f->points[i].stored;
		}
}
