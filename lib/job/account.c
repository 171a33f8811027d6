#include "job/account.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"

#ifndef ESXBK_VERSION
#define ESXBK_VERSION "unknown"
#endif

void
account_warn(struct export_result *r, const char *code, const char *text)
{
	json_t *w = json_object();

	json_set_text(w, "code", code);
	json_set_text(w, "text", text);
	json_array_append_new(r->warnings, w);
	log_warn("%.200s: %s", r->vm_name, text);
}

void
account_skip(struct export_result *r, int key, const char *label,
    const char *code, const char *why)
{
	char text[400];
	json_t *o = json_object();

	if (key != -1)
		json_set_int(o, "key", key);
	json_set_text(o, "label", label);
	json_set_text(o, "code", code);
	json_set_text(o, "reason", why);
	json_array_append_new(r->skipped, o);
	snprintf(text, sizeof(text), "%.200s is not in the backup: %s", label,
	    why);
	account_warn(r, code, text);
}

void
account_tell_skipped(const struct export_result *r, struct buf *b)
{
	const char *label;
	json_t *o;
	size_t i;

	buf_fmt(b, "%s%.200s: not in the backup", b->len > 0 ? "; " : "",
	    r->vm_name);
	json_array_foreach(r->skipped, i, o)
	{
		label = json_string_value(json_object_get(o, "label"));
		buf_fmt(b, "%s%.200s", i == 0 ? ": " : ", ",
		    label == NULL ? "?" : label);
	}
}

void
account_begin(struct export_result *r, const struct vm *vm)
{
	*r = (struct export_result){ .vm_name = vm->name,
		.outcome = "ok",
		.started = clock_now(),
		.disks = json_array(),
		.skipped = json_array(),
		.warnings = json_array(),
		.steps = json_object() };
}

void
account_fail(struct export_result *r, struct err *e)
{
	err_ctx(e, "export %s", r->vm_name);
	r->error = *e;
	r->exit = e->class;
	r->outcome = "failed";
	r->changed = false;
}

static json_t *
vm_identity_of(const struct vm *vm)
{
	json_t *o = json_object();

	json_set_text(o, "name", vm->name);
	json_set_text(o, "moid", vm->ref.id);
	json_set_text(o, "instance_uuid", vm->instance_uuid);
	json_set_text(o, "bios_uuid", vm->uuid);
	json_set_text(o, "path", vm->path);
	return o;
}

static json_t *
server(struct vim *v)
{
	const struct vim_about *about = vim_about(v);
	json_t *o = json_object();

	json_set_text(o, "host", vim_server(v)->host);
	json_set_text(o, "product", about->product);
	json_set_text(o, "version", about->api_version);
	json_set_text(o, "instance_uuid", about->instance);
	json_set_text(o, "fingerprint", about->peer);
	return o;
}

static json_t *
disk(const struct vm *vm, const struct fetch *f)
{
	const struct vm_disk *d = f->disk == -1 ? NULL : &vm->disks[f->disk];
	char cid[16];
	json_t *o = json_object();

	snprintf(cid, sizeof(cid), "%08x", (unsigned int)f->info.cid);
	if (d != NULL)
		json_set_int(o, "key", d->key);
	json_set_text(o, "label", f->label);
	json_set_int(o, "capacity", (long long)f->info.capacity_bytes);
	json_set_text(o, "file", f->file);
	if (f->descriptor != NULL)
		json_set_text(o, "descriptor", f->descriptor);
	json_set_int(o, "size",
	    (long long)(f->descriptor == NULL ? f->bytes : f->capacity_bytes));
	json_set_text(o, "sha256", f->sha256);
	json_set_text(o, "content_sha256", f->content);
	json_set_text(o, "cid", cid);
	json_set_text(o, "host_check", f->verdict);
	if (d == NULL)
		return o;
	json_set_text(o, "uuid", d->uuid);
	json_set_text(o, "mode", d->mode);
	json_set_text(o, "backing", d->backing);
	json_set_text(o, "datastore_path", d->file);
	if (d->change_id[0] != '\0')
		json_set_text(o, "change_id", d->change_id);
	return o;
}

static json_t *
file(const struct fetch *f)
{
	json_t *o = json_object();

	json_set_text(o, "file", f->file);
	json_set_text(o, "kind", f->label);
	json_set_int(o, "size", (long long)f->bytes);
	json_set_text(o, "sha256", f->sha256);
	json_set_text(o, "host_check", f->verdict);
	return o;
}

static json_t *
nic(const struct vm_nic *n)
{
	json_t *o = json_object();

	json_set_int(o, "key", n->key);
	json_set_text(o, "label", n->label);
	json_set_text(o, "type", n->type);
	json_set_text(o, "mac", n->mac);
	json_set_text(o, "network", n->network);
	if (n->portgroup[0] != '\0') {
		json_set_text(o, "portgroup", n->portgroup);
		json_set_text(o, "switch_uuid", n->switch_uuid);
	}
	return o;
}

static json_t *
device(const struct vm_device *d)
{
	json_t *o = json_object();

	json_set_int(o, "key", d->key);
	json_set_text(o, "type", d->type);
	json_set_text(o, "label", d->label);
	if (d->controller_key != 0)
		json_set_int(o, "controller", d->controller_key);
	if (d->unit != -1)
		json_set_int(o, "unit", d->unit);
	if (d->bus != -1)
		json_set_int(o, "bus", d->bus);
	return o;
}

