#include "vsphere/lease.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sys/sig.h"
#include "vsphere/lease_internal.h"
#include "vsphere/leaseinfo.h"

enum {
	EXPORT_READY_S = 600,
	IMPORT_READY_S = 4 * 3600, /* it may have to zero whole disks */
	POLL_MIN_MS = 200,
	POLL_MAX_MS = 2000,
	DONE_WAIT_MS = 3000,
	COMPLETE_TRIES = 2,
	TIMEOUT_MIN_S = 4,
	TIMEOUT_MAX_S = 3600,
	TIMEOUT_DEFAULT_S = 300,
};

/* hosts before 6.7 know no more of a lease */
static const char *const lease_paths[] = { "state", "info", "error", NULL };

static void
read_timeout(struct lease *l, const struct xml_node *info)
{
	uint64_t seconds;

	seconds = soap_u64(xml_child(info, "leaseTimeout"), TIMEOUT_DEFAULT_S);
	if (seconds < TIMEOUT_MIN_S)
		seconds = TIMEOUT_MIN_S;
	if (seconds > TIMEOUT_MAX_S)
		seconds = TIMEOUT_MAX_S;
	l->timeout_ms = seconds * 1000;
}

static int
read_info(struct lease *l, const struct xml_node *info, struct err *e)
{
	leaseinfo_free(l->items, l->n_items);
	l->items = NULL;
	l->n_items = 0;
	if (soap_read_ref(xml_child(info, "entity"), &l->entity) == -1)
		l->entity = (struct moref){ 0 };
	/* The thread that reads it is not there yet, or it stays. */
	if (!l->has_thread)
		read_timeout(l, info);
	return leaseinfo_read(l->v, info, &l->items, &l->n_items, e);
}

/* 1: ready, 0: not yet, -1: it will not be. */
static int
look_if_ready(struct lease *l, struct err *e)
{
	struct props p = { 0 };
	const char *state;
	int rc = 0;

	if (props_get(l->v, &l->ref, lease_paths, &p, e) == -1)
		return lease_watch_gone(l, e);
	state = props_text(&p.objects[0], "state");
	if (strcmp(state, "ready") == 0)
		rc = read_info(l, props_find(&p.objects[0], "info"), e) == -1
		    ? -1
		    : 1;
	else if (strcmp(state, "initializing") != 0)
		rc = lease_watch_ended(l, &p.objects[0], state, e);
	props_free(&p);
	return rc;
}

static int
wait_ready(struct lease *l, unsigned int limit_s, struct err *e)
{
	uint64_t end = clock_mono_ms() + limit_s * 1000ULL;
	unsigned int pause_ms = POLL_MIN_MS;
	int rc;

	while ((rc = look_if_ready(l, e)) == 0) {
		if (sig_check(e) == -1)
			return -1;
		if (clock_mono_ms() > end)
			return err_set(e, ERR_TEMP,
			    "the lease was not ready after %u s", limit_s);
		sig_sleep_ms(pause_ms);
		if (pause_ms < POLL_MAX_MS)
			pause_ms += pause_ms / 4;
	}
	return rc == 1 ? 0 : -1;
}

static struct lease *
new_lease(struct vim *v, volatile bool *stop, struct err *e)
{
	struct lease *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		err_sys(e, ERR_OS, "lease");
		return NULL;
	}
	l->v = v;
	l->stop = stop;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	return l;
}

/* The lease is there: until it is ready, then from its thread. */
static int
start(struct lease *l, unsigned int limit_s, struct err *e)
{
	atomic_store(&l->is_open, true);
	if (wait_ready(l, limit_s, e) == -1 || lease_watch_start(l, e) == -1)
		return -1;
	log_step("lease ready: %zu files, time-out %ju s", l->n_items,
	    (uintmax_t)(l->timeout_ms / 1000));
	return 0;
}

