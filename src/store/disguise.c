/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/disguise.h"

#include "catalogue/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { WORD = 10, MAX_PATH_TEXT = 4096 };

struct disguise {
	struct series_set set;
	struct intern originals; /* words and addresses that were met */
	struct arena words;      /* char[WORD] by number of the original */
};

int disguise_open(struct disguise **ret)
{
	struct disguise *d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	int r = series_init(&d->set);
	if (r == 0)
		r = intern_init(&d->originals, SERIES_MAX);
	if (r == 0)
		r = arena_init(&d->words, (SERIES_MAX + 1) * WORD);
	if (r < 0)
		disguise_close(d);
	else
		*ret = d;
	return r;
}

void disguise_close(struct disguise *d)
{
	if (!d)
		return;
	series_destroy(&d->set);
	intern_destroy(&d->originals);
	arena_destroy(&d->words);
	free(d);
}

struct series_set *disguise_set(struct disguise *d)
{
	return &d->set;
}

/* The random word that stands for this one; "x" when there are too many. */
static const char *word_for(struct disguise *d, const char *s, size_t n)
{
	uint32_t id = intern_id(&d->originals, s, n);
	while (id && d->words.used <= id * (size_t)WORD) {
		uint32_t random;
		char *word = arena_push(&d->words, WORD);
		if (!word || getrandom(&random, sizeof random, 0) != sizeof random)
			return "x";
		(void)snprintf(word, WORD, "x%08x", random);
	}
	return id ? (const char *)d->words.base + (size_t)id * WORD : "x";
}

/* Parts of paths that say nothing about this machine. */
static bool is_common(const char *s, size_t n)
{
	static const char *const words[] = {"var", "log", "tmp", "usr", "lib", "bin", "sbin",
		"home", "root", "run", "srv", "etc", "opt", "dev", "shm", "proc", "sys", "mnt",
		"media", "boot", "data", "cache", "spool", "www", "docker", "kubepods",
		"system.slice", "user.slice", "init.scope", "machine.slice", "memory", "cpu",
		"pids", "fs", "cgroup"};
	for (size_t i = 0; i < COUNTOF(words); i++)
		if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
			return true;
	return false;
}

/* Each part of its own; what follows the last dot, if it is short, tells of what kind a thing is. */
static void disguise_path(struct disguise *d, const char *path, char *out, size_t size)
{
	size_t at = 0;
	out[0] = '\0';
	while (*path && at + 1 < size) {
		size_t n = strcspn(path, "/");
		const char *dot = memchr(path, '.', n) ? path + n : NULL;
		while (dot && dot > path && *dot != '.')
			dot--;
		size_t kind = dot && dot > path && (size_t)(path + n - dot) <= 9
				      ? (size_t)(path + n - dot)
				      : 0;
		if (n == 0 || is_common(path, n))
			at += (size_t)snprintf(out + at, size - at, "%.*s", (int)n, path);
		else
			at += (size_t)snprintf(out + at, size - at, "%s%.*s",
				word_for(d, path, n - kind), (int)kind, path + n - kind);
		path += n;
		if (*path == '/' && at + 1 < size) {
			out[at++] = *path++;
			out[at] = '\0';
		}
	}
}

static uint32_t path_name(struct disguise *d, const struct series_set *from, uint32_t id)
{
	char out[MAX_PATH_TEXT];
	disguise_path(d, intern_text(&from->names, id), out, sizeof out);
	return intern_id(&d->set.names, out, strlen(out));
}

static uint32_t same_name(struct disguise *d, const struct series_set *from, uint32_t id)
{
	const char *s = intern_text(&from->names, id);
	return intern_id(&d->set.names, s, strlen(s));
}

static uint32_t instance_name(
	struct disguise *d, const struct series_set *from, enum metric_label label, uint32_t id)
{
	const char *s = intern_text(&from->names, id), *word;
	switch (label) {
	case LABEL_MOUNT:
	case LABEL_CGROUP: return path_name(d, from, id);
	case LABEL_USER:
		word = word_for(d, s, strlen(s));
		return intern_id(&d->set.names, word, strlen(word));
	default: return same_name(d, from, id);
	}
}

static unsigned netns_of(struct disguise *d, const struct series_set *from, unsigned i)
{
	if (i == NETNS_HOST || i >= from->netns_count)
		return NETNS_HOST;
	const char *s = series_netns_name(from, i);
	int ours = series_netns(&d->set, from->netns[i].inode, word_for(d, s, strlen(s)));
	return ours < 0 ? NETNS_HOST : (unsigned)ours;
}

/* 127/8, ::1, "any", also as v4-mapped. */
static bool stays(const struct address *a)
{
	static const uint8_t zero[ADDR_BYTES], one[ADDR_BYTES] = {[15] = 1},
					       mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *b = a->bytes;
	if (a->family == AF_INET6 && memcmp(b, mapped, sizeof mapped) != 0)
		return memcmp(b, zero, sizeof zero) == 0 || memcmp(b, one, sizeof one) == 0;
	b += a->family == AF_INET6 ? 12 : 0;
	return b[0] == 127 || memcmp(b, zero, 4) == 0;
}

