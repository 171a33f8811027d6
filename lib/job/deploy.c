#include "job/deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "job/admit.h"
#include "job/proof.h"
#include "job/receipt.h"
#include "job/settle.h"
#include "store/hold.h"
#include "sys/sig.h"
#include "vsphere/lease.h"
#include "vsphere/soap.h"

enum { PAUSE_MS = 2000, PAUSE_MAX_MS = 60 * 1000 };

/* Everything of one run; what is open here is undone in reverse. */
struct deploy {
	struct vim *v;
	const struct deploy_conf *conf;
	struct deploy_result *r;
	struct supply supply;
	struct hold *hold;
	struct placement place;
	struct import_network *map;
	struct import_spec spec;
	struct upload *uploads; /* one for each of spec.items */
	struct moref vm;        /* once the host has made it */
	uint64_t capacity_bytes;
};

/* One lease and what goes on under it. */
struct attempt {
	struct deploy *d;
	struct lease *lease;
	volatile bool stop;
	uint64_t passed; /* bytes of disks that are through */
};

static void
on_moved(void *self, struct upload *u, uint64_t position)
{
	struct attempt *a = self;
	const struct watch *w = a->d->conf->watch;

	uint64_t percent = (a->passed + position) /
	    (a->d->capacity_bytes / 100 + 1);

	/* Capacities that a property sets are not known. */
	if (u->is_disk)
		lease_set_progress(a->lease, percent > 99 ? 99 : (int)percent);
	if (w != NULL)
		w->moved(w->self, (size_t)(u - a->d->uploads), position,
		    u->sent_bytes);
}

static const struct lease_item *
find_item(const struct attempt *a, const char *device_id)
{
	const struct lease_item *items;
	size_t n, i;

	items = lease_items(a->lease, &n);
	for (i = 0; i < n; i++)
		if (strcmp(items[i].import_key, device_id) == 0)
			return &items[i];
	return NULL;
}

static int
send_one(struct attempt *a, size_t i, struct err *e)
{
	struct deploy *d = a->d;
	const struct watch *w = d->conf->watch;
	const struct lease_item *to = find_item(a, d->spec.items[i].device_id);
	const struct upload_env env = { .v = d->v,
		.lease = a->lease,
		.supply = &d->supply,
		.stop = &a->stop,
		.passes_damage = d->conf->passes_damage,
		.moved = on_moved,
		.self = a };

	if (to == NULL)
		return err_set(e, ERR_PROTO, "the lease has no place for %s",
		    d->uploads[i].file);
	proof_want(&d->supply, &d->uploads[i]);
	if (upload_run(&env, to, &d->uploads[i], e) == -1)
		return -1;
	/* No need to send the others; salvage hears of it in the end. */
	if (!d->conf->passes_damage &&
	    proof_file(&d->supply, &d->uploads[i], e) == -1)
		return -1;
	if (d->uploads[i].is_disk)
		a->passed += d->uploads[i].capacity_bytes;
	if (w != NULL)
		w->done(w->self, i);
	return 0;
}

/* Damage that salvage lets pass is told all the same. */
static int
tolerate(struct deploy *d, const struct err *why, struct err *e)
{
	if (why->class == ERR_NONE)
		return 0;
	if (d->conf->passes_damage) {
		if (!receipt_has(d->r, why->text)) /* of another attempt */
			receipt_warn(d->r, "W_DAMAGED", why->text);
		return 0;
	}
	*e = *why;
	return -1;
}

/* What was read, against the manifest. */
static int
prove_source(struct deploy *d, struct err *e)
{
	struct err own = { 0 };
	size_t i;

	if (supply_finish(&d->supply, e) == -1)
		return -1;
	if (d->supply.is_stream) {
		if (supply_manifest(&d->supply) == NULL)
			receipt_warn(d->r, "W_NO_MANIFEST",
			    "the backup has no manifest: nothing says that its "
			    "files are what they were");
		proof_manifest(&d->supply, &own);
		if (tolerate(d, &own, e) == -1)
			return -1;
	}
	for (i = 0; i < d->spec.n_items; i++) {
		err_clear(&own);
		if (tolerate(d, &d->uploads[i].damage, e) == -1)
			return -1;
		proof_file(&d->supply, &d->uploads[i], &own);
		if (tolerate(d, &own, e) == -1)
			return -1;
	}
	if (supply_manifest(&d->supply) != NULL)
		log_step("all files compared with the manifest");
	return 0;
}

static int
prove_host(struct attempt *a, struct err *e)
{
	struct deploy *d = a->d;
	bool all = true;
	size_t i;

	if (proof_host(a->lease, d->uploads, d->spec.n_items, &d->spec, e) ==
	    -1) {
		receipt_step(d->r, "host_check", "failed");
		return -1;
	}
	for (i = 0; i < d->spec.n_items; i++)
		all = all && strcmp(d->uploads[i].verdict, "verified") == 0;
	receipt_step(d->r, "host_check", all ? "ok" : "skipped");
	if (all)
		log_step("the host has just these bytes");
	else
		receipt_warn(d->r, "W_UNVERIFIED_BY_HOST",
		    "the host gave no digest to compare with");
	return 0;
}

