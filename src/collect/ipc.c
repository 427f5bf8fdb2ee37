/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What processes share and can use up together: file locks, kernel keys, System V semaphores, shared memory and message queues. */
#include "collect/collect.h"

#include <errno.h>

/* "WRITE 811 08:01:131 0 EOF": who, and of which file; device numbers are in hexadecimal. False: not understood. */
static bool locked_file(struct scan line, int32_t *ret_pid, uint64_t *ret_inode)
{
	struct scan word;
	uint64_t pid, major, minor;
	for (unsigned i = 0; i < 3; i++) /* FLOCK ADVISORY WRITE */
		if (!scan_word(&line, &word))
			return false;
	if (!scan_u64(&line, &pid) || pid == 0 || pid > INT32_MAX || !scan_word(&line, &word) ||
		!scan_hex(&word, &major) || !scan_skip(&word, ':') || !scan_hex(&word, &minor) ||
		!scan_skip(&word, ':') || !scan_u64(&word, ret_inode))
		return false;
	*ret_pid = (int32_t)pid;
	return true;
}

/* /proc/locks (fs/locks.c): a line for each lock or lease, and one with "->" for each that waits for the one above it. What other
 * process-id namespaces hold is not shown inside one (-1, and 0 for pids). There is no limit to them but memory. */
int collect_locks(struct scan bytes, const struct out *o)
{
	struct scan line, word;
	uint64_t locks = 0, waiting = 0, inode;
	int32_t holder = 0, waiter;
	while (scan_line(&bytes, &line)) {
		if (!scan_word(&line, &word) || word.end[-1] != ':')
			continue;
		locks++;
		struct scan rest = line;
		bool waits = scan_word(&line, &word) && scan_is(word, "->");
		waiting += waits;
		if (!waits) {
			if (!locked_file(rest, &holder, &inode))
				holder = 0;
		} else if (holder && locked_file(line, &waiter, &inode)) {
			struct file_lock *row = table_add(&o->sample->file_locks, sizeof *row);
			if (row)
				*row = (struct file_lock){waiter, holder, inode};
		}
	}
	if (locks == 0 && bytes.p != bytes.end)
		return -EBADMSG;
	out_plain(o, M_LOCKS_COUNT, locks);
	out_plain(o, M_LOCKS_WAITING, waiting);
	return 0;
}

/* /proc/key-users (security/keys/proc.c): "uid: structures all/instantiated keys/limit bytes/limit", of our user namespace. */
int collect_key_users(struct scan bytes, const struct out *o)
{
	struct scan line, uid;
	bool any = false;
	while (scan_line(&bytes, &line)) {
		uint64_t number, a, b, keys, keys_limit, size, size_limit;
		if (!scan_word(&line, &uid) || uid.end[-1] != ':' || scan_len(uid) > 11)
			continue;
		uid.end--;
		struct scan digits = uid;
		if (!scan_u64(&digits, &number) || digits.p != digits.end || !scan_u64(&line, &a) ||
			!scan_u64(&line, &a) || !scan_skip(&line, '/') || !scan_u64(&line, &b) ||
			!scan_u64(&line, &keys) || !scan_skip(&line, '/') ||
			!scan_u64(&line, &keys_limit) || !scan_u64(&line, &size) ||
			!scan_skip(&line, '/') || !scan_u64(&line, &size_limit))
			continue;
		uint32_t user = out_instance(o, uid);
		out_value(o, M_KEYS_USED, user, keys);
		out_value(o, M_KEYS_LIMIT, user, keys_limit);
		out_value(o, M_KEYS_BYTES, user, size);
		out_value(o, M_KEYS_BYTES_LIMIT, user, size_limit);
		any = true;
	}
	return any ? 0 : -EBADMSG;
}

/* The tables of /proc/sysvipc (ipc/util.c) begin "key id perms amount"; they are those of our IPC namespace. */
struct ipc_sum {
	uint64_t count, amount;
	uint64_t zeros; /* rows whose seventh column is 0 */
};

static int ipc_table(struct scan bytes, struct ipc_sum *ret)
{
	struct scan line, word;
	*ret = (struct ipc_sum){0};
	if (!scan_line(&bytes, &line) || !scan_word(&line, &word) || !scan_is(word, "key"))
		return -EBADMSG;
	while (scan_line(&bytes, &line)) {
		uint64_t v[5];
		size_t n = 0;
		struct scan key;
		if (!scan_word(&line, &key)) /* it may be negative */
			continue;
		while (n < 3 && scan_u64(&line, &v[n]))
			n++;
		if (n < 3)
			continue;
		ret->count++;
		ret->amount += v[2];
		uint64_t cpid, lpid, seventh;
		ret->zeros += scan_u64(&line, &cpid) && scan_u64(&line, &lpid) &&
			      scan_u64(&line, &seventh) && seventh == 0;
	}
	return 0;
}

int collect_sysv_sem(struct scan bytes, const struct out *o)
{
	struct ipc_sum s;
	int r = ipc_table(bytes, &s);
	if (r < 0)
		return r;
	out_plain(o, M_SEM_SETS, s.count);
	out_plain(o, M_SEM_COUNT, s.amount);
	return 0;
}

int collect_sysv_shm(struct scan bytes, const struct out *o)
{
	struct ipc_sum s;
	int r = ipc_table(bytes, &s);
	if (r < 0)
		return r;
	out_plain(o, M_SHM_COUNT, s.count);
	out_plain(o, M_SHM_BYTES, s.amount);
	out_plain(o, M_SHM_UNATTACHED, s.zeros);
	return 0;
}

int collect_sysv_msg(struct scan bytes, const struct out *o)
{
	struct ipc_sum s;
	int r = ipc_table(bytes, &s);
	if (r < 0)
		return r;
	out_plain(o, M_MSG_QUEUES, s.count);
	out_plain(o, M_MSG_BYTES, s.amount);
	return 0;
}

/* SEMMSL SEMMNS SEMOPM SEMMNI: semaphores in a set, in all, operations in a call, sets. */
int collect_sem_max(struct scan bytes, const struct out *o)
{
	uint64_t in_set, all, operations, sets;
	if (!scan_u64(&bytes, &in_set) || !scan_u64(&bytes, &all) ||
		!scan_u64(&bytes, &operations) || !scan_u64(&bytes, &sets))
		return -EBADMSG;
	out_plain(o, M_SEM_LIMIT, all);
	out_plain(o, M_SEM_SETS_LIMIT, sets);
	return 0;
}
