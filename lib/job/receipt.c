#include "job/receipt.h"

#include <string.h>
#include "base/log.h"

void
receipt_warn(struct deploy_result *r, const char *code, const char *text)
{
	json_t *w = json_object();

	json_set_text(w, "code", code);
	json_set_text(w, "text", text);
	json_array_append_new(r->warnings, w);
	log_warn("%s", text);
}

bool
receipt_has(const struct deploy_result *r, const char *text)
{
	const char *told;
	size_t i;

	for (i = 0; i < json_array_size(r->warnings); i++) {
		told = json_string_value(
		    json_object_get(json_array_get(r->warnings, i), "text"));
		if (told != NULL && strcmp(told, text) == 0)
			return true;
	}
	return false;
}

void
receipt_step(struct deploy_result *r, const char *step, const char *outcome)
{
	json_set_text(r->steps, step, outcome);
}

void
receipt_files(struct deploy_result *r, const struct upload *uploads, size_t n)
{
	const struct upload *u;
	json_t *o;
	size_t i;

	r->sent_bytes = r->capacity_bytes = 0;
	json_array_clear(r->files);
	for (i = 0; i < n; i++) {
		u = &uploads[i];
		o = json_object();
		json_set_text(o, "file", u->file);
		if (u->is_disk)
			json_set_int(o, "capacity",
			    (long long)u->capacity_bytes);
		json_set_int(o, "bytes", (long long)u->file_bytes);
		json_set_int(o, "sent", (long long)u->sent_bytes);
		if (u->is_done && u->hex[DIGEST_SHA256][0] != '\0')
			json_set_text(o, "sha256", u->hex[DIGEST_SHA256]);
		json_set_text(o, "host_check", u->verdict);
		json_set_text(o, "outcome", u->is_done ? "ok" : "failed");
		json_array_append_new(r->files, o);
		r->sent_bytes += u->sent_bytes;
		r->capacity_bytes += u->capacity_bytes;
	}
}

void
receipt_place(struct deploy_result *r, const struct placement *p,
    const struct import_network *map, size_t n)
{
	json_t *o = json_object();
	size_t i, j;

	json_set_text(o, "datastore", p->datastore_name);
	json_set_text(o, "folder", p->folder_path);
	json_set_text(o, "pool", p->pool_name);
	json_set_text(o, "host", p->host_name[0] == '\0' ? NULL : p->host_name);
	json_decref(r->placement);
	r->placement = o;
	for (i = 0; map != NULL && i < n; i++)
		for (j = 0; j < p->n_networks; j++)
			if (strcmp(p->networks[j].ref.id, map[i].network.id) ==
			    0)
				json_set_text(r->networks, map[i].name,
				    p->networks[j].name);
}

static json_t *
vm(const struct deploy_result *r)
{
	json_t *o = json_object();

	json_set_text(o, "name", r->name);
	json_set_text(o, "moid", r->moid);
	if (r->ip != NULL)
		json_set_text(o, "ip", r->ip);
	return o;
}

static json_t *
bytes(const struct deploy_result *r)
{
	json_t *o = json_object();

	json_set_int(o, "capacity", (long long)r->capacity_bytes);
	json_set_int(o, "sent", (long long)r->sent_bytes);
	return o;
}

json_t *
receipt_result(const struct deploy_result *r)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", r->is_test ? "restore-test" : "restore");
	json_set(o, "vm", vm(r));
	json_set_text(o, "outcome", r->outcome);
	json_set_bool(o, "changed", r->changed);
	if (r->is_dry_run)
		json_set_bool(o, "dry_run", true);
	json_set_int(o, "exit", r->exit);
	json_set_text(o, "class", err_class_name(r->exit));
	json_set_text(o, "fault",
	    r->error.fault[0] == '\0' ? NULL : r->error.fault);
	json_set_text(o, "source", r->source);
	json_set_text(o, "point", r->point);
	json_set_time(o, "started", r->started);
	json_set(o, "seconds", json_real((double)r->ms / 1000));
	if (r->boot_ms != 0)
		json_set(o, "boot_seconds",
		    json_real((double)r->boot_ms / 1000));
	json_set(o, "bytes", bytes(r));
	json_set(o, "placement", json_incref(r->placement));
	json_set(o, "networks", json_incref(r->networks));
	json_set(o, "files", json_incref(r->files));
	json_set(o, "steps", json_incref(r->steps));
	json_set(o, "warnings", json_incref(r->warnings));
	json_set_err(o, "error", &r->error);
	return o;
}
