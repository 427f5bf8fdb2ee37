/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What is known of the machine as text (the table of facts), its clock, its hardware's own counts of errors, and who is logged in. */
#include "collect/collect.h"

#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <utmp.h>

enum { FACT_MAX = 64 };

/* The line without blanks at its ends, cut. */
static int line_fact(struct scan bytes, const struct out *o, const char *key)
{
	struct scan line;
	if (!scan_line(&bytes, &line))
		return -EBADMSG;
	scan_blanks(&line);
	while (line.end > line.p && (line.end[-1] == ' ' || line.end[-1] == '\t'))
		line.end--;
	if (line.p == line.end)
		return -EBADMSG;
	if (scan_len(line) > FACT_MAX)
		line.end = line.p + FACT_MAX;
	out_fact(o, key, line);
	return 0;
}

int collect_osrelease(struct scan bytes, const struct out *o)
{
	return line_fact(bytes, o, "kernel");
}

int collect_boot_id(struct scan bytes, const struct out *o)
{
	return line_fact(bytes, o, "boot");
}

int collect_clocksource(struct scan bytes, const struct out *o)
{
	return line_fact(bytes, o, "clocksource");
}

int collect_product(struct scan bytes, const struct out *o)
{
	return line_fact(bytes, o, "product");
}

int collect_vendor(struct scan bytes, const struct out *o)
{
	return line_fact(bytes, o, "vendor");
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" (os-release(5)) */
int collect_os_release(struct scan bytes, const struct out *o)
{
	struct scan line;
	while (scan_line(&bytes, &line)) {
		if (!scan_starts(line, "PRETTY_NAME="))
			continue;
		line.p += strlen("PRETTY_NAME=");
		if (scan_len(line) >= 2 && (*line.p == '"' || *line.p == '\'') &&
			line.end[-1] == *line.p) {
			line.p++;
			line.end--;
		}
		return line_fact(line, o, "system");
	}
	return -EBADMSG;
}

/* The state of the kernel's clock, as adjtimex(2) tells it; the reader writes it down as lines (read/reader_made.c). It says whether some
 * program keeps the clock right and how far off it may be, not what time it is. Offsets and rates have a sign, which is left off. maxerror
 * grows by 500 ppm when nobody sets it, and at 16 s the kernel itself says "unsynchronised". */
int collect_timex(struct scan bytes, const struct out *o)
{
	static const char *const keys[] = {
		"state", "status", "offset", "freq", "maxerror", "esterror"};
	enum { STATE, STATUS, OFFSET, FREQ, MAXERROR, ESTERROR, KEYS };
	int64_t v[KEYS] = {0};
	unsigned have = 0;
	struct scan line, word;
	while (scan_line(&bytes, &line)) {
		int64_t n;
		if (!scan_word(&line, &word) || !scan_skip(&line, ' ') || !scan_i64(&line, &n))
			continue;
		for (unsigned i = 0; i < KEYS; i++)
			if (scan_is(word, keys[i])) {
				v[i] = n;
				have |= 1u << i;
			}
	}
	if (have != (1u << KEYS) - 1)
		return -EBADMSG;
	uint64_t offset = (uint64_t)(v[OFFSET] < 0 ? -v[OFFSET] : v[OFFSET]);
	uint64_t freq = (uint64_t)(v[FREQ] < 0 ? -v[FREQ] : v[FREQ]);
	if (offset > UINT32_MAX || freq > UINT32_MAX || v[MAXERROR] < 0 || v[ESTERROR] < 0)
		return -EBADMSG;
	bool nano = v[STATUS] & STA_NANO;
	out_plain(o, M_CLOCK_SYNC, !(v[STATUS] & STA_UNSYNC) && v[STATE] != TIME_ERROR);
	out_plain(o, M_CLOCK_OFFSET, nano ? offset : offset * 1000);
	out_plain(o, M_CLOCK_MAXERROR, (uint64_t)v[MAXERROR]);
	out_plain(o, M_CLOCK_ESTERROR, (uint64_t)v[ESTERROR]);
	out_plain(o, M_CLOCK_FREQUENCY, freq * 1000 >> 16); /* from ppm with 16 binary places */
	return 0;
}

/* /run/utmp: records of fixed size, which differs between architectures; a recording may come from another one, also one with the other order
 * of bytes. Systems without it (musl, newer ones) have none. */
int collect_utmp(struct scan bytes, const struct out *o)
{
	static const size_t sizes[] = {sizeof(struct utmp), 384, 400};
	size_t len = scan_len(bytes), i = 0;
	while (i < COUNTOF(sizes) && len % sizes[i])
		i++;
	if (i == COUNTOF(sizes))
		return -EBADMSG;
	uint64_t users = 0;
	for (const char *p = bytes.p; p < bytes.end; p += sizes[i]) {
		uint16_t type;
		memcpy(&type, p, sizeof type);
		users += type == USER_PROCESS || type == USER_PROCESS << 8;
	}
	out_plain(o, M_USERS, users);
	return 0;
}

/* ---- the hardware's counts ---- */

static int sum(struct scan bytes, const struct out *o, enum metric m)
{
	uint64_t v;
	if (!scan_u64(&bytes, &v))
		return -EBADMSG;
	out_add(o, m, 0, v);
	return 0;
}

/* Errors of memory, by controller (drivers/edac/edac_mc_sysfs.c). */
int folder_ecc_corrected(struct scan bytes, const struct out *o, uint32_t instance)
{
	(void)instance;
	return sum(bytes, o, M_ECC_CORRECTED);
}

int folder_ecc_uncorrected(struct scan bytes, const struct out *o, uint32_t instance)
{
	(void)instance;
	return sum(bytes, o, M_ECC_UNCORRECTED);
}

/* Times that Intel processors throttled (arch/x86/kernel/cpu/mce/therm_throt.c). Each CPU of a package repeats the package's number. */
int folder_throttled_core(struct scan bytes, const struct out *o, uint32_t instance)
{
	(void)instance;
	return sum(bytes, o, M_THROTTLED_CORE);
}

int folder_throttled_package(struct scan bytes, const struct out *o, uint32_t instance)
{
	(void)instance;
	return sum(bytes, o, M_THROTTLED_PACKAGE);
}
