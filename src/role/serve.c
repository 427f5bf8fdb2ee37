/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* serve: the process that answers over HTTP from the store. It never reads the kernel, and gives up all rights but to read the store. */
#include "base/clock.h"
#include "base/confine.h"
#include "http/server.h"
#include "role/commands.h"
#include "role/paths.h"
#include "role/stop.h"

#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static const uint64_t LOOK_AGAIN_NS = 1000000000;

/* ---- where ---- */

static int listen_on(const char *text, union listen_address *at, int *ret_fd)
{
	if (listen_parse(text, at) < 0)
		return complain(EX_USAGE,
			"serve: --listen: '%s' is no ADDR:PORT (127.0.0.1:1876, [::1]:1876)", text);
	if (!listen_is_loopback(at))
		return complain(EX_USAGE,
			"serve: --listen: '%s': only loopback addresses, as there is no login yet "
			"and the page shows names of processes and users",
			text);
	int r = listen_open(at, ret_fd);
	return r < 0 ? complain(EX_UNAVAILABLE, "serve: %s: %s", text, strerror(-r)) : 0;
}

/* What may be read is settled once, by the folder that is there: without one there is nothing to settle it by. */
static int wait_for_store(const char *store, const volatile sig_atomic_t *stop, struct stat *ret)
{
	for (bool said = false; !*stop; said = true) {
		if (stat(store, ret) == 0)
			return 0;
		if (errno != ENOENT)
			return complain(EX_NOINPUT, "serve: %s: %s", store, strerror(errno));
		if (!said)
			(void)complain(0,
				"serve: %s: no store yet; waiting for plimsoll record to make it",
				store);
		(void)clock_sleep_until(clock_mono_ns() + LOOK_AGAIN_NS);
	}
	return 0;
}

/* ---- rights ---- */

/* The owner of a store that is not root's; else the user made for this, or the one that owns nothing. */
static uid_t user_for(const struct stat *store)
{
	if (store->st_uid)
		return store->st_uid;
	const struct passwd *p = getpwnam("plimsoll");
	if (!p)
		p = getpwnam("nobody");
	return p ? p->pw_uid : NOBODY;
}

static void say_without(const char *what, int error)
{
	if (error < 0)
		(void)complain(0, "serve: goes on without %s: %s", what,
			error == -ENOSYS ? "this system or build has none" : strerror(-error));
}

/* Of root a user remains that may read the store because its group may: the files are made anew each hour, so opening them before would
 * not do, and CAP_DAC_READ_SEARCH would open every file of the machine where Landlock is missing. */
static int give_up_rights(const char *store, const struct stat *st)
{
	tzset();             /* while /etc/localtime can be read */
	json_object_seed(0); /* and /dev/urandom */
	say_without("a user of its own", confine_user(user_for(st), st->st_gid));
	if (access(store, S_ISDIR(st->st_mode) ? R_OK | X_OK : R_OK) < 0)
		return complain(EX_NOINPUT,
			"serve: %s: user %u of group %u may not read it: %s (chmod -R g+rX, and x "
			"on "
			"the folders above)",
			store, (unsigned)geteuid(), (unsigned)getegid(), strerror(errno));
	say_without("Landlock", confine_files(store));
	say_without("seccomp", confine_calls());
	return 0;
}

/* ---- the process ---- */

static int serve(const char *store, const char *listen_at, const volatile sig_atomic_t *stop)
{
	char text[LISTEN_TEXT];
	union listen_address at = {0};
	struct server *server;
	struct stat st;
	int fd = -1, status = listen_on(listen_at, &at, &fd);
	if (status)
		return status;
	status = wait_for_store(store, stop, &st);
	if (status == 0 && !*stop)
		status = give_up_rights(store, &st);
	if (status || *stop) {
		(void)close(fd);
		return status;
	}
	int r = server_open(store, &at, fd, &server);
	if (r < 0)
		return complain(EX_OSERR, "serve: %s", strerror(-r));
	(void)fprintf(stderr, "serving http://%s\n", listen_text(text, &at));
	server_run(server, stop);
	server_close(server);
	return 0;
}

int command_serve(struct options *o)
{
	char store[4096];
	int status = o->set[OPTION_CONFIG] ? options_config(o, o->text[OPTION_CONFIG]) : 0;
	if (status)
		return status;
	int r = store_path(o, store, sizeof store);
	if (r < 0)
		return complain(EX_USAGE, "serve: no path of a store (--store): %s", strerror(-r));
	stop_catch(STOP_WHILE_WAITING);
	return serve(store,
		o->set[OPTION_LISTEN] ? o->text[OPTION_LISTEN] : option_info(OPTION_LISTEN)->def,
		&stop_requested);
}
