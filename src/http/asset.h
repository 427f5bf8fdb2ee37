/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* asset: the files of the page (web/), inside the program: tools/embed writes the table at build. */
#ifndef HTTP_ASSET_H
#define HTTP_ASSET_H

#include <stdbool.h>
#include <stddef.h>

/* One form of a file. */
struct asset_body {
	const char *etag; /* changes with the bytes, quoted as HTTP wants it */
	const unsigned char *bytes;
	size_t size;
};

struct asset {
	const char *path, *type;
	bool fixed; /* its path has the hash of its bytes: under that name it never changes */
	struct asset_body plain;
	struct asset_body gzip; /* the same compressed; bytes is NULL where that saves nothing */
};

extern const struct asset assets[];
extern const size_t asset_count;

#endif
