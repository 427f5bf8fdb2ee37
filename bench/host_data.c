/*
 * SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC
 *
 * host_data SECONDS FILE - records what a Linux host says of itself once a second: the samples that
 * storage is measured with. Compiled by hand: cc -std=gnu17 -O2 -o host_data host_data.c
 *
 * It reads every number of some thirty files of /proc that speak of the host, none of a process:
 * about 3,000 series on a small machine, of which some 5 % change from one second to the next. What
 * is not known here is what a number means; a name and a kind is all a store has to know.
 *
 * The file is text, lines ended by \n, words parted by one space:
 *
 *     plimsoll-host-data 1
 *     S 0 counter stat.cpu.user          id, kind, name; ids count from 0 without a gap, and all
 *     S 1 gauge meminfo.MemFree          S lines come before the first T
 *     ...
 *     T 1790000000000123                 a second: the real time it was read at, microseconds
 *     0 4711                             id, value: an int64, only what differs from the last
 *     1 -                                second (the first has all); - is a value that is gone
 *     T 1790000001000119                 a second without changes is a T line alone
 *
 * A second is complete when the next T line or the end of the file follows; a run that was killed
 * may end in half a line. Between two T lines lies one second, or several where the reader was not
 * let run: then those seconds are missing, not unchanged. Series are those of the first second;
 * what is born later is ignored.
 *
 * counter means "made to grow"; that a counter never shrinks is the kernel's affair and not always
 * so (iowait, and everything at 2^32 on 32 bit). Everything else is a gauge. Fractions of the kernel
 * (load, pressure) have two decimals and are stored times 100. Numbers above 2^63 come out negative.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_SERIES  16384
#define HASH_SIZE   (4 * MAX_SERIES)
#define MAX_NAME    128
#define MAX_WORDS   1024
#define MAX_SOURCES 128
#define MAX_FILE    (4 << 20)
#define FLUSH_S     60

enum kind { GAUGE, COUNTER };

struct series {
	char name[MAX_NAME];
	enum kind kind;
	int64_t value, last;
	bool there, was_there; /* in this second, in the last */
};

struct source {
	char path[MAX_NAME];
	char name[MAX_NAME]; /* what the names of its series begin with */
	void (*parse)(const struct source *source, char *text);
	int fd;
};

static struct series *series;
static int count;
static int table[HASH_SIZE]; /* id + 1, found by name */
static bool started;         /* the first second is over: no more series */
static struct source sources[MAX_SOURCES];
static int source_count;
static volatile sig_atomic_t stop;

