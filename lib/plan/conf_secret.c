#include "plan/conf.h"
#include "sys/file.h"
#include "sys/proc.h"

char *
conf_secret(const struct conf_secret *s, const char *what, struct err *e)
{
	char *text = NULL;

	switch (s->kind) {
	case CONF_NO_SECRET:
		err_set(e, ERR_CONFIG, "there is none in the configuration");
		break;
	case CONF_CREDENTIAL:
		text = file_read_credential(s->name, e);
		break;
	case CONF_SECRET_FILE:
		text = file_read_secret(s->name, false, e);
		break;
	case CONF_SECRET_COMMAND:
		text = proc_secret(s->argv.items, e);
		if (text == NULL)
			err_ctx(e, "%s", s->argv.items[0]);
		break;
	}
	if (text == NULL)
		err_ctx(e, "password of %s", what);
	return text;
}
