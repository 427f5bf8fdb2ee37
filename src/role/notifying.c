/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* notify: the process that tells people and programs of findings. */
#include "fleet/notify.h"
#include "role/commands.h"
#include "role/notify_lines.h"
#include "role/paths.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

static void request_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

static void catch_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction sa = {.sa_handler = request_stop};
	sigset_t through;
	(void)sigemptyset(&through);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		(void)sigaction(ends[i], &sa, NULL);
		(void)sigaddset(&through, ends[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &through, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void say(const char *line)
{
	(void)complain(0, "notify: %s", line);
}

/* Answers of servers are a stranger's bytes: of root nothing remains but what its files allow it. */
static void give_up_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		(void)complain(0, "notify: goes on with the rights it was started with: %s",
			strerror(errno));
}

static int run(const struct options *o, const struct target *targets, size_t n)
{
	char store[4096];
	bool test = o->argument != NULL;
	struct runner *runner;
	int r = store_path(o, store, sizeof store);
	if (r < 0 && !test)
		return complain(EX_USAGE, "notify: --store: the path is too long");
	r = runner_start(targets, n, &runner);
	if (r < 0)
		return complain(
			EX_OSERR, "notify: the process that starts commands: %s", strerror(-r));
	(void)setpriority(PRIO_PROCESS, 0, 10); /* the recorder goes first */
	give_up_rights();
	r = test ? notify_test(targets, n, runner, say, &stop_requested)
		 : notify_run(store, targets, n, runner, say, &stop_requested);
	runner_end(runner);
	if (r < 0)
		return complain(EX_OSERR, "notify: %s", strerror(-r));
	return r > 0 ? EX_UNAVAILABLE : 0;
}

int command_notify(struct options *o)
{
	static struct target targets[TARGETS_MAX];
	size_t n = 0;
	if (o->argument && strcmp(o->argument, "test") != 0)
		return complain(EX_USAGE, "notify: '%s': only test may stand there", o->argument);
	int status = o->set[OPTION_CONFIG] ? options_config(o, o->text[OPTION_CONFIG]) : 0;
	const char *lines = o->set[OPTION_NOTIFY] ? o->text[OPTION_NOTIFY] : getenv(NOTIFY_LINES);
	if (status)
		return status;
	if (!lines)
		return complain(EX_USAGE,
			"notify: nobody to tell: --config FILE with lines 'notify = "
			"...', or --notify TARGET; see plimsoll.conf(5)");
	status = notify_lines(lines, targets, &n);
	for (size_t i = 0; i < n && status == 0; i++) {
		const char *problem =
			targets[i].kind == TARGET_COMMAND ? runner_problem(&targets[i]) : NULL;
		if (problem)
			status = complain(EX_CONFIG, "notify: %s: %s", targets[i].args[0], problem);
	}
	catch_signals();
	return status ? status : run(o, targets, n);
}
