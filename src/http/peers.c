/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/peers.h"

#include "http/headers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

void peers_init(struct peers *s)
{
	memset(s, 0, sizeof *s);
	/* Without it others could choose addresses that share a count: still no harm but to themselves and one of so many. */
	(void)!getrandom(s->secret, sizeof s->secret, GRND_NONBLOCK);
}

/* Which count an address has: FNV-1a, begun with what nobody knows. */
static uint16_t holder_of(const struct peers *s, const struct address_key *a)
{
	uint64_t h;
	memcpy(&h, s->secret, sizeof h);
	for (size_t i = 0; i < sizeof a->bytes; i++)
		h = (h ^ a->bytes[i] ^ s->secret[8 + i % 8]) * UINT64_C(0x100000001b3);
	return (uint16_t)((h ^ h >> 32) % PEERS_HOLDERS);
}

void peer_set(struct peer *p, enum peer_state state, uint64_t now_ns)
{
	p->state = state;
	p->since_ns = now_ns;
}

void peer_close(struct peers *s, struct peer *p)
{
	if (p->leaving)
		return;
	p->leaving = true;
	p->due_ns = 0;
	s->staying--;
	s->holds[p->holder]--;
	(void)shutdown(p->fd, SHUT_RDWR);
}

/* Is a to go before b? */
static bool goes_before(const struct peers *s, const struct peer *a, const struct peer *b)
{
	if (s->holds[a->holder] != s->holds[b->holder])
		return s->holds[a->holder] > s->holds[b->holder];
	if (a->state != b->state)
		return a->state < b->state;
	return a->since_ns < b->since_ns;
}

/* fresh: who came just now, and stays. holder: of these only; PEERS_HOLDERS: of all. */
static void make_room(struct peers *s, const struct peer *fresh, uint16_t holder)
{
	struct peer *goes = NULL;
	for (struct peer *p = s->first; p; p = p->next)
		if (p != fresh && !p->leaving && p->state != PEER_KEPT && !p->suspended &&
			(holder == PEERS_HOLDERS || p->holder == holder) &&
			(!goes || goes_before(s, p, goes)))
			goes = p;
	if (goes)
		peer_close(s, goes);
}

struct peer *peers_add(struct peers *s, struct MHD_Connection *c, bool share, uint64_t now_ns)
{
	struct peer *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	*p = (struct peer){.next = s->first,
		.link = &s->first,
		.connection = c,
		.fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		.address = address_of(MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
					      ->client_addr),
		.since_ns = now_ns};
	p->holder = holder_of(s, &p->address);
	if (p->next)
		p->next->link = &p->next;
	s->first = p;
	s->n++;
	s->staying++;
	s->holds[p->holder]++;
	if (!share && s->holds[p->holder] > PEERS_EACH)
		make_room(s, p, p->holder);
	if (s->staying > PEERS_MAX)
		make_room(s, p, PEERS_HOLDERS);
	return p;
}

void peers_remove(struct peers *s, struct peer *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	s->n--;
	if (!p->leaving) {
		s->staying--;
		s->holds[p->holder]--;
	}
	free(p);
}

void peers_close_late(struct peers *s, uint64_t now_ns)
{
	for (struct peer *p = s->first; p; p = p->next)
		if (p->due_ns && now_ns >= p->due_ns)
			peer_close(s, p);
}

void peer_suspend(struct peer *p)
{
	MHD_suspend_connection(p->connection);
	p->suspended = true;
}

void peer_resume(struct peer *p)
{
	if (p->suspended)
		MHD_resume_connection(p->connection);
	p->suspended = false;
}
