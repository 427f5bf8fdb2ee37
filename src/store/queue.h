/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* queue: frames on their way from the one who samples to the one who writes, in locked memory. The first
 * never waits for the second: when there is no room the oldest frames make way, whole chapters at a time
 * (a chapter begins with a frame that stands for itself), and are counted. A frame stays until it is on
 * the disk for good, so that what a failing disk swallowed can be written again. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
	unsigned char *base;
	size_t size;
	bool locked; /* in memory for good */
	/* Positions only grow; modulo size they are places. tail <= next <= head. */
	_Atomic uint64_t tail;    /* oldest frame kept: moved by both */
	_Atomic uint64_t head;    /* moved by the sampler */
	uint64_t next;            /* the writer's: the first one not written */
	_Atomic uint64_t dropped; /* frames that made way before they were written */
	_Atomic uint64_t
		written; /* copy of next, for the sampler to see how far behind the writer is */
};

struct queued {
	uint64_t number, real_ns, mono_ns;
	uint32_t size; /* of the payload */
	bool first;    /* begins a chapter */
	const void *payload;
};

/* size: a multiple of 4096. 0 or -errno; without the right to lock memory it is not locked, and says so. */
int queue_init(struct queue *q, size_t size);
void queue_destroy(struct queue *q);

/* The sampler's side. false: the frame is larger than the queue, or it is no first one and the chapter it belongs
 * to had to make way. */
bool queue_put(struct queue *q, const struct queued *f);
/* Bytes that wait to be written. */
size_t queue_behind(const struct queue *q);

/* The writer's side. Copies the frame at q->next (the payload to buf, of `room` bytes) without taking it. 0, -ENODATA
 * when there is none, -ENOBUFS when buf is too small, -EAGAIN when it made way meanwhile: q->next is then the oldest
 * one left. */
int queue_peek(struct queue *q, void *buf, size_t room, struct queued *ret);
/* The frame at q->next was written. */
void queue_advance(struct queue *q, const struct queued *f);
/* Everything before q->next is on the disk. */
void queue_release(struct queue *q);
/* Begins again with the oldest frame that is still kept. */
void queue_rewind(struct queue *q);

#endif
