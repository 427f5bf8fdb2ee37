/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* One target for everything that turns kernel bytes into values: the first byte picks a collector, a file of folders,
 * or one of the parsers behind the tables. Built with libFuzzer it searches; built plainly it runs
 * the saved corpus as a test. */
#include "collect/collect.h"
#include "read/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARSERS = 7, FIRST_PARSER = (int)COLLECTOR_COUNT + (int)FOLDER_COUNT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seen_socket(void *ctx, const struct diag_socket *s)
{
	char a[48], b[48];
	*(unsigned *)ctx +=
		strlen(address_text(a, &s->local)) + strlen(address_text(b, &s->peer)) > 0;
}

static void seen_entry(void *ctx, const struct ct_entry *e)
{
	char a[48];
	*(unsigned *)ctx += strlen(address_text(a, &e->source)) > 0;
}

/* What rows promise to those who read them. */
static void check_rows(const struct sample *s)
{
	const struct klog *log = TABLE_ROWS(s->klog, struct klog);
	if (s->klog.count > 64)
		abort();
	for (uint32_t i = 0; i < s->klog.count; i++)
		if (!memchr(log[i].text, 0, KLOG_TEXT) || log[i].level > 4)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct series_set series;
	static struct sample sample;
	static unsigned long runs;
	if (size == 0)
		return 0;
	if (runs++ % 4096 ==
		0) { /* names are never forgotten: begin anew before the tables are full */
		if (runs > 1) {
			series_destroy(&series);
			sample_destroy(&sample);
		}
		if (series_init(&series) < 0 || sample_init(&sample) < 0)
			abort();
	}
	sample_reset(&sample);
	const struct out o = {&sample, &series, NETNS_HOST};
	unsigned which = data[0] % (FIRST_PARSER + PARSERS);
	/* A copy of its own, so that the sanitizer sees a read one byte past the end. */
	char *bytes = malloc(size - 1 ? size - 1 : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	struct scan s = scan_over(bytes, size - 1), part;
	struct proc p = {0};
	static struct mount_line m;
	unsigned seen = 0;
	if (which < COLLECTOR_COUNT)
		(void)collector_fn((enum collector_id)which)(s, &o);
	else if (which < FIRST_PARSER)
		(void)folder_function((enum folder_id)(which - COLLECTOR_COUNT))(s, &o, 1);
	else if (which == FIRST_PARSER && parse_proc_stat(s, &p) &&
		 memchr(p.comm, 0, sizeof p.comm) == NULL)
		abort();
	else if (which == FIRST_PARSER + 1)
		(void)parse_proc_io(s, &p);
	else if (which == FIRST_PARSER + 2 && parse_proc_cgroup(s, &part) &&
		 (part.p < bytes || part.end > bytes + size - 1))
		abort();
	else if (which == FIRST_PARSER + 3)
		(void)parse_inet_diag(bytes, size - 1, seen_socket, &seen);
	else if (which == FIRST_PARSER + 4)
		(void)parse_conntrack(bytes, size - 1, seen_entry, &seen);
	else if (which == FIRST_PARSER + 5 && parse_mountinfo(s, &m) &&
		 !memchr(m.path, 0, sizeof m.path))
		abort();
	else if (which == FIRST_PARSER + 6) {
		char *text = malloc(size);
		uint64_t v;
		if (text) {
			memcpy(text, bytes, size - 1);
			text[size - 1] = '\0';
			(void)num_duration(text, &v);
			(void)num_size(text, &v);
			(void)num_time(text, UINT64_C(1795305600000000000), &v);
			free(text);
		}
	}
	check_rows(&sample);
	free(bytes);
	return 0;
}

#ifndef PLIMSOLL_LIBFUZZER
int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	unsigned run = 0;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rbe");
		if (!f) {
			perror(argv[i]);
			return 1;
		}
		size_t n = fread(data, 1, sizeof data, f);
		(void)fclose(f);
		(void)LLVMFuzzerTestOneInput(data, n);
		run++;
	}
	(void)printf("fuzz corpus: %u inputs\n", run);
	return run ? 0 : 1;
}
#endif
