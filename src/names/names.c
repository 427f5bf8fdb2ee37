/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "names/names.h"

#include "base/confine.h"
#include "base/intern.h"
#include "names/dns.h"
#include "names/idn.h"
#include "names/message.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>

enum {
	THREADS = 16,
	STACK = 256 * 1024,
	QUEUE = 8192,     /* addresses that wait for a thread; more are not asked for */
	KNOWN = 4096,     /* addresses out of answers, and */
	QUESTIONS = 4096, /* questions that wait for theirs: each of a power of two */
	NOBODY = 65534,
};

/* A question that passed by. An answer is believed only when it is the one to such a question, between the same two: anybody can
 * send a packet from port 53. */
struct question {
	struct address client, server;
	uint16_t port, id, type;
	uint64_t name;
};

struct known {
	struct address address;
	char name[TALK_NAME];
};

static struct question questions[QUESTIONS];
static struct known known[KNOWN];
static int channel;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct names_ask rows[QUEUE];
	size_t first, n;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void answer(uint32_t number, enum talk_name_from from, const char *name)
{
	struct names_answer a = {.kind = NAMES_ANSWER, .from = (uint8_t)from, .number = number};
	(void)snprintf(a.name, sizeof a.name, "%s", name);
	(void)idn_text(a.name, a.unicode, sizeof a.unicode);
	(void)send(channel, &a, sizeof a, MSG_NOSIGNAL);
}

/* ---- answers that passed by ---- */

static struct known *known_slot(const struct address *a)
{
	return &known[intern_hash(a->bytes, ADDR_BYTES) & (KNOWN - 1)];
}

static bool same_question(const struct question *a, const struct question *b)
{
	return a->id == b->id && a->type == b->type && a->port == b->port && a->name == b->name &&
	       address_equal(&a->client, &b->client) && address_equal(&a->server, &b->server);
}

static void take_dns(const struct names_dns *m)
{
	static struct dns_message d;
	if (!dns_parse(m->bytes, m->len, &d) || d.answer != (m->from_server != 0))
		return;
	struct question q = {.client = m->client,
		.server = m->server,
		.port = m->client_port,
		.id = d.id,
		.type = d.type};
	q.name = intern_hash(d.name, strlen(d.name));
	struct question *slot =
		&questions[(q.name ^ q.id ^ (uint64_t)q.port << 3) & (QUESTIONS - 1)];
	if (!d.answer) {
		*slot = q;
		return;
	}
	size_t len = strlen(d.name);
	if (!same_question(slot, &q) || len >= TALK_NAME || !len)
		return;
	for (size_t i = 0; i < d.n; i++) {
		struct known *k = known_slot(&d.addresses[i]);
		k->address = d.addresses[i];
		memcpy(k->name, d.name, len + 1);
	}
}

/* ---- asking ---- */

static bool reverse(const struct address *a, char buf[static TALK_NAME])
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char host[NI_MAXHOST];
	memcpy(&v4.sin_addr, a->bytes, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, a->bytes, sizeof v6.sin6_addr);
	int r = a->family == AF_INET6 ? getnameinfo((const struct sockaddr *)&v6, sizeof v6, host,
						sizeof host, NULL, 0, NI_NAMEREQD)
				      : getnameinfo((const struct sockaddr *)&v4, sizeof v4, host,
						sizeof host, NULL, 0, NI_NAMEREQD);
	return r == 0 && dns_text(host, strlen(host), buf, TALK_NAME);
}

static void *ask_on(void *unused)
{
	(void)unused;
	for (;;) {
		char name[TALK_NAME];
		(void)pthread_mutex_lock(&queue.lock);
		while (queue.n == 0)
			(void)pthread_cond_wait(&queue.more, &queue.lock);
		struct names_ask q = queue.rows[queue.first];
		queue.first = (queue.first + 1) % QUEUE;
		queue.n--;
		(void)pthread_mutex_unlock(&queue.lock);
		bool found = reverse(&q.address, name);
		answer(q.number, found ? TALK_NAME_REVERSE : TALK_NAME_NONE, found ? name : "");
	}
	return NULL;
}

static void take_ask(const struct names_ask *q)
{
	const struct known *k = known_slot(&q->address);
	if (k->name[0] && address_equal(&k->address, &q->address)) {
		answer(q->number, TALK_NAME_ANSWER, k->name);
		return;
	}
	(void)pthread_mutex_lock(&queue.lock);
	if (queue.n < QUEUE)
		queue.rows[(queue.first + queue.n++) % QUEUE] = *q;
	(void)pthread_cond_signal(&queue.more);
	(void)pthread_mutex_unlock(&queue.lock);
}

/* ---- the process ---- */

static void give_up_rights(void)
{
	static const char *const files[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf",
		"/etc/host.conf", "/etc/gai.conf", "/etc/services"};
	const struct passwd *p = getpwnam("nobody");
	tzset();
	/* What else nsswitch.conf names would be loaded as code. */
	(void)__nss_configure_lookup("hosts", "files dns");
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 1);
	(void)confine_user(p ? p->pw_uid : NOBODY, p ? p->pw_gid : NOBODY);
	(void)confine_paths(files, COUNTOF(files));
	(void)confine_resolver_calls();
}

static int start_threads(void)
{
	pthread_attr_t attr;
	int started = 0;
	if (pthread_attr_init(&attr))
		return 0;
	(void)pthread_attr_setstacksize(&attr, STACK);
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;
		started += pthread_create(&thread, &attr, ask_on, NULL) == 0;
	}
	(void)pthread_attr_destroy(&attr);
	return started;
}

int names_run(int fd)
{
	static union {
		uint8_t kind;
		struct names_dns dns;
		struct names_ask ask;
	} m;
	channel = fd;
	give_up_rights();
	(void)start_threads();
	for (;;) {
		ssize_t n = recv(fd, &m, sizeof m, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size_t len = (size_t)n;
		if (m.kind == NAMES_DNS && len >= offsetof(struct names_dns, bytes) &&
			len == offsetof(struct names_dns, bytes) + m.dns.len &&
			m.dns.len <= NAMES_DNS_BYTES)
			take_dns(&m.dns);
		else if (m.kind == NAMES_ASK && len == sizeof m.ask)
			take_ask(&m.ask);
	}
	/* Threads may still wait for an answer; nobody waits for theirs. */
	_exit(EX_OK);
}
