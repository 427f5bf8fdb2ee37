/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/stream.h"

#include "base/num.h"

/* The first number of a stream. */
enum stream_kind { STREAM_ABSENT, STREAM_CONSTANT, STREAM_ORDER_1, STREAM_ORDER_2 };

/* Tokens: a surprise has bit 0 clear and its zigzag less 1 above it (it is never 0); a run has bit 0
 * set, bit 1 tells a run of missing rows, and its length less 1 stands above. STREAM_FAR: the zigzag less 1
 * of a surprise follows as a number of its own. */

static uint64_t magnitude(uint64_t difference)
{
	return (int64_t)difference < 0 ? -difference : difference;
}

static unsigned varint_size(uint64_t v)
{
	return (70 - (unsigned)__builtin_clzll(v | 1)) / 7;
}

struct survey {
	uint64_t unit[2]; /* greatest common divisor of the surprises, by order - 1 */
	uint64_t cost[2]; /* bytes without dividing */
	bool any, missing, varies;
	uint64_t first;
};

/* How dear would it be with either order, and what do the differences have in common? */
static struct survey survey_of(const uint64_t *values, const uint8_t *present, size_t n)
{
	struct survey v = {0};
	uint64_t last = 0, step = 0;
	for (size_t i = 0; i < n; i++) {
		if (!present[i]) {
			v.missing = true;
			continue;
		}
		if (!v.any) {
			v.any = true;
			v.first = last = values[i];
			continue;
		}
		uint64_t d = values[i] - last, dd = d - step;
		last = values[i];
		step = d;
		if (d) {
			v.varies = true;
			v.cost[0] += varint_size((zigzag(d) - 1) << 1);
			if (v.unit[0] != 1)
				v.unit[0] = num_gcd(v.unit[0], magnitude(d));
		}
		if (dd) {
			v.cost[1] += varint_size((zigzag(dd) - 1) << 1);
			if (v.unit[1] != 1)
				v.unit[1] = num_gcd(v.unit[1], magnitude(dd));
		}
	}
	return v;
}

static void put_run(struct arena *out, uint64_t *run, bool missing)
{
	if (*run)
		put_varint(out, (*run - 1) << 2 | (unsigned)missing << 1 | 1);
	*run = 0;
}

static void put_tokens(struct arena *out, const uint64_t *values, const uint8_t *present, size_t n,
	unsigned order, uint64_t unit, uint64_t first)
{
	uint64_t last = first, step = 0, run = 0;
	bool missing = false;
	for (size_t i = 0; i < n; i++) {
		uint64_t surprise = 0;
		if (present[i]) {
			uint64_t d = values[i] - last;
			surprise = order == 2 ? d - step : d;
			last = values[i];
			step = d;
		}
		if (present[i] && surprise) {
			put_run(out, &run, missing);
			uint64_t parts =
				(int64_t)surprise < 0 ? -(-surprise / unit) : surprise / unit;
			unsigned char token[STREAM_SURPRISE];
			put_bytes(out, token, (size_t)(stream_surprise(token, parts) - token));
			missing = false;
			continue;
		}
		if (run && missing == (bool)present[i])
			put_run(out, &run, missing);
		missing = !present[i];
		run++;
	}
	if (missing) /* what exists goes on by itself */
		put_run(out, &run, missing);
}

void stream_put_constant(struct arena *out, uint64_t value)
{
	put_varint(out, STREAM_CONSTANT);
	put_varint(out, value);
}

void stream_put(struct arena *out, const uint64_t *values, const uint8_t *present, size_t n)
{
	struct survey v = survey_of(values, present, n);
	if (!v.any) {
		put_varint(out, STREAM_ABSENT);
	} else if (!v.varies && !v.missing) {
		stream_put_constant(out, v.first);
	} else {
		unsigned order = v.cost[1] < v.cost[0] ? 2 : 1;
		uint64_t unit = v.unit[order - 1] ? v.unit[order - 1] : 1;
		put_varint(out, order == 2 ? STREAM_ORDER_2 : STREAM_ORDER_1);
		put_varint(out, unit);
		put_varint(out, v.first);
		put_tokens(out, values, present, n, order, unit, v.first);
	}
}

/* ---- reading ---- */

