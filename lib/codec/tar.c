#include "codec/tar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* POSIX.1-1988 ustar; offsets 0, 100, 108, ... 500 */
struct header {
	char name[TAR_PART_BYTES];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8]; /* and version */
	char uname[32];
	char gname[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK_BYTES, "a tar header");

static const char ustar[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
static const char gnu[8] = "ustar  ";

/* A sum with padding and offsets below it never overflows. */
#define SIZE_LIMIT ((uint64_t)1 << 60)
#define OCTAL_LIMIT ((uint64_t)1 << 33)

/* The checksum's own bytes count as blanks. */
static unsigned int
sum(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	const size_t from = offsetof(struct header, checksum);
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < sizeof(*h); i++)
		n += i >= from && i < from + sizeof(h->checksum) ? ' ' : p[i];
	return n;
}

static void
put_number(char field[12], uint64_t n)
{
	int i;

	if (n < OCTAL_LIMIT) {
		snprintf(field, 12, "%011jo", (uintmax_t)n);
		return;
	}
	memset(field, 0, 12);
	field[0] = (char)0x80;
	for (i = 11; n > 0; i--, n >>= 8)
		field[i] = (char)(n & 0xff);
}

/* Where the name's last part begins that fits, NULL if there is none. */
static const char *
split(const char *name, size_t n)
{
	const char *at;

	if (n <= TAR_PART_BYTES)
		return name;
	/* A prefix has a byte or more. */
	at = name + n - TAR_PART_BYTES - 1;
	at = strchr(at == name ? at + 1 : at, '/');
	if (at == NULL || at[1] == '\0' ||
	    (size_t)(at - name) > sizeof(((struct header *)NULL)->prefix))
		return NULL;
	return at + 1;
}

int
tar_format(const struct tar_member *m, unsigned char block[TAR_BLOCK_BYTES],
    struct err *e)
{
	size_t n = strnlen(m->name, sizeof(m->name));
	struct header h = { 0 };
	const char *part = split(m->name, n);

	if (n == 0 || n == sizeof(m->name))
		return err_set(e, ERR_DATA, "no name for a tar archive");
	if (part == NULL)
		return err_set(e, ERR_DATA,
		    "%s: the name is too long for a tar archive", m->name);
	if (m->size_bytes >= SIZE_LIMIT)
		return err_set(e, ERR_DATA,
		    "%s: %ju bytes are too many for a tar archive", m->name,
		    (uintmax_t)m->size_bytes);
	memcpy(h.name, part, n - (size_t)(part - m->name));
	if (part != m->name)
		memcpy(h.prefix, m->name, (size_t)(part - m->name) - 1);
	strcpy(h.mode, "0000444");
	strcpy(h.uid, "0000000");
	strcpy(h.gid, "0000000");
	put_number(h.size, m->size_bytes);
	put_number(h.mtime, m->mtime < 0 ? 0 : (uint64_t)m->mtime);
	h.type = '0';
	memcpy(h.magic, ustar, sizeof(ustar));
	strcpy(h.major, "0000000");
	strcpy(h.minor, "0000000");
	snprintf(h.checksum, sizeof(h.checksum) - 1, "%06o", sum(&h));
	h.checksum[7] = ' ';
	memcpy(block, &h, sizeof(h));
	return 0;
}

static int
get_base256(const unsigned char *p, size_t n, uint64_t *out)
{
	size_t i;

	/* The next bit is the sign; numbers of 64 bits are enough. */
	if (p[0] != 0x80)
		return -1;
	*out = 0;
	for (i = 1; i < n; i++) {
		if (*out >> 56 != 0)
			return -1;
		*out = *out << 8 | p[i];
	}
	return 0;
}

static int
get_octal(const char *p, size_t n, uint64_t *out)
{
	size_t i = 0, digits = 0;

	while (i < n && p[i] == ' ')
		i++;
	*out = 0;
	/* At most twelve digits of three bits. */
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++, digits++)
		*out = *out << 3 | (uint64_t)(p[i] - '0');
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return -1;
	return digits > 0 ? 0 : -1;
}

static int
get_number(const char *field, uint64_t *out)
{
	const unsigned char *p = (const unsigned char *)field;
	int rc = p[0] >= 0x80 ? get_base256(p, 12, out)
			      : get_octal(field, 12, out);

	return rc == 0 && *out < SIZE_LIMIT ? 0 : -1;
}

static const char *
type_name(char type)
{
	static const struct {
		char type;
		const char *name;
	} types[] = {
		{ '1', "a hard link" },
		{ '2', "a symbolic link" },
		{ '3', "a device" },
		{ '4', "a device" },
		{ '5', "a folder" },
		{ '6', "a FIFO" },
		{ 'x', "a pax header" },
		{ 'X', "a pax header" },
		{ 'g', "a pax header" },
		{ 'L', "a long name of GNU tar" },
		{ 'K', "a long link of GNU tar" },
		{ 'S', "a sparse file" },
		{ 'M', "the rest of a file of another volume" },
		{ 'V', "a label of a volume" },
		{ 'D', "a folder's list" },
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "of an unknown type";
}

static bool
is_zero(const unsigned char *block)
{
	/* Each byte is the next one's, and the first is zero. */
	return block[0] == 0 && memcmp(block, block + 1, 511) == 0;
}

static void
get_name(const struct header *h, bool has_prefix, struct tar_member *m)
{
	size_t prefix = has_prefix ? strnlen(h->prefix, sizeof(h->prefix)) : 0;
	size_t part = strnlen(h->name, sizeof(h->name));
	char *at = m->name;

	if (prefix > 0) {
		memcpy(at, h->prefix, prefix);
		at[prefix] = '/';
		at += prefix + 1;
	}
	memcpy(at, h->name, part);
	at[part] = '\0';
}

int
tar_parse(const unsigned char block[TAR_BLOCK_BYTES], struct tar_member *m,
    struct err *e)
{
	struct header h;
	uint64_t n, mtime;

	if (is_zero(block))
		return 0;
	memcpy(&h, block, sizeof(h));
	if (get_octal(h.checksum, sizeof(h.checksum), &n) == -1 || n != sum(&h))
		return err_set(e, ERR_DATA,
		    "no tar header: the checksum is wrong");
	/* GNU tar's own format has no prefix: times stand there. */
	if (memcmp(h.magic, ustar, sizeof(ustar)) != 0 &&
	    memcmp(h.magic, gnu, sizeof(gnu)) != 0)
		return err_set(e, ERR_DATA, "no tar header of format ustar");
	get_name(&h, memcmp(h.magic, ustar, sizeof(ustar)) == 0, m);
	if (h.name[0] == '\0')
		return err_set(e, ERR_DATA, "a tar header without a name");
	if (h.type != '0' && h.type != '\0')
		return err_set(e, ERR_DATA,
		    "%s is %s; an OVA has only regular files", m->name,
		    type_name(h.type));
	if (get_number(h.size, &m->size_bytes) == -1)
		return err_set(e, ERR_DATA, "%s: no valid size", m->name);
	if (get_number(h.mtime, &mtime) == -1)
		return err_set(e, ERR_DATA, "%s: no valid time", m->name);
	m->mtime = (time_t)mtime;
	return 1;
}

unsigned int
tar_padding(uint64_t size_bytes)
{
	return (unsigned int)(-size_bytes % TAR_BLOCK_BYTES);
}
