/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* owner_cache: which process has a socket open, as far as anybody learnt it.
 *
 * Whoever comes across a socket among a process's descriptors teaches it (owners.c by walking /proc/PID/fd; what lists all files of
 * all processes at once can do the same). An answer holds while the process lives, which its start time tells from another one of
 * the same number. Inode numbers of sockets come again after 2^32: the newest lesson counts.
 *
 * 8 bytes a socket, 40 a process, in reserved address space; nothing is taken from the heap. */
#ifndef COLLECT_OWNER_CACHE_H
#define COLLECT_OWNER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A process that was looked at. */
struct owner {
	uint64_t start_ticks;
	uint64_t switches; /* when its descriptors were looked through to the end */
	int32_t pid;       /* 0: the place is free */
	uint32_t lives;    /* grows when the place goes to another process */
	uint32_t next_fd;  /* where the look through its descriptors stands */
	uint32_t checked;  /* tick in which `alive` was found out */
	bool alive;
	bool complete; /* was looked through to the end */
};

struct owner_cache {
	struct owner *owners;
	uint64_t *region[2]; /* inode, place of the owner and its life */
	unsigned current;
	size_t slots, count;
	/* Whether the process lives at this tick. */
	bool (*lives)(const void *ctx, int32_t pid, uint64_t start_ticks);
	const void *ctx;
	uint32_t tick;
};

/* Reserves address space. Returns 0 or -errno. */
int owner_cache_init(struct owner_cache *c);
void owner_cache_destroy(struct owner_cache *c);
/* From now on lives() answers for who is there; ctx has to stay until the next call. */
void owner_cache_tick(struct owner_cache *c,
	bool (*lives)(const void *ctx, int32_t pid, uint64_t start_ticks), const void *ctx);

/* The process's place, made when it has none; NULL: no room. Valid until the next call. */
struct owner *owner_cache_process(struct owner_cache *c, int32_t pid, uint64_t start_ticks);
/* The socket with this inode is open in the process. */
void owner_cache_learn(struct owner_cache *c, uint32_t inode, int32_t pid, uint64_t start_ticks);
/* The process that has it open, 0: not known. */
int32_t owner_cache_find(struct owner_cache *c, uint32_t inode);

#endif