/* 10.x for what was IPv4, fd00::x for what was IPv6. */
static void disguise_address(struct disguise *d, struct address *a)
{
	char text[48], *end;
	if (a->family == 0 || stays(a))
		return;
	(void)address_text(text, a);
	const char *word = word_for(d, text, strlen(text));
	uint32_t random = (uint32_t)strtoul(word[0] == 'x' && word[1] ? word + 1 : "0", &end, 16);
	bool six = strchr(text, ':') != NULL;
	uint8_t *last = a->bytes + (a->family == AF_INET ? 0 : 12);
	if (six) {
		memset(a->bytes, 0, ADDR_BYTES);
		a->bytes[0] = 0xfd;
		last[0] = (uint8_t)(random >> 24);
	} else {
		last[0] = 10;
	}
	last[1] = (uint8_t)(random >> 16);
	last[2] = (uint8_t)(random >> 8);
	last[3] = (uint8_t)random;
}

/* What a name in a column says: paths, control groups, and texts that somebody chose. The kernel function that a process sleeps in, the names of
 * disks and kinds of things, programs that serve and the numbers that they tell are the same everywhere; interfaces keep theirs as in the series. */
static uint32_t column_name(
	struct disguise *d, const struct series_set *from, const struct column_info *c, uint32_t id)
{
	static const char *const same[] = {"wchan", "blocked.thread", "block", "parent", "if",
		"master", "kind", "qdisc", "type", "name"};
	for (size_t i = 0; i < COUNTOF(same); i++)
		if (strcmp(c->name, same[i]) == 0)
			return same_name(d, from, id);
	return path_name(d, from, id);
}

/* Which boot it was tells one machine from all others; the rest of the facts it shares with many. */
static void disguise_fact(struct disguise *d, const struct series_set *from, struct fact *f)
{
	const char *s = intern_text(&from->names, f->value);
	const char *word = strcmp(f->key, "boot") == 0 ? word_for(d, s, strlen(s)) : s;
	f->value = intern_id(&d->set.names, word, strlen(word));
}

static void disguise_row(
	struct disguise *d, const struct series_set *from, const struct table_info *info, char *row)
{
	if (info->part == PART_FACTS) {
		disguise_fact(d, from, (struct fact *)(void *)row);
		return;
	}
	if (info->part ==
		PART_KLOG) /* drivers and filters print names and addresses as they like */
		memset(((struct klog *)(void *)row)->text, 0, KLOG_TEXT);
	if (info->part == PART_SLOTS) { /* users, requests, queries */
		struct server_slot *slot = (struct server_slot *)(void *)row;
		memset(slot->who, 0, sizeof slot->who);
		memset(slot->text, 0, sizeof slot->text);
	}

	for (const struct column_info *c = info->columns; c->name; c++) {
		uint64_t v;
		switch (c->type) {
		case COLUMN_NAME:
			v = column_get(c, row);
			column_set(c, row, column_name(d, from, c, (uint32_t)v));
			break;
		case COLUMN_NETNS:
			v = column_get(c, row);
			column_set(c, row, netns_of(d, from, (unsigned)v));
			break;
		case COLUMN_BYTES:
			if (c->size == sizeof(struct address)) {
				struct address a;
				memcpy(&a, row + c->offset, sizeof a);
				disguise_address(d, &a);
				memcpy(row + c->offset, &a, sizeof a);
			}
			break;
		case COLUMN_NUMBER:
		case COLUMN_FINE:
		case COLUMN_STATIC:
		case COLUMN_TYPES: break;
		}
	}
}

void disguise_origin(struct disguise *d, struct dict_origin *o)
{
	char run[32];
	int n = snprintf(run, sizeof run, "%" PRIx64, o->run);
	o->run = strtoull(word_for(d, run, (size_t)n) + 1, NULL, 16);
	(void)snprintf(o->host, sizeof o->host, "%s", word_for(d, o->host, strlen(o->host)));
}

int disguise_sample(struct disguise *d, const struct series_set *from, const struct sample *s,
	struct sample *out)
{
	sample_reset(out);
	out->real_ns = s->real_ns;
	out->mono_ns = s->mono_ns;
	out->ct_sampled = s->ct_sampled;
	out->have_conns = s->have_conns;
	out->have_files = s->have_files;
	out->have_ct_peers = s->have_ct_peers;
	out->have_ended = s->have_ended;
	out->have_flows = s->have_flows;
	out->have_held = s->have_held;
	for (uint32_t id = 1; id <= from->count; id++) {
		uint64_t v;
		const struct series *row = series_row(from, id);
		enum metric m = (enum metric)row->metric;
		if (sample_get(s, id, &v))
			sample_set(out,
				series_id(&d->set, m, netns_of(d, from, row->netns),
					instance_name(
						d, from, metric_info(m)->label, row->instance)),
				v);
	}
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		const struct table_info *info = table_info((enum table_id)t);
		const struct table *rows = sample_table_const(s, (enum table_id)t);
		struct table *to = sample_table(out, (enum table_id)t);
		char *copy =
			rows->count ? arena_push(&to->rows, rows->count * info->row_size) : NULL;
		if (rows->count && !copy)
			return -ENOMEM;
		for (uint32_t i = 0; i < rows->count; i++) {
			char *row = copy + i * info->row_size;
			memcpy(row, rows->rows.base + i * info->row_size, info->row_size);
			disguise_row(d, from, info, row);
		}
		to->count = rows->count;
		to->dropped = rows->dropped;
	}
	return 0;
}
