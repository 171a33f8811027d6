#include "net/http_tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

static void
thumbprint(X509 *leaf, bool sha1, char out[HTTP_PIN_SIZE])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;
	int at;

	out[0] = '\0';
	if (leaf == NULL ||
	    X509_digest(leaf, sha1 ? EVP_sha1() : EVP_sha256(), md, &n) != 1)
		return;
	at = snprintf(out, HTTP_PIN_SIZE, "%s:", sha1 ? "sha1" : "sha256");
	for (i = 0; i < n && at + 3 <= HTTP_PIN_SIZE; i++)
		at += snprintf(out + at, HTTP_PIN_SIZE - (size_t)at, "%02x",
		    md[i]);
}

static int
judge_pin(struct http_tls *t, X509_STORE_CTX *s)
{
	thumbprint(X509_STORE_CTX_get0_cert(s),
	    strncmp(t->pin, "sha1:", 5) == 0, t->seen);
	if (strcmp(t->seen, t->pin) == 0) {
		X509_STORE_CTX_set_error(s, X509_V_OK);
		return 1;
	}
	t->refusal = HTTP_TLS_PIN;
	X509_STORE_CTX_set_error(s, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static int
on_verify(X509_STORE_CTX *s, void *arg)
{
	struct http_tls *t = arg;

	thumbprint(X509_STORE_CTX_get0_cert(s), false, t->peer);
	if (t->pin[0] != '\0')
		return judge_pin(t, s);
	if (t->insecure)
		return 1;
	if (X509_verify_cert(s) == 1)
		return 1;
	t->refusal = HTTP_TLS_CHAIN;
	t->reason = X509_STORE_CTX_get_error(s);
	return 0;
}

/* libcurl takes a connection that was cut for the end of a body. */
static void
on_event(const SSL *ssl, int where, int value)
{
	struct http_tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (where == SSL_CB_READ_ALERT && (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
		t->closed = true;
}

static CURLcode
on_context(CURL *c, void *context, void *arg)
{
	(void)c;
	SSL_CTX_set_cert_verify_callback(context, on_verify, arg);
	SSL_CTX_set_app_data(context, arg);
	SSL_CTX_set_info_callback(context, on_event);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	return CURLE_OK;
}

/* The callback has the last word only if libcurl verifies at all; the CAs
 * are of no use to it. */
static int
set_checks(const struct http_tls *t, CURL *c, const char *cacert)
{
	bool pinned = t->pin[0] != '\0', chain = !pinned && !t->insecure;
	int bad = 0;

	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER,
	    pinned || chain ? 1L : 0L);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, chain ? 2L : 0L);
	if (!chain || cacert != NULL) {
		bad |= curl_easy_setopt(c, CURLOPT_CAINFO,
		    chain ? cacert : NULL);
		bad |= curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	return bad;
}

int
http_tls_apply(struct http_tls *t, CURL *c, const char *cacert, struct err *e)
{
	int bad = set_checks(t, c, cacert);

	bad |= curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	/* A resumed session would bring no certificate to judge. */
	bad |= curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_context);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, t);
	if (bad != 0)
		return err_set(e, ERR_OS, "libcurl refuses a TLS option");
	return 0;
}

void
http_tls_begin(struct http_tls *t)
{
	t->refusal = HTTP_TLS_FINE;
	t->reason = 0;
	t->closed = false;
	t->peer[0] = '\0';
	t->seen[0] = '\0';
}

void
http_tls_record(struct http_tls *t, CURL *c)
{
	struct curl_tlssessioninfo *info = NULL;
	X509 *leaf;

	t->closed = false;
	if (curl_easy_getinfo(c, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
	    info == NULL || info->internals == NULL)
		return;
	leaf = SSL_get1_peer_certificate(info->internals);
	thumbprint(leaf, false, t->peer);
	X509_free(leaf);
}

int
http_tls_explain(const struct http_tls *t, const char *where, struct err *e)
{
	if (t->refusal == HTTP_TLS_PIN)
		return err_set(e, ERR_PROTO,
		    "%s: certificate is %s, expected %s", where, t->seen,
		    t->pin);
	if (t->refusal == HTTP_TLS_CHAIN)
		return err_set(e, ERR_PROTO,
		    "%s: certificate not trusted: %s; if it is this server's: "
		    "--thumbprint %s, or its CA by --cacert",
		    where, X509_verify_cert_error_string(t->reason), t->peer);
	return err_set(e, ERR_PROTO,
	    "%s: certificate is for another name; if it is this server's: "
	    "--thumbprint %s",
	    where, t->peer);
}