struct lease *
lease_open(struct vim *v, const struct moref *source, volatile bool *stop,
    struct err *e)
{
	const char *method = strcmp(source->type, "VirtualMachine") == 0
	    ? "ExportVm"
	    : "ExportSnapshot";
	struct lease *l = new_lease(v, stop, e);

	if (l == NULL ||
	    vim_call_ref(v, method, source, NULL, &l->ref, e) == -1)
		goto fail;
	if (start(l, EXPORT_READY_S, e) == 0)
		return l;
	err_ctx(e, "%s", method);
fail:
	lease_free(l);
	return NULL;
}

/* A lost or broken reply leaves nobody to abort what it told of. */
static void
warn_if_unknown(const struct err *e)
{
	if (e->fault[0] == '\0' &&
	    (e->class == ERR_IO || e->class == ERR_PROTO))
		log_warn("the host may have begun to make the VM: then it "
			 "removes it when the lease times out, within minutes");
}

struct lease *
lease_import(struct vim *v, const struct moref *pool, const struct buf *spec,
    const struct moref *folder, const struct moref *host, volatile bool *stop,
    struct err *e)
{
	struct lease *l = new_lease(v, stop, e);
	struct buf args = { 0 };
	int rc = -1;

	buf_add(&args, spec->data, spec->len);
	if (folder != NULL && folder->id[0] != '\0')
		soap_add_ref(&args, "folder", folder);
	if (host != NULL && host->id[0] != '\0')
		soap_add_ref(&args, "host", host);
	if (l == NULL || buf_check(spec, e) == -1 || buf_check(&args, e) == -1)
		goto out;
	if (vim_call_ref(v, "ImportVApp", pool, &args, &l->ref, e) == -1) {
		warn_if_unknown(e);
		goto out;
	}
	rc = start(l, IMPORT_READY_S, e);
	if (rc == -1)
		err_ctx(e, "ImportVApp");
out:
	buf_free(&args);
	if (rc == 0)
		return l;
	lease_free(l);
	return NULL;
}

int
lease_reread(struct lease *l, struct err *e)
{
	int rc = look_if_ready(l, e);

	if (rc == 0)
		err_set(e, ERR_PROTO, "the lease is no longer ready");
	return rc == 1 ? 0 : -1;
}

const struct moref *
lease_entity(const struct lease *l)
{
	return &l->entity;
}

const struct lease_item *
lease_items(const struct lease *l, size_t *n)
{
	*n = l->n_items;
	return l->items;
}

bool
lease_ask_sha256(struct lease *l)
{
	struct err ignored = { 0 };
	struct buf args = { 0 };
	size_t i;
	int rc;

	if (!vim_has_api(l->v, 6, 7))
		return false;
	for (i = 0; i < l->n_items; i++) {
		if (l->items[i].key[0] == '\0')
			continue;
		soap_open(&args, "deviceUrlsToChecksumTypes", NULL);
		xml_add_elem(&args, "key", l->items[i].key);
		xml_add_elem(&args, "value", "sha256");
		soap_close(&args, "deviceUrlsToChecksumTypes");
	}
	if (args.len == 0)
		return false;
	rc = vim_do(l->v, "HttpNfcLeaseSetManifestChecksumType", &l->ref, &args,
	    &ignored);
	buf_free(&args);
	if (rc == -1)
		log_step("no SHA-256 from the host: %s", ignored.text);
	return rc == 0;
}

void
lease_set_progress(struct lease *l, int percent)
{
	atomic_store(&l->percent,
	    percent < 0         ? 0
		: percent > 100 ? 100
				: percent);
}

