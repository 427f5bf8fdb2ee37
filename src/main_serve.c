/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-serve: the page and the API, and who may read them from elsewhere, started by plimsoll (role/delegate.c). Apart from plimsoll-net: what ships and notifies needs libcurl and its
 * thirty libraries, which took a third of this process's memory and are code that who listens to strangers need not have. */
#include "role/commands.h"

#include <locale.h>
#include <malloc.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct options o;
	/* Answers come again and again: their memory is kept and not faulted in each time, but given back by malloc_trim() when a question about the past
	 * is answered; that it cannot do for what a thread has by itself. What is larger than any answer about the present is mapped: it goes when it is
	 * freed, leaves no holes, and of tables by series only the pages that are used are there. Left alone, the library would raise this bound. */
	(void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 20);
	(void)mallopt(M_ARENA_MAX, 1);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	if (o.command == COMMAND_SERVE)
		status = command_serve(&o);
	else if (o.command == COMMAND_USER)
		status = command_user(&o);
	else
		status = complain(
			EX_USAGE, "plimsoll-serve: started by plimsoll serve and user only");
	options_free(&o);
	return status;
}
