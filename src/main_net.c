/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-net: the commands that tell others over the network, started by plimsoll (role/delegate.c). */
#include "names/names.h"
#include "role/commands.h"

#include <locale.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* The other end of a socket that keeps messages apart: started by plimsoll talk, and by nobody at a terminal. */
static int names(void)
{
	int type = 0;
	socklen_t len = sizeof type;
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
		type != SOCK_SEQPACKET)
		return complain(EX_USAGE, "plimsoll-net: names: started by plimsoll talk only");
	return names_run(STDIN_FILENO);
}

int main(int argc, char **argv)
{
	struct options o;
	if (argc == 2 && strcmp(argv[1], "names") == 0)
		return names();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	if (o.command == COMMAND_SHIP)
		status = command_ship(&o);
	else if (o.command == COMMAND_NOTIFY)
		status = command_notify(&o);
	else
		status = complain(
			EX_USAGE, "plimsoll-net: started by plimsoll ship and notify only");
	options_free(&o);
	return status;
}
