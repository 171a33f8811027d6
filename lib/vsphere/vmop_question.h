#ifndef VSPHERE_VMOP_QUESTION_H
#define VSPHERE_VMOP_QUESTION_H

#include <stdbool.h>
#include "base/err.h"
#include "codec/xml.h"
#include "vsphere/vim.h"

/*
 * vmop_question - what a VM waits to be told before it goes on (API:
 * VirtualMachine.runtime.question); node is the property's value.
 */

/* It finds itself moved or copied. */
bool vmop_question_is_about_copy(const struct xml_node *node);

/* The key of the choice whose words contain word, which is in lower case, or
 * NULL: the keys are numbers that differ between versions. */
const char *vmop_question_choice(const struct xml_node *node, const char *word);

/* The choice that the server would take, or NULL. */
const char *vmop_question_default(const struct xml_node *node);

/* A question that is gone when the answer comes is no failure. */
int vmop_question_answer(struct vim *v, const struct moref *vm,
    const struct xml_node *node, const char *choice, struct err *e);

/* As an error: ERR_TEMP with its text; -1. */
int vmop_question_refuse(const struct xml_node *node, struct err *e);

#endif
