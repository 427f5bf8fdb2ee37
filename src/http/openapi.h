/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* openapi: the description of all that is answered (docs/openapi.json), inside the program. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

extern const char openapi_json[];

#endif
