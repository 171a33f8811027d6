/* An assignment on the first line, a configuration behind it: what is accepted
 * can be filled, shown and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "plan/conf_assign.h"
#include "plan/conf_internal.h"
#include "plan/conf_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char path[] = "/nonexistent/esxbk.json";

static void
show(const json_t *value)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	json_t *again;

	if (conf_text(value, 2, &b, &e) == -1)
		abort();
	again = json_read("again", b.data, b.len, &e);
	if (again == NULL || !json_equal(value, again))
		abort();
	json_decref(again);
	buf_free(&b);
}

static void
look(const struct conf *c)
{
	json_t *hushed = conf_text_hushed(c->root);
	struct err e = { 0 };
	size_t i;

	show(hushed);
	json_decref(hushed);
	for (i = 0; i < c->n_plans; i++) {
		if (conf_plan(c, c->plans[i].name, &e) != &c->plans[i] ||
		    c->plans[i].site == NULL || c->plans[i].repo == NULL ||
		    c->plans[i].select.n == 0)
			abort();
		show(c->plans[i].effective);
	}
}

static void
assign(json_t *root, const char *text)
{
	json_t *plan = json_object_get(json_object_get(root, "plans"), "p");
	const struct conf_key *key;
	struct err e = { 0 };
	char *name = strdup(text), *is = strchr(name, '=');

	if (is != NULL && json_is_object(plan)) {
		*is++ = '\0';
		key = conf_assign_key(conf_schema_plan, name, &e);
		if (key != NULL)
			(void)conf_assign(plan, conf_schema_plan,
			    json_object_get(root, "defaults"), name,
			    *is == '\0' ? NULL
					: conf_assign_value(key, name, is, &e),
			    &e);
	}
	free(name);
}

static void
read_it(const json_t *root)
{
	struct conf c = { 0 };
	struct err e = { 0 };
	int rc = conf_read_instead(&c, path, path, root, &e);

	if ((rc == 0) != (e.class == ERR_NONE) ||
	    (rc == -1 && e.class != ERR_CONFIG))
		abort();
	if (rc == 0)
		look(&c);
	conf_free(&c);
	secret_free();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = memchr(data, '\n', n);
	struct err e = { 0 };
	char line[200] = "";
	json_t *root;

	if (end == NULL || (size_t)(end - data) >= sizeof(line))
		return 0;
	memcpy(line, data, (size_t)(end - data));
	n -= (size_t)(end - data) + 1;
	root = json_read("f", end + 1, n, &e);
	if (root == NULL)
		return 0;
	read_it(root);
	assign(root, line);
	read_it(root);
	json_decref(root);
	return 0;
}
