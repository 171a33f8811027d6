#include "vsphere/dsfile_pause.h"

#include "base/clock.h"
#include "sys/sig.h"

enum { NAP_MS = 200 };

int
dsfile_pause(unsigned int ms, const volatile bool *stop, struct err *e)
{
	uint64_t end = clock_mono_ms() + ms, now;

	while ((now = clock_mono_ms()) < end) {
		if (sig_check(e) == -1)
			return -1;
		if (stop != NULL && *stop)
			return err_set(e, ERR_TEMP, "stopped");
		sig_sleep_ms(
		    end - now < NAP_MS ? (unsigned int)(end - now) : NAP_MS);
	}
	return sig_check(e);
}
