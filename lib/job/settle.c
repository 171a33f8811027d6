#include "job/settle.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "job/receipt.h"
#include "sys/sig.h"
#include "vsphere/vm.h"

enum { SETTINGS = 3, LOST_MAX = 3, AGAIN_MS = 1000 };

static const char no_identity[] = "the backup records no identity: it is what "
				  "the descriptor says of it";

static const char *
text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s == NULL || s[0] == '\0' ? NULL : s;
}

/* The card of that label as the backup's record has it, else the one in the
 * same place. */
static const char *
recorded_mac(const json_t *record, const char *label, size_t at)
{
	const json_t *nics = json_object_get(json_object_get(record, "config"),
	    "networks");
	const char *name;
	size_t i;

	for (i = 0; i < json_array_size(nics); i++) {
		name = text_of(json_array_get(nics, i), "label");
		if (name != NULL && strcmp(name, label) == 0)
			return text_of(json_array_get(nics, i), "mac");
	}
	return text_of(json_array_get(nics, at), "mac");
}

static void
fill_nics(const struct vm *vm, const struct supply *s,
    const struct deploy_conf *conf, struct vmop_nic *nics)
{
	const json_t *record = s->package.record;
	size_t i;

	for (i = 0; i < vm->n_nics; i++) {
		nics[i].key = vm->nics[i].key;
		nics[i].disconnect = conf->no_nics || conf->is_test;
		nics[i].has_mac = !conf->keep_identity;
		if (!conf->keep_identity)
			continue;
		nics[i].mac = recorded_mac(record, vm->nics[i].label, i);
		if (nics[i].mac == NULL && vm->nics[i].is_manual)
			nics[i].mac = vm->nics[i].mac; /* the descriptor's */
		nics[i].has_mac = nics[i].mac != NULL;
	}
}

static void
keep(const struct supply *s, struct vmop_changes *c, struct deploy_result *r)
{
	const json_t *vm = json_object_get(s->package.record, "vm");

	c->uuid = text_of(vm, "bios_uuid");
	c->instance_uuid = text_of(vm, "instance_uuid");
	if (c->uuid == NULL && !receipt_has(r, no_identity))
		receipt_warn(r, "W_IDENTITY", no_identity);
}

static int
change_identity(struct vim *v, const struct moref *ref, const struct supply *s,
    const struct deploy_conf *conf, struct deploy_result *r, struct err *e)
{
	const struct vmop_setting settings[SETTINGS] = {
		{ DEPLOY_SOURCE_KEY, s->id },
		{ DEPLOY_RUN_KEY, conf->run },
		{ DEPLOY_TEST_KEY, conf->run },
	};
	struct vmop_changes c = { .settings = settings,
		.n_settings = conf->is_test ? SETTINGS : SETTINGS - 1 };
	char uuid[37], instance[37];
	struct vmop_nic *nics;
	struct vm vm = { 0 };
	int rc;

	if (vm_read(v, ref, &vm, e) == -1)
		return -1;
	nics = calloc(vm.n_nics + 1, sizeof(*nics));
	if (nics == NULL) {
		rc = err_sys(e, ERR_OS, "memory");
		goto out;
	}
	fill_nics(&vm, s, conf, nics);
	c.nics = nics;
	c.n_nics = vm.n_nics;
	if (conf->keep_identity) {
		keep(s, &c, r);
	} else {
		vmop_new_uuid(uuid);
		vmop_new_uuid(instance);
		c.uuid = uuid;
		c.instance_uuid = instance;
	}
	rc = vmop_change(v, ref, &c, e);
	if (rc == 0)
		log_step("%s, %s",
		    conf->keep_identity ? "identity kept" : "a new identity",
		    conf->no_nics ? "no card connected" : "cards as they were");
out:
	free(nics);
	vm_free(&vm);
	return rc;
}

/* Without it the VM would run as its original: a line that breaks is no reason
 * to leave it so. */
int
settle_identity(struct vim *v, const struct moref *ref, const struct supply *s,
    const struct deploy_conf *conf, struct deploy_result *r, struct err *e)
{
	int i, rc;

	for (i = 1;; i++) {
		rc = change_identity(v, ref, s, conf, r, e);
		if (rc == 0 || i == LOST_MAX || !soap_is_cut_off(e))
			break;
		log_step("%s; trying again", e->text);
		err_clear(e);
		sig_sleep_ms(AGAIN_MS);
	}
	receipt_step(r, "identity", rc == 0 ? "ok" : "failed");
	return rc;
}

int
settle_start(struct vim *v, const struct moref *vm,
    const struct deploy_conf *conf, struct deploy_result *r, struct err *e)
{
	uint64_t begin = clock_mono_ms();
	int rc;

	if (!conf->power_on)
		return 0;
	rc = vmop_power_on(v, vm, e);
	receipt_step(r, "power_on", rc == 0 ? "ok" : "failed");
	if (rc == 0)
		log_step("powered on");
	if (rc == -1 || !conf->waits)
		return rc;
	rc = vmop_wait(v, vm, conf->wait, conf->wait_s, &r->ip, e);
	receipt_step(r, "wait", rc == 0 ? "ok" : "failed");
	r->boot_ms = clock_mono_ms() - begin;
	if (rc == 0)
		log_step("%s after %.1f s",
		    conf->wait == VMOP_OFF ? "off again"
			: r->ip != NULL    ? r->ip
					   : "tools are running",
		    (double)r->boot_ms / 1000);
	return rc;
}
