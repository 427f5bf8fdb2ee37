/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* children: what the recorder starts beside itself: serving and shipping, each a process and an executable of its own. */
#ifndef ROLE_CHILDREN_H
#define ROLE_CHILDREN_H

/* Starts this program anew with other arguments (the last one NULL). It ends with its parent. secret (may be NULL): "NAME=value"
 * for its environment, which other users cannot read, as they can the arguments. Before memory is locked: a fork copies what is
 * locked. */
void children_start(const char *what, const char *const args[], char *secret);
/* Tells of those that ended by themselves; what is recorded goes on. EX_USAGE when one refused what it was asked for, else 0. */
int children_miss(void);
/* Ends them and waits. */
void children_end(void);

#endif
