#include <stdlib.h>
#include "check.h"
#include "net/url.h"

static void
good_url_is_taken_apart(void)
{
	static const struct {
		const char *text, *host;
		unsigned int port;
		const char *path, *again;
	} rows[] = {
		{ "https://esx1/nfc/52a-b/disk-0.vmdk", "esx1", 443,
		    "/nfc/52a-b/disk-0.vmdk",
		    "https://esx1:443/nfc/52a-b/disk-0.vmdk" },
		{ "https://*/ha-nfc/52a/disk-0.vmdk", "*", 443,
		    "/ha-nfc/52a/disk-0.vmdk",
		    "https://*:443/ha-nfc/52a/disk-0.vmdk" },
		{ "https://*:8443/x", "*", 8443, "/x", "https://*:8443/x" },
		{ "HTTPS://ESX1.Example.COM:65535/A?dsName=B%20C&x=//",
		    "esx1.example.com", 65535, "/A?dsName=B%20C&x=//",
		    "https://esx1.example.com:65535/A?dsName=B%20C&x=//" },
		{ "https://10.0.0.1", "10.0.0.1", 443, "/",
		    "https://10.0.0.1:443/" },
		{ "https://[FE80::1]:902/x", "fe80::1", 902, "/x",
		    "https://[fe80::1]:902/x" },
		{ "https://[::]", "::", 443, "/", "https://[::]:443/" },
		{ "https://h?q=1", "h", 443, "/?q=1", "https://h:443/?q=1" },
		{ "https://h/a@b:c", "h", 443, "/a@b:c",
		    "https://h:443/a@b:c" },
		{ "https://h/../a", "h", 443, "/../a", "https://h:443/../a" },
		{ "https://a_b-c.local/", "a_b-c.local", 443, "/",
		    "https://a_b-c.local:443/" },
	};
	struct err e = { 0 };
	struct url u;
	char *again;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		if (!CHECK(url_parse(rows[i].text, &u, &e) == 0))
			continue;
		CHECK_STR(u.host, rows[i].host);
		CHECK_INT(u.port, rows[i].port);
		CHECK_STR(u.path, rows[i].path);
		again = url_format(&u);
		CHECK_STR(again, rows[i].again);
		free(again);
		url_free(&u);
	}
}

static void
plain_url_is_one_only_where_it_may_be(void)
{
	struct err e = { 0 };
	struct url u;
	char *again;

	CHECK(url_parse_web("HTTP://Hc.LAN/ping/1?x=2", &u, &e) == 0);
	CHECK(u.plain);
	CHECK_INT(u.port, 80);
	again = url_format(&u);
	CHECK_STR(again, "http://hc.lan:80/ping/1?x=2");
	free(again);
	url_free(&u);
	CHECK(url_parse_web("https://hc.lan/", &u, &e) == 0);
	CHECK(!u.plain);
	CHECK_INT(u.port, 443);
	url_free(&u);
	CHECK(url_parse_web("ftp://hc.lan/secret", &u, &e) == -1);
	CHECK_STR(e.text, "bad URL: neither http nor https");
}

static void
bad_url_is_refused_without_its_ticket(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "bad URL: not https" },
		{ "http://h/secret", "bad URL: not https" },
		{ "https:/h/secret", "bad URL: not https" },
		{ "file:///secret", "bad URL: not https" },
		{ "https://", "bad URL: no host" },
		{ "https:///secret", "bad URL: no host" },
		{ "https://:443/secret", "bad URL: no host" },
		{ "https://u:p@h/secret",
		    "bad URL: a user name is not allowed" },
		{ "https://@h/secret", "bad URL: a user name is not allowed" },
		{ "https://h/secret#x", "bad URL: a fragment is not allowed" },
		{ "https://h/a b",
		    "bad URL: blanks and unencoded characters are not allowed" },
		{ "https://h/a\r\nHost: x",
		    "bad URL: blanks and unencoded characters are not allowed" },
		{ "https://h/\x7f",
		    "bad URL: blanks and unencoded characters are not allowed" },
		{ "https://h\xc3\xa4/",
		    "bad URL: blanks and unencoded characters are not allowed" },
		{ "https://h:/secret", "bad URL: bad port" },
		{ "https://h:0/secret", "bad URL: bad port" },
		{ "https://h:65536/secret", "bad URL: bad port" },
		{ "https://h:+1/secret", "bad URL: bad port" },
		{ "https://h:99999999999999999999/", "bad URL: bad port" },
		{ "https://[::1]443/secret", "bad URL: bad port" },
		{ "https://[::1/secret", "bad URL: bad IPv6 address" },
		{ "https://[]/secret", "bad URL: no host" },
		{ "https://[h]/secret", "bad URL: bad IPv6 address" },
		{ "https://[fe80::1%25eth0]/", "bad URL: bad IPv6 address" },
		{ "https://fe80::1/secret",
		    "bad URL: an IPv6 address needs brackets" },
		{ "https://a..b/", "bad URL: bad host name" },
		{ "https://.a/", "bad URL: bad host name" },
		{ "https://a./", "bad URL: bad host name" },
		{ "https://1.2.3.4./", "bad URL: bad host name" },
		{ "https://-a/", "bad URL: bad host name" },
		{ "https://a%62/", "bad URL: bad host name" },
		{ "https://a\\b/", "bad URL: bad host name" },
		{ "https://**/", "bad URL: bad host name" },
		{ "https://127.1/", "bad URL: bad host name" },
		{ "https://1.2.3.256/", "bad URL: bad host name" },
		{ "https://0x7f000001/", "bad URL: bad host name" },
		{ "https://2130706433/", "bad URL: bad host name" },
	};
	struct err e;
	struct url u;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		err_clear(&e);
		CHECK(url_parse(rows[i].text, &u, &e) == -1);
		CHECK(u.host == NULL && u.path == NULL);
		CHECK_INT(e.class, ERR_PROTO);
		CHECK_STR(e.text, rows[i].why);
	}
}