void stream_begin(struct stream *s, const void *bytes, size_t n)
{
	*s = (struct stream){.g = get_over(bytes, n), .unit = 1, .run = UINT64_MAX, .order = 1};
	uint64_t kind = get_varint(&s->g);
	if (kind == STREAM_CONSTANT) {
		s->value = get_varint(&s->g);
		s->present = !s->g.bad;
	} else if (kind == STREAM_ORDER_1 || kind == STREAM_ORDER_2) {
		s->order = kind == STREAM_ORDER_2 ? 2 : 1;
		s->unit = get_varint(&s->g);
		s->value = get_varint(&s->g);
		s->present = !s->g.bad;
		s->run = 0;
	}
}

/* Reads the next token: afterwards s->run rows follow, the first one changed by the surprise. */
static uint64_t next_run(struct stream *s)
{
	if (s->g.p == s->g.end) {
		s->run = UINT64_MAX;
		s->present = true;
		return 0;
	}
	uint64_t token = get_varint(&s->g);
	if (s->g.bad) { /* cut: what follows is not known */
		s->run = UINT64_MAX;
		s->present = false;
		return 0;
	}
	if (token == STREAM_FAR) {
		s->run = 1;
		s->present = true;
		return unzigzag(get_varint(&s->g) + 1) * s->unit;
	}
	if (token & 1) {
		s->run = (token >> 2) + 1;
		s->present = !(token & 2);
		return 0;
	}
	s->run = 1;
	s->present = true;
	return unzigzag((token >> 1) + 1) * s->unit;
}

static inline void advance(struct stream *s, uint64_t surprise)
{
	if (s->order == 2) {
		s->step += surprise;
		s->value += s->step;
	} else {
		s->value += surprise;
	}
}

bool stream_next(struct stream *s, uint64_t *ret)
{
	uint64_t surprise = s->run == 0 ? next_run(s) : 0;
	s->run--;
	if (!s->present)
		return false;
	advance(s, surprise);
	*ret = s->value;
	return true;
}

/* Surprises one behind the other, as busy series have them, until something else comes: how many rows. */
static size_t read_surprises(struct stream *s, uint64_t *values, uint8_t *present, size_t n)
{
	size_t i = 0;
	const unsigned char *p = s->g.p, *end = s->g.end;
	while (i < n && p < end && !(*p & 1)) {
		uint64_t token = *p++;
		if (token >= 0x80) {
			token &= 0x7f;
			unsigned shift = 7;
			while (p < end && *p >= 0x80 && shift < 56) {
				token |= (uint64_t)(*p++ & 0x7f) << shift;
				shift += 7;
			}
			if (p == end || *p >= 0x80)
				break; /* cut, or very large: for the careful reader */
			token |= (uint64_t)*p++ << shift;
		}
		advance(s, unzigzag((token >> 1) + 1) * s->unit);
		values[i] = s->value;
		present[i++] = 1;
		s->g.p = p;
		s->present = true;
	}
	return i;
}

void stream_read(struct stream *s, uint64_t *values, uint8_t *present, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (s->run == 0) {
			i += read_surprises(s, values + i, present + i, n - i);
			if (i == n)
				break;
		}
		uint64_t surprise = s->run == 0 ? next_run(s) : 0;
		size_t rows = s->run < n - i ? (size_t)s->run : n - i;
		s->run -= rows;
		memset(present + i, s->present, rows);
		if (!s->present) {
			while (rows--)
				values[i++] = s->value;
			continue;
		}
		advance(s, surprise);
		values[i++] = s->value;
		for (rows--; rows; rows--) {
			if (s->order == 2)
				s->value += s->step;
			values[i++] = s->value;
		}
	}
}

size_t stream_run(struct stream *s, size_t most, uint64_t *ret_value, bool *ret_present)
{
	uint64_t surprise = s->run == 0 ? next_run(s) : 0;
	bool alike = !s->present || s->order == 1 || (s->step == 0 && surprise == 0);
	size_t rows = !alike ? 1 : s->run < most ? (size_t)s->run : most;
	s->run -= rows;
	if (s->present)
		advance(s, surprise);
	*ret_value = s->value;
	*ret_present = s->present;
	return rows;
}

void stream_skip(struct stream *s, size_t n)
{
	while (n) {
		uint64_t surprise = s->run == 0 ? next_run(s) : 0;
		size_t rows = s->run < n ? (size_t)s->run : n;
		s->run -= rows;
		n -= rows;
		if (!s->present)
			continue;
		advance(s, surprise);
		if (s->order == 2)
			s->value += s->step * (rows - 1);
	}
}
