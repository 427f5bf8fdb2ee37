/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "store/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A frame lies in one piece. What is left at the end of the memory is leapt over by a pad. */
struct entry {
	uint64_t number, real_ns, mono_ns;
	uint32_t size;
	uint32_t mark;
};

/* One part in so many of the memory is taken and locked from the beginning. As long as the disk takes what is written, no more than that is used; the rest is
 * touched, and stays, when it does not. */
enum { QUEUE_LOCKED = 4 };

enum mark { MARK_PAD = 1, MARK_NEXT, MARK_FIRST };

static uint64_t whole(uint64_t payload)
{
	return (sizeof(struct entry) + payload + 31) & ~UINT64_C(31);
}

int queue_init(struct queue *q, size_t size)
{
	memset(q, 0, sizeof *q);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	q->base = p;
	q->size = size;
	q->locked = mlock(p, size / QUEUE_LOCKED) == 0;
	return 0;
}

void queue_destroy(struct queue *q)
{
	if (q->base)
		(void)munmap(q->base, q->size);
	q->base = NULL;
}

static struct entry entry_at(const struct queue *q, uint64_t at)
{
	struct entry e;
	memcpy(&e, q->base + at % q->size, sizeof e);
	return e;
}

static uint64_t step_of(const struct queue *q, uint64_t at, struct entry e)
{
	return e.mark == MARK_PAD ? q->size - at % q->size : whole(e.size);
}

/* Lets the oldest chapter go. The writer may be copying from it: it will find the tail moved. */
static void drop_chapter(struct queue *q)
{
	uint64_t tail = atomic_load(&q->tail), head = atomic_load(&q->head), at = tail;
	uint64_t written = atomic_load(&q->written), lost = 0;
	do {
		struct entry e = entry_at(q, at);
		lost += at >= written && e.mark != MARK_PAD;
		at += step_of(q, at, e);
	} while (at < head && entry_at(q, at).mark != MARK_FIRST);
	if (atomic_compare_exchange_strong(&q->tail, &tail, at))
		atomic_fetch_add(&q->dropped, lost);
}

/* Empties the queue, and leaps over the end of its memory. */
static void leap(struct queue *q, uint64_t pad)
{
	const struct entry e = {.mark = MARK_PAD};
	uint64_t head = atomic_load(&q->head);
	while (atomic_load(&q->tail) != head)
		drop_chapter(q);
	memcpy(q->base + head % q->size, &e, sizeof e);
	atomic_store(&q->head, head + pad);
	(void)atomic_compare_exchange_strong(&q->tail, &head, head + pad); /* or the writer did */
}

bool queue_put(struct queue *q, const struct queued *f)
{
	uint64_t head = atomic_load(&q->head), need = whole(f->size);
	/* Nothing is left in it: before it comes to memory that was never touched it begins at the front again. */
	if (head == atomic_load(&q->tail) && head % q->size > q->size / QUEUE_LOCKED / 2) {
		leap(q, q->size - head % q->size);
		head = atomic_load(&q->head);
	}
	uint64_t pad = head % q->size + need > q->size ? q->size - head % q->size : 0;
	if (need > q->size || (need + pad > q->size && !f->first))
		return false;
	if (need + pad > q->size) { /* it fits, but only when it begins at the front */
		leap(q, pad);
		head += pad;
		pad = 0;
	}
	while (head + pad + need - atomic_load(&q->tail) > q->size) {
		drop_chapter(q);
		if (atomic_load(&q->tail) == head && !f->first)
			return false;
	}
	/* Nothing is overwritten before the tail is seen to have moved. */
	atomic_thread_fence(memory_order_seq_cst);
	struct entry e = {.mark = MARK_PAD};
	if (pad) {
		memcpy(q->base + head % q->size, &e, sizeof e);
		head += pad;
	}
	e = (struct entry){
		f->number, f->real_ns, f->mono_ns, f->size, f->first ? MARK_FIRST : MARK_NEXT};
	memcpy(q->base + head % q->size, &e, sizeof e);
	memcpy(q->base + head % q->size + sizeof e, f->payload, f->size);
	atomic_store(&q->head, head + need);
	return true;
}

size_t queue_behind(const struct queue *q)
{
	uint64_t written = atomic_load(&q->written), tail = atomic_load(&q->tail);
	return (size_t)(atomic_load(&q->head) - (written > tail ? written : tail));
}

static void set_next(struct queue *q, uint64_t at)
{
	q->next = at;
	atomic_store(&q->written, at);
}

int queue_peek(struct queue *q, void *buf, size_t room, struct queued *ret)
{
	for (;;) {
		uint64_t tail = atomic_load(&q->tail), head = atomic_load(&q->head);
		if (q->next < tail) {
			set_next(q, tail);
			return -EAGAIN;
		}
		if (q->next == head)
			return -ENODATA;
		struct entry e = entry_at(q, q->next);
		bool fits = e.mark != MARK_PAD && e.size <= room &&
			    q->next % q->size + whole(e.size) <= q->size;
		if (fits)
			memcpy(buf, q->base + q->next % q->size + sizeof e, e.size);
		/* It may have been overwritten while we looked. */
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load(&q->tail) > q->next)
			continue;
		if (e.mark == MARK_PAD) {
			set_next(q, q->next + step_of(q, q->next, e));
			continue;
		}
		*ret = (struct queued){
			e.number, e.real_ns, e.mono_ns, e.size, e.mark == MARK_FIRST, buf};
		return fits ? 0 : -ENOBUFS;
	}
}

void queue_advance(struct queue *q, const struct queued *f)
{
	set_next(q, q->next + whole(f->size));
}

void queue_release(struct queue *q)
{
	uint64_t tail = atomic_load(&q->tail);
	while (tail < q->next && !atomic_compare_exchange_weak(&q->tail, &tail, q->next))
		continue;
}

void queue_rewind(struct queue *q)
{
	set_next(q, atomic_load(&q->tail));
}