static void die(const char *what)
{
	fprintf(stderr, "host_data: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ------------------------------------------------------------------------------- the samples */

static int *slot_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	for (h %= HASH_SIZE; table[h]; h = (h + 1) % HASH_SIZE) {
		if (strcmp(series[table[h] - 1].name, name) == 0)
			break;
	}
	return &table[h];
}

/* Where a name comes twice within a second (slab caches may share one) the first counts. */
__attribute__((format(printf, 3, 4))) static void put(
	enum kind kind, int64_t value, const char *format, ...)
{
	char name[MAX_NAME];
	struct series *s;
	va_list args;
	int *slot;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	for (char *p = name; *p; p++) {
		if (isspace((unsigned char)*p))
			*p = '_';
	}
	slot = slot_of(name);
	if (!*slot) {
		if (started || count == MAX_SERIES)
			return;
		s = &series[count];
		memcpy(s->name, name, sizeof(name));
		s->kind = kind;
		*slot = ++count;
	}
	s = &series[*slot - 1];
	if (s->there)
		return;
	s->value = value;
	s->there = true;
}

/* ------------------------------------------------------------------------------ lines, words */

static char *next_line(char **text)
{
	char *line = *text, *end = line + strcspn(line, "\n");

	if (!*line)
		return NULL;
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static int split(char *line, char **word, const char *separators)
{
	int n = 0;

	for (char *p = line; n < MAX_WORDS;) {
		p += strspn(p, separators);
		if (!*p)
			break;
		word[n++] = p;
		p += strcspn(p, separators);
		if (*p)
			*p++ = '\0';
	}
	return n;
}

static bool number(const char *word, int base, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = *word == '-' ? strtoll(word, &end, base) : (int64_t)strtoull(word, &end, base);
	return end != word && !*end && !errno;
}

/* "12.34" as 1234; the kernel prints two decimals here, always. */
static bool hundredths(const char *word, int64_t *ret)
{
	const char *dot = strchr(word, '.');
	char digits[32];

	if (!dot || strlen(dot) != 3 || strlen(word) >= sizeof(digits))
		return false;
	snprintf(digits, sizeof(digits), "%.*s%s", (int)(dot - word), word, dot + 1);
	return number(digits, 10, ret);
}

/* The numbers of words first... as NAME.KEY.COLUMN, or NAME.KEY.INDEX where there are no columns. */
static void put_words(const struct source *source, const char *key, char **word, int first, int n,
	int base, enum kind kind)
{
	int64_t value;

	for (int i = first; i < n; i++) {
		if (number(word[i], base, &value))
			put(kind, value, "%s.%s.%d", source->name, key, i - first);
	}
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* --------------------------------------------------------------------------------- the files */

static void parse_stat(const struct source *source, char *text)
{
	static const char *const cpu[] = {"user", "nice", "system", "idle", "iowait", "irq",
		"softirq", "steal", "guest", "guest_nice"};
	static const char *const gauges[] = {"btime", "procs_running", "procs_blocked", NULL};
	char *word[MAX_WORDS];
	int64_t value;

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " ");

		if (n > 11 && begins(word[0], "intr"))
			n = 2; /* the rest is /proc/interrupts again */
		if (n > 1 && begins(word[0], "cpu")) {
			for (int i = 1; i < n && i <= 10; i++) {
				if (number(word[i], 10, &value))
					put(COUNTER, value, "stat.%s.%s", word[0], cpu[i - 1]);
			}
		} else if (n == 2 && number(word[1], 10, &value)) {
			put(is_one_of(word[0], gauges) ? GAUGE : COUNTER, value, "stat.%s",
				word[0]);
		} else if (n > 2) {
			put_words(source, word[0], word, 1, n, 10, COUNTER);
		}
	}
}

/* Of /proc/vmstat and /proc/zoneinfo: nr_ is a state, all else an event, with these exceptions. */
static enum kind vm_kind(const char *name)
{
	static const char *const events[] = {
		"nr_dirtied", "nr_written", "nr_throttled_written", NULL};
	static const char *const event_prefixes[] = {"nr_vmscan_", "nr_foll_pin_", "nr_tlb_"};

	for (size_t i = 0; i < sizeof(event_prefixes) / sizeof(event_prefixes[0]); i++) {
		if (begins(name, event_prefixes[i]))
			return COUNTER;
	}
	if (is_one_of(name, events))
		return COUNTER;
	return begins(name, "nr_") || strcmp(name, "workingset_nodes") == 0 ? GAUGE : COUNTER;
}

/* Lines of a name and one number, and perhaps a unit. */
static void put_pairs(const struct source *source, char *text, enum kind (*kind)(const char *name))
{
	char *word[MAX_WORDS];
	int64_t value;

	for (char *line; (line = next_line(&text));) {
		if (split(line, word, ": \t") >= 2 && number(word[1], 10, &value))
			put(kind(word[0]), value, "%s.%s", source->name, word[0]);
	}
}

static enum kind always_gauge(const char *name)
{
	(void)name;
	return GAUGE;
}

static enum kind ipv6_kind(const char *name)
{
	return strcmp(name, "ifIndex") == 0 ? GAUGE : COUNTER;
}

static void parse_gauges(const struct source *source, char *text)
{
	put_pairs(source, text, always_gauge);
}

static void parse_vmstat(const struct source *source, char *text)
{
	put_pairs(source, text, vm_kind);
}

static void parse_snmp6(const struct source *source, char *text)
{
	put_pairs(source, text, ipv6_kind);
}

static void parse_diskstats(const struct source *source, char *text)
{
	static const char *const column[] = {
		"reads",
		"reads_merged",
		"read_sectors",
		"read_ms",
		"writes",
		"writes_merged",
		"write_sectors",
		"write_ms",
		"in_flight",
		"busy_ms",
		"weighted_ms",
		"discards",
		"discards_merged",
		"discard_sectors",
		"discard_ms",
		"flushes",
		"flush_ms",
	};
	char *word[MAX_WORDS];
	int64_t value;

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " ");

		for (int i = 3; i < n && i < 3 + 17; i++) {
			if (number(word[i], 10, &value))
				put(i == 3 + 8 ? GAUGE : COUNTER, value, "%s.%s.%s", source->name,
					word[2], column[i - 3]);
		}
	}
}

