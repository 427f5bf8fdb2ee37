/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* netlink: walking over messages and attributes that are not trusted. Each step answers false at the end, and at the first piece that does not
 * fit into what is left. */
#ifndef READ_NETLINK_H
#define READ_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct nl_walk {
	const unsigned char *p;
	size_t left;
};

/* What a message or an attribute holds. */
struct nl_part {
	uint16_t type; /* of an attribute without its flags */
	const unsigned char *p;
	size_t len;
};

static inline struct nl_walk nl_over(const void *p, size_t n)
{
	return (struct nl_walk){p, n};
}

static inline void nl_step(struct nl_walk *w, size_t len)
{
	size_t step = (len + 3u) & ~(size_t)3;
	step = step < w->left ? step : w->left;
	w->p += step;
	w->left -= step;
}

static inline bool nl_message(struct nl_walk *w, struct nl_part *ret)
{
	struct nlmsghdr h;
	if (w->left < sizeof h)
		return false;
	memcpy(&h, w->p, sizeof h);
	if (h.nlmsg_len < sizeof h || h.nlmsg_len > w->left)
		return false;
	*ret = (struct nl_part){h.nlmsg_type, w->p + sizeof h, h.nlmsg_len - sizeof h};
	nl_step(w, h.nlmsg_len);
	return true;
}

static inline bool nl_attribute(struct nl_walk *w, struct nl_part *ret)
{
	struct nlattr a;
	if (w->left < sizeof a)
		return false;
	memcpy(&a, w->p, sizeof a);
	if (a.nla_len < sizeof a || a.nla_len > w->left)
		return false;
	*ret = (struct nl_part){(uint16_t)(a.nla_type & (unsigned)NLA_TYPE_MASK), w->p + sizeof a,
		a.nla_len - sizeof a};
	nl_step(w, a.nla_len);
	return true;
}

/* Attributes behind the fixed head of a message; none when it is shorter than that. */
static inline struct nl_walk nl_behind(struct nl_part m, size_t head)
{
	head = (head + 3u) & ~(size_t)3;
	return m.len < head ? nl_over(m.p, 0) : nl_over(m.p + head, m.len - head);
}

static inline struct nl_walk nl_inside(struct nl_part a)
{
	return nl_over(a.p, a.len);
}

/* Numbers as this machine has them; 0 when the attribute is too short. */
static inline uint8_t nl_u8(struct nl_part a)
{
	return a.len ? *a.p : 0;
}

static inline uint16_t nl_u16(struct nl_part a)
{
	uint16_t v = 0;
	if (a.len >= sizeof v)
		memcpy(&v, a.p, sizeof v);
	return v;
}

static inline uint32_t nl_u32(struct nl_part a)
{
	uint32_t v = 0;
	if (a.len >= sizeof v)
		memcpy(&v, a.p, sizeof v);
	return v;
}

static inline uint64_t nl_u64(struct nl_part a)
{
	uint64_t v = 0;
	if (a.len >= sizeof v)
		memcpy(&v, a.p, sizeof v);
	return v;
}

/* Most significant byte first, as nfnetlink has them. */
static inline uint32_t nl_be32(struct nl_part a)
{
	return a.len < 4 ? 0
			 : (uint32_t)a.p[0] << 24 | (uint32_t)a.p[1] << 16 | (uint32_t)a.p[2] << 8 |
				   a.p[3];
}

static inline uint64_t nl_be64(struct nl_part a)
{
	uint64_t v = 0;
	for (size_t i = 0; a.len >= sizeof v && i < sizeof v; i++)
		v = v << 8 | a.p[i];
	return v;
}

/* A name, cut to the size of the buffer and ended with NUL; foreign bytes. */
static inline void nl_text(struct nl_part a, char *to, size_t size)
{
	size_t n = 0;
	while (n < a.len && n + 1 < size && a.p[n])
		n++;
	memcpy(to, a.p, n);
	to[n] = '\0';
}

#endif
