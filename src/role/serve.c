/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* serve: the process that answers over HTTP from the store. It never reads the kernel, and gives up all rights but to read the store. */
#include "base/clock.h"
#include "base/confine.h"
#include "base/image.h"
#include "http/keeper.h"
#include "http/server.h"
#include "role/commands.h"
#include "role/paths.h"
#include "role/stop.h"
#include "role/user.h"

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

/* ---- where, and for whom ---- */

/* What other machines can reach is encrypted, and asks who it is: names of processes, users and peers are nobody else's business. */
static int check_where(const struct options *o, const char *text, union listen_address *at)
{
	bool cert = o->set[OPTION_TLS_CERT], key = o->set[OPTION_TLS_KEY];
	if (listen_parse(text, at) < 0)
		return complain(EX_USAGE,
			"serve: --listen: '%s' is no ADDR:PORT (127.0.0.1:1876, [::1]:1876)", text);
	if (cert != key)
		return complain(EX_USAGE, "serve: --tls-%s: goes with --tls-%s",
			cert ? "cert" : "key", cert ? "key" : "cert");
	if (!listen_is_loopback(at) && !cert && !o->set[OPTION_BEHIND_PROXY])
		return complain(EX_USAGE,
			"serve: --listen: '%s' can be reached from elsewhere: that needs "
			"--tls-cert "
			"and --tls-key, or --behind-proxy where a proxy does TLS",
			text);
	return 0;
}

static bool asks_who(const struct options *o, const union listen_address *at)
{
	return !listen_is_loopback(at) || o->set[OPTION_BEHIND_PROXY] || o->set[OPTION_LOGIN];
}

static int load_tls(const struct options *o, struct tls **ret)
{
	char why[1024];
	if (!o->set[OPTION_TLS_CERT])
		return 0;
	int r = tls_load(o->text[OPTION_TLS_CERT], o->text[OPTION_TLS_KEY], ret, why, sizeof why);
	return r < 0 ? complain(r == -ENOSYS ? EX_UNAVAILABLE : EX_NOINPUT, "serve: TLS: %s", why)
		     : 0;
}

/* Starts who keeps the users, and has them told. */
static int start_login(const struct options *o, int *ret_fd, const struct accounts **ret)
{
	static struct keeper_say said;
	char path[4096], why[160];
	int r = users_path(o, path, sizeof path);
	if (r < 0)
		return complain(
			EX_USAGE, "serve: no path of a file of users (--users): %s", strerror(-r));
	if (secret_open(false) < 0)
		return complain(EX_UNAVAILABLE, "serve: this build has no login (libsodium)");
	r = keeper_start(path, ret_fd);
	if (r == 0 && keeper_first(*ret_fd, &said) < 0)
		return complain(EX_OSERR, "serve: the process that checks passwords did not begin");
	if (r == 0)
		r = said.error;
	if (r < 0 && r != -ENOENT)
		return complain(EX_NOINPUT, "serve: %s: %s", path, users_why(why, r, said.line));
	if (r < 0 || said.accounts.n == 0)
		return complain(EX_NOINPUT,
			"serve: %s: who may log in? There is no user yet (plimsoll user add NAME)",
			path);
	*ret = &said.accounts;
	return 0;
}

static int listen_on(const char *text, union listen_address *at, int *ret_fd)
{
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

/* Closes what server_open() would have taken. */
static void give_back(struct server_setup *with)
{
	if (with->listen_fd >= 0)
		(void)close(with->listen_fd);
	if (with->keeper_fd >= 0)
		(void)close(with->keeper_fd);
	tls_free(with->tls);
}

static int prepare(const struct options *o, const char *listen_at, struct server_setup *with,
	const volatile sig_atomic_t *stop)
{
	struct stat st;
	int status = check_where(o, listen_at, &with->at);
	if (status == 0)
		status = load_tls(o, &with->tls);
	if (status == 0 && asks_who(o, &with->at))
		status = start_login(o, &with->keeper_fd, &with->accounts);
	if (status == 0)
		status = listen_on(listen_at, &with->at, &with->listen_fd);
	if (status == 0)
		status = wait_for_store(with->store, stop, &st);
	if (status == 0 && !*stop)
		status = give_up_rights(with->store, &st);
	return status;
}

static int serve(const struct options *o, const char *store, const char *listen_at,
	const volatile sig_atomic_t *stop)
{
	char text[LISTEN_TEXT];
	struct server_setup with = {.store = store,
		.listen_fd = -1,
		.keeper_fd = -1,
		.behind_proxy = o->set[OPTION_BEHIND_PROXY]};
	struct server *server;
	int status = prepare(o, listen_at, &with, stop);
	if (status || *stop) {
		give_back(&with);
		return status;
	}
	bool tls = with.tls != NULL;
	int r = server_open(&with, &server);
	if (r < 0)
		return complain(EX_OSERR, "serve: %s", strerror(-r));
	(void)fprintf(stderr, "serving http%s://%s\n", tls ? "s" : "", listen_text(text, &with.at));
	image_rest();
	r = server_run(server, stop);
	server_close(server);
	return r < 0 ? complain(EX_SOFTWARE, "serve: the process that checks passwords has ended")
		     : 0;
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
	return serve(o, store,
		o->set[OPTION_LISTEN] ? o->text[OPTION_LISTEN] : option_info(OPTION_LISTEN)->def,
		&stop_requested);
}
