/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-net: the commands that talk to the network, started by plimsoll (role/delegate.c). */
#include "role/commands.h"

#include <locale.h>
#include <malloc.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct options o;
	/* Answers are large and come again and again: their memory is kept and not given back and faulted in each time. */
	(void)mallopt(M_MMAP_THRESHOLD, 64 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	if (o.command == COMMAND_SERVE)
		status = command_serve(&o);
	else if (o.command == COMMAND_SHIP)
		status = command_ship(&o);
	else
		status =
			complain(EX_USAGE, "plimsoll-net: started by plimsoll serve and ship only");
	options_free(&o);
	return status;
}
