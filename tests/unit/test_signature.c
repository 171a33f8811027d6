#include "codec/signature.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

/* openssl req -x509 -newkey rsa:1024 -days 36500 -subj /O=Example/CN=signer */
static const char pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICJDCCAY2gAwIBAgIUQK0SzfaMilzQi8kUiWa2qI64BjIwDQYJKoZIhvcNAQEL\n"
    "BQAwIzEQMA4GA1UECgwHRXhhbXBsZTEPMA0GA1UEAwwGc2lnbmVyMCAXDTI2MTEy\n"
    "MzA3NTMwMloYDzIxMjYxMDMwMDc1MzAyWjAjMRAwDgYDVQQKDAdFeGFtcGxlMQ8w\n"
    "DQYDVQQDDAZzaWduZXIwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAL08vrE0\n"
    "jW3qPws6Ng+s/dbYI4qhEbzeWhvoV0xG0Tt5QtrUmVV65paiMpgWen/Q3ZNg0nB2\n"
    "523udBoy6YCTw2tk97jCWn06W8+m/XKVcURl3y+C8OcwQ4iILxgVe3YI5ur6DESP\n"
    "2R5RiZ945aJLRmegi6T1UfwC3QFZSGdNL3aFAgMBAAGjUzBRMB0GA1UdDgQWBBRU\n"
    "L0iRsYtwRzisIGlPdw/I8b7h4jAfBgNVHSMEGDAWgBRUL0iRsYtwRzisIGlPdw/I\n"
    "8b7h4jAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAIORXzMtj9I/\n"
    "d9+aEBsBarpL0njGxu0c7/vRixvlqCG9dNwruVHyiHaAhlO1n2d+Y1WptxPC2beS\n"
    "h/CIlzaNVtrUBgevDNmsY4aVQP7l35TV/O0pzkZ0GALCRNvCdSA0tw2gyhQAw1f1\n"
    "OAhn8KPAni53Ev5Vqgk4ufoGCyoCIFuh\n"
    "-----END CERTIFICATE-----\n";

/* printf 'hello\n' | openssl dgst -sha256 -sign key.pem -hex */
static const char with_sha256[] =
    "261cb9545c334bc0239ff23718feaabb5184aa04656b868155cb95b16b26a0"
    "51c0d14deb42d57b85072bcb954065054140312ecafacfe7b513da65d20035"
    "359f742b365d098ee3ba04b8da736e96276938b199da9d8b3724e3858f455f"
    "9c2b7f2ff55a9ea92673a71b120226942dd8ca1df48e508e37aba8686e688e"
    "994f306a";
static const char with_sha1[] =
    "bb23974c102be3880456f9eaf8e555ed48189138c61e41002470afa7c2bfda"
    "0c81a846459fe4a094ff0759e6c89c2e7c1cc91d5042929bab4c94a7274c15"
    "8c064ef6361c134ec509687cd2ae4188858ec04cdb64240356cd872688ac47"
    "372159f60dea952f2020b03e474915739716e4d2091db2952579b617429267"
    "7d88ea9e";

static int
judge(enum digest_kind kind, const char *text, const char *hex,
    const char *certificate, struct signature_signer *s, struct err *e)
{
	const struct signature own = { kind, hex, strlen(hex), certificate,
		strlen(certificate) };

	return signature_check(&own, text, strlen(text), s, e);
}

static void
a_signature_of_openssl_is_good(void)
{
	struct signature_signer s;
	struct err e = { 0 };
	char upper[sizeof(with_sha256)];
	size_t i;

	CHECK_INT(judge(DIGEST_SHA256, "hello\n", with_sha256, pem, &s, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(s.subject, "O = Example, CN = signer");
	CHECK(s.begins > 1700000000 && s.ends > s.begins);
	CHECK_INT(judge(DIGEST_SHA1, "hello\n", with_sha1, pem, &s, &e), 0);
	for (i = 0; i < sizeof(upper); i++)
		upper[i] = with_sha256[i] >= 'a' ? with_sha256[i] & ~0x20
						 : with_sha256[i];
	CHECK_INT(judge(DIGEST_SHA256, "hello\n", upper, pem, &s, &e), 0);
}

static void
what_was_not_signed_is_told(void)
{
	static const char no[] = "the signature is not one of this manifest "
				 "by this certificate";
	static const struct {
		enum digest_kind kind;
		const char *text, *hex, *pem, *says;
	} rows[] = {
		{ DIGEST_SHA256, "hallo\n", with_sha256, pem, no },
		{ DIGEST_SHA256, "", with_sha256, pem, no },
		{ DIGEST_SHA1, "hello\n", with_sha256, pem, no },
		{ DIGEST_SHA512, "hello\n", with_sha256, pem, no },
		{ DIGEST_SHA256, "hello\n", with_sha1, pem, no },
		{ DIGEST_SHA256, "hello\n", "00", pem, no },
		{ DIGEST_SHA256, "hello\n", "", pem,
		    "a signature of 0 hex digits" },
		{ DIGEST_SHA256, "hello\n", "123", pem,
		    "a signature of 3 hex digits" },
		{ DIGEST_SHA256, "hello\n", "0g", pem,
		    "the signature is not in hex digits" },
		{ DIGEST_SHA256, "hello\n", with_sha256, "",
		    "it holds no certificate in PEM" },
		{ DIGEST_SHA256, "hello\n", with_sha256,
		    "-----BEGIN CERTIFICATE-----\nMIIC\n"
		    "-----END CERTIFICATE-----\n",
		    "it holds no certificate in PEM" },
	};
	struct signature_signer s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].says);
		CHECK_INT(judge(rows[i].kind, rows[i].text, rows[i].hex,
			      rows[i].pem, &s, &e),
		    -1);
		CHECK_STR(e.text, rows[i].says);
		CHECK_INT(e.class, ERR_DATA);
	}
	check_at(NULL);
}

/* Without a terminal, and with a pass phrase on standard input; 0 if nobody
 * wanted it. */
static int
judge_encrypted(const char *certificate)
{
	struct signature_signer s;
	struct err e = { 0 };
	char rest[16];
	int ends[2];

	if (setsid() == -1 || pipe(ends) == -1 ||
	    write(ends[1], "phrase\n", 7) != 7 || close(ends[1]) == -1 ||
	    dup2(ends[0], STDIN_FILENO) == -1)
		return 2;
	if (judge(DIGEST_SHA256, "hello\n", with_sha256, certificate, &s, &e) ==
		0 ||
	    strcmp(e.text, "it holds no certificate in PEM") != 0)
		return 3;
	return read(STDIN_FILENO, rest, sizeof(rest)) == 7 ? 0 : 1;
}

static void
nobody_is_asked_for_a_pass_phrase(void)
{
	static const char first[] = "-----BEGIN CERTIFICATE-----\n";
	char text[sizeof(pem) + 100];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text),
	    "%sProc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n%s",
	    first, pem + strlen(first));
	pid = fork();
	if (pid == 0)
		_exit(judge_encrypted(text));
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

CHECK_MAIN(TEST(a_signature_of_openssl_is_good),
    TEST(what_was_not_signed_is_told), TEST(nobody_is_asked_for_a_pass_phrase))
