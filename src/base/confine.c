/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "base/confine.h"

#include "base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The leak search of this sanitizer makes a process, traces its own threads and reads /proc. */
#if defined(__SANITIZE_ADDRESS__)
#define UNCONFINED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNCONFINED
#endif
#endif

static int error_of(long result)
{
	return result < 0 ? -errno : 0;
}

/* ---- user ---- */

/* Another user is no longer told when the parent ends, though the parent had asked for it. */
static int become(uid_t uid, gid_t gid)
{
	int sig = 0;
	pid_t parent = getppid();
	(void)prctl(PR_GET_PDEATHSIG, &sig);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	(void)prctl(PR_SET_PDEATHSIG, sig);
	if (sig && getppid() != parent)
		(void)raise(sig);
	return 0;
}

int confine_user(uid_t uid, gid_t gid)
{
	return confine_user_but(uid, gid, 0);
}

int confine_user_but(uid_t uid, gid_t gid, uint64_t capabilities)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
	if (syscall(SYS_capget, &head, has) < 0)
		return -errno;
	if (capabilities && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	/* Who may, does: root, and who was given CAP_SETUID and CAP_SETGID. */
	bool may = (has[0].effective >> CAP_SETUID & 1) && (has[0].effective >> CAP_SETGID & 1);
	int r = geteuid() == 0 || may ? become(uid, gid) : 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && r == 0)
		r = -errno;
	/* Kernels that know no ambient capabilities have none to clear. */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		has[i].effective = has[i].permitted &= (uint32_t)(capabilities >> 32 * i);
		has[i].inheritable = 0;
	}
	int caps = error_of(syscall(SYS_capset, &head, has));
	return r < 0 ? r : caps;
}

/* ---- files ---- */

#ifdef UNCONFINED

int confine_files(const char *store)
{
	(void)store;
	return -ENOSYS;
}

int confine_paths(const char *const paths[], size_t n)
{
	(void)paths;
	(void)n;
	return -ENOSYS;
}

#else

/* All rights that some version of Landlock knows: what is handled and not granted is denied. Asking an older one for a right that it
 * does not know fails, so each version is asked for its own. Network rights are left to seccomp, which knows older kernels. */
static uint64_t rights_of(long version)
{
	enum { V1 = 13, V2 = 14, V3 = 15, V5 = 16 };
	unsigned n = version >= 5 ? V5 : version >= 3 ? V3 : version == 2 ? V2 : V1;
	return (UINT64_C(1) << n) - 1;
}

static int grant_path(int rules, const char *path)
{
	AUTO_FD int at = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (at < 0 || fstat(at, &st) < 0)
		return -errno;
	struct landlock_path_beneath_attr grant = {.parent_fd = at,
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				  (S_ISDIR(st.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0)};
	return error_of(
		syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &grant, 0));
}

/* needed: all of the paths must be there. */
static int restrict_to(const char *const paths[], size_t n, bool needed)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0)
		return errno == EOPNOTSUPP ? -ENOSYS : -errno;
	struct landlock_ruleset_attr all = {.handled_access_fs = rights_of(version)};
	AUTO_FD int rules =
		(int)syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
	if (rules < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		int r = grant_path(rules, paths[i]);
		if (r < 0 && (needed || r != -ENOENT))
			return r;
	}
	return error_of(syscall(SYS_landlock_restrict_self, rules, 0));
}

int confine_files(const char *store)
{
	return restrict_to(&store, 1, true);
}

int confine_paths(const char *const paths[], size_t n)
{
	return restrict_to(paths, n, false);
}

#endif

/* ---- system calls ---- */

#if defined(UNCONFINED)
#elif defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCHITECTURE

static const int calls[] = {
	/* files of the store */
	SYS_read,
	SYS_pread64,
	SYS_readv,
	SYS_preadv,
	SYS_lseek,
	SYS_close,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_getdents64,
	SYS_fcntl,
	SYS_faccessat,
	SYS_readlinkat,
	SYS_flock,
	SYS_fadvise64,
	/* connections */
	SYS_write,
	SYS_writev,
	SYS_accept4,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendfile,
	SYS_shutdown,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_ppoll,
	SYS_eventfd2,
	SYS_pipe2,
	/* memory */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* threads, signals, time, the end */
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_gettid,
	SYS_getpid,
	SYS_tgkill,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getrandom,
	SYS_prlimit64,
	SYS_getuid,
	SYS_geteuid,
	SYS_exit,
	SYS_exit_group,
#ifdef SYS_stat /* the older calls, which newer architectures do not have */
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_accept,
	SYS_epoll_wait,
	SYS_poll,
	SYS_time,
#endif
};

static const int resolver_calls[] = {
	SYS_connect, SYS_bind, SYS_sendmmsg, SYS_recvmmsg, SYS_ioctl, SYS_uname};

/* Of who asks a server: sockets are made by a condition below. The last three give rights up. */
static const int asker_calls[] = {
	SYS_connect,
	SYS_uname,
	SYS_sysinfo,
	SYS_openat2,
	SYS_fchdir,
	SYS_getppid,
	SYS_getgid,
	SYS_getegid,
	SYS_getcwd,
	SYS_socketpair,
	SYS_ioctl,
	SYS_prctl,
	SYS_seccomp,
	SYS_capget,
	SYS_capset,
#ifdef SYS_pipe
	SYS_pipe,
	SYS_select,
	SYS_getdents,
	SYS_eventfd,
	SYS_epoll_create,
#endif
	SYS_pselect6,
};