static void parse_netdev(const struct source *source, char *text)
{
	static const char *const column[] = {
		"rx_bytes",
		"rx_packets",
		"rx_errs",
		"rx_drop",
		"rx_fifo",
		"rx_frame",
		"rx_compressed",
		"rx_multicast",
		"tx_bytes",
		"tx_packets",
		"tx_errs",
		"tx_drop",
		"tx_fifo",
		"tx_colls",
		"tx_carrier",
		"tx_compressed",
	};
	char *word[MAX_WORDS];
	int64_t value;

	next_line(&text);
	next_line(&text);
	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, ": ");

		for (int i = 1; i < n && i <= 16; i++) {
			if (number(word[i], 10, &value))
				put(COUNTER, value, "%s.%s.%s", source->name, word[0],
					column[i - 1]);
		}
	}
}

/* snmp and netstat: a line of names and a line of numbers, both beginning with the protocol. */
static void parse_snmp(const struct source *source, char *text)
{
	static const char *const gauges[] = {"Forwarding", "DefaultTTL", "RtoAlgorithm", "RtoMin",
		"RtoMax", "MaxConn", "CurrEstab", NULL};
	char *name[MAX_WORDS], *word[MAX_WORDS];
	int64_t value;

	for (char *names, *line; (names = next_line(&text)) && (line = next_line(&text));) {
		int names_n = split(names, name, ": "), n = split(line, word, ": ");

		for (int i = 1; i < n && i < names_n; i++) {
			if (number(word[i], 10, &value))
				put(is_one_of(name[i], gauges) ? GAUGE : COUNTER, value, "%s.%s.%s",
					source->name, word[0], name[i]);
		}
	}
}

static void parse_slabinfo(const struct source *source, char *text)
{
	static const struct {
		const char *name;
		int word;
	} columns[] = {{"active_objs", 1}, {"num_objs", 2}, {"objsize", 3}, {"active_slabs", 13},
		{"num_slabs", 14}};
	char *word[MAX_WORDS];
	int64_t value;

	next_line(&text);
	next_line(&text);
	for (char *line; (line = next_line(&text));) {
		if (split(line, word, " ") < 15)
			continue;
		for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
			if (number(word[columns[i].word], 10, &value))
				put(GAUGE, value, "%s.%s.%s", source->name, word[0],
					columns[i].name);
		}
	}
}

/* interrupts and softirqs: a line of CPUs, then per line a name and a number of each CPU. */
static void parse_irqs(const struct source *source, char *text)
{
	char *cpu[MAX_WORDS], *word[MAX_WORDS], *line = next_line(&text);
	int cpus = line ? split(line, cpu, " ") : 0;
	int64_t value;

	while ((line = next_line(&text))) {
		int n = split(line, word, ": ");

		for (int i = 1; i < n && i <= cpus && number(word[i], 10, &value); i++)
			put(COUNTER, value, "%s.%s.%s", source->name, word[0], cpu[i - 1]);
	}
}

static void parse_softnet(const struct source *source, char *text)
{
	static const char *const column[] = {
		"processed",
		"dropped",
		"squeezed",
		"3",
		"4",
		"5",
		"6",
		"7",
		"collisions",
		"received_rps",
		"flow_limited",
		"backlog",
		"cpu",
		"input_backlog",
		"process_backlog",
	};
	char *word[MAX_WORDS];
	int64_t value;
	int row = 0;

	for (char *line; (line = next_line(&text)); row++) {
		int n = split(line, word, " ");

		for (int i = 0; i < n && i < 15; i++) {
			if (number(word[i], 16, &value))
				put(i >= 11 ? GAUGE : COUNTER, value, "%s.%d.%s", source->name, row,
					column[i]);
		}
	}
}

