/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* conn_folds: which services are folded, how far, and which of their addresses keep rows of their own: what conn_groups.c remembers
 * from one count to the next. */
#ifndef COLLECT_CONN_FOLDS_H
#define COLLECT_CONN_FOLDS_H

#include "catalogue/sample.h"

enum {
	CONN_FOLDS = 128,  /* services of all namespaces that may be folded at once */
	CONN_SINGLES = 64, /* addresses of one with rows of their own: those that hold 1/64 of it */
	CONN_BITS = 4096,  /* of the bitmap that tells peers apart: counts to about 20,000 */
};

struct conn_service {
	bool outgoing;
	uint16_t port;
	struct address local;
};

struct conn_fold {
	struct conn_service key;
	uint16_t netns;
	bool used, seen;
	bool spread; /* stands for the services of the whole namespace, which are taken together */
	uint8_t level; /* 1: by network, 2: all peers in one */
	uint32_t nsingle;
	struct address single[CONN_SINGLES];
	/* Misra-Gries: whoever has more than 1/65 of what was counted is among these. */
	uint32_t hash[CONN_SINGLES], count[CONN_SINGLES];
	struct address heavy[CONN_SINGLES];
	uint8_t bits[CONN_BITS / 8]; /* which peers, one level finer, were there */
};

struct conn_folds;
int conn_folds_init(struct conn_folds **ret);
void conn_folds_destroy(struct conn_folds *f);
void conn_folds_forget(struct conn_folds *f, uint16_t netns);

/* A count begins; whether services are taken together. */
bool conn_folds_begin(struct conn_folds *f, uint16_t netns);
/* NULL: not folded. */
struct conn_fold *conn_folds_find(
	struct conn_folds *f, uint16_t netns, const struct conn_service *key);
/* NULL: too many are folded. */
struct conn_fold *conn_folds_add(
	struct conn_folds *f, uint16_t netns, const struct conn_service *key);
/* From now on services are taken together; those folded by themselves no longer are. */
void conn_folds_spread(struct conn_folds *f, uint16_t netns);
/* A service was there (by its hash). */
void conn_folds_note(struct conn_folds *f, uint16_t netns, uint32_t service);
/* The count ended with so many rows: who is to be folded less in the next one, and whose addresses are to have rows. */
void conn_folds_end(struct conn_folds *f, uint16_t netns, uint32_t rows, uint32_t bound);

void conn_fold_begin(struct conn_fold *f);
/* One level more; false when there is none. */
bool conn_fold_deeper(struct conn_fold *f);
/* This address keeps a row of its own; false when too many do. */
bool conn_fold_keep(struct conn_fold *f, const struct address *peer);
/* So many connections of an address without a row of its own. */
void conn_fold_count(struct conn_fold *f, const struct address *peer, uint32_t n);
/* A peer, or a network, was there. */
void conn_fold_note(struct conn_fold *f, const struct address *peer);
/* Clears what the level leaves open, and returns how many bits these are. */
unsigned conn_fold_mask(struct address *a, unsigned level);

#endif
