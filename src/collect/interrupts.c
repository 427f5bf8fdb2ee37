/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* interrupts, softirqs: which device interrupts, and what the kernel put off until after.
 *
 * /proc/interrupts (kernel/irq/proc.c, arch/.../irq.c) has a column for each online CPU, 512 of them on large hosts, and a line for each
 * source. Devices have a number, the architecture's own sources three letters (LOC, RES, CAL; arm64: IPI0). What one wants to know is how many
 * each line had, so the columns are added up; which CPU serves them is seen in cpu.irq and cpu.softirq. Behind the counts stand the chip,
 * perhaps its own number of the line ("27", "5-edge"), perhaps "Edge" or "Level", and the names of the drivers: the instance is
 * number and names, "24 eth0-rx-0". Lines without any interrupt are left out: hundreds of queues of network cards that nobody uses. A
 * line's number may go to another device when drivers are loaded; then its names change, and so does the series.
 *
 * The counts per CPU are 32 bits wide and wrap on their own, so the sum may step back by 2^32. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>

enum { NAME_MAX_LEN = 64 };

static unsigned cpu_columns(struct scan *bytes)
{
	struct scan line, word;
	unsigned n = 0;
	if (!scan_line(bytes, &line))
		return 0;
	while (scan_word(&line, &word) && scan_starts(word, "CPU"))
		n++;
	return n;
}

/* Adds up at most n columns; false when there is none. */
static bool add_up(struct scan *line, unsigned n, uint64_t *ret)
{
	uint64_t v, sum = 0;
	unsigned i = 0;
	while (i < n && scan_u64(line, &v)) {
		sum += v;
		i++;
	}
	*ret = sum;
	return i > 0;
}

/* "27", "5-edge", "524288-edge": the chip's own number of the line. */
static bool is_chip_number(struct scan word)
{
	const char *p = word.p;
	while (p < word.end && *p >= '0' && *p <= '9')
		p++;
	return p > word.p && (p == word.end || *p == '-');
}

/* What is left behind chip, its number and the trigger: the drivers' names. */
static struct scan driver_names(struct scan line)
{
	struct scan word, rest = line;
	if (!scan_word(&rest, &word))
		return (struct scan){line.end, line.end};
	struct scan next = rest;
	if (scan_word(&next, &word) && is_chip_number(word))
		rest = next;
	next = rest;
	if (scan_word(&next, &word) &&
		(scan_is(word, "Edge") || scan_is(word, "Level") || scan_is(word, "None")))
		rest = next;
	scan_blanks(&rest);
	while (rest.end > rest.p && (rest.end[-1] == ' ' || rest.end[-1] == '\t'))
		rest.end--;
	return rest;
}

static void emit_line(const struct out *o, struct scan label, struct scan names, uint64_t sum)
{
	char text[2 * NAME_MAX_LEN + 1];
	size_t n = scan_len(label) < NAME_MAX_LEN ? scan_len(label) : NAME_MAX_LEN;
	memcpy(text, label.p, n);
	if (scan_len(names)) {
		size_t more = scan_len(names) < NAME_MAX_LEN ? scan_len(names) : NAME_MAX_LEN;
		text[n++] = ' ';
		memcpy(text + n, names.p, more);
		n += more;
	}
	out_value(o, M_IRQ_COUNT, out_instance(o, scan_over(text, n)), sum);
}

/* The next line that has counts: its label, their sum, and in *ret_rest what stands behind them. */
static bool next_counts(struct scan *bytes, unsigned cpus, struct scan *ret_label,
	uint64_t *ret_sum, struct scan *ret_rest)
{
	struct scan line, label;
	while (cpus && scan_line(bytes, &line)) {
		if (!scan_word(&line, &label) || label.end[-1] != ':' || scan_len(label) < 2 ||
			!add_up(&line, cpus, ret_sum))
			continue;
		label.end--;
		*ret_label = label;
		*ret_rest = line;
		return true;
	}
	return false;
}

int collect_interrupts(struct scan bytes, const struct out *o)
{
	unsigned cpus = cpu_columns(&bytes);
	struct scan label, rest;
	uint64_t sum;
	bool any = false;
	while (next_counts(&bytes, cpus, &label, &sum, &rest)) {
		any = true;
		/* The architecture's own lines end in a description, which says no more than the letters. */
		bool numbered = *label.p >= '0' && *label.p <= '9';
		struct scan none = {rest.end, rest.end};
		if (sum)
			emit_line(o, label, numbered ? driver_names(rest) : none, sum);
	}
	return any ? 0 : -EBADMSG;
}

/* /proc/softirqs (fs/proc/softirqs.c) has a column for each possible CPU. All ten kinds are shown, used or not. */
int collect_softirqs(struct scan bytes, const struct out *o)
{
	unsigned cpus = cpu_columns(&bytes);
	struct scan label, rest;
	uint64_t sum;
	bool any = false;
	while (next_counts(&bytes, cpus, &label, &sum, &rest)) {
		out_value(o, M_SOFTIRQ_COUNT, out_instance(o, label), sum);
		any = true;
	}
	return any ? 0 : -EBADMSG;
}