static void parse_pressure(const struct source *source, char *text)
{
	char *word[MAX_WORDS];
	int64_t value;

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " =");

		for (int i = 1; i + 1 < n; i += 2) {
			if (hundredths(word[i + 1], &value))
				put(GAUGE, value, "%s.%s.%s", source->name, word[0], word[i]);
			else if (number(word[i + 1], 10, &value))
				put(COUNTER, value, "%s.%s.%s", source->name, word[0], word[i]);
		}
	}
}

static void parse_loadavg(const struct source *source, char *text)
{
	static const char *const column[] = {"1", "5", "15", "runnable", "threads", "last_pid"};
	char *word[MAX_WORDS];
	int n = split(text, word, " /\n");
	int64_t value;

	for (int i = 0; i < n && i < 6; i++) {
		if (hundredths(word[i], &value) || number(word[i], 10, &value))
			put(GAUGE, value, "%s.%s", source->name, column[i]);
	}
}

static void put_zone_line(const char *scope, const char *cpu, char **word, int n)
{
	static const char *const labels[] = {"pages", "vm", "stats", NULL};
	bool protection = begins(word[0], "protection");
	int first = 0;
	int64_t value;

	while (first < n - 2 && is_one_of(word[first], labels))
		first++; /* "pages free", "vm stats threshold" */
	for (int i = first + 1; i < n && (protection || i == n - 1); i++) {
		enum kind kind = begins(word[first], "nr_") || begins(word[first], "pg") ||
						 begins(word[first], "numa_") ||
						 begins(word[first], "workingset_")
					 ? vm_kind(word[first])
					 : GAUGE;

		if (!number(word[i], 10, &value))
			continue;
		if (protection)
			put(GAUGE, value, "zoneinfo.%s.protection.%d", scope, i - 1);
		else
			put(kind, value, "zoneinfo.%s%s.%s", scope, cpu, word[first]);
	}
}

/* Blocks by zone; the first of a node begins with numbers of the whole node. */
static void parse_zoneinfo(const struct source *source, char *text)
{
	char scope[MAX_NAME / 2] = "", zone[MAX_NAME / 2] = "", cpu[24] = "";
	char *word[MAX_WORDS];

	(void)source;
	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " :,()");

		if (n == 4 && strcmp(word[0], "Node") == 0) {
			snprintf(scope, sizeof(scope), "%.20s.%.30s", word[1], word[3]);
			snprintf(zone, sizeof(zone), "%s", scope);
			cpu[0] = '\0';
		} else if (n == 2 && strcmp(word[0], "per-node") == 0) {
			snprintf(scope, sizeof(scope), "%.*s.node", (int)strcspn(zone, "."), zone);
		} else if (n == 2 && strcmp(word[0], "cpu") == 0) {
			snprintf(cpu, sizeof(cpu), ".cpu%.15s", word[1]);
		} else if (n >= 2) {
			if (strcmp(word[0], "pages") == 0)
				snprintf(scope, sizeof(scope), "%s", zone);
			if (strcmp(word[0], "node_unreclaimable") == 0)
				cpu[0] = '\0';
			put_zone_line(scope, cpu, word, n);
		}
	}
}

static void parse_buddyinfo(const struct source *source, char *text)
{
	char *word[MAX_WORDS], key[MAX_NAME];

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " ,");

		if (n < 5)
			continue;
		snprintf(key, sizeof(key), "%.20s.%.30s", word[1], word[3]);
		put_words(source, key, word, 4, n, 10, GAUGE);
	}
}

/* Free pages by zone, type and order; then blocks by zone, with a line of types above. */
static void parse_pagetypeinfo(const struct source *source, char *text)
{
	char *word[MAX_WORDS], key[MAX_NAME];

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, " ,");

		if (n < 5 || strcmp(word[0], "Node") != 0)
			continue;
		if (n > 6 && strcmp(word[4], "type") == 0) {
			snprintf(key, sizeof(key), "%.20s.%.30s.%.30s", word[1], word[3], word[5]);
			put_words(source, key, word, 6, n, 10, GAUGE);
		} else {
			snprintf(key, sizeof(key), "%.20s.%.30s.blocks", word[1], word[3]);
			put_words(source, key, word, 4, n, 10, GAUGE);
		}
	}
}

