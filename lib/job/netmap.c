#include "job/netmap.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/names.h"

static int
refuse(const struct ovf *o, const struct placement *p, const char *what,
    const char *name, struct err *e)
{
	struct names list = { 0 };
	struct buf b = { 0 };
	size_t i;

	buf_puts(&b, "in the backup ");
	for (i = 0; i < o->n_networks; i++)
		names_add(&list, o->networks[i]);
	names_tell(&list, &b);
	buf_puts(&b, ", on the host ");
	for (i = 0; i < p->n_networks; i++)
		names_add(&list, p->networks[i].name);
	names_tell(&list, &b);
	err_set(e, ERR_NOTFOUND, "%s '%.80s': %s", what, name, buf_text(&b));
	buf_free(&b);
	return -1;
}

/* Index of the network that is the pair's left side, and its right side: a
 * name may hold '=' itself. */
static int
split(const struct ovf *o, const char *pair, size_t *at, const char **right)
{
	size_t i, n;

	for (i = 0; i < o->n_networks; i++) {
		n = strlen(o->networks[i]);
		if (strncmp(pair, o->networks[i], n) != 0 || pair[n] != '=')
			continue;
		*at = i;
		*right = pair + n + 1;
		return 0;
	}
	return -1;
}

static int
apply_pair(const struct ovf *o, const struct placement *p, const char *pair,
    struct import_network *map, struct err *e)
{
	const struct placement_network *n;
	const char *right;
	size_t at;

	if (strchr(pair, '=') == NULL)
		return err_set(e, ERR_USAGE, "--network %s: not SRC=DST", pair);
	if (split(o, pair, &at, &right) == -1)
		return refuse(o, p, "--network: no such network in the backup,",
		    pair, e);
	if (map[at].network.id[0] != '\0')
		return err_set(e, ERR_USAGE, "--network: '%s' is given twice",
		    o->networks[at]);
	n = placement_network(p, right);
	if (n == NULL)
		return refuse(o, p, "--network: the host has no network", right,
		    e);
	map[at].network = n->ref;
	return 0;
}

static const struct placement_network *
choose(const struct placement *p, const struct netmap_want *w, const char *name)
{
	const struct placement_network *n = placement_network(p, name);

	if (n == NULL && w->fallback != NULL)
		n = placement_network(p, w->fallback);
	if (n == NULL && w->is_disconnected && p->n_networks > 0)
		n = &p->networks[0];
	return n;
}

static int
fill(const struct ovf *o, const struct placement *p,
    const struct netmap_want *w, struct import_network *map, struct err *e)
{
	const char *const *pair = w->pairs;
	const struct placement_network *n;
	size_t i;

	if (w->fallback != NULL && placement_network(p, w->fallback) == NULL)
		return refuse(o, p, "--network-default: the host has no",
		    w->fallback, e);
	for (; pair != NULL && *pair != NULL; pair++)
		if (apply_pair(o, p, *pair, map, e) == -1)
			return -1;
	for (i = 0; i < o->n_networks; i++) {
		map[i].name = o->networks[i];
		if (map[i].network.id[0] != '\0')
			continue;
		n = choose(p, w, o->networks[i]);
		if (n == NULL)
			return refuse(o, p,
			    "give --network SRC=DST, the host has no network",
			    o->networks[i], e);
		map[i].network = n->ref;
	}
	return 0;
}

int
netmap_make(const struct ovf *o, const struct placement *p,
    const struct netmap_want *w, struct import_network **map, struct err *e)
{
	*map = calloc(o->n_networks + 1, sizeof(**map));
	if (*map == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (fill(o, p, w, *map, e) == 0)
		return 0;
	free(*map);
	*map = NULL;
	return -1;
}
