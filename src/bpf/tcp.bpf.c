/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* TCP connections between two samples: those that began and ended, with bytes and duration, connects that failed, segments sent again,
 * resets. Added up in the kernel by who and to whom, so that ten thousand short connections a second cost no event each.
 *
 * A socket does not say which process it belongs to. Who calls connect() is the process that runs when the state becomes SYN_SENT, who
 * calls close() the one that runs when it becomes FIN_WAIT1 or LAST_ACK: it is remembered with the socket. */
#include "bpf/kernel.h"

#include "bpf/abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum {
	INET = 2,
	INET6 = 10,
	TCP = 6,
	ESTABLISHED = 1,
	SYN_SENT = 2,
	SYN_RECV = 3,
	FIN_WAIT1 = 4,
	FIN_WAIT2 = 5,
	CLOSED = 7,
	LAST_ACK = 9,
	LISTEN = 10,
	CLOSING = 11,
};

struct memory_of_socket {
	__u64 begun_ns; /* 0: before us */
	__u32 pid;
	__u8 known, outgoing;
	__u8 closed_from; /* the state before CLOSED */
	char comm[PROBE_COMM];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct memory_of_socket);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_FLOWS);
	__type(key, struct probe_flow_key);
	__type(value, struct probe_flow);
} flows SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PROBE_RING);
} ring SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_LOST_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

const volatile bool each_connection = false; /* an event for each that ends */

static __always_inline void count_lost(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &what);
	if (n)
		(*n)++;
}

