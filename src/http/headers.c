/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/headers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static bool copy(char *ret, size_t size, const char *from, size_t n)
{
	if (n >= size)
		return false;
	memcpy(ret, from, n);
	ret[n] = '\0';
	return true;
}

bool header_cookie(const char *cookies, const char *name, char *ret, size_t size)
{
	const char *value = NULL;
	size_t n = strlen(name), length = 0;
	for (const char *p = cookies; *p;) {
		p += strspn(p, " \t");
		size_t part = strcspn(p, ";");
		if (part > n && memcmp(p, name, n) == 0 && p[n] == '=') {
			if (value)
				return false; /* which of them is ours? */
			value = p + n + 1;
			length = part - n - 1;
		}
		p += part + (p[part] == ';');
	}
	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	return value && copy(ret, size, value, length);
}

bool header_bearer(const char *authorization, char *ret, size_t size)
{
	static const char scheme[] = "Bearer ";
	if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
		return false;
	const char *p = authorization + sizeof scheme - 1;
	p += strspn(p, " ");
	size_t n = strcspn(p, " \t,");
	return n && !p[n + strspn(p + n, " \t")] && copy(ret, size, p, n);
}

/* One of "0-99", "200-", "-5". */
static bool is_range(const char *p, size_t n)
{
	static const char digits[] = "0123456789";
	while (n && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	size_t first = strspn(p, digits);
	if (first >= n || p[first] != '-')
		return false;
	size_t last = strspn(p + first + 1, digits);
	return first + 1 + last == n && first + last > 0;
}

size_t header_ranges(const char *range)
{
	static const char unit[] = "bytes=";
	size_t count = 0;
	if (strncasecmp(range, unit, sizeof unit - 1) != 0)
		return 0;
	for (const char *p = range + sizeof unit - 1;; p++) {
		size_t n = strcspn(p, ",");
		if (!is_range(p, n))
			return 0;
		count++;
		p += n;
		if (!*p)
			return count;
	}
}

/* ---- forms ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool decode(const char *p, size_t n, char *ret, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (c == '+')
			c = ' ';
		if (c == '%') {
			int high = i + 2 < n ? hex_digit(p[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(p[i + 2]);
			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || at + 1 >= size)
			return false;
		ret[at++] = c;
	}
	ret[at] = '\0';
	return true;
}

bool form_field(const char *form, size_t n, const char *name, char *ret, size_t size)
{
	const char *end = form + n, *value = NULL;
	size_t length = 0, named = strlen(name);
	for (const char *p = form; p < end;) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp ? amp : end;
		if ((size_t)(stop - p) > named && memcmp(p, name, named) == 0 && p[named] == '=') {
			if (value)
				return false;
			value = p + named + 1;
			length = (size_t)(stop - value);
		}
		p = amp ? amp + 1 : end;
	}
	return value && decode(value, length, ret, size);
}

/* ---- who sent it ---- */

size_t header_host(const char *host)
{
	const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
	size_t n = bracket ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
	size_t good = bracket ? n
			      : strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789.-_");
	const char *port = host + n;
	if (good < n || (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")])))
		return 0;
	return n;
}

bool header_same_site(const char *site, const char *origin, const char *host)
{
	if (site)
		return strcmp(site, "same-origin") == 0;
	if (!origin)
		return true;
	const char *name = strstr(origin, "://");
	size_t n = name ? header_host(name + 3) : 0;
	return n && host && header_host(host) == n && strncasecmp(host, name + 3, n) == 0;
}

static struct address_key key_v4(const void *four)
{
	struct address_key k = {{4}};
	memcpy(k.bytes + 1, four, 4);
	return k;
}

static struct address_key key_v6(const struct in6_addr *a)
{
	struct address_key k = {{6}};
	if (IN6_IS_ADDR_V4MAPPED(a))
		return key_v4(a->s6_addr + 12);
	memcpy(k.bytes + 1, a->s6_addr, 8);
	return k;
}

struct address_key address_of(const struct sockaddr *a)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	if (a && a->sa_family == AF_INET) {
		memcpy(&in, a, sizeof in);
		return key_v4(&in.sin_addr);
	}
	if (a && a->sa_family == AF_INET6) {
		memcpy(&in6, a, sizeof in6);
		return key_v6(&in6.sin6_addr);
	}
	return (struct address_key){{0}};
}

bool header_forwarded(const char *forwarded, struct address_key *ret)
{
	char text[INET6_ADDRSTRLEN + 8];
	struct in6_addr v6;
	struct in_addr v4;
	const char *comma = strrchr(forwarded, ','), *p = comma ? comma + 1 : forwarded;
	p += strspn(p, " \t");
	size_t n = strcspn(p, " \t");
	if (p[n + strspn(p + n, " \t")] || !copy(text, sizeof text, p, n))
		return false;
	char *bracket = *text == '[' ? strchr(text, ']') : NULL, *colon = strchr(text, ':');
	if (bracket)
		*bracket = '\0'; /* "[2001:db8::1]:443" */
	else if (colon && strchr(colon + 1, ':') == NULL)
		*colon = '\0'; /* "192.0.2.1:443" */
	if (inet_pton(AF_INET, text, &v4) == 1)
		*ret = key_v4(&v4);
	else if (inet_pton(AF_INET6, text + (bracket != NULL), &v6) == 1)
		*ret = key_v6(&v6);
	else
		return false;
	return true;
}
