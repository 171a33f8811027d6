#ifndef PLAN_CONF_FORM_H
#define PLAN_CONF_FORM_H

#include "base/err.h"
#include "codec/json.h"

/*
 * conf_form - what is right for a text or an object of the configuration:
 * functions for the tables of plan/conf_schema.  Errors are one short text,
 * without the place.
 */
int conf_form_name(const char *text, struct err *e);
int conf_form_credential(const char *text, struct err *e);
int conf_form_path(const char *text, struct err *e);
int conf_form_duration(const char *text, struct err *e); /* 1 s at least */
int conf_form_size(const char *text, struct err *e);
int conf_form_share(const char *text, struct err *e);
int conf_form_zone(const char *text, struct err *e);
int conf_form_selector(const char *text, struct err *e);
int conf_form_weekday(const char *text, struct err *e);
int conf_form_daily(const char *text, struct err *e);
int conf_form_weekly(const char *text, struct err *e);
int conf_form_monthly(const char *text, struct err *e);
int conf_form_calendar(const char *text, struct err *e);
int conf_form_server(const char *text, struct err *e);
int conf_form_thumbprint(const char *text, struct err *e);
int conf_form_resolve(const char *text, struct err *e);
int conf_form_stall(const char *text, struct err *e);
int conf_form_webhook(const char *text, struct err *e);

int conf_form_retention(const json_t *object, struct err *e);
int conf_form_notify(const json_t *object, struct err *e);

#endif
