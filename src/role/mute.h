/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* mute: which troubles nobody wants to be told of at present. */
#ifndef ROLE_MUTE_H
#define ROLE_MUTE_H

#include "role/session.h"

/* What is muted where this session looks: of the store whose machine it is. NULL for a recorded tree. Looking at the present, those that
 * ended are said on stderr and taken out of the list, where this user may write it. Read once a second at most; the answer stands
 * until the next call. */
const struct mutes *mutes_of(const struct options *o, const struct session *s);

#endif
