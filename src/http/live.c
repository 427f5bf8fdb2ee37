/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/live.h"

#include "base/clock.h"
#include "http/send.h"

#include <stdio.h>
#include <string.h>

/* One who follows the events. It has its own copy of the event that it takes, so that it is never sent halves of two. */
struct follower {
	struct follower *next, **link;
	struct live *live;
	struct peer *peer;
	uint64_t seen;              /* number of the event in text */
	uint64_t session, accounts; /* by what it was let in: a session, or the accounts of then */
	char text[LIVE_BYTES];
	size_t size, at;
};

static void make_event(struct live *l)
{
	char text[LIVE_BYTES - 16];
	size_t n = api_summary(l->api, text, sizeof text);
	if (n == 0)
		return; /* nothing that could be said: the next one may */
	l->size = (size_t)snprintf(l->event, sizeof l->event, "data: %.*s\n\n", (int)n, text);
	l->number++;
}

/* Who follows by a token that may be gone meanwhile asks again. */
static bool is_out(const struct live *l, const struct follower *f, uint64_t now_ns)
{
	if (!l->gate->login)
		return false;
	return f->session ? !login_is_in(l->gate->login, f->session, now_ns)
			  : f->accounts != login_accounts(l->gate->login);
}

void live_tell(struct live *l)
{
	if (!l->first)
		return;
	make_event(l);
	uint64_t now = clock_mono_ns();
	for (struct follower *f = l->first; f; f = f->next) {
		if (is_out(l, f, now))
			peer_close(l->peers, f->peer);
		peer_resume(f->peer);
	}
}

static ssize_t follower_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	(void)pos;
	struct follower *f = cls;
	if (f->at == f->size) {
		if (f->seen == f->live->number) {
			peer_suspend(f->peer);
			return 0;
		}
		memcpy(f->text, f->live->event, f->live->size);
		f->size = f->live->size;
		f->at = 0;
		f->seen = f->live->number;
	}
	size_t n = f->size - f->at < max ? f->size - f->at : max;
	memcpy(buf, f->text + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void follower_free(void *cls)
{
	struct follower *f = cls;
	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	f->live->n--;
	free(f);
}

enum MHD_Result live_send(struct live *l, struct peer *p, const char *method)
{
	static const char type[] = "text/event-stream";
	uint64_t now = clock_mono_ns();
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		return send_response(p->connection,
			MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT),
			MHD_HTTP_OK, type, "no-store");
	if (l->n == LIVE_FOLLOWERS)
		return send_error(p->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many follow the events already");
	struct follower *f = calloc(1, sizeof *f);
	if (!f)
		return MHD_NO;
	if (!l->first)
		make_event(l); /* nobody followed: what is there is old */
	*f = (struct follower){.next = l->first, .link = &l->first, .live = l, .peer = p};
	if (f->next)
		f->next->link = &f->next;
	l->first = f;
	l->n++;
	struct MHD_Response *r = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, LIVE_BYTES, follower_read, f, follower_free);
	if (!r) {
		follower_free(f);
		return MHD_NO;
	}
	if (l->gate->login) {
		struct said h = gate_said(p->connection);
		struct caller who = login_who(l->gate->login, &h, now);
		f->session = who.session ? who.session->number : 0;
		f->accounts = login_accounts(l->gate->login);
	}
	p->due_ns = 0;
	peer_set(p, PEER_KEPT, now);
	return send_response(p->connection, r, MHD_HTTP_OK, type, "no-store");
}
