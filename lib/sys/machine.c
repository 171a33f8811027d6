#include "sys/machine.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/buf.h"
#include "sys/file.h"

int
machine_id(char out[MACHINE_ID_SIZE], struct err *e)
{
	struct buf b = { .limit = MACHINE_ID_SIZE - 1 };
	struct err ignored = { 0 };

	out[0] = '\0';
	if (file_read("/etc/machine-id", &b, &ignored) == 0)
		snprintf(out, MACHINE_ID_SIZE, "%.*s",
		    (int)strcspn(buf_text(&b), "\r\n"), buf_text(&b));
	buf_free(&b);
	if (out[0] != '\0')
		return 0;
	if (gethostname(out, MACHINE_ID_SIZE) == -1)
		return err_sys(e, ERR_OS, "host name");
	out[MACHINE_ID_SIZE - 1] = '\0';
	return 0;
}

int
machine_nonce(char out[MACHINE_NONCE_SIZE], struct err *e)
{
	uint64_t n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return err_sys(e, ERR_OS, "random bytes");
	snprintf(out, MACHINE_NONCE_SIZE, "%016jx", (uintmax_t)n);
	return 0;
}
