/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What people call a control group, by the paths that each maker of them writes. */
#include "ledger/group.h"
#include "test.h"

#define ID "3f2a9c41d7e00b1122334455667788990011223344556677889900aabbccddee"

int main(void)
{
	static const struct {
		const char *path, *title;
	} cases[] = {
		{"/", ""},
		{"", ""},
		{"/system.slice/nginx.service", "nginx.service"},
		{"/system.slice/system-postgresql.slice/postgresql@15-main.service",
			"postgresql@15-main.service"},
		{"/system.slice", "system.slice"},
		{"/init.scope", "init.scope"},
		{"/user.slice/user-1000.slice/session-3.scope", "session 3 of user 1000"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope",
			"app-x.scope"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service"},
		{"/docker/" ID, "docker 3f2a9c41d7e0"},
		{"/docker/" ID "/system.slice/nginx.service", "docker 3f2a9c41d7e0"},
		{"/system.slice/docker-" ID ".scope", "docker 3f2a9c41d7e0"},
		{"/machine.slice/libpod-" ID ".scope/container", "podman 3f2a9c41d7e0"},
		{"/lxc/web1", "lxc web1"},
		{"/lxc.payload.web1/system.slice/nginx.service", "lxc web1"},
		{"/kubepods.slice/kubepods-burstable.slice/cri-containerd-" ID ".scope",
			"kubernetes 3f2a9c41d7e0"},
		{"/kubepods/besteffort/pod12345/" ID, "kubernetes 3f2a9c41d7e0"},
		{"/batch/" ID, "container 3f2a9c41d7e0"},
		{"/docker/3f2a", "/docker/3f2a"},
		{"/docker-.scope", "docker-.scope"},
		{"/my/own", "/my/own"},
		{"///", "///"},
	};
	char buf[GROUP_TITLE], longest[5000];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(group_title(buf, cases[i].path), cases[i].title);
	memset(longest, 'x', sizeof longest);
	longest[0] = '/';
	longest[sizeof longest - 1] = '\0';
	CHECK_INT(strlen(group_title(buf, longest)), GROUP_TITLE - 1);
	memcpy(longest + 4000, ".service", 9);
	CHECK(strlen(group_title(buf, longest)) < GROUP_TITLE);
	return test_result("group");
}
