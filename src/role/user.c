/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* user: adds, changes, lists and removes users and tokens. A server that runs sees the change within a second. */
#include "role/user.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/secret.h"
#include "role/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <termios.h>

int users_path(const struct options *o, char *buf, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;
	if (o->set[OPTION_USERS])
		n = snprintf(buf, size, "%s", o->text[OPTION_USERS]);
	else if (geteuid() == 0)
		n = snprintf(buf, size, "/etc/plimsoll/users");
	else if (config && *config == '/')
		n = snprintf(buf, size, "%s/plimsoll/users", config);
	else if (home && *home == '/')
		n = snprintf(buf, size, "%s/.config/plimsoll/users", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

const char *users_why(char buf[static 160], int error, unsigned line)
{
	if (error == -EBADMSG)
		(void)snprintf(buf, 160, "line %u is no user and no token", line);
	else if (error == -EPERM)
		(void)snprintf(buf, 160, "others may read or change it (chmod 600)");
	else
		(void)snprintf(buf, 160, "%s", strerror(-error));
	return buf;
}

/* ---- the file ---- */

struct file {
	char path[4096];
	int lock_fd; /* of its folder: two who change it wait for each other */
	struct accounts accounts;
};

static int make_folder(const char *path)
{
	char folder[4096];
	(void)snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return open(slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '\0';
	for (char *p = folder + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(folder, 0755);
		*p = '/';
	}
	(void)mkdir(folder, 0700);
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int file_open(const struct options *o, struct file *f, bool change)
{
	char why[160];
	unsigned line = 0;
	int r = users_path(o, f->path, sizeof f->path);
	if (r < 0)
		return complain(EX_USAGE, "user: no path of a file (--users): %s", strerror(-r));
	f->lock_fd = change ? make_folder(f->path) : -1;
	if (change && (f->lock_fd < 0 || flock(f->lock_fd, LOCK_EX) < 0))
		return complain(EX_CANTCREAT, "user: %s: %s", f->path, strerror(errno));
	r = accounts_read(f->path, &f->accounts, &line);
	if (r < 0 && r != -ENOENT)
		return complain(EX_NOINPUT, "user: %s: %s", f->path, users_why(why, r, line));
	return 0;
}

static int file_save(const struct file *f)
{
	int r = accounts_write(f->path, &f->accounts);
	return r < 0 ? complain(EX_CANTCREAT, "user: %s: %s", f->path, strerror(-r)) : 0;
}

static struct account *find(struct file *f, const char *name)
{
	for (size_t i = 0; i < f->accounts.n; i++)
		if (strcmp(f->accounts.rows[i].name, name) == 0)
			return &f->accounts.rows[i];
	return NULL;
}

/* ---- passwords ---- */

/* A line without its newline; false: none, or too long. */
static bool read_line(char *buf, size_t size)
{
	if (!fgets(buf, (int)size, stdin))
		return false;
	size_t n = strcspn(buf, "\n");
	bool whole = buf[n] == '\n' || feof(stdin);
	buf[n] = '\0';
	return whole;
}

static bool ask(const char *what, char *buf, size_t size)
{
	struct termios shown, hidden;
	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return read_line(buf, size); /* no terminal: a line of the standard input */
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	(void)fprintf(stderr, "%s: ", what);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	bool good = read_line(buf, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	(void)fputc('\n', stderr);
	return good;
}

static int take_password(const char *name, char ret[static ACCOUNT_HASH])
{
	char once[SECRET_PASSWORD + 1], again[SECRET_PASSWORD + 1];
	int status = 0;
	if (!ask("password", once, sizeof once) || strlen(once) >= SECRET_PASSWORD)
		status = complain(EX_DATAERR, "user: %s: no password, or one of more than %d bytes",
			name, (int)SECRET_PASSWORD - 1);
	else if (text_width(once) < SECRET_PASSWORD_MIN)
		status = complain(EX_DATAERR, "user: %s: a password has %d characters at least",
			name, (int)SECRET_PASSWORD_MIN);
	else if (isatty(STDIN_FILENO) &&
		 (!ask("once more", again, sizeof again) || strcmp(once, again) != 0))
		status = complain(EX_DATAERR, "user: %s: the two are not the same", name);
	else if (secret_hash_password(once, ret) < 0)
		status = complain(EX_OSERR, "user: %s: %s", name, strerror(ENOMEM));
	explicit_bzero(once, sizeof once);
	explicit_bzero(again, sizeof again);
	return status;
}

/* ---- what is done ---- */

static int add(struct file *f, enum account_kind kind, const char *name, const char *scope)
{
	char random[SECRET_TEXT], token[SECRET_TEXT + 8];
	struct account a = {.kind = kind,
		.scope = scope                  ? scope_of(scope)
			 : kind == ACCOUNT_USER ? SCOPE_WRITE
						: SCOPE_READ,
		.made_s = clock_real_ns() / 1000000000};
	int status = 0;
	if (a.scope == SCOPE_NONE)
		return complain(EX_USAGE, "user: --scope: '%s' is neither read nor write", scope);
	if (find(f, name))
		return complain(EX_USAGE, "user: %s: is there already (plimsoll user remove %s)",
			name, name);
	if (f->accounts.n == ACCOUNTS_MAX)
		return complain(
			EX_USAGE, "user: %s: there are %d already", name, (int)ACCOUNTS_MAX);
	memcpy(a.name, name, strlen(name) + 1);
	if (kind == ACCOUNT_USER) {
		status = take_password(name, a.hash);
	} else {
		secret_random(random);
		(void)snprintf(token, sizeof token, "plim_%s", random);
		secret_hash_hex(token, a.hash);
	}
	if (status)
		return status;
	f->accounts.rows[f->accounts.n++] = a;
	status = file_save(f);
	if (status == 0 && kind == ACCOUNT_TOKEN)
		(void)printf("%s\n", token); /* the only time: it is kept as a hash */
	return status;
}

static int change_password(struct file *f, const char *name)
{
	struct account *a = find(f, name);
	if (!a || a->kind != ACCOUNT_USER)
		return complain(EX_NOUSER, "user: %s: no such user", name);
	int status = take_password(name, a->hash);
	return status ? status : file_save(f);
}

static int remove_account(struct file *f, const char *name)
{
	struct account *a = find(f, name);
	if (!a)
		return complain(EX_NOUSER, "user: %s: no such user or token", name);
	size_t behind = (size_t)(f->accounts.rows + f->accounts.n - a) - 1;
	memmove(a, a + 1, behind * sizeof *a);
	f->accounts.n--;
	return file_save(f);
}

static int list(const struct file *f)
{
	char at[40];
	for (size_t i = 0; i < f->accounts.n; i++) {
		const struct account *a = &f->accounts.rows[i];
		(void)printf("%-5s  %-5s  %s  %s\n", a->kind == ACCOUNT_USER ? "user" : "token",
			scope_name(a->scope), text_time(at, a->made_s * 1000000000), a->name);
	}
	return fflush(stdout) == EOF ? complain(EX_IOERR, "standard output: %s", strerror(errno))
				     : 0;
}

int command_user(struct options *o)
{
	static struct file f;
	const char *what = o->argument ? o->argument : "list", *name = o->second;
	bool lists = strcmp(what, "list") == 0;
	const char *const known[] = {"list", "add", "password", "token", "remove"};
	size_t i = 0;
	while (i < COUNTOF(known) && strcmp(known[i], what) != 0)
		i++;
	if (i == COUNTOF(known))
		return complain(EX_USAGE, "user: '%s': list, add, password, token or remove", what);
	if (!lists && !name)
		return complain(EX_USAGE, "user: %s: needs a NAME", what);
	if (name && (lists || !account_is_name(name)))
		return complain(EX_USAGE,
			lists ? "user: list: takes no name: '%s'"
			      : "user: '%s': a name is of 1 to 64 letters, digits and ._@-",
			name);
	if (secret_open(false) < 0)
		return complain(EX_UNAVAILABLE, "user: this build has no login (libsodium)");
	int status = file_open(o, &f, !lists);
	if (status)
		return status;
	if (lists)
		return list(&f);
	if (strcmp(what, "add") == 0)
		return add(&f, ACCOUNT_USER, name, o->text[OPTION_SCOPE]);
	if (strcmp(what, "token") == 0)
		return add(&f, ACCOUNT_TOKEN, name, o->text[OPTION_SCOPE]);
	if (strcmp(what, "password") == 0)
		return change_password(&f, name);
	return remove_account(&f, name);
}