static void
host_has_a_longest_length(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct url u;
	int i;

	for (i = 0; i < 253; i++)
		buf_char(&b, 'a');
	CHECK(url_parse_server(buf_text(&b), &u, &e) == 0);
	url_free(&u);
	buf_char(&b, 'a');
	CHECK(url_parse_server(buf_text(&b), &u, &e) == -1);
	CHECK(strstr(e.text, "aaa: host too long") != NULL);
	buf_free(&b);
}

static void
server_option_takes_host_and_port(void)
{
	static const struct {
		const char *text, *host;
		unsigned int port;
	} rows[] = {
		{ "esx1", "esx1", 443 },
		{ "ESX1:8443", "esx1", 8443 },
		{ "192.0.2.7:1", "192.0.2.7", 1 },
		{ "[2001:db8::1]", "2001:db8::1", 443 },
		{ "[2001:db8::1]:8443", "2001:db8::1", 8443 },
		{ "https://esx1", "esx1", 443 },
		{ "https://esx1:444/", "esx1", 444 },
	};
	struct err e = { 0 };
	struct url u;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		if (!CHECK(url_parse_server(rows[i].text, &u, &e) == 0))
			continue;
		CHECK_STR(u.host, rows[i].host);
		CHECK_INT(u.port, rows[i].port);
		CHECK_STR(u.path, "/");
		url_free(&u);
	}
}

static void
bad_server_option_is_a_usage_error(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "server : no host" },
		{ "http://esx1", "server http://esx1: not https" },
		{ "https://esx1/sdk",
		    "server https://esx1/sdk: a path is not allowed" },
		{ "esx1/ui", "server esx1/ui: a path is not allowed" },
		{ "esx1?x", "server esx1?x: a path is not allowed" },
		{ "root:hunter2@esx1",
		    "server: a user name is not allowed here, use --user" },
		{ "*", "server *: bad host name" },
		{ "::1", "server ::1: an IPv6 address needs brackets" },
		{ "esx1:https", "server esx1:https: bad port" },
	};
	struct err e;
	struct url u;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		err_clear(&e);
		CHECK(url_parse_server(rows[i].text, &u, &e) == -1);
		CHECK_INT(e.class, ERR_USAGE);
		CHECK_STR(e.text, rows[i].why);
	}
}

static void
any_name_can_stand_in_a_url(void)
{
	struct buf b = { 0 };

	url_add_encoded(&b, "a-Z_0.9~ /%+&=?#\"\n\xc3\xa4[ds]");
	CHECK_STR(buf_text(&b),
	    "a-Z_0.9~%20%2F%25%2B%26%3D%3F%23%22%0A%C3%A4%5Bds%5D");
	buf_free(&b);
}

CHECK_MAIN(
    /* clang-format off */
    TEST(good_url_is_taken_apart),
    TEST(plain_url_is_one_only_where_it_may_be),
    TEST(bad_url_is_refused_without_its_ticket),
    TEST(host_has_a_longest_length),
    TEST(server_option_takes_host_and_port),
    TEST(bad_server_option_is_a_usage_error),
    TEST(any_name_can_stand_in_a_url)
    /* clang-format on */
)
