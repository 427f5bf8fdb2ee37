/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WITHOUT_GNUTLS

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { FILE_MAX = 256 * 1024 };

struct tls {
	char *certificate, *key;
	gnutls_x509_crt_t own; /* the first of the chain */
};

/* The text, or NULL with the reason in why. */
static char *read_file(const char *path, char *why, size_t size)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_MAX + 1) : NULL;
	size_t n = text ? fread(text, 1, FILE_MAX + 1, f) : 0;
	bool good = text && !ferror(f) && n <= FILE_MAX;
	if (!good)
		(void)snprintf(why, size, "%s: %s", path, strerror(n > FILE_MAX ? EFBIG : errno));
	else
		text[n] = '\0';
	if (f)
		(void)fclose(f);
	if (good)
		return text;
	free(text);
	return NULL;
}

static gnutls_datum_t datum(char *text)
{
	return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

/* Does the key fit the certificate? */
static int check(const struct tls *t)
{
	gnutls_certificate_credentials_t c;
	gnutls_datum_t cert = datum(t->certificate), key = datum(t->key);
	int r = gnutls_certificate_allocate_credentials(&c);
	if (r < 0)
		return r;
	r = gnutls_certificate_set_x509_key_mem2(c, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_certificate_free_credentials(c);
	return r < 0 ? r : 0;
}

static int take_own(struct tls *t)
{
	gnutls_datum_t cert = datum(t->certificate);
	int r = gnutls_x509_crt_init(&t->own);
	return r < 0 ? r : gnutls_x509_crt_import(t->own, &cert, GNUTLS_X509_FMT_PEM);
}

int tls_load(const char *cert, const char *key, struct tls **ret, char *why, size_t size)
{
	*why = '\0';
	struct tls *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->certificate = read_file(cert, why, size);
	t->key = t->certificate ? read_file(key, why, size) : NULL;
	int r = t->key ? 0 : -EINVAL;
	if (r == 0) {
		int e = check(t);
		if (e == 0)
			e = take_own(t);
		if (e < 0) {
			(void)snprintf(why, size, "%s and %s: %s", cert, key, gnutls_strerror(e));
			r = -EINVAL;
		}
	}
	if (r < 0)
		tls_free(t);
	else
		*ret = t;
	return r;
}

void tls_forget_key(struct tls *t)
{
	if (t->key)
		explicit_bzero(t->key, strlen(t->key));
	free(t->key);
	t->key = NULL;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	tls_forget_key(t);
	free(t->certificate);
	if (t->own)
		gnutls_x509_crt_deinit(t->own);
	free(t);
}

char *tls_certificate(const struct tls *t)
{
	return t->certificate;
}

char *tls_key(const struct tls *t)
{
	return t->key;
}

const char *tls_priorities(void)
{
	return "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
}

bool tls_has_name(const struct tls *t, const char *name, size_t n)
{
	char text[256];
	if (n > 2 && *name == '[') {
		name++;
		n -= 2;
	}
	if (n >= sizeof text)
		return false;
	memcpy(text, name, n);
	text[n] = '\0';
	return gnutls_x509_crt_check_hostname(t->own, text) != 0;
}

#else

int tls_load(const char *cert, const char *key, struct tls **ret, char *why, size_t size)
{
	(void)cert;
	(void)key;
	*ret = NULL;
	(void)snprintf(why, size, "this build has no TLS (GnuTLS)");
	return -ENOSYS;
}

void tls_free(struct tls *t)
{
	(void)t;
}

char *tls_certificate(const struct tls *t)
{
	(void)t;
	return NULL;
}

char *tls_key(const struct tls *t)
{
	(void)t;
	return NULL;
}

void tls_forget_key(struct tls *t)
{
	(void)t;
}

const char *tls_priorities(void)
{
	return NULL;
}

bool tls_has_name(const struct tls *t, const char *name, size_t n)
{
	(void)t;
	(void)name;
	(void)n;
	return false;
}

#endif
