#include "vsphere/vmop_question.h"

#include <ctype.h>
#include <string.h>
#include "base/log.h"

static const char copy_id[] = "msg.uuid.altered";

bool
vmop_question_is_about_copy(const struct xml_node *node)
{
	const struct xml_node *n = xml_child(node, "message");

	for (; n != NULL; n = xml_next(n, "message"))
		if (strcmp(xml_text(xml_child(n, "id")), copy_id) == 0)
			return true;
	/* Servers without messages begin the text with the id. */
	return strncmp(xml_text(xml_child(node, "text")), copy_id,
		   strlen(copy_id)) == 0;
}

/* In any case; '_' is before the letter for a key: "I Co_pied It". */
static bool
contains(const char *text, const char *word)
{
	const char *t, *w;

	for (; *text != '\0'; text++) {
		for (t = text, w = word; *w != '\0'; t++) {
			if (*t == '_' && t != text)
				continue;
			if (tolower((unsigned char)*t) != *w)
				break;
			w++;
		}
		if (*w == '\0')
			return true;
	}
	return false;
}

const char *
vmop_question_choice(const struct xml_node *node, const char *word)
{
	const struct xml_node *n = xml_find(node, "choice/choiceInfo");

	for (; n != NULL; n = xml_next(n, "choiceInfo"))
		if (contains(xml_text(xml_child(n, "label")), word) ||
		    contains(xml_text(xml_child(n, "summary")), word))
			return xml_text(xml_child(n, "key"));
	return NULL;
}

const char *
vmop_question_default(const struct xml_node *node)
{
	const struct xml_node *n = xml_find(node, "choice/choiceInfo");
	uint64_t i = soap_u64(xml_find(node, "choice/defaultIndex"), 0);

	for (; n != NULL && i > 0; i--)
		n = xml_next(n, "choiceInfo");
	return n == NULL ? NULL : xml_text(xml_child(n, "key"));
}

int
vmop_question_answer(struct vim *v, const struct moref *vm,
    const struct xml_node *node, const char *choice, struct err *e)
{
	struct buf args = { 0 };
	int rc;

	xml_add_elem(&args, "questionId", xml_text(xml_child(node, "id")));
	xml_add_elem(&args, "answerChoice", choice);
	rc = vim_do(v, "AnswerVM", vm, &args, e);
	buf_free(&args);
	if (rc == -1 &&
	    (strcmp(e->fault, "InvalidArgument") == 0 ||
		strcmp(e->fault, "InvalidState") == 0 ||
		strcmp(e->fault, "ConcurrentAccess") == 0)) {
		log_step("%s", e->text);
		err_clear(e);
		return 0;
	}
	return rc;
}

int
vmop_question_refuse(const struct xml_node *node, struct err *e)
{
	return err_set(e, ERR_TEMP, "the VM asks: %.500s",
	    xml_text(xml_child(node, "text")));
}
