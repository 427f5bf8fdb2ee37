/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* asset: the files of the page (web/), inside the program: tools/embed writes the table at build. */
#ifndef HTTP_ASSET_H
#define HTTP_ASSET_H

#include <stddef.h>

struct asset {
	const char *path, *type;
	const char *etag; /* changes with the bytes, quoted as HTTP wants it */
	const unsigned char *bytes;
	size_t size;
};

extern const struct asset assets[];
extern const size_t asset_count;

#endif
