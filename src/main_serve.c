/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-serve: `plimsoll serve`, started by plimsoll (role/delegate.c). Apart from plimsoll-net, since it runs for weeks and sends nothing
 * by itself: the libraries of those who do (curl and what that brings) are 4 MiB that it need not hold. */
#include "role/commands.h"

#include <locale.h>
#include <malloc.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct options o;
	/* It is asked much now and then: what a large answer took is given back. */
	(void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 256 << 10);
	(void)mallopt(M_ARENA_MAX, 1);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	if (o.command == COMMAND_SERVE)
		status = command_serve(&o);
	else
		status = complain(EX_USAGE, "plimsoll-serve: started by plimsoll serve only");
	options_free(&o);
	return status;
}
