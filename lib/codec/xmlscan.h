#ifndef CODEC_XMLSCAN_H
#define CODEC_XMLSCAN_H

#include <stddef.h>
#include "base/err.h"

/*
 * xmlscan - what must hold of a document's bytes before libxml2 sees them.
 *
 * Valid UTF-8 without a NUL, and no tag of more than XML_MAX_TAG bytes; in
 * time linear in n, whatever the bytes are.  What is a tag is told only
 * for the part of a document before its first error.
 */
int xmlscan_check(const char *p, size_t n, struct err *e);

#endif
