/*
 * tlsserver - an HTTPS server in a thread of the test, which does on the
 * wire exactly what a script says: it is OpenSSL only, none of our code.
 *
 *	struct tlsserver s = { .script = my_script };
 *
 *	tlsserver_start(&s);
 *	... s.port, s.pin, s.pem, s.connections, tlsserver_request(&s) ...
 *	tlsserver_stop(&s);
 */
#ifndef UNIT_TLSSERVER_H
#define UNIT_TLSSERVER_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tlsserver {
	/* Answers one request; true if the connection stays. */
	bool (*script)(struct tlsserver *s, SSL *ssl);
	const char *name; /* subjectAltName; "IP:127.0.0.1" if NULL */
	enum { TLS_GOOD, TLS_SILENT, TLS_CLOSES, TLS_OLD, TLS_NONE } tls;
	bool head_only; /* the script reads the body */
	int rcvbuf;     /* SO_RCVBUF, 0: the system's */

	unsigned int port;
	char pin[80];  /* "sha256:..." of the certificate */
	char pin1[80]; /* "sha1:..." */
	char pem[40];  /* file with the certificate */
	atomic_int connections, requests;

	pthread_mutex_t lock;
	pthread_t thread;
	SSL_CTX *ctx;
	int listener;
	char request[8192]; /* the last one, with its body */
};

static inline void
tlsserver_must(bool good, const char *what)
{
	if (good)
		return;
	printf("# tlsserver: %s\n", what);
	abort();
}

static inline void
tlsserver_digest(X509 *x, const EVP_MD *md, const char *prefix, char *out)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;

	X509_digest(x, md, bytes, &n);
	out += sprintf(out, "%s:", prefix);
	for (i = 0; i < n; i++)
		out += sprintf(out, "%02x", bytes[i]);
}

/* A certificate that signs itself serves as its own CA. */
static inline X509 *
tlsserver_certificate(EVP_PKEY *key, const char *name)
{
	X509 *x = X509_new();
	X509_EXTENSION *ext;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	    name != NULL ? name : "IP:127.0.0.1");
	tlsserver_must(ext != NULL && X509_add_ext(x, ext, -1) == 1 &&
		X509_sign(x, key, EVP_sha256()) > 0,
	    "certificate");
	X509_EXTENSION_free(ext);
	return x;
}

static inline void
tlsserver_identity(struct tlsserver *s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = tlsserver_certificate(key, s->name);
	FILE *f;
	int fd;

	strcpy(s->pem, "/tmp/test_http.XXXXXX");
	fd = mkstemp(s->pem);
	f = fdopen(fd, "w");
	tlsserver_must(f != NULL && PEM_write_X509(f, x) == 1, "PEM file");
	fclose(f);
	tlsserver_digest(x, EVP_sha256(), "sha256", s->pin);
	tlsserver_digest(x, EVP_sha1(), "sha1", s->pin1);
	s->ctx = SSL_CTX_new(TLS_server_method());
	if (s->tls == TLS_OLD) {
		SSL_CTX_set_cipher_list(s->ctx, "DEFAULT@SECLEVEL=0");
		SSL_CTX_set_min_proto_version(s->ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(s->ctx, TLS1_1_VERSION);
	}
	tlsserver_must(SSL_CTX_use_certificate(s->ctx, x) == 1 &&
		SSL_CTX_use_PrivateKey(s->ctx, key) == 1,
	    "key");
	X509_free(x);
	EVP_PKEY_free(key);
}

static inline void
tlsserver_send(SSL *ssl, const void *p, size_t n)
{
	size_t done;

	(void)SSL_write_ex(ssl, p, n, &done);
}

static inline void
tlsserver_say(SSL *ssl, const char *text)
{
	tlsserver_send(ssl, text, strlen(text));
}

/* Until the client goes away. */
static inline void
tlsserver_hang(SSL *ssl)
{
	char c;

	while (SSL_read(ssl, &c, 1) > 0)
		continue;
}

static inline bool
tlsserver_read_head(SSL *ssl, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	while (n < 4 || strcmp(text + n - 4, "\r\n\r\n") != 0) {
		if (n == size - 1 || SSL_read(ssl, text + n, 1) != 1)
			return false;
		text[++n] = '\0';
	}
	return true;
}

/* The next request, head and body, into text; false at the end. */
static inline bool
tlsserver_read(SSL *ssl, char *text, size_t size)
{
	size_t n = 0, body = 0;
	const char *end = NULL, *length;
	int got;

	while (end == NULL || n < (size_t)(end + 4 - text) + body) {
		got = SSL_read(ssl, text + n, (int)(size - 1 - n));
		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (end != NULL && length != NULL)
			body = strtoul(length + 16, NULL, 10);
	}
	return true;
}

static inline void
tlsserver_talk(struct tlsserver *s, SSL *ssl)
{
	char text[sizeof(s->request)];

	while (s->head_only ? tlsserver_read_head(ssl, text, sizeof(text))
			    : tlsserver_read(ssl, text, sizeof(text))) {
		pthread_mutex_lock(&s->lock);
		strcpy(s->request, text);
		pthread_mutex_unlock(&s->lock);
		s->requests++;
		if (!s->script(s, ssl))
			return;
	}
}

static inline void
tlsserver_serve(struct tlsserver *s, int fd)
{
	SSL *ssl = SSL_new(s->ctx);
	char hello[4096];
	bool got = false;

	SSL_set_fd(ssl, fd);
	if (s->tls == TLS_SILENT || s->tls == TLS_NONE)
		got = read(fd, hello, sizeof(hello)) > 0;
	if (got && s->tls == TLS_NONE)
		(void)!write(fd, "HTTP/1.1 400 No\r\n\r\n", 19);
	if (s->tls == TLS_SILENT)
		while (read(fd, hello, sizeof(hello)) > 0)
			continue;
	if ((s->tls == TLS_GOOD || s->tls == TLS_OLD) && SSL_accept(ssl) == 1)
		tlsserver_talk(s, ssl);
	SSL_free(ssl);
	close(fd);
}

static inline void *
tlsserver_run(void *arg)
{
	struct tlsserver *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) != -1) {
		s->connections++;
		tlsserver_serve(s, fd);
	}
	return NULL;
}

static inline void
tlsserver_start(struct tlsserver *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	tlsserver_identity(s);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->rcvbuf != 0)
		setsockopt(s->listener, SOL_SOCKET, SO_RCVBUF, &s->rcvbuf,
		    sizeof(s->rcvbuf));
	tlsserver_must(s->listener != -1 &&
		bind(s->listener, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		listen(s->listener, 8) == 0 &&
		getsockname(s->listener, (struct sockaddr *)&a, &n) == 0,
	    "socket");
	s->port = ntohs(a.sin_port);
	pthread_mutex_init(&s->lock, NULL);
	tlsserver_must(pthread_create(&s->thread, NULL, tlsserver_run, s) == 0,
	    "thread");
}

/* The last request; valid until the next. */
static inline const char *
tlsserver_request(struct tlsserver *s)
{
	static char text[sizeof(s->request)];

	pthread_mutex_lock(&s->lock);
	strcpy(text, s->request);
	pthread_mutex_unlock(&s->lock);
	return text;
}

/* Clients must have closed their connections. */
static inline void
tlsserver_stop(struct tlsserver *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	SSL_CTX_free(s->ctx);
	unlink(s->pem);
	pthread_mutex_destroy(&s->lock);
}

#endif
