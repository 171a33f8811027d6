#include "plan/runner_record.h"
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "plan/runner_internal.h"

#ifndef ESXBK_VERSION
#define ESXBK_VERSION "unknown"
#endif

void
runner_record_warn(json_t *list, const char *code, const char *text)
{
	json_t *w = json_object();

	json_set_text(w, "code", code);
	json_set_text(w, "text", text);
	json_array_append_new(list, w);
}

/* --vm, where it was given. */
static json_t *
only(const struct run *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->c->n_vms; i++)
		json_array_append_new(list, json_string(r->c->vms[i]));
	return list;
}

json_t *
runner_record_begin(const struct run *r)
{
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.run/1");
	json_set_text(o, "type", "run");
	json_set_text(o, "run", r->id);
	json_set_text(o, "plan", r->plan->name);
	json_set_text(o, "site", r->plan->site->name);
	json_set_text(o, "repository", r->plan->repo->path);
	json_set_time(o, "slot", r->slot);
	json_set_bool(o, "scheduled", r->c->is_scheduled);
	if (r->c->n_vms > 0)
		json_set(o, "only", only(r));
	json_set_time(o, "started", r->now);
	json_set_text(o, "tool", "esxbk " ESXBK_VERSION);
	return o;
}

static json_t *
id(const char *name, const char *moid, const char *uuid)
{
	json_t *o = json_object();

	json_set_text(o, "name", name);
	json_set_text(o, "moid", moid[0] == '\0' ? NULL : moid);
	json_set_text(o, "uuid", uuid[0] == '\0' ? NULL : uuid);
	return o;
}

static json_t *
decision(const struct run_vm *vm)
{
	json_t *o = json_object();

	json_set_text(o, "kind", vm->decision.full ? "full" : "inc");
	json_set_text(o, "code", vm->decision.code);
	json_set_text(o, "text", vm->decision.text);
	return o;
}

json_t *
runner_record_vm(const struct run_vm *vm)
{
	json_t *o = json_object();

	json_set_text(o, "type", "vm");
	json_set(o, "vm", id(vm->name, vm->moid, vm->uuid));
	json_set_text(o, "outcome",
	    vm->outcome[0] == '\0' ? "ok" : vm->outcome);
	json_set_int(o, "exit", vm->exit);
	json_set_text(o, "class", err_class_name(vm->exit));
	json_set_text(o, "text", vm->text);
	if (vm->decision.code != NULL)
		json_set(o, "decision", decision(vm));
	json_set_text(o, "folder", vm->folder);
	json_set_text(o, "point", vm->point);
	json_set_time(o, "started", vm->started);
	json_set_time(o, "ended", vm->ended);
	json_set(o, "steps", json_incref(vm->steps));
	if (vm->result != NULL)
		json_set(o, "result", json_incref(vm->result));
	if (vm->verified != NULL)
		json_set(o, "verify", json_incref(vm->verified));
	if (vm->pruned != NULL)
		json_set(o, "prune", json_incref(vm->pruned));
	json_set(o, "warnings", json_incref(vm->warnings));
	return o;
}

json_t *
runner_record_past(const struct history_vm *vm)
{
	json_t *o = json_object();

	json_set_text(o, "type", "vm");
	json_set(o, "vm", id(vm->name, vm->moid, vm->uuid));
	json_set_text(o, "outcome", vm->outcome);
	json_set_int(o, "exit", vm->exit);
	json_set_text(o, "class", err_class_name(vm->exit));
	json_set_text(o, "text", vm->text);
	json_set_time(o, "started", vm->started);
	json_set_time(o, "ended", vm->ended);
	return o;
}

static json_t *
counts(const struct run *r)
{
	static const char *const words[] = { "ok", "warn", "partial", "failed",
		"skipped", "vanished" };
	json_t *o = json_object();
	size_t i, w, n;

	for (w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		for (i = 0, n = 0; i < r->n; i++)
			n += strcmp(r->vms[i].outcome, words[w]) == 0;
		json_set_int(o, words[w], (long long)n);
	}
	return o;
}

json_t *
runner_record_end(const struct run *r, int exit, const char *text,
    bool is_final)
{
	json_t *o = json_object();

	json_set_text(o, "type", "end");
	json_set_time(o, "ended", clock_now());
	json_set_int(o, "exit", exit);
	json_set_text(o, "class", err_class_name(exit));
	json_set_text(o, "text", text);
	json_set_bool(o, "final", is_final);
	json_set(o, "vms", counts(r));
	json_set(o, "warnings", json_incref(r->warnings));
	json_set(o, "notes", json_incref(r->notes));
	if (json_object_size(r->room) > 0)
		json_set(o, "made_room", json_incref(r->room));
	if (r->unprotected != NULL)
		json_set(o, "unprotected", json_incref(r->unprotected));
	return o;
}

/* A record that cannot be written stops no backup, but it is told. */
void
runner_record_add(struct run *r, const json_t *line)
{
	struct err e = { 0 };

	if (r->file == NULL || history_add(r->file, line, &e) == 0)
		return;
	log_error("%s", e.text);
	if (r->after.class == ERR_NONE)
		err_set(&r->after, e.class, "%s", e.text);
}

void
runner_record_tell(const struct run *r, const json_t *line)
{
	json_t *doc = json_object(), *value;
	const char *type = json_string_value(json_object_get(line, "type"));
	const char *key;
	/* Jansson's loops want a value that is not const. */
	json_t *from = json_incref((json_t *)(uintptr_t)line);
	bool is_vm = strcmp(type, "vm") == 0;

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", is_vm ? "plan-vm" : "plan-run");
	json_set_text(doc, "plan", r->plan->name);
	json_set_text(doc, "run", r->id);
	if (r->c->is_dry_run)
		json_set_bool(doc, "dry_run", true);
	json_object_foreach(from, key, value)
	{
		if (strcmp(key, "type") != 0)
			json_set(doc, key, json_incref(value));
	}
	json_decref(from);
	if (!is_vm)
		json_set_text(doc, "record",
		    r->file == NULL ? NULL : history_path(r->file));
	r->c->tell(r->c->self, doc);
	json_decref(doc);
}