/* "TCP: inuse 1 orphan 0 ..." */
static void parse_sockstat(const struct source *source, char *text)
{
	char *word[MAX_WORDS];
	int64_t value;

	for (char *line; (line = next_line(&text));) {
		int n = split(line, word, ": ");

		for (int i = 1; i + 1 < n; i += 2) {
			if (number(word[i + 1], 10, &value))
				put(GAUGE, value, "%s.%s.%s", source->name, word[0], word[i]);
		}
	}
}

/* /proc/net/stat: a line of names, then a line of hex numbers per CPU. */
static void parse_netcpu(const struct source *source, char *text)
{
	char *name[MAX_WORDS], *word[MAX_WORDS], *line = next_line(&text);
	int names_n = line ? split(line, name, " \t") : 0;
	int64_t value;
	int row = 0;

	for (; (line = next_line(&text)); row++) {
		int n = split(line, word, " \t");

		for (int i = 0; i < n && i < names_n; i++) {
			if (number(word[i], 16, &value))
				put(strcmp(name[i], "entries") == 0 ? GAUGE : COUNTER, value,
					"%s.%d.%s", source->name, row, name[i]);
		}
	}
}

static void parse_protocols(const struct source *source, char *text)
{
	char *word[MAX_WORDS];
	int64_t value;

	next_line(&text);
	for (char *line; (line = next_line(&text));) {
		if (split(line, word, " ") < 4)
			continue;
		if (number(word[2], 10, &value))
			put(GAUGE, value, "%s.%s.sockets", source->name, word[0]);
		if (number(word[3], 10, &value))
			put(GAUGE, value, "%s.%s.memory", source->name, word[0]);
	}
}

static void parse_row(const struct source *source, char *text)
{
	char *word[MAX_WORDS];

	put_words(source, "row", word, 0, split(text, word, " \t\n"), 10, GAUGE);
}

/* ---------------------------------------------------------------------------------- the work */

static void add_source(const char *folder, const char *file, const char *name,
	void (*parse)(const struct source *source, char *text))
{
	struct source *s = &sources[source_count];

	if (source_count == MAX_SOURCES)
		return;
	snprintf(s->path, sizeof(s->path), "%s/%.60s", folder, file);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->parse = parse;
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		fprintf(stderr, "host_data: without %s: %s\n", s->path, strerror(errno));
	else
		source_count++;
}