/* A socket gives back its port just before it is closed, but for the copy that goes into segments. */
static __always_inline __u16 local_port(const struct sock *sk)
{
	return bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

/* Without a memory of how it began, the lower port is taken for the serving side's. */
static __always_inline void key_of(
	const struct sock *sk, const struct memory_of_socket *m, struct probe_flow_key *key)
{
	__u16 local = local_port(sk);
	__u16 peer = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	key->family = (__u8)BPF_CORE_READ(sk, __sk_common.skc_family);
	key->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	key->outgoing = m && m->known ? m->outgoing : local > peer;
	key->pid = m ? m->pid : 0;
	key->port = key->outgoing ? peer : local;
	if (key->family == INET) {
		bpf_core_read(key->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(key->peer, 4, &sk->__sk_common.skc_daddr);
	} else if (key->family == INET6) {
		bpf_core_read(key->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(key->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

/* The entry of a key, made when new. Beyond the table's size all share the entry without addresses. */
static __always_inline struct probe_flow *flow_of(const struct probe_flow_key *key)
{
	struct probe_flow *f = bpf_map_lookup_elem(&flows, key);
	if (f)
		return f;
	static const struct probe_flow none;
	bpf_map_update_elem(&flows, key, &none, BPF_NOEXIST);
	f = bpf_map_lookup_elem(&flows, key);
	if (!f)
		count_lost(PROBE_LOST_FLOWS);
	return f;
}

static __always_inline void tell_close(const struct sock *sk, const struct memory_of_socket *m,
	const struct probe_flow_key *key, __u64 out, __u64 in, __u64 duration)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct probe_close *e = bpf_ringbuf_reserve(&ring, sizeof *e, 0);
	if (!e) {
		count_lost(PROBE_LOST_EVENTS);
		return;
	}
	__builtin_memset(e, 0, sizeof *e);
	e->event = PROBE_CLOSE;
	e->key = *key;
	if (m)
		__builtin_memcpy(e->comm, m->comm, sizeof e->comm);
	e->local_port = local_port(sk);
	e->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	/* It is given when somebody asks for it; who never was asked for gets one of another kind. */
	e->cookie = (__u64)BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (!e->cookie)
		e->cookie = 1ull << 63 | bpf_ktime_get_ns();
	e->bytes_retrans = BPF_CORE_READ(tp, bytes_retrans);
	e->segs_out = BPF_CORE_READ(tp, segs_out);
	e->segs_in = BPF_CORE_READ(tp, segs_in);
	e->bytes_out = out;
	e->bytes_in = in;
	e->duration_ns = duration;
	e->retransmits = BPF_CORE_READ(tp, total_retrans);
	e->rtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

static __always_inline void ended(const struct sock *sk, int from, const struct memory_of_socket *m)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct probe_flow_key key = {0};
	key_of(sk, m, &key);
	struct probe_flow *f = each_connection ? 0 : flow_of(&key);
	if (!f && !each_connection)
		return;
	if (from == SYN_SENT) {
		if (f)
			__sync_fetch_and_add(&f->failed, 1);
		return;
	}
	__u64 out = BPF_CORE_READ(tp, bytes_acked), in = BPF_CORE_READ(tp, bytes_received),
	      duration = 0;
	/* SYN and FIN count as a byte each where they were acknowledged; the kernel takes note of the SYN with who sent it first alone. */
	bool fin_sent =
		from == FIN_WAIT1 || from == FIN_WAIT2 || from == CLOSING || from == LAST_ACK;
	bool fin_acked = fin_sent && BPF_CORE_READ(tp, snd_una) == BPF_CORE_READ(tp, write_seq);
	__u64 marks = (key.outgoing != 0) + fin_acked;
	out = out > marks ? out - marks : 0;
	bool fin_received = BPF_CORE_READ(sk, __sk_common.skc_flags) >>
				    bpf_core_enum_value(enum sock_flags, SOCK_DONE) &
			    1;
	in = in && fin_received ? in - 1 : in;
	if (m && m->begun_ns)
		duration = bpf_ktime_get_ns() - m->begun_ns;
	if (!f) {
		tell_close(sk, m, &key, out, in, duration);
		return;
	}
	__sync_fetch_and_add(&f->closed, 1);
	__sync_fetch_and_add(&f->bytes_out, out);
	__sync_fetch_and_add(&f->bytes_in, in);
	if (duration) {
		__sync_fetch_and_add(&f->duration_ns, duration);
		__sync_fetch_and_add(&f->timed, 1);
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int from, int to)
{
	if (sk->sk_protocol != TCP || from == LISTEN || to == LISTEN)
		return 0;
	if (to == CLOSED) {
		struct memory_of_socket *m = bpf_sk_storage_get(&connections, sk, 0, 0);
		if (from != SYN_RECV)
			ended(sk, from, m);
		if (m)
			m->closed_from = (__u8)from;
		return 0;
	}
	bool by_caller = to == SYN_SENT || to == FIN_WAIT1 || to == LAST_ACK;
	if (to != ESTABLISHED && !by_caller)
		return 0;
	struct memory_of_socket *m =
		bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!m)
		return 0;
	if (to == SYN_SENT || to == ESTABLISHED) {
		m->known = 1;
		m->outgoing = to == SYN_SENT || from == SYN_SENT;
		m->begun_ns = to == ESTABLISHED ? bpf_ktime_get_ns() : 0;
	}
	/* The kernel itself closes what nobody holds any more, in the context of whoever runs: then the number is not a caller's. A process
	 * that gives up a socket as it exits is one. */
	if (by_caller && !m->pid) {
		m->pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
		if (each_connection)
			bpf_core_read(m->comm, sizeof m->comm,
				&bpf_get_current_task_btf()->group_leader->comm);
	}
	if (to == ESTABLISHED && !each_connection) {
		struct probe_flow_key key = {0};
		key_of(sk, m, &key);
		struct probe_flow *f = flow_of(&key);
		if (f)
			__sync_fetch_and_add(&f->opened, 1);
	}
	return 0;
}

static __always_inline struct probe_flow *flow_of_socket(struct sock *sk)
{
	struct probe_flow_key key = {0};
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != INET && family != INET6)
		return 0;
	key_of(sk, bpf_sk_storage_get(&connections, sk, 0, 0), &key);
	return key.port ? flow_of(&key) : 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmitted, struct sock *sk)
{
	struct probe_flow *f = sk ? flow_of_socket(sk) : 0;
	if (f)
		__sync_fetch_and_add(&f->retransmits, 1);
	return 0;
}

/* Of a connection that nobody has closed yet: a peer that resets what we are done with hurts nobody. */
SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(reset_received, struct sock *sk)
{
	if (!sk)
		return 0;
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	struct probe_flow *f = state == ESTABLISHED || state == SYN_SENT ? flow_of_socket(sk) : 0;
	if (f)
		__sync_fetch_and_add(&f->resets_in, 1);
	return 0;
}

/* The socket may be none, for a segment that fits no connection, or one that waits in TIME_WAIT and has no such fields: state says. Who closes a connection
 * so that it is reset (data unread, SO_LINGER of 0) is here after the state became CLOSED, and still runs. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(reset_sent, struct sock *sk)
{
	if (!sk)
		return 0;
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state != ESTABLISHED && state != CLOSED)
		return 0;
	if (state == CLOSED) {
		struct memory_of_socket *m = bpf_sk_storage_get(&connections, sk, 0, 0);
		if (!m || m->closed_from != ESTABLISHED)
			return 0;
		if (!m->pid)
			m->pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	}
	struct probe_flow *f = flow_of_socket(sk);
	if (f)
		__sync_fetch_and_add(&f->resets_out, 1);
	return 0;
}
