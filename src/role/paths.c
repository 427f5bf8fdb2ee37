/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "role/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int join(char *buf, size_t size, const char *dir, size_t dir_len, const char *rest)
{
	int n = snprintf(buf, size, "%.*s%s", (int)dir_len, dir, rest);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static const char *variable(const char *name)
{
	const char *v = getenv(name);
	return v && *v == '/' ? v : NULL;
}

static const char *home(void)
{
	const char *v = variable("HOME");
	const struct passwd *user = v ? NULL : getpwuid(getuid());
	return user ? user->pw_dir : v;
}

int store_path(const struct options *o, char *buf, size_t size)
{
	if (o->set[OPTION_STORE])
		return join(buf, size, o->text[OPTION_STORE], strlen(o->text[OPTION_STORE]), "");
	const char *dir = variable("STATE_DIRECTORY");
	if (dir)
		return join(buf, size, dir, strcspn(dir, ":"), "");
	if (geteuid() == 0)
		return join(buf, size, "/var/lib/plimsoll", strlen("/var/lib/plimsoll"), "");
	dir = variable("XDG_STATE_HOME");
	if (dir)
		return join(buf, size, dir, strlen(dir), "/plimsoll");
	dir = home();
	return dir ? join(buf, size, dir, strlen(dir), "/.local/state/plimsoll") : -ENOENT;
}

int store_refused(const struct options *o, const char *path, int error)
{
	const char *name = command_info(o->command)->name;
	switch (error) {
	case -ENOENT:
		return complain(EX_NOINPUT,
			"%s: %s: no such store or recording (plimsoll record makes one)", name,
			path);
	case -ENODATA:
		return complain(EX_NOINPUT,
			"%s: %s: nothing is recorded there (plimsoll record does it)", name, path);
	case -EBADMSG:
		return complain(
			EX_DATAERR, "%s: %s: not a recording, or damaged throughout", name, path);
	case -ENOTSUP:
		return complain(
			EX_DATAERR, "%s: %s: written by a newer version of plimsoll", name, path);
	default:
		return complain(
			EX_NOINPUT, "%s: %s: cannot be read: %s", name, path, strerror(-error));
	}
}