/* In the order of their names, so that two runs number their series alike. */
static void add_folder(const char *folder, const char *name,
	void (*parse)(const struct source *source, char *text))
{
	char full_name[MAX_NAME];
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.') {
			snprintf(full_name, sizeof(full_name), "%s.%.40s", name, entry[i]->d_name);
			add_source(folder, entry[i]->d_name, full_name, parse);
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

static void add_sources(void)
{
	static const struct {
		const char *file, *name;
		void (*parse)(const struct source *source, char *text);
	} files[] = {
		{"stat", "stat", parse_stat},
		{"meminfo", "meminfo", parse_gauges},
		{"vmstat", "vmstat", parse_vmstat},
		{"diskstats", "diskstats", parse_diskstats},
		{"net/dev", "netdev", parse_netdev},
		{"net/snmp", "snmp", parse_snmp},
		{"net/netstat", "netstat", parse_snmp},
		{"net/snmp6", "snmp6", parse_snmp6},
		{"net/sockstat", "sockstat", parse_sockstat},
		{"net/sockstat6", "sockstat6", parse_sockstat},
		{"net/protocols", "protocols", parse_protocols},
		{"net/softnet_stat", "softnet", parse_softnet},
		{"slabinfo", "slabinfo", parse_slabinfo},
		{"interrupts", "interrupts", parse_irqs},
		{"softirqs", "softirqs", parse_irqs},
		{"pressure/cpu", "pressure.cpu", parse_pressure},
		{"pressure/io", "pressure.io", parse_pressure},
		{"pressure/memory", "pressure.memory", parse_pressure},
		{"pressure/irq", "pressure.irq", parse_pressure},
		{"loadavg", "loadavg", parse_loadavg},
		{"zoneinfo", "zoneinfo", parse_zoneinfo},
		{"buddyinfo", "buddyinfo", parse_buddyinfo},
		{"pagetypeinfo", "pagetypeinfo", parse_pagetypeinfo},
		{"sys/fs/file-nr", "file-nr", parse_row},
		{"sys/fs/inode-state", "inode-state", parse_row},
		{"sys/fs/dentry-state", "dentry-state", parse_row},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add_source("/proc", files[i].file, files[i].name, files[i].parse);
	add_folder("/proc/net/dev_snmp6", "dev_snmp6", parse_snmp6);
	add_folder("/proc/net/stat", "netcpu", parse_netcpu);
}

/* A file that cannot be read, or whose device has gone, gives no samples this second. */
static void read_source(struct source *source, char *text)
{
	size_t used = 0;
	ssize_t n;

	while (used < MAX_FILE - 1 &&
		(n = pread(source->fd, text + used, MAX_FILE - 1 - used, (off_t)used)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		used += (size_t)n;
	}
	text[used] = '\0';
	source->parse(source, text);
}

static void read_all(char *text)
{
	for (int i = 0; i < count; i++) {
		series[i].last = series[i].value;
		series[i].was_there = series[i].there;
		series[i].there = false;
	}
	for (int i = 0; i < source_count; i++)
		read_source(&sources[i], text);
	started = true;
}

static void write_head(FILE *out)
{
	fprintf(out, "plimsoll-host-data 1\n");
	for (int i = 0; i < count; i++)
		fprintf(out, "S %d %s %s\n", i, series[i].kind == COUNTER ? "counter" : "gauge",
			series[i].name);
}

/* Returns how many lines that took. */
static int write_changes(FILE *out, int64_t time_us)
{
	int changed = 0;

	fprintf(out, "T %" PRId64 "\n", time_us);
	for (int i = 0; i < count; i++) {
		const struct series *s = &series[i];

		if (s->there && (!s->was_there || s->value != s->last))
			fprintf(out, "%d %" PRId64 "\n", i, s->value);
		else if (!s->there && s->was_there)
			fprintf(out, "%d -\n", i);
		else
			continue;
		changed++;
	}
	return changed;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Waits for the next whole second of the clock after *due; those already past are left out. */
static void wait_next(struct timespec *due)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	do
		due->tv_sec++;
	while (due->tv_sec < now.tv_sec ||
		(due->tv_sec == now.tv_sec && due->tv_nsec < now.tv_nsec));
	while (!stop && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) == EINTR)
		;
}

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

int main(int argc, char **argv)
{
	long seconds = argc == 3 ? strtol(argv[1], NULL, 10) : 0, done = 0, changed = 0;
	struct sigaction action = {.sa_handler = on_signal};
	struct timespec due, begin;
	char *text = malloc(MAX_FILE);
	FILE *out;

	if (seconds <= 0) {
		fprintf(stderr, "usage: host_data SECONDS FILE\n");
		return 64;
	}
	series = calloc(MAX_SERIES, sizeof(*series));
	out = fopen(argv[2], "we");
	if (!text || !series || !out)
		die(argv[2]);
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	add_sources();
	clock_gettime(CLOCK_MONOTONIC, &due);
	begin = due;
	while (!stop && due.tv_sec - begin.tv_sec < seconds) {
		int64_t time_us = now_us();
		int n;

		read_all(text);
		if (done == 0)
			write_head(out);
		n = write_changes(out, time_us);
		changed += done++ > 0 ? n : 0;
		if (done % FLUSH_S == 1 && fflush(out) != 0)
			die(argv[2]);
		wait_next(&due);
	}
	if (fclose(out) != 0)
		die(argv[2]);
	printf("series %d, seconds %ld, samples changed %.2f %%\n", count, done,
		done > 1 ? 100.0 * (double)changed / ((double)count * (double)(done - 1)) : 0.0);
	return 0;
}
