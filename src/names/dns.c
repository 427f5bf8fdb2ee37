/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "names/dns.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	HEADER = 12,
	LABEL_MAX = 63,
	WIRE_MAX = 255,
	JUMPS_MAX = 64,
	ALIASES_MAX = 16,
	RECORDS_MAX = 256,
	CLASS_IN = 1,
	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_AAAA = 28,
};

struct message {
	const unsigned char *p;
	size_t len, at;
};

struct record {
	char owner[DNS_TEXT];
	uint16_t type, class;
	size_t data, len;
};

static uint16_t u16_at(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool put_byte(unsigned char c, char *buf, size_t size, size_t *at)
{
	bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
	if (c >= 'A' && c <= 'Z') {
		c = (unsigned char)(c - 'A' + 'a');
		plain = true;
	}
	int n = snprintf(buf + *at, size - *at, plain ? "%c" : "\\%03u", c);
	if (n < 0 || (size_t)n >= size - *at)
		return false;
	*at += (size_t)n;
	return true;
}

bool dns_text(const char *name, size_t len, char *buf, size_t size)
{
	size_t at = 0;
	if (len && name[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.' && at + 1 < size) {
			buf[at++] = '.';
			continue;
		}
		if (!put_byte((unsigned char)name[i], buf, size, &at))
			return false;
	}
	if (at == 0 || at >= size)
		return false;
	buf[at] = '\0';
	return true;
}

/* The name at m->at, which moves behind it. buf NULL: only skipped. Pointers go backwards only: each one before where the piece of
 * the name began that it stands in, so that none is met twice. */
static bool read_name(struct message *m, char *buf, size_t size)
{
	size_t at = m->at, begin = at, wire = 0, out = 0;
	bool jumped = false;
	for (unsigned jumps = 0; at < m->len;) {
		unsigned char n = m->p[at];
		if (n >= 0xc0) {
			if (at + 2 > m->len || ++jumps > JUMPS_MAX)
				return false;
			size_t to = u16_at(m->p + at) & 0x3fffu;
			if (!jumped)
				m->at = at + 2;
			jumped = true;
			if (to >= begin)
				return false;
			at = begin = to;
			continue;
		}
		if (n > LABEL_MAX || n >= m->len - at || (wire += n + 1u) > WIRE_MAX)
			return false;
		at++;
		if (n == 0) {
			if (!jumped)
				m->at = at;
			if (buf)
				buf[out] = '\0';
			return true;
		}
		if (buf && out && out + 1 < size)
			buf[out++] = '.';
		for (size_t i = 0; buf && i < n; i++)
			if (!put_byte(m->p[at + i], buf, size, &out))
				return false;
		at += n;
	}
	return false;
}

static bool read_record(struct message *m, struct record *r)
{
	if (!read_name(m, r->owner, sizeof r->owner) || m->len - m->at < 10)
		return false;
	r->type = u16_at(m->p + m->at);
	r->class = u16_at(m->p + m->at + 2);
	r->len = u16_at(m->p + m->at + 8);
	r->data = m->at + 10;
	if (r->len > m->len - r->data)
		return false;
	m->at = r->data + r->len;
	return true;
}

/* Names that the question leads to. */
struct aliases {
	char names[ALIASES_MAX][DNS_TEXT];
	size_t n;
};

static bool is_alias(const struct aliases *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->names[i], name) == 0)
			return true;
	return false;
}

static bool take_alias(struct message *m, const struct record *r, struct aliases *a)
{
	struct message inner = {m->p, r->data + r->len, r->data};
	if (r->type != TYPE_CNAME || a->n == ALIASES_MAX || !is_alias(a, r->owner))
		return false;
	if (!read_name(&inner, a->names[a->n], DNS_TEXT) || is_alias(a, a->names[a->n]))
		return false;
	a->n++;
	return true;
}

static void take_address(const struct message *m, const struct record *r, const struct aliases *a,
	struct dns_message *d)
{
	size_t want = r->type == TYPE_A ? 4 : r->type == TYPE_AAAA ? 16 : 0;
	if (!want || r->len != want || d->n == DNS_ADDRESSES || !is_alias(a, r->owner))
		return;
	struct address *to = &d->addresses[d->n++];
	*to = (struct address){.family = want == 4 ? AF_INET : AF_INET6};
	memcpy(to->bytes, m->p + r->data, want);
}

/* Goes through the answers once; `addresses` false: follows CNAMEs. *more: a name was found that may lead on. */
static bool walk(struct message m, unsigned count, bool addresses, struct aliases *a,
	struct dns_message *d, bool *more)
{
	struct record r;
	*more = false;
	for (unsigned i = 0; i < count; i++) {
		if (!read_record(&m, &r))
			return false;
		if (r.class != CLASS_IN)
			continue;
		if (addresses)
			take_address(&m, &r, a, d);
		else if (take_alias(&m, &r, a))
			*more = true;
	}
	return true;
}

bool dns_parse(const void *bytes, size_t len, struct dns_message *ret)
{
	static _Thread_local struct aliases aliases;
	struct message m = {bytes, len, HEADER};
	if (len < HEADER)
		return false;
	unsigned flags = u16_at(m.p + 2), answers = u16_at(m.p + 6);
	enum { ANSWER = 0x8000, OPCODE = 0x7800, RCODE = 15 };
	ret->answer = flags & ANSWER;
	ret->id = u16_at(m.p);
	ret->n = 0;
	if ((flags & OPCODE) || u16_at(m.p + 4) != 1 || answers > RECORDS_MAX)
		return false;
	if (!read_name(&m, ret->name, sizeof ret->name) || m.len - m.at < 4 ||
		u16_at(m.p + m.at + 2) != CLASS_IN)
		return false;
	ret->type = u16_at(m.p + m.at);
	m.at += 4;
	if (!ret->answer || (flags & RCODE))
		return true;
	aliases.n = 1;
	(void)snprintf(aliases.names[0], DNS_TEXT, "%s", ret->name);
	/* The order of records means nothing: a chain may stand backwards. */
	bool more = true;
	for (unsigned i = 0; more && i < ALIASES_MAX; i++)
		if (!walk(m, answers, false, &aliases, ret, &more))
			return false;
	return walk(m, answers, true, &aliases, ret, &more);
}
