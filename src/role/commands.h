/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The commands of the program; each returns the exit status. */
#ifndef ROLE_COMMANDS_H
#define ROLE_COMMANDS_H

#include "role/options.h"

int command_check(struct options *o);
int command_limits(struct options *o);
int command_query(struct options *o);
/* Becomes plimsoll-top on a terminal, with the same arguments. */
int command_top(struct options *o, char **argv);
/* The full-screen views, in that executable. */
int command_top_screen(struct options *o);
int command_record(struct options *o);
int command_up(struct options *o);
int command_export(struct options *o);
int command_import(struct options *o);
/* Where ship finds its URL when no argument says it: it may hold a password. */
#define SHIP_URL "PLIMSOLL_SHIP_URL"
/* The same for who is told of findings: a line for each. */
#define NOTIFY_LINES "PLIMSOLL_NOTIFY"
/* serve, ship, notify and user, in the executable that has the network's libraries. */
int command_serve(struct options *o);
int command_ship(struct options *o);
int command_user(struct options *o);
int command_notify(struct options *o);
/* Becomes that executable, with the same arguments; returns an exit status when it cannot. */
int delegate(const struct options *o, char **argv);
/* The same for any of its roles; answers a negative errno. */
int exec_net(char **argv);
int command_fleet(struct options *o);
int command_talk(struct options *o);
int command_tune(struct options *o);
int command_normal(struct options *o);
int command_mute(struct options *o);
int command_unmute(struct options *o);
int command_explain(struct options *o);
int command_doctor(struct options *o);
int command_version(struct options *o);

#endif
