#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "codec/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Few mutations keep the checksum: it is set right, unless the first byte
 * says not to. */
static void
set_checksum(unsigned char *block)
{
	unsigned int sum = 0, i;

	memset(block + 148, ' ', 8);
	for (i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += block[i];
	for (i = 0; i < 6; i++, sum >>= 3)
		block[153 - i] = (unsigned char)('0' + (sum & 7));
	block[154] = '\0';
}

/* What was read can be written, and is read again as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned char block[TAR_BLOCK_BYTES] = { 0 };
	struct tar_member m, again;
	struct err e = { 0 };
	int rc;

	if (n == 0)
		return 0;
	memcpy(block, data + 1, n - 1 < sizeof(block) ? n - 1 : sizeof(block));
	if (data[0] != '!')
		set_checksum(block);
	rc = tar_parse(block, &m, &e);
	if (rc == -1 && (e.class != ERR_DATA || e.text[0] == '\0'))
		abort();
	if (rc != 1)
		return 0;
	if (m.size_bytes >= (uint64_t)1 << 60 || m.mtime < 0 ||
	    (m.size_bytes + tar_padding(m.size_bytes)) % TAR_BLOCK_BYTES != 0)
		abort();
	if (tar_format(&m, block, &e) == -1 ||
	    tar_parse(block, &again, &e) != 1)
		abort();
	if (strcmp(m.name, again.name) != 0 ||
	    m.size_bytes != again.size_bytes || m.mtime != again.mtime)
		abort();
	return 0;
}
