/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* page: the page itself, "/", with what it would ask for first. A browser takes some time from a document's first bytes to what these make it ask for: so the
 * document goes at once, as far as the place for the answers, these are made meanwhile, and follow. Who takes them slowly shares them with others. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "http/api.h"
#include "http/asset.h"
#include "http/peers.h"

struct page_text;
struct page_taker;

struct page {
	struct page_text *now;      /* the last one that was made; NULL: none */
	struct page_taker *waiting; /* since the last page_make() */
};

/* The page, for who may have it. */
enum MHD_Result page_send(struct page *p, struct peer *to, const struct asset *document);
/* At the end of each turn: makes the answers, if somebody waits for them, who can go on then. */
bool page_make(struct page *p, struct api *a);
/* When no connection is left. */
void page_clear(struct page *p);

#endif