int
lease_check(struct lease *l, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	if (l->lost.class != ERR_NONE) {
		rc = -1;
		if (e->class == ERR_NONE)
			*e = l->lost;
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

int
lease_look(struct lease *l, struct err *e)
{
	struct err own = { 0 };

	/* Without a connection the transfer's own reason is as good. */
	if (lease_watch_look(l, &own) == -1 && !soap_is_cut_off(&own) &&
	    own.class < ERR_SIGNAL)
		lease_watch_lose(l, &own);
	return lease_check(l, e);
}

int
lease_manifest(struct lease *l, struct lease_checksum **sums, size_t *n,
    struct err *e)
{
	const struct xml_node *response;
	struct xml *reply = NULL;
	int rc;

	*sums = NULL;
	*n = 0;
	response = vim_call(l->v, "HttpNfcLeaseGetManifest", &l->ref, NULL,
	    &reply, e);
	if (response == NULL)
		return -1;
	rc = leaseinfo_read_manifest(response, sums, n, e);
	xml_free(reply);
	return rc;
}

void
lease_manifest_free(struct lease_checksum *sums, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(sums[i].key);
	free(sums);
}

void
lease_http_conf(const struct lease *l, const struct lease_item *item,
    struct http_conf *conf)
{
	*conf = *vim_http_conf(l->v);
	if (item->pin[0] != '\0')
		conf->pin = item->pin;
	else if (!item->is_api_host)
		conf->pin = NULL; /* that one is the API's own */
}

/* If the answer was lost, or the call came twice, the state tells; it may take
 * the host some seconds to be through with it. */
static bool
comes_done(struct lease *l, uint64_t limit_ms)
{
	uint64_t end = clock_mono_ms() + limit_ms;
	struct err ignored = { 0 };
	struct props p = { 0 };
	const char *state;
	bool done = false, waits = true;

	sig_shield();
	while (
	    waits && props_get(l->v, &l->ref, lease_paths, &p, &ignored) == 0) {
		state = props_text(&p.objects[0], "state");
		done = strcmp(state, "done") == 0;
		waits = strcmp(state, "ready") == 0 && clock_mono_ms() < end;
		props_free(&p);
		if (waits)
			sig_sleep_ms(POLL_MIN_MS);
	}
	sig_unshield();
	return done;
}

static int
complete(struct lease *l, struct err *e)
{
	struct err own = { 0 };
	uint64_t wait_ms = 0;
	int i;

	for (i = 0; i < COMPLETE_TRIES; i++) {
		err_clear(&own);
		if (vim_do(l->v, "HttpNfcLeaseComplete", &l->ref, NULL, &own) ==
		    0)
			return 0;
		/* A signal: it was not sent. */
		if (own.fault[0] == '\0' && own.class < ERR_SIGNAL)
			wait_ms = DONE_WAIT_MS;
		if ((own.fault[0] == '\0' ||
			strcmp(own.fault, "InvalidState") == 0) &&
		    comes_done(l, wait_ms))
			return 0;
		/* It may never have got there. */
		if (!soap_is_cut_off(&own))
			break;
	}
	lease_watch_gone(l, &own);
	if (e->class == ERR_NONE)
		*e = own;
	return -1;
}

int
lease_commit(struct lease *l, struct err *e)
{
	struct err own = { 0 };
	struct buf args = { 0 };

	lease_watch_stop(l);
	if (lease_check(l, e) == -1)
		return -1;
	soap_add_u64(&args, "percent", 100);
	vim_do(l->v, "HttpNfcLeaseProgress", &l->ref, &args, &own);
	buf_free(&args);
	if (complete(l, e) == -1)
		return -1;
	atomic_store(&l->is_open, false);
	return 0;
}

static void
abort_lease(struct lease *l)
{
	struct err e = { 0 };
	int rc;

	sig_shield();
	rc = vim_do(l->v, "HttpNfcLeaseAbort", &l->ref, NULL, &e);
	sig_unshield();
	/* InvalidState: it has ended in the meantime. */
	if (rc == -1 && l->lost.class == ERR_NONE &&
	    strcmp(e.fault, "InvalidState") != 0)
		log_warn("the lease could not be aborted, it ends by itself: "
			 "%s",
		    e.text);
}

void
lease_free(struct lease *l)
{
	if (l == NULL)
		return;
	lease_watch_stop(l);
	if (atomic_load(&l->is_open))
		abort_lease(l);
	leaseinfo_free(l->items, l->n_items);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
