/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plimsoll-top: the views of top on a full screen, with ncurses. Started by plimsoll (role/top.c). */
#include "role/commands.h"

#include <locale.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
	struct options o;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	int status = options_parse(argc, argv, &o);
	if (status)
		return status;
	status = o.command == COMMAND_TOP && !o.set[OPTION_HELP]
			 ? command_top_screen(&o)
			 : complain(EX_USAGE, "plimsoll-top: started by plimsoll top only");
	options_free(&o);
	return status;
}
