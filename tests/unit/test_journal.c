/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The write side of the store when things go wrong: a queue that runs over, and a disk that is full, fails,
 * writes half of it, or forgets what it took. Whatever call fails, and how often: when the disk is well
 * again every sample is there, once and in order. And handing over a sample takes no memory from the heap.
 *
 * The C library's calls (those with large offsets, as the library is built) are replaced here by ones that count, and fail when they are told to. When an
 * fdatasync() fails, what was written since the last good one turns to zeros, as a kernel may have it. */
#include "allocations.h"
#include "store/history.h"
#include "store/journal.h"
#include "store/queue.h"
#include "synthetic.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000)
#define HOUR   (UINT64_C(3600) * SECOND)
#define BEGIN  (UINT64_C(1795305600) * SECOND + 10 * HOUR)

/* ---- calls that fail ---- */

enum call {
	CALL_PWRITE,
	CALL_PWRITE_SHORT, /* half of it is written, then the error */
	CALL_FDATASYNC,
	CALL_FSYNC,
	CALL_FALLOCATE,
	CALL_OPENAT,
	CALL_RENAMEAT,
	CALL_UNLINKAT,
	CALL_FTRUNCATE,
	CALL_PREAD,
	CALL_COUNT
};

static const char *const call_names[] = {"pwrite", "pwrite (short)", "fdatasync", "fsync",
	"fallocate", "openat", "renameat", "unlinkat", "ftruncate", "pread"};

static struct {
	bool on;
	enum call call;
	unsigned first, count; /* the calls that fail */
	int error;
	unsigned long seen[CALL_COUNT];
} fault;

static bool fails(enum call c)
{
	if (!fault.on)
		return false;
	unsigned long n = fault.seen[c]++;
	if (c != fault.call || n < fault.first || n - fault.first >= fault.count)
		return false;
	errno = fault.error;
	return true;
}

static struct dirty {
	ino_t file;
	off_t at;
	size_t n;
} dirty[4096];
static size_t ndirty;

static ino_t file_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static ssize_t raw_pwrite(int fd, const void *p, size_t n, off_t at)
{
	return syscall(SYS_pwrite64, fd, p, n, at);
}

static ssize_t write_or_fail(int fd, const void *p, size_t n, off_t at)
{
	if (fails(CALL_PWRITE))
		return -1;
	if (fault.on && fault.call == CALL_PWRITE_SHORT) {
		fault.seen[CALL_PWRITE]--;
		static bool half;
		if (half) {
			half = false;
			errno = fault.error;
			return -1;
		}
		if (n > 1 && fails(CALL_PWRITE_SHORT)) {
			half = true;
			n /= 2;
		}
	}
	ssize_t r = raw_pwrite(fd, p, n, at);
	if (r > 0 && ndirty < sizeof dirty / sizeof *dirty)
		dirty[ndirty++] = (struct dirty){file_of(fd), at, (size_t)r};
	return r;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return write_or_fail(fd, p, n, at);
}

static void clean(int fd, bool forget)
{
	static const char zeros[65536];
	size_t kept = 0;
	ino_t file = file_of(fd);
	for (size_t i = 0; i < ndirty; i++) {
		struct dirty d = dirty[i];
		if (d.file != file) {
			dirty[kept++] = d;
			continue;
		}
		for (size_t done = 0; forget && done < d.n; done += sizeof zeros)
			(void)raw_pwrite(fd, zeros,
				d.n - done < sizeof zeros ? d.n - done : sizeof zeros,
				d.at + (off_t)done);
	}
	ndirty = kept;
}

int fdatasync(int fd)
{
	bool bad = fails(CALL_FDATASYNC);
	int error = errno;
	clean(fd, bad);
	errno = error;
	return bad ? -1 : 0;
}

int fsync(int fd)
{
	(void)fd;
	return fails(CALL_FSYNC) ? -1 : 0;
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	return fails(CALL_FALLOCATE) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, n);
}

int openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	return fails(CALL_OPENAT) ? -1 : (int)syscall(SYS_openat, dir, name, flags, mode);
}

