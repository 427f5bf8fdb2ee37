/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The forms are those of systemd (systemd.slice(5), unit names with suffixes), of Docker with either of its cgroup drivers ("/docker/ID",
 * "docker-ID.scope"), Podman ("libpod-ID.scope", "libpod_parent/libpod-ID"), LXC ("lxc/NAME" before 4.0, "lxc.payload.NAME" since), and of Kubernetes'
 * runtimes ("cri-containerd-ID.scope", "crio-ID.scope", "kubepods/.../ID"). */
#include "ledger/group.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ID_LENGTH = 64, ID_SHOWN = 12 };

/* Containers are numbered by 64 hexadecimal digits; people know the first twelve. */
static bool is_id(const char *s, size_t n)
{
	if (n < ID_LENGTH)
		return false;
	for (size_t i = 0; i < ID_LENGTH; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return n == ID_LENGTH || s[ID_LENGTH] == '.';
}

struct part {
	const char *p;
	size_t n;
};

static bool starts(struct part s, const char *with, struct part *ret_rest)
{
	size_t n = strlen(with);
	if (s.n <= n || memcmp(s.p, with, n) != 0)
		return false;
	*ret_rest = (struct part){s.p + n, s.n - n};
	return true;
}

static bool ends(struct part s, const char *with)
{
	size_t n = strlen(with);
	return s.n > n && memcmp(s.p + s.n - n, with, n) == 0;
}

static bool is(struct part s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static void say(char *buf, const char *what, struct part s)
{
	(void)snprintf(buf, GROUP_TITLE, "%s%s%.*s", what, *what ? " " : "",
		(int)(s.n < 64 ? s.n : 64), s.p);
}

static bool container(char *buf, struct part above, struct part s)
{
	static const struct {
		const char *prefix, *what;
	} scopes[] = {{"docker-", "docker"}, {"libpod-", "podman"},
		{"cri-containerd-", "kubernetes"}, {"crio-", "kubernetes"},
		{"nerdctl-", "containerd"}};
	struct part rest = s;
	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (starts(s, scopes[i].prefix, &rest) && is_id(rest.p, rest.n)) {
			say(buf, scopes[i].what, (struct part){rest.p, ID_SHOWN});
			return true;
		}
	if (is_id(s.p, s.n)) {
		struct part id = {s.p, ID_SHOWN};
		say(buf,
			is(above, "docker")                      ? "docker"
			: above.n && starts(above, "pod", &rest) ? "kubernetes"
								 : "container",
			id);
		return true;
	}
	if (is(above, "lxc") || starts(s, "lxc.payload.", &rest)) {
		say(buf, "lxc", is(above, "lxc") ? s : rest);
		return true;
	}
	return false;
}

/* session-3.scope below user-1000.slice. */
static bool session(char *buf, struct part above, struct part s)
{
	struct part number, user;
	if (!starts(s, "session-", &number) || !ends(s, ".scope") ||
		!starts(above, "user-", &user) || !ends(above, ".slice"))
		return false;
	(void)snprintf(buf, GROUP_TITLE, "session %.*s of user %.*s", (int)(number.n - 6), number.p,
		(int)(user.n - 6), user.p);
	return true;
}

const char *group_title(char buf[static GROUP_TITLE], const char *path)
{
	struct part above = {"", 0}, s;
	bool known = false;
	(void)snprintf(buf, GROUP_TITLE, "%s", strcmp(path, "/") == 0 ? "" : path);
	for (const char *p = path; *p; p = s.p + s.n) {
		p += *p == '/';
		s = (struct part){p, strcspn(p, "/")};
		/* The outermost container, else the innermost unit. */
		if (container(buf, above, s) || session(buf, above, s))
			return buf;
		if (ends(s, ".service") || ends(s, ".scope") || ends(s, ".socket") ||
			(ends(s, ".slice") && !known)) {
			say(buf, "", s);
			known = known || !ends(s, ".slice");
		}
		above = s;
	}
	return buf;
}
