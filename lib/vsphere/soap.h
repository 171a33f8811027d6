#ifndef VSPHERE_SOAP_H
#define VSPHERE_SOAP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/xml.h"

/*
 * soap - the text of vSphere's SOAP messages: requests written by hand,
 * replies and faults taken apart (vSphere Web Services API, urn:vim25).
 *
 * Parameters must be written in the order of the WSDL, base-class fields
 * first; an empty optional parameter must be left out.
 */

/* A managed object: { 0 } is none. */
struct moref {
	char type[64]; /* "VirtualMachine" */
	char id[160];  /* "vm-42" */
};

/* The envelope up to the opened method element with its _this. */
void soap_begin(struct buf *b, const char *operation_id, const char *method,
    const struct moref *this);
void soap_end(struct buf *b, const char *method);

void soap_add_ref(struct buf *b, const char *name, const struct moref *ref);
void soap_add_bool(struct buf *b, const char *name, bool value);
void soap_add_u64(struct buf *b, const char *name, uint64_t value);

/* <name xsi:type="type">, to be closed by soap_close(); type may be NULL. */
void soap_open(struct buf *b, const char *name, const char *type);
void soap_close(struct buf *b, const char *name);

/* Reads a reference element; -1 if it is none or too long. */
int soap_read_ref(const struct xml_node *n, struct moref *ref);

/* The text of a node as a boolean or number; dflt if the node is NULL or
 * its text is neither. */
bool soap_bool(const struct xml_node *n, bool dflt);
uint64_t soap_u64(const struct xml_node *n, uint64_t dflt);

/*
 * The response element of a reply to method, or NULL with *e: a fault with
 * its type name in e->fault, its message, and the class that fits.
 */
const struct xml_node *soap_response(const struct xml *reply,
    const char *method, struct err *e);

/* A LocalizedMethodFault (of a task or a lease) as an error; returns -1. */
int soap_method_fault(const struct xml_node *fault, const char *what,
    struct err *e);

/* The way to the server failed, not the request: nobody knows what came of
 * it. */
bool soap_is_cut_off(const struct err *e);

/* The same once more changes nothing: it will not pass, somebody said no, or
 * there is no room. */
bool soap_is_final(const struct err *e);

/* Exit status class for a fault's type name. */
int soap_fault_class(const char *type);

#endif
