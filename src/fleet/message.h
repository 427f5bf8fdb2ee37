/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* message: news as those read it who are woken by it. Names in it were chosen by strangers: all text is printable, and none of it can end a
 * header. */
#ifndef FLEET_MESSAGE_H
#define FLEET_MESSAGE_H

#include "fleet/news.h"

#include <jansson.h>

struct message_part {
	char id[17];
	enum news_kind kind;
	unsigned rank;
};

/* All allocated; freed by message_free(). */
struct message {
	char *subject; /* one printable line, below 160 bytes */
	char *text;    /* lines end with \n */
	char *json;    /* of webhooks and commands */
	struct message_part parts[NEWS_MAX];
	size_t nparts;
};

/* held: messages were held back, as too many went out before; last: this is the last one for a while, until that time (0: it is not). 0,
 * -ENODATA when there is nothing to tell, -ENOMEM. */
int message_of_news(const struct news *n, const struct mutes *m, const char *host, uint64_t now_ns,
	bool held, uint64_t last_until_ns, struct message *ret);
/* One that says that it is a test. */
int message_of_test(const char *host, uint64_t now_ns, struct message *ret);
void message_free(struct message *m);

/* A mail with header and body, lines ended by CR LF; allocated. NULL: no memory. */
char *message_mail(
	const struct message *m, const struct target *t, const char *host, uint64_t now_ns);

/* For Alertmanager: all that is open and may be told, to end by itself at until_ns, and what is over. Notes in *ret what that tells. Allocated;
 * NULL when there is nothing to send. */
char *message_alerts(const struct news *n, const struct mutes *m, const char *host, uint64_t now_ns,
	uint64_t until_ns, struct message *ret);
char *message_test_alert(const char *host, uint64_t now_ns, uint64_t until_ns);

#endif
