#include "vsphere/leaseinfo.h"

#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "net/url.h"

enum { MAX_ITEMS = 1024, TICKET_MIN = 16, TICKETS = 2 };

/* The ticket is a long path segment, the first or second: no log may show it. */
static void
hide_ticket(const char *path)
{
	size_t n;
	int left = TICKETS;

	while (*path != '\0' && left > 0) {
		path += *path == '/';
		n = strcspn(path, "/?");
		if (n >= TICKET_MIN && memchr(path, '.', n) == NULL) {
			secret_add(path, n);
			left--;
		}
		path += n;
		if (*path == '?')
			break;
	}
}

static int
point_at_server(struct vim *v, struct url *u, struct lease_item *item,
    struct err *e)
{
	const struct url *api = vim_server(v);

	if (strcmp(u->host, "*") == 0) {
		free(u->host);
		u->host = strdup(api->host);
		u->port = api->port;
		if (u->host == NULL)
			return err_sys(e, ERR_OS, "memory");
	}
	item->is_api_host = strcmp(u->host, api->host) == 0 &&
	    u->port == api->port;
	if (!item->is_api_host && !vim_about(v)->is_vcenter)
		return err_set(e, ERR_PROTO,
		    "the lease names another host, %s: refused", u->host);
	return 0;
}

static int
read_url(struct vim *v, const char *text, struct lease_item *item,
    struct err *e)
{
	struct url u = { 0 };
	int rc = -1;

	if (url_parse(text, &u, e) == -1)
		goto out;
	hide_ticket(u.path);
	if (point_at_server(v, &u, item, e) == -1)
		goto out;
	item->url = url_format(&u);
	item->host = strdup(u.host);
	if (item->url == NULL || item->host == NULL)
		err_set(e, ERR_OS, "out of memory");
	else
		rc = 0;
out:
	url_free(&u);
	if (rc == -1) {
		if (e->class == ERR_USAGE || e->class == ERR_DATA)
			e->class = ERR_PROTO;
		err_ctx(e, "lease URL");
	}
	return rc;
}

static int
read_item(struct vim *v, const struct xml_node *n, struct lease_item *item,
    struct err *e)
{
	const char *print = xml_text(xml_child(n, "sslThumbprint"));

	item->key = strdup(xml_text(xml_child(n, "key")));
	item->import_key = strdup(xml_text(xml_child(n, "importKey")));
	item->target = strdup(xml_text(xml_child(n, "targetId")));
	if (item->key == NULL || item->import_key == NULL ||
	    item->target == NULL)
		return err_sys(e, ERR_OS, "memory");
	item->is_disk = soap_bool(xml_child(n, "disk"), false);
	item->size = soap_u64(xml_child(n, "fileSize"), 0);
	item->has_size = !item->is_disk && item->size != 0;
	if (print[0] != '\0' && http_pin_parse(print, item->pin) == -1)
		return err_set(e, ERR_PROTO,
		    "the lease names a malformed thumbprint");
	return read_url(v, xml_text(xml_child(n, "url")), item, e);
}

int
leaseinfo_read(struct vim *v, const struct xml_node *info,
    struct lease_item **items, size_t *n, struct err *e)
{
	const struct xml_node *u;
	size_t count = 0;

	*n = 0;
	for (u = xml_child(info, "deviceUrl"); u != NULL;
	     u = xml_next(u, "deviceUrl"))
		count++;
	if (count > MAX_ITEMS)
		return err_set(e, ERR_PROTO, "a lease of %zu files", count);
	*items = calloc(count + 1, sizeof(**items));
	if (*items == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (u = xml_child(info, "deviceUrl"); u != NULL;
	     u = xml_next(u, "deviceUrl"))
		if (read_item(v, u, &(*items)[(*n)++], e) == -1)
			return -1;
	return 0;
}

void
leaseinfo_free(struct lease_item *items, size_t n)
{
	size_t i;

	for (i = 0; items != NULL && i < n; i++) {
		free(items[i].key);
		free(items[i].import_key);
		free(items[i].url);
		free(items[i].target);
		free(items[i].host);
	}
	free(items);
}

/* Lower-case hex of exactly that length, or nothing. */
static void
keep_hex(char *to, const char *text, size_t n)
{
	size_t i;

	if (strlen(text) != n || strspn(text, "0123456789abcdefABCDEF") != n)
		return;
	for (i = 0; i <= n; i++)
		to[i] = text[i] >= 'A' && text[i] <= 'F'
		    ? (char)(text[i] - 'A' + 'a')
		    : text[i];
}

static int
read_checksum(const struct xml_node *n, struct lease_checksum *c, struct err *e)
{
	const char *type = xml_text(xml_child(n, "checksumType"));

	c->key = strdup(xml_text(xml_child(n, "key")));
	if (c->key == NULL)
		return err_sys(e, ERR_OS, "memory");
	c->size = soap_u64(xml_child(n, "size"), 0);
	keep_hex(c->sha1, xml_text(xml_child(n, "sha1")), 40);
	if (strcasecmp(type, "sha256") == 0)
		keep_hex(c->sha256, xml_text(xml_child(n, "checksum")), 64);
	return 0;
}

int
leaseinfo_read_manifest(const struct xml_node *response,
    struct lease_checksum **sums, size_t *n, struct err *e)
{
	const struct xml_node *entry;
	size_t count = 0;

	*n = 0;
	for (entry = xml_child(response, "returnval"); entry != NULL;
	     entry = xml_next(entry, "returnval"))
		count++;
	if (count > MAX_ITEMS)
		return err_set(e, ERR_PROTO, "%zu manifest entries", count);
	*sums = calloc(count + 1, sizeof(**sums));
	if (*sums == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (entry = xml_child(response, "returnval"); entry != NULL;
	     entry = xml_next(entry, "returnval"))
		if (read_checksum(entry, &(*sums)[(*n)++], e) == -1)
			return -1;
	return 0;
}