/* What an OVF descriptor cannot carry, or not exactly. */
static json_t *
configuration(const struct vm *vm)
{
	json_t *o = json_object(), *nics = json_array();
	json_t *devices = json_array();
	size_t i;

	json_set_text(o, "hardware", vm->hardware);
	json_set_text(o, "guest", vm->guest);
	json_set_text(o, "firmware", vm->firmware);
	json_set_text(o, "power", vm->power);
	json_set_bool(o, "template", vm->is_template);
	json_set_bool(o, "encrypted", vm->is_encrypted);
	json_set_bool(o, "vtpm", vm->has_vtpm);
	for (i = 0; i < vm->n_nics; i++)
		json_array_append_new(nics, nic(&vm->nics[i]));
	for (i = 0; i < vm->n_devices; i++)
		json_array_append_new(devices, device(&vm->devices[i]));
	json_set(o, "networks", nics);
	json_set(o, "devices", devices);
	return o;
}

static json_t *
times(const struct account *a)
{
	json_t *o = json_object();

	json_set_time(o, "started", a->result->started);
	json_set_time(o, "snapshot", a->snapshot_time);
	json_set_time(o, "transfer_start", a->transfer_start);
	json_set_time(o, "transfer_end", a->transfer_end);
	return o;
}

static json_t *
quiesce(const struct account *a)
{
	static const char *const asked[] = { "off", "try", "require" };
	json_t *o = json_object();

	json_set_text(o, "asked", asked[a->conf->quiesce]);
	json_set_bool(o, "achieved", a->quiesced);
	return o;
}

static void
set_files(json_t *o, const struct account *a)
{
	json_t *disks = json_array(), *files = json_array();
	size_t i;

	for (i = 0; i < a->match->n; i++) {
		const struct fetch *f = &a->match->fetches[i];

		if (f->is_disk)
			json_array_append_new(disks, disk(a->vm, f));
		else
			json_array_append_new(files, file(f));
	}
	json_set(o, "disks", disks);
	json_set(o, "files", files);
}

json_t *
account_backup(const struct account *a)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.backup/1");
	json_set_text(o, "tool", "esxbk " ESXBK_VERSION);
	json_set_text(o, "point", a->point);
	json_set_text(o, "kind", "full");
	json_set_text(o, "mode", a->conf->mode == EXPORT_OVF ? "ovf" : "vmdk");
	json_set_text(o, "parent", NULL);
	json_set_text(o, "plan", a->conf->plan);
	json_set_text(o, "run", a->conf->run);
	json_set_time(o, "time", a->point_time);
	json_set(o, "times", times(a));
	json_set(o, "vm", vm_identity_of(a->vm));
	json_set(o, "server", server(a->v));
	json_set(o, "quiesce", quiesce(a));
	set_files(o, a);
	json_set(o, "skipped", json_incref(a->result->skipped));
	json_set(o, "warnings", json_incref(a->result->warnings));
	json_set(o, "config", configuration(a->vm));
	return o;
}

/* A disk in a pipe has none. */
static const char *
digest_of(const struct fetch *f, const char *hex)
{
	return f->is_done && hex[0] != '\0' ? hex : NULL;
}

json_t *
account_disks(const struct vm *vm, const struct match *m)
{
	json_t *disks = json_array(), *o;
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct fetch *f = &m->fetches[i];

		if (!f->is_disk)
			continue;
		o = json_object();
		if (f->disk != -1)
			json_set_int(o, "key", vm->disks[f->disk].key);
		json_set_text(o, "label", f->label);
		json_set_text(o, "file", f->file);
		json_set_int(o, "capacity", (long long)f->capacity_bytes);
		json_set_int(o, "bytes", (long long)f->bytes);
		json_set_text(o, "sha256", digest_of(f, f->sha256));
		json_set_text(o, "content_sha256", digest_of(f, f->content));
		json_set_text(o, "outcome", f->is_done ? "ok" : "failed");
		json_array_append_new(disks, o);
	}
	return disks;
}

static json_t *
bytes(const struct export_result *r)
{
	json_t *o = json_object();

	json_set_int(o, "capacity", (long long)r->capacity_bytes);
	json_set_int(o, "read", (long long)r->read_bytes);
	json_set_int(o, "written", (long long)r->written_bytes);
	if (r->committed_bytes > 0)
		json_set_int(o, "committed", (long long)r->committed_bytes);
	return o;
}

json_t *
account_result(const struct vm *vm, const struct export_result *r)
{
	json_t *o = json_object(), *id = json_object();

	json_set_text(id, "name", vm->name);
	json_set_text(id, "moid", vm->ref.id);
	json_set_text(id, "uuid", vm_identity(vm));
	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", "backup");
	json_set(o, "vm", id);
	json_set_text(o, "outcome", r->outcome);
	json_set_bool(o, "changed", r->changed);
	if (r->is_dry_run)
		json_set_bool(o, "dry_run", true);
	json_set_int(o, "exit", r->exit);
	json_set_text(o, "class", err_class_name(r->exit));
	json_set_text(o, "fault",
	    r->error.fault[0] == '\0' ? NULL : r->error.fault);
	json_set_text(o, "kind", "full");
	if (r->format != NULL)
		json_set_text(o, "format", r->format);
	if (r->spool != NULL)
		json_set_text(o, "spool", r->spool);
	json_set_text(o, "path", r->path);
	json_set_text(o, "point", r->point);
	json_set_text(o, "parent", NULL);
	json_set_time(o, "started", r->started);
	json_set(o, "seconds", json_real((double)r->ms / 1000));
	json_set(o, "bytes", bytes(r));
	json_set(o, "disks", json_incref(r->disks));
	json_set(o, "skipped", json_incref(r->skipped));
	json_set(o, "steps", json_incref(r->steps));
	json_set(o, "warnings", json_incref(r->warnings));
	json_set_err(o, "error", &r->error);
	return o;
}