static int
send_all(struct attempt *a, struct err *e)
{
	struct deploy *d = a->d;
	bool has_sha256 = lease_ask_sha256(a->lease);
	struct err lost = { 0 };
	size_t i;

	for (i = 0; i < d->spec.n_items; i++) {
		d->uploads[i].host_sha1 = !has_sha256;
		if (send_one(a, i, e) == 0)
			continue;
		/* What salvage let pass may be why the host did not. */
		if (d->conf->passes_damage)
			tolerate(d, &d->uploads[i].damage, e);
		/* Of several reasons the server's own is the better one,
		 * unless the backup is what is wrong. */
		if (sig_pending() == 0 && !d->uploads[i].is_unfit &&
		    lease_look(a->lease, &lost) == -1)
			*e = lost;
		return -1;
	}
	return 0;
}

static int
attempt(struct attempt *a, struct err *e)
{
	struct deploy *d = a->d;

	a->lease = lease_import(d->v, &d->place.pool, &d->spec.xml,
	    &d->place.folder, &d->place.host, &a->stop, e);
	if (a->lease == NULL || send_all(a, e) == -1 ||
	    prove_source(d, e) == -1 || prove_host(a, e) == -1 ||
	    sig_check(e) == -1 || lease_commit(a->lease, e) == -1)
		return -1;
	d->vm = *lease_entity(a->lease);
	log_step("the host has made the VM '%s' (%s)", d->r->name, d->vm.id);
	return 0;
}

/* A file that cannot be read will be no better in a moment. */
static bool
is_unfit(const struct deploy *d)
{
	size_t i;

	for (i = 0; i < d->spec.n_items; i++)
		if (d->uploads[i].is_unfit)
			return true;
	return false;
}

/* The host may be making a VM without our knowing its lease: another attempt
 * would meet its name. */
static bool
is_in_the_dark(const struct attempt *a, const struct err *e)
{
	return a->lease == NULL && e->class == ERR_IO && e->fault[0] == '\0';
}

static bool
may_try_again(const struct attempt *a, uint64_t *left, unsigned int *pause_ms,
    const struct err *e)
{
	const struct deploy *d = a->d;

	if (sig_pending() != 0 || d->supply.is_stream || is_unfit(d) ||
	    is_in_the_dark(a, e) || soap_is_final(e) || *left == 0)
		return false;
	--*left;
	log_step("next attempt in %u s", *pause_ms / 1000);
	sig_sleep_ms(*pause_ms);
	*pause_ms = *pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : *pause_ms * 2;
	return sig_pending() == 0;
}

static int
transfer(struct deploy *d, struct err *e)
{
	const struct watch *w = d->conf->watch;
	uint64_t left = d->conf->retries;
	unsigned int pause_ms = PAUSE_MS;
	int rc;

	if (upload_begin_watch(d->uploads, d->spec.n_items, w, e) == -1)
		return -1;
	for (;;) {
		struct attempt a = { .d = d };
		struct err own = { 0 };

		rc = attempt(&a, &own);
		lease_free(a.lease); /* aborts it unless all went well */
		if (rc == 0)
			break;
		if (!may_try_again(&a, &left, &pause_ms, &own)) {
			*e = own;
			if (sig_pending() != 0) {
				err_clear(e);
				sig_check(e);
			}
			break;
		}
		err_ctx(&own, "tried again with a new lease");
		receipt_warn(d->r, "W_RETRIED", own.text);
	}
	if (w != NULL)
		w->end(w->self);
	receipt_files(d->r, d->uploads, d->spec.n_items);
	receipt_step(d->r, "transfer", rc == 0 ? "ok" : "failed");
	return rc;
}