/* Calls that are granted as long as none of these bits is in one of their arguments, or only if it is. */
static const struct {
	int call;
	unsigned argument;
	uint32_t bits;
	bool wanted;
} conditions[] = {
	{SYS_openat, 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND, false},
#ifdef SYS_open
	{SYS_open, 1, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND, false},
#endif
	{SYS_mmap, 2, PROT_EXEC, false},
	{SYS_mprotect, 2, PROT_EXEC, false},
	{SYS_clone, 0, CLONE_THREAD, true},
	/* for a resolver only, and the last one: AF_INET is 2, AF_INET6 10; 0 and 8 are none */
	{SYS_socket, 0, ~(uint32_t)(AF_INET | AF_INET6), false},
};

enum {
	RULES = 16 + 2 * (COUNTOF(calls) + COUNTOF(resolver_calls) + COUNTOF(asker_calls)) +
		5 * COUNTOF(conditions)
};
enum profile { PROFILE_SERVER, PROFILE_RESOLVER, PROFILE_ASKER };

struct program {
	struct sock_filter rows[RULES];
	unsigned short n;
};

static void add(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	p->rows[p->n++] = (struct sock_filter){code, jt, jf, k};
}

static void add_load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void add_answer(struct program *p, uint32_t answer)
{
	add(p, BPF_RET | BPF_K, 0, 0, answer);
}

static void add_condition(struct program *p, size_t i)
{
	/* The low half of the argument; the upper one means nothing for these flags. */
	size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)conditions[i].call);
	add_load(p, offsetof(struct seccomp_data, args) +
			    conditions[i].argument * sizeof(uint64_t) + half);
	add(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, conditions[i].bits);
	add_answer(p, conditions[i].wanted ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM);
	add_answer(p, conditions[i].wanted ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW);
}

static void add_calls(struct program *p, const int *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)rows[i]);
		add_answer(p, SECCOMP_RET_ALLOW);
	}
}

/* socket() of these families alone; the last rule, since it loads the argument over the number. */
static void add_families(struct program *p)
{
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
	size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 2 + 2 * COUNTOF(families), SYS_socket);
	add_load(p, offsetof(struct seccomp_data, args) + half);
	for (size_t i = 0; i < COUNTOF(families); i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, families[i]);
		add_answer(p, SECCOMP_RET_ALLOW);
	}
	add_answer(p, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void begin(struct program *p)
{
	/* The numbers of calls are those of one architecture: another one's calls would slip through. */
	add_load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCHITECTURE);
	add_answer(p, SECCOMP_RET_KILL_PROCESS);
	add_load(p, offsetof(struct seccomp_data, nr));
}

static int install(const struct program *p)
{
	struct sock_filter rows[RULES];
	memcpy(rows, p->rows, sizeof rows);
	struct sock_fprog program = {p->n, rows};
	return error_of(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
}

static int restrict_calls(enum profile profile)
{
	struct program p = {.n = 0};
	begin(&p);
	add_calls(&p, calls, COUNTOF(calls));
	if (profile == PROFILE_RESOLVER)
		add_calls(&p, resolver_calls, COUNTOF(resolver_calls));
	if (profile == PROFILE_ASKER)
		add_calls(&p, asker_calls, COUNTOF(asker_calls));
	for (size_t i = 0; i < COUNTOF(conditions) - (profile != PROFILE_RESOLVER); i++)
		add_condition(&p, i);
	if (profile == PROFILE_ASKER)
		add_families(&p);
	/* Not EPERM: a library that tries a newer call falls back to the older one. */
	add_answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
	return install(&p);
}

/* A second filter: of the answers of all the strictest counts. */
static int forbid(const int *rows, size_t n)
{
	struct program p = {.n = 0};
	begin(&p);
	for (size_t i = 0; i < n; i++) {
		add(&p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)rows[i]);
		add_answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
	}
	/* Its own limits (0), not those of others of its user. */
	size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_prlimit64);
	add_load(&p, offsetof(struct seccomp_data, args) + half);
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
	add_answer(&p, SECCOMP_RET_ERRNO | EPERM);
	add_answer(&p, SECCOMP_RET_ALLOW);
	return install(&p);
}

int confine_calls(void)
{
	return restrict_calls(PROFILE_SERVER);
}

int confine_resolver_calls(void)
{
	return restrict_calls(PROFILE_RESOLVER);
}

int confine_asker_calls(void)
{
	return restrict_calls(PROFILE_ASKER);
}

int confine_asker_again(void)
{
	static const int given_up[] = {SYS_openat2, SYS_prctl, SYS_capset, SYS_seccomp, SYS_tgkill};
	return forbid(given_up, COUNTOF(given_up));
}

#else

int confine_calls(void)
{
	return -ENOSYS;
}

int confine_resolver_calls(void)
{
	return -ENOSYS;
}

int confine_asker_calls(void)
{
	return -ENOSYS;
}

int confine_asker_again(void)
{
	return -ENOSYS;
}

#endif