int renameat(int olddir, const char *old, int newdir, const char *new)
{
	return fails(CALL_RENAMEAT) ? -1 : (int)syscall(SYS_renameat2, olddir, old, newdir, new, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
	return fails(CALL_UNLINKAT) ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

int ftruncate(int fd, off_t n)
{
	return fails(CALL_FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	return fails(CALL_PREAD) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

/* ---- the queue ---- */

static uint64_t rng = 88172645463325252u;

static unsigned below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 24) % n;
}

static void payload_of(uint64_t number, unsigned char *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (unsigned char)(number * 131 + i * 7 + (number >> 8));
}

/* Puts and takes at random, beside a plain list of what ought to be there. */
static void queue_alone(unsigned size, unsigned largest, bool slow)
{
	static unsigned char in[1 << 16], out[1 << 16];
	static struct {
		uint64_t number;
		uint32_t n;
		bool first;
	} list[200000];
	struct queue q;
	struct queued f;
	uint64_t number = 0, taken = 0, lost = 0;
	unsigned wrong = 0, kept = 0;
	bool again = false;
	CHECK_INT(queue_init(&q, size), 0);
	while (number < 60000) {
		if (below(slow ? 3 : 2)) {
			bool first = again || below(30) == 0;
			f = (struct queued){.number = number,
				.real_ns = number * 3,
				.mono_ns = number * 5,
				.size = below(largest),
				.first = first,
				.payload = in};
			payload_of(number, in, f.size);
			bool done = queue_put(&q, &f);
			wrong += first && !done; /* these always find room */
			again = !done;
			if (done)
				list[kept].n = f.size, list[kept].first = first,
				list[kept++].number = number;
			else
				lost++;
			number++;
			continue;
		}
		int r = queue_peek(&q, out, sizeof out, &f);
		if (r == -ENODATA || r == -EAGAIN) {
			wrong += r == -ENODATA && queue_behind(&q) != 0 && taken < kept;
			continue;
		}
		wrong += r != 0;
		/* the next one of the list, or the first of a later chapter */
		uint64_t at = taken;
		while (at < kept && list[at].number != f.number)
			at++;
		wrong += at == kept || (at > taken && !f.first) || list[at].first != f.first ||
			 list[at].n != f.size || f.real_ns != f.number * 3 ||
			 f.mono_ns != f.number * 5;
		payload_of(f.number, in, f.size);
		wrong += memcmp(in, out, f.size) != 0;
		lost += at - taken;
		queue_advance(&q, &f);
		taken = at + 1;
		if (below(10) == 0)
			queue_release(&q);
	}
	for (int r; (r = queue_peek(&q, out, sizeof out, &f)) != -ENODATA;) {
		if (r == -EAGAIN)
			continue;
		uint64_t at = taken;
		while (at < kept && list[at].number != f.number)
			at++;
		lost += at - taken;
		taken = at + 1;
		queue_advance(&q, &f);
	}
	wrong += taken != kept;
	TEST_RESULT(wrong == 0, "queue of %u, frames to %u: %u wrong", size, largest, wrong);
	/* what found no room at all is counted by the one who put it */
	uint64_t not_put = number - kept;
	TEST_RESULT(atomic_load(&q.dropped) + not_put == lost,
		"%" PRIu64 " and %" PRIu64 " counted as lost, %" PRIu64 " are",
		atomic_load(&q.dropped), not_put, lost);
	CHECK(!slow || lost > 0);
	queue_destroy(&q);
}

/* Frames stay until they are released, and come again after a rewind. */
static void queue_again(void)
{
	struct queue q;
	struct queued f;
	unsigned char bytes[64], out[64];
	CHECK_INT(queue_init(&q, 4096), 0);
	for (uint64_t i = 0; i < 10; i++) {
		f = (struct queued){
			.number = i, .size = sizeof bytes, .first = i == 0, .payload = bytes};
		payload_of(i, bytes, sizeof bytes);
		CHECK(queue_put(&q, &f));
	}
	for (uint64_t i = 0; i < 6; i++) {
		CHECK(queue_peek(&q, out, sizeof out, &f) == 0 && f.number == i);
		queue_advance(&q, &f);
		if (i == 2)
			queue_release(&q);
	}
	queue_rewind(&q);
	CHECK(queue_peek(&q, out, sizeof out, &f) == 0 && f.number == 3);
	CHECK_INT(queue_peek(&q, out, 8, &f), -ENOBUFS);
	for (uint64_t i = 3; i < 10; i++) {
		CHECK(queue_peek(&q, out, sizeof out, &f) == 0 && f.number == i);
		queue_advance(&q, &f);
	}
	CHECK_INT(queue_peek(&q, out, sizeof out, &f), -ENODATA);
	CHECK_INT(queue_behind(&q), 0);
	queue_destroy(&q);
	/* any frame that is not larger than the queue finds room, wherever the last one ended */
	unsigned wrong = 0;
	CHECK_INT(queue_init(&q, 1 << 16), 0);
	static unsigned char large[1 << 16];
	for (unsigned i = 0; i < 500; i++) {
		f = (struct queued){.number = i,
			.size = i % 3 ? below(900) : (1u << 16) - 32 - below(30000),
			.first = true,
			.payload = large};
		wrong += !queue_put(&q, &f);
	}
	CHECK_INT(wrong, 0);
	f.size = 1 << 16;
	CHECK(!queue_put(&q, &f));
	queue_destroy(&q);
}

enum { RACE = 400000, RACE_MAX = 3000 };
static struct queue race_queue;
static atomic_bool race_over;
static unsigned race_wrong;
static uint64_t race_taken;

static void *race_reader(void *arg)
{
	static unsigned char out[RACE_MAX], want[RACE_MAX];
	struct queued f;
	uint64_t next = 0;
	unsigned turn = 0;
	(void)arg;
	for (;;) {
		bool over = atomic_load(&race_over);
		int r = queue_peek(&race_queue, out, sizeof out, &f);
		if (r == -ENODATA && over)
			return NULL;
		if (r == -EAGAIN || r == -ENODATA)
			continue;
		if (r < 0) {
			race_wrong++;
			return NULL;
		}
		payload_of(f.number, want, f.size);
		race_wrong += f.number < next || (f.number > next && !f.first) ||
			      f.real_ns != f.number * 3 || memcmp(want, out, f.size) != 0;
		next = f.number + 1;
		race_taken++;
		queue_advance(&race_queue, &f);
		if (++turn % 64 == 0)
			queue_release(&race_queue);
	}
}

static void queue_raced(void)
{
	static unsigned char in[RACE_MAX];
	pthread_t reader;
	uint64_t refused = 0;
	bool again = false;
	CHECK_INT(queue_init(&race_queue, 1 << 16), 0);
	CHECK_INT(pthread_create(&reader, NULL, race_reader, NULL), 0);
	for (uint64_t i = 0; i < RACE; i++) {
		struct queued f = {.number = i,
			.real_ns = i * 3,
			.size = below(RACE_MAX),
			.first = again || i % 40 == 0,
			.payload = in};
		payload_of(i, in, f.size);
		again = !queue_put(&race_queue, &f);
		refused += again;
	}
	atomic_store(&race_over, true);
	CHECK_INT(pthread_join(reader, NULL), 0);
	CHECK_INT(race_wrong, 0);
	uint64_t lost = atomic_load(&race_queue.dropped) + refused;
	/* one that made way while it was being written counts as lost, though it is not */
	TEST_RESULT(race_taken + lost >= RACE && race_taken > 0,
		"%" PRIu64 " taken, %" PRIu64 " lost, of %u", race_taken, lost, (unsigned)RACE);
	queue_destroy(&race_queue);
}

/* ---- the journal ---- */

static char root[128], path[160];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

struct kept {
	struct digest d;
	uint64_t real_us;
};

static struct run {
	struct journal *journal;
	struct synth host;
	struct kept rows[8192];
	size_t n;
	unsigned said;
	char lines[4][300];
	uint64_t number;
} run;

static void hear(void *ctx, const char *line)
{
	struct run *r = ctx;
	(void)snprintf(r->lines[r->said % 4], sizeof r->lines[0], "%s", line);
	r->said++;
}

static int begin_again(bool by_hand)
{
	long pid;
	const struct journal_settings settings = {.dir = path,
		.budget = UINT64_C(1) << 30,
		.origin = {.host = "testhost", .run = ++run.number, .interval_ns = 1000000000},
		.say = hear,
		.ctx = &run,
		.by_hand = by_hand};
	return journal_open(&settings, &run.journal, &pid);
}

static void begin(struct synth_size size, uint64_t real_us, bool by_hand)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	run.n = run.said = 0;
	ndirty = 0;
	memset(run.lines, 0, sizeof run.lines);
	synth_init(&run.host, size, 9, real_us);
	CHECK_INT(begin_again(by_hand), 0);
}

static void put(unsigned samples, bool work)
{
	while (samples--) {
		synth_tick(&run.host, SECOND);
		journal_put(run.journal, &run.host.set, &run.host.s, NULL, 0);
		run.rows[run.n++] = (struct kept){
			sample_digest(&run.host.set, &run.host.s), run.host.s.real_ns / 1000};
		if (work)
			journal_work(run.journal);
	}
}

static void end(void)
{
	synth_destroy(&run.host);
}

/* Those that are there: all of them, in order and once? */
static size_t there(struct history *h, struct store *into, size_t from, size_t *wrong)
{
	int r;
	while ((r = history_next(h)) == 0) {
		const struct sample *s = store_newest(into, 0);
		struct digest d = sample_digest(&into->series, s);
		while (from < run.n && !digest_equal(&d, &run.rows[from].d)) {
			from++;
			*wrong += 1; /* one that is missing, or comes again, or is another */
		}
		from++;
	}
	*wrong += r != -ENODATA;
	return from;
}

static size_t missing(void)
{
	struct history *h;
	static struct store into;
	size_t wrong = 0;
	if (history_open(path, &h) < 0)
		return run.n + 1;
	CHECK_INT(store_init(&into, 3), 0);
	if (history_seek(h, &into, 0) == 0)
		wrong += run.n - there(h, &into, 0, &wrong);
	else
		wrong = run.n + 1;
	history_close(h);
	store_destroy(&into);
	return wrong;
}

static const struct synth_size tiny = {2, 1, 10, 1, 1, false};

/* One call fails, `count` times from its n-th time on, and one who reads along sees it all as well. */
static bool one_fault(enum call call, unsigned first, unsigned count, int error)
{
	static struct store into;
	struct history *h;
	size_t at, wrong = 0;
	begin(tiny, BEGIN + HOUR - 14 * SECOND, true);
	put(2, true);
	if (history_open(path, &h) < 0 || store_init(&into, 3) < 0 || history_seek(h, &into, 0) < 0)
		abort();
	at = there(h, &into, 0, &wrong);
	memset(&fault, 0, sizeof fault);
	fault.call = call;
	fault.first = first;
	fault.count = count;
	fault.error = error;
	for (unsigned i = 0; i < 26; i++) {
		fault.on = true;
		put(1, true);
		fault.on = false;
		if (i % 3 == 0) {
			(void)history_refresh(h);
			size_t skipped = 0;
			(void)skipped;
			at = there(h, &into, at, &wrong);
		}
	}
	bool reached = fault.seen[call] > first;
	put(13, true);
	(void)history_refresh(h);
	at = there(h, &into, at, &wrong);
	struct journal_state st;
	journal_state(run.journal, &st);
	int closed = journal_close(run.journal, 0);
	size_t gone = missing();
	TEST_RESULT(gone == 0 && st.lost == 0 && st.stuck_since_ns == 0 && closed == 0,
		"%s fails with %s from call %u on, %u times: %zu of %zu samples missing, %" PRIu64
		" counted; %s",
		call_names[call], strerrorname_np(error), first, count, gone, run.n, st.lost,
		run.lines[0]);
	TEST_RESULT(wrong == 0 && at == run.n,
		"%s fails with %s from call %u on, %u times: one who reads along misses %zu + %zu",
		call_names[call], strerrorname_np(error), first, count, wrong, run.n - at);
	(void)history_refresh(h);
	history_close(h);
	store_destroy(&into);
	end();
	return reached;
}

static void faults(void)
{
	static const int errors[CALL_COUNT][3] = {
		[CALL_PWRITE] = {ENOSPC, EIO, EROFS},
		[CALL_PWRITE_SHORT] = {ENOSPC, EIO, EDQUOT},
		[CALL_FDATASYNC] = {EIO, ENOSPC, EROFS},
		[CALL_FSYNC] = {EIO},
		[CALL_FALLOCATE] = {ENOSPC, EOPNOTSUPP, EIO},
		[CALL_OPENAT] = {ENOSPC, EMFILE, EROFS},
		[CALL_RENAMEAT] = {EIO, ENOSPC},
		[CALL_UNLINKAT] = {EROFS, EIO},
		[CALL_FTRUNCATE] = {EIO, EROFS},
		[CALL_PREAD] = {EIO},
	};
	static const unsigned counts[] = {1, 2, 7, 1000};
	for (unsigned call = 0; call < CALL_COUNT; call++)
		for (unsigned e = 0; e < 3 && errors[call][e]; e++)
			for (unsigned c = 0; c < 4; c++) {
				unsigned first = 0;
				/* in every position for the first error, in some for the others */
				while (one_fault((enum call)call, first, counts[c],
					       errors[call][e]) &&
					first < 200 && test_failed < 60)
					first += e == 0 && c < 3 ? 1 : 5;
				CHECK(first > 0 || call == CALL_FDATASYNC);
			}
}

/* fdatasync fails, and the disk is so ill that the log cannot be made anew either, for a while. */
static void two_faults(void)
{
	for (unsigned second = 0; second < 6; second++) {
		begin(tiny, BEGIN + 100 * SECOND, true);
		put(25, true);
		memset(&fault, 0, sizeof fault);
		fault.on = true;
		fault.call = CALL_FDATASYNC;
		fault.count = 1;
		fault.error = EIO;
		while (fault.seen[CALL_FDATASYNC] == 0) {
			/* armed for what comes behind it, within the same round */
			synth_tick(&run.host, SECOND);
			journal_put(run.journal, &run.host.set, &run.host.s, NULL, 0);
			run.rows[run.n++] = (struct kept){sample_digest(&run.host.set, &run.host.s),
				run.host.s.real_ns / 1000};
			chmod(path, 0700);
			if (second % 2) { /* no second file can be made */
				char log[300];
				(void)snprintf(log, sizeof log, "%s/log/rewritten", path);
				(void)mkdir(log, 0700);
			}
			journal_work(run.journal);
		}
		fault.on = false;
		put(second, true);
		char log[300];
		(void)snprintf(log, sizeof log, "%s/log/rewritten", path);
		(void)rmdir(log);
		put(30, true);
		CHECK_INT(journal_close(run.journal, 0), 0);
		size_t gone = missing();
		TEST_RESULT(gone == 0, "a failed fdatasync, %s: %zu of %zu samples missing",
			second % 2 ? "and no new log can be made for a while" : "once", gone,
			run.n);
		end();
	}
}

static void full_disk(void)
{
	begin(tiny, BEGIN + 100 * SECOND, true);
	put(20, true);
	memset(&fault, 0, sizeof fault);
	fault.on = true;
	fault.call = CALL_PWRITE;
	fault.count = 100000;
	fault.error = ENOSPC;
	struct journal_state st;
	put(300, true);
	journal_state(run.journal, &st);
	CHECK(st.stuck_since_ns > BEGIN * 1000);
	CHECK(st.behind_bytes > 0);
	CHECK_INT(st.lost, 0);
	CHECK_INT(run.said, 1);
	CHECK(strstr(run.lines[0], strerror(ENOSPC)) && strstr(run.lines[0], path));
	fault.on = false;
	put(1, true);
	journal_state(run.journal, &st);
	CHECK_INT(st.stuck_since_ns, 0);
	CHECK_INT(st.behind_bytes, 0);
	CHECK_INT(run.said, 2);
	put(30, true);
	CHECK_INT(run.said, 2);
	CHECK_INT(journal_close(run.journal, 0), 0);
	CHECK_INT(missing(), 0);
	end();
}

/* So long that memory does not suffice: whole chapters go, the oldest first, they are counted, and the rest is there. */
static void overflow(void)
{
	begin((struct synth_size){150, 30, 300, 20, 4, false}, BEGIN + 100 * SECOND, true);
	put(60, true);
	memset(&fault, 0, sizeof fault);
	fault.on = true;
	fault.call = CALL_PWRITE;
	fault.count = 1000000;
	fault.error = EIO;
	struct journal_state st;
	uint64_t lost;
	do {
		put(100, true);
		journal_state(run.journal, &st);
		CHECK(st.behind_bytes <= JOURNAL_QUEUE);
	} while (st.lost < 300 && run.n < 8000);
	fault.on = false;
	put(20, true);
	journal_state(run.journal, &st);
	lost = st.lost;
	CHECK(lost >= 300);
	CHECK(lost < run.n / 2);
	CHECK_INT(journal_close(run.journal, 0), 0);
	CHECK_INT(run.said, 3);
	char count[32];
	(void)snprintf(count, sizeof count, " %" PRIu64 " samples", lost);
	TEST_RESULT(strstr(run.lines[2], count), "the last of three lines is \"%s\", expected%s",
		run.lines[2], count);
	/* `missing` walks forward over those that are not there */
	CHECK_INT(missing(), lost);
	end();
}

/* A host with so many processes that a sample that stands for itself takes most of the queue. */
static void large_samples(void)
{
	begin((struct synth_size){36000, 30, 100, 20, 4, false}, BEGIN + 100 * SECOND, true);
	for (unsigned i = 0; i < 4; i++) {
		put(2, true);
		synth_renew(&run.host);
		journal_restart(run.journal);
	}
	struct journal_state st;
	journal_state(run.journal, &st);
	CHECK_INT(st.lost, 0);
	CHECK_INT(journal_close(run.journal, 0), 0);
	CHECK_INT(missing(), 0);
	end();
}

/* Writer and sampler in two threads, as in the recorder. */
static void threads(void)
{
	begin((struct synth_size){50, 10, 100, 10, 3, true}, BEGIN + HOUR - 100 * SECOND, false);
	put(300, false);
	CHECK_INT(journal_close(run.journal, UINT64_C(60000000000)), 0);
	CHECK_INT(missing(), 0);
	CHECK_INT(run.said, 0);
	end();
}

/* Two on one store; and one that is let go can be taken. */
static void one_recorder(void)
{
	struct journal *other;
	long pid = -1;
	begin(tiny, BEGIN, true);
	const struct journal_settings settings = {.dir = path, .budget = 1 << 30, .by_hand = true};
	CHECK_INT(journal_open(&settings, &other, &pid), -EWOULDBLOCK);
	CHECK_INT(pid, getpid());
	put(3, true);
	CHECK_INT(journal_close(run.journal, 0), 0);
	CHECK_INT(missing(), 0);
	CHECK_INT(journal_open(&settings, &other, &pid), 0);
	CHECK_INT(journal_close(other, 0), 0);
	const struct journal_settings nowhere = {
		.dir = "/proc/self/nowhere/store", .budget = 1 << 30, .by_hand = true};
	CHECK(journal_open(&nowhere, &other, &pid) < 0);
	end();
	/* whatever fails while it is opened, it says so or it works */
	for (unsigned call = 0; call < CALL_COUNT; call++) {
		memset(&fault, 0, sizeof fault);
		fault.call = (enum call)call;
		fault.count = 1000;
		fault.error = EIO;
		fault.on = true;
		int r = journal_open(&settings, &other, &pid);
		fault.on = false;
		if (r == 0)
			CHECK_INT(journal_close(other, 0), 0);
		CHECK(r <= 0);
	}
	CHECK_INT(missing(), 0);
}

static void allocates_nothing(void)
{
#ifdef ALLOCATIONS
	static struct frame_encoder e;
	static struct arena out;
	static const struct dict_origin origin = {.host = "testhost"};
	begin((struct synth_size){60, 10, 200, 20, 5, true}, BEGIN + HOUR - 60 * SECOND, true);
	CHECK_INT(frame_encoder_init(&e), 0);
	CHECK_INT(arena_init(&out, 8 << 20), 0);
	free(malloc(1)); /* the count must be able to rise, or it proves nothing */
	CHECK(ALLOCATIONS > 0);
	put(20, true);
	unsigned long in_put = 0, in_encode = 0;
	for (unsigned i = 0; i < 200; i++) { /* over a full hour, where all is told anew */
		char text[32];
		struct event ev = {run.host.s.real_ns, "open", "id", text};
		(void)snprintf(text, sizeof text, "%u", i);
		synth_tick(&run.host, SECOND);
		unsigned long before = ALLOCATIONS;
		journal_put(run.journal, &run.host.set, &run.host.s, &ev, i % 3 == 0);
		in_put += ALLOCATIONS - before;
		arena_reset(&out);
		before = ALLOCATIONS;
		if (i % 50 == 20)
			frame_encoder_restart(&e);
		frame_encode(&e, &origin, &run.host.set, &run.host.s, &ev, i % 3 == 0, &out);
		in_encode += ALLOCATIONS - before;
		CHECK(!out.overflowed);
		if (i % 10 == 0)
			journal_work(run.journal);
	}
	CHECK_INT(in_put, 0);
	CHECK_INT(in_encode, 0);
	CHECK_INT(journal_close(run.journal, 0), 0);
	frame_encoder_destroy(&e);
	arena_destroy(&out);
	end();
#endif
}

int main(void)
{
	static char buffer[] = "/dev/shm/plimsoll-test-XXXXXX",
		    other[] = "/tmp/plimsoll-test-XXXXXX";
	const char *made = mkdtemp(buffer);
	if (!made)
		made = mkdtemp(other);
	if (!made)
		return 1;
	(void)snprintf(root, sizeof root, "%s", made);
	(void)snprintf(path, sizeof path, "%s/store", root);
	queue_alone(4096, 700, false);
	queue_alone(1 << 16, 3000, true);
	queue_alone(1 << 16, 30000, true);
	queue_again();
	queue_raced();
	one_recorder();
	allocates_nothing();
	threads();
	full_disk();
	overflow();
	large_samples();
	two_faults();
	faults();
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return test_result("journal");
}
