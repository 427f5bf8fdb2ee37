/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/remote_write.h"

#include <assert.h>
#include <errno.h>
#include <snappy-c.h>
#include <string.h>

/* A field's number and wire type as its first byte. */
enum {
	V1_SERIES = 0x0a,
	V1_LABEL = 0x0a,
	V1_LABEL_NAME = 0x0a,
	V1_LABEL_VALUE = 0x12,
	V2_SYMBOL = 0x22,
	V2_SERIES = 0x2a,
	V2_LABEL_REFS = 0x0a,
	V2_METADATA = 0x2a,
	V2_METADATA_TYPE = 0x08,
	V2_METADATA_HELP = 0x18,
	V2_METADATA_UNIT = 0x20,
	SAMPLE = 0x12,
	SAMPLE_VALUE = 0x09,
	SAMPLE_TIME = 0x10,
};

static size_t varint_size(uint64_t v)
{
	return (size_t)(64 - __builtin_clzll(v | 1) + 6) / 7;
}

/* Size of a field with a length in front, its tag included. */
static size_t field_size(size_t n)
{
	return 1 + varint_size(n) + n;
}

static unsigned char *put_varint(unsigned char *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (unsigned char)(v | 0x80);
	*p++ = (unsigned char)v;
	return p;
}

static unsigned char *put_tagged(unsigned char *p, unsigned tag, uint64_t v)
{
	*p++ = (unsigned char)tag;
	return put_varint(p, v);
}

static unsigned char *put_text(unsigned char *p, unsigned tag, const char *s, size_t n)
{
	p = put_tagged(p, tag, n);
	memcpy(p, s, n);
	return p + n;
}

static size_t sample_size(const struct remote_sample *s)
{
	return 1 + sizeof s->bits + 1 + varint_size((uint64_t)s->time_ms);
}

static size_t samples_size(const struct remote_sample *s, size_t n)
{
	size_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += field_size(sample_size(&s[i]));
	return sum;
}

static unsigned char *put_samples(unsigned char *p, const struct remote_sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p = put_tagged(p, SAMPLE, sample_size(&s[i]));
		*p++ = SAMPLE_VALUE;
		for (unsigned bit = 0; bit < 64; bit += 8)
			*p++ = (unsigned char)(s[i].bits >> bit);
		p = put_tagged(p, SAMPLE_TIME, (uint64_t)s[i].time_ms);
	}
	return p;
}

int remote_writer_init(struct remote_writer *w, const struct intern *names)
{
	*w = (struct remote_writer){.names = names};
	const struct {
		struct arena *arena;
		size_t ceiling;
	} parts[] = {
		/* the symbols are put in front of the series in the end */
		{&w->series, 2 * (size_t)REMOTE_REQUEST_MAX},
		{&w->symbols, REMOTE_REQUEST_MAX},
		{&w->refs, REMOTE_NAMES * sizeof(uint32_t)},
		{&w->packed, snappy_max_compressed_length(2 * (size_t)REMOTE_REQUEST_MAX)},
	};
	for (size_t i = 0; i < COUNTOF(parts); i++) {
		int r = arena_init(parts[i].arena, parts[i].ceiling);
		if (r < 0) {
			remote_writer_destroy(w);
			return r;
		}
	}
	return 0;
}

void remote_writer_destroy(struct remote_writer *w)
{
	arena_destroy(&w->series);
	arena_destroy(&w->symbols);
	arena_destroy(&w->refs);
	arena_destroy(&w->packed);
}

int remote_write_begin(struct remote_writer *w, enum remote_version version)
{
	static const unsigned char empty[] = {V2_SYMBOL, 0};
	w->version = version;
	arena_reset(&w->series);
	arena_reset(&w->symbols);
	arena_reset(&w->refs);
	if (version == REMOTE_WRITE_1)
		return 0;
	unsigned char *first = arena_push(&w->symbols, sizeof empty);
	if (!first || !arena_push(&w->refs, (w->names->count + 1) * sizeof(uint32_t)))
		return -ENOMEM;
	memcpy(first, empty, sizeof empty);
	w->nsymbols = 1;
	return 0;
}

static size_t label_size(size_t name, size_t value)
{
	return field_size(name) + field_size(value);
}

