#include "edit.h"

#include <stdlib.h>
#include "plan.h"

struct conf_edit *
edit_open(const char *place, struct err *e)
{
	char *path = plan_conf_path(e);
	struct conf_edit *ed = NULL;

	if (path != NULL)
		ed = conf_edit_open(path, place, cmd_dry_run, e);
	free(path);
	return ed;
}

static void
tell(const struct conf_edit *ed, const char *place, const char *word,
    bool changed)
{
	json_t *doc = json_object();

	if (!cmd_json)
		cmd_print("%s: %s%s\n", place,
		    changed && cmd_dry_run ? "would be " : "",
		    changed ? word : "unchanged");
	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "edit");
	json_set_text(doc, "name", place);
	json_set_text(doc, "file", conf_edit_file(ed));
	json_set_bool(doc, "changed", changed);
	json_set_bool(doc, "dry_run", cmd_dry_run);
	cmd_print_json(doc);
	json_decref(doc);
}

int
edit_finish(struct conf_edit *ed, const char *place, const char *word,
    struct err *e)
{
	bool changed;

	if (conf_edit_commit(ed, &changed, e) == -1)
		return -1;
	tell(ed, place, word, changed);
	return changed && cmd_dry_run && cmd_dry_exit_code ? ERR_WORK : 0;
}