/* Behind the commit point: the VM is there. */
static int
settle(struct deploy *d, struct err *e)
{
	if (d->vm.id[0] == '\0')
		return err_set(e, ERR_PROTO,
		    "the host does not say which VM it made");
	d->r->moid = strdup(d->vm.id);
	if (d->r->moid == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (settle_identity(d->v, &d->vm, &d->supply, d->conf, d->r, e) == -1)
		return err_ctx(e, "the new identity");
	return settle_start(d->v, &d->vm, d->conf, d->r, e);
}

/* A test leaves nothing, whatever came of it. */
static int
destroy(struct deploy *d, struct err *e)
{
	int rc;

	if (d->vm.id[0] == '\0')
		return 0;
	sig_shield();
	rc = vmop_destroy(d->v, &d->vm, e);
	sig_unshield();
	receipt_step(d->r, "destroy", rc == 0 ? "ok" : "failed");
	if (rc == 0)
		log_step("'%s' is destroyed", d->r->name);
	return rc == 0 ? 0
		       : err_ctx(e, "the test's VM '%s' (%s) is left behind",
			     d->r->name, d->vm.id);
}

static int
judge_test(struct deploy *d, struct err *came, struct err *e)
{
	struct err own = { 0 };

	if (destroy(d, &own) == -1) {
		if (came->class != ERR_NONE)
			log_error("%s", came->text);
		*e = own;
		e->class = came->class >= ERR_SIGNAL ? came->class : ERR_TEMP;
		return -1;
	}
	if (came->class == ERR_NONE)
		return 0;
	*e = *came;
	/* Of a host that does not answer nobody knows. */
	if (e->class >= ERR_SIGNAL || soap_is_cut_off(e))
		return -1;
	e->class = ERR_NEGATIVE;
	err_ctx(e, "the restore test failed");
	return -1;
}

static int
conclude(struct deploy *d, struct err *e)
{
	struct err own = { 0 };

	d->r->changed = true;
	settle(d, &own);
	if (d->conf->is_test)
		return judge_test(d, &own, e);
	if (own.class == ERR_NONE)
		return 0;
	err_ctx(&own, "the VM '%s' is there, but", d->r->name);
	if (own.class >= ERR_SIGNAL) {
		*e = own;
		return -1;
	}
	d->r->error = own;
	d->r->exit = ERR_PARTIAL;
	d->r->outcome = "partial";
	return 0;
}

/* 1 if there is nothing to do. */
static int
admit(struct deploy *d, struct err *e)
{
	struct moref other;
	size_t i;
	int rc;

	if (admit_source(&d->supply, d->conf, d->r, e) == -1 ||
	    admit_place(d->v, d->conf, d->r, &d->place, e) == -1)
		return -1;
	rc = admit_name(d->v, &d->supply, d->r->name, &d->place,
	    d->conf->is_idempotent, &other, e);
	if (rc == 1 && (d->r->moid = strdup(other.id)) == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (rc != 0)
		return rc;
	if (admit_fit(d->v, &d->supply, d->conf, d->r, &d->place, &d->map, e) ==
		-1 ||
	    admit_spec(d->v, &d->supply, d->conf, d->r, &d->place, d->map,
		&d->spec, e) == -1 ||
	    admit_files(&d->supply, &d->spec, d->r, &d->uploads, e) == -1)
		return -1;
	for (i = 0; i < d->spec.n_items; i++)
		d->capacity_bytes += d->uploads[i].capacity_bytes;
	receipt_step(d->r, "preflight", "ok");
	return 0;
}

static int
run(struct deploy *d, struct err *e)
{
	int rc;

	if (supply_open(&d->supply, d->conf->source, e) == -1)
		return -1;
	d->hold = hold_open(&d->supply.package, e);
	if (d->hold == NULL)
		return -1;
	rc = admit(d, e);
	if (rc == -1) {
		receipt_step(d->r, "preflight", "failed");
		return -1;
	}
	if (rc == 1)
		return 0;
	if (d->conf->is_dry_run) {
		d->r->changed = true;
		return 0;
	}
	return sig_check(e) == -1 || transfer(d, e) == -1 ? -1 : conclude(d, e);
}

static int
begin_result(struct deploy_result *r, const struct deploy_conf *conf,
    struct err *e)
{
	char name[80];

	*r = (struct deploy_result){ .outcome = "ok",
		.started = clock_now(),
		.is_dry_run = conf->is_dry_run,
		.is_test = conf->is_test,
		.source = conf->source,
		.placement = json_object(),
		.networks = json_object(),
		.files = json_array(),
		.warnings = json_array(),
		.steps = json_object() };
	snprintf(name, sizeof(name), "esxbk-test-%s", conf->run);
	r->name = strdup(conf->is_test ? name : conf->name);
	return r->name == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

static void
take_point(struct deploy *d)
{
	const char *point = json_string_value(
	    json_object_get(d->supply.package.record, "point"));

	if (point != NULL)
		d->r->point = strdup(point);
}

int
deploy_run(struct vim *v, const struct deploy_conf *conf,
    struct deploy_result *r, struct err *e)
{
	struct deploy d = { .v = v, .conf = conf, .r = r };
	uint64_t start = clock_mono_ms();
	int rc;

	rc = begin_result(r, conf, e) == -1 ? -1 : run(&d, e);
	take_point(&d);
	free(d.uploads);
	importspec_free(&d.spec);
	free(d.map);
	placement_free(&d.place);
	hold_free(d.hold);
	supply_close(&d.supply);
	r->ms = clock_mono_ms() - start;
	if (rc == -1) {
		err_ctx(e, "restore %s", r->name == NULL ? "" : r->name);
		r->error = *e;
		r->exit = e->class;
		/* A signal behind the commit point: the VM stays. */
		r->outcome = r->changed && !r->is_test ? "partial" : "failed";
	} else if (r->exit == 0 && json_array_size(r->warnings) > 0) {
		r->outcome = "warn";
	}
	return rc;
}

void
deploy_result_free(struct deploy_result *r)
{
	json_decref(r->placement);
	json_decref(r->networks);
	json_decref(r->files);
	json_decref(r->warnings);
	json_decref(r->steps);
	free(r->name);
	free(r->moid);
	free(r->ip);
	free(r->point);
	*r = (struct deploy_result){ 0 };
}