static int add_v1(struct remote_writer *w, const struct remote_series *s,
	const struct remote_sample *samples, size_t n)
{
	struct {
		const char *name, *value;
		size_t name_n, value_n;
	} l[REMOTE_LABELS];
	size_t size = samples_size(samples, n);
	for (unsigned i = 0; i < s->nlabels; i++) {
		l[i].name = intern_text(w->names, s->labels[i].name);
		l[i].value = intern_text(w->names, s->labels[i].value);
		l[i].name_n = strlen(l[i].name);
		l[i].value_n = strlen(l[i].value);
		size += field_size(label_size(l[i].name_n, l[i].value_n));
	}
	if (w->series.used + field_size(size) > REMOTE_REQUEST_MAX)
		return -ENOBUFS;
	unsigned char *p = arena_push(&w->series, field_size(size));
	if (!p)
		return -ENOBUFS;
	p = put_tagged(p, V1_SERIES, size);
	for (unsigned i = 0; i < s->nlabels; i++) {
		p = put_tagged(p, V1_LABEL, label_size(l[i].name_n, l[i].value_n));
		p = put_text(p, V1_LABEL_NAME, l[i].name, l[i].name_n);
		p = put_text(p, V1_LABEL_VALUE, l[i].value, l[i].value_n);
	}
	(void)put_samples(p, samples, n);
	return 0;
}

/* The number of a text among the request's symbols, where it is put when new. */
static int symbol(struct remote_writer *w, uint32_t id, uint32_t *ret)
{
	assert(id <= w->names->count);
	uint32_t *ref = (uint32_t *)(void *)w->refs.base + id;
	if (id && !*ref) {
		const char *text = intern_text(w->names, id);
		size_t n = strlen(text);
		if (w->symbols.used + w->series.used + field_size(n) > REMOTE_REQUEST_MAX)
			return -ENOBUFS;
		unsigned char *p = arena_push(&w->symbols, field_size(n));
		if (!p)
			return -ENOBUFS;
		(void)put_text(p, V2_SYMBOL, text, n);
		*ref = w->nsymbols++;
	}
	*ret = *ref;
	return 0;
}

/* A series that finds no room leaves symbols behind that nothing refers to; that is allowed. */
static int add_v2(struct remote_writer *w, const struct remote_series *s,
	const struct remote_sample *samples, size_t n)
{
	uint32_t refs[2 * REMOTE_LABELS], help, unit;
	size_t nrefs = 0, refs_size = 0;
	int r = symbol(w, s->help, &help);
	if (r == 0)
		r = symbol(w, s->unit, &unit);
	for (unsigned i = 0; r == 0 && i < s->nlabels; i++) {
		r = symbol(w, s->labels[i].name, &refs[nrefs++]);
		if (r == 0)
			r = symbol(w, s->labels[i].value, &refs[nrefs++]);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < nrefs; i++)
		refs_size += varint_size(refs[i]);
	size_t metadata = 2 + 1 + varint_size(help) + 1 + varint_size(unit);
	size_t size = field_size(refs_size) + samples_size(samples, n) + field_size(metadata);
	if (w->symbols.used + w->series.used + field_size(size) > REMOTE_REQUEST_MAX)
		return -ENOBUFS;
	unsigned char *p = arena_push(&w->series, field_size(size));
	if (!p)
		return -ENOBUFS;
	p = put_tagged(p, V2_SERIES, size);
	p = put_tagged(p, V2_LABEL_REFS, refs_size);
	for (size_t i = 0; i < nrefs; i++)
		p = put_varint(p, refs[i]);
	p = put_samples(p, samples, n);
	p = put_tagged(p, V2_METADATA, metadata);
	p = put_tagged(p, V2_METADATA_TYPE, s->type);
	p = put_tagged(p, V2_METADATA_HELP, help);
	(void)put_tagged(p, V2_METADATA_UNIT, unit);
	return 0;
}

int remote_write_add(struct remote_writer *w, const struct remote_series *s,
	const struct remote_sample *samples, size_t n)
{
	return w->version == REMOTE_WRITE_1 ? add_v1(w, s, samples, n) : add_v2(w, s, samples, n);
}

int remote_write_end(struct remote_writer *w, const void **ret, size_t *ret_n)
{
	size_t series = w->series.used, symbols = w->symbols.used;
	if (symbols) {
		if (!arena_push(&w->series, symbols))
			return -ENOMEM;
		memmove(w->series.base + symbols, w->series.base, series);
		memcpy(w->series.base, w->symbols.base, symbols);
	}
	arena_reset(&w->packed);
	size_t n = snappy_max_compressed_length(w->series.used);
	char *out = arena_push(&w->packed, n);
	if (!out ||
		snappy_compress((const char *)w->series.base, w->series.used, out, &n) != SNAPPY_OK)
		return -ENOMEM;
	*ret = out;
	*ret_n = n;
	return 0;
}
