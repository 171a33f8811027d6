#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char pin[HTTP_PIN_SIZE], again[HTTP_PIN_SIZE];
	struct buf b = { 0 };

	buf_add(&b, data, n);
	if (http_pin_parse(buf_text(&b), pin) == 0 &&
	    (http_pin_parse(pin, again) == -1 || strcmp(pin, again) != 0))
		abort();
	buf_free(&b);
	return 0;
}
