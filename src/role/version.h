/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#ifndef ROLE_VERSION_H
#define ROLE_VERSION_H

#ifndef PLIMSOLL_VERSION
#error "the build gives PLIMSOLL_VERSION"
#endif

#endif
