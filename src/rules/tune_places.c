/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Where a setting lasts, for tune. Files of the host are applied to the host's network namespace alone: each other one begins with the kernel's defaults, and has what
 * its maker sets in it: the options of a container (docker-run(1), podman-run(1), the securityContext of a pod, lxc.container.conf(5)), the unit of a
 * service with PrivateNetwork=, or the script that calls ip netns. */
#include "ledger/group.h"
#include "ledger/who.h"
#include "rules/tune_impl.h"
#include "rules/verdict.h"

#include <string.h>

static const char *cgroup_of(struct view *v, int32_t pid)
{
	const struct usage *u = pid ? view_usage(v, pid) : NULL;
	return u && (u->p->have & HAVE_CGROUP) ? intern_text(&v->series->names, u->p->cgroup) : "";
}

struct tune_place tune_container_in(struct view *v, const char *path)
{
	static const struct {
		const char *word;
		enum tune_place_kind kind;
	} kinds[] = {{"docker ", PLACE_DOCKER}, {"containerd ", PLACE_NERDCTL},
		{"podman ", PLACE_PODMAN}, {"kubernetes ", PLACE_KUBERNETES}, {"lxc ", PLACE_LXC},
		{"container ", PLACE_UNKNOWN}};
	char title[GROUP_TITLE];
	(void)group_title(title, path);
	for (size_t i = 0; i < COUNTOF(kinds); i++) {
		size_t n = strlen(kinds[i].word);
		if (strncmp(title, kinds[i].word, n) == 0)
			return (struct tune_place){
				kinds[i].kind, shell_word(v, arena_str(&v->scratch, title + n))};
	}
	if (strncmp(path, "/machine.slice/", 15) == 0)
		return (struct tune_place){PLACE_MACHINE, ""};
	return (struct tune_place){PLACE_HOST, ""};
}

struct tune_place tune_container(struct view *v, int32_t pid)
{
	return tune_container_in(v, cgroup_of(v, pid));
}

struct tune_place tune_place(struct view *v, unsigned netns, int32_t pid)
{
	if (netns == NETNS_HOST)
		return (struct tune_place){PLACE_HOST, ""};
	const struct sample *s = view_last(v);
	const struct proc *known = pid ? sample_proc(s, pid, 0) : NULL;
	if (!known || !(known->have & HAVE_NETNS) || known->netns != netns)
		pid = 0;
	for (uint32_t i = 0; !pid && i < s->procs.count; i++) {
		const struct proc *p = &TABLE_ROWS(s->procs, struct proc)[i];
		pid = (p->have & HAVE_NETNS) && p->netns == netns ? p->pid : 0;
	}
	struct tune_place in = tune_container(v, pid);
	if (in.kind != PLACE_HOST)
		return in;
	const char *name = series_netns_name(v->series, netns);
	if (name[strspn(name, "0123456789")] != '\0')
		return (struct tune_place){PLACE_NAMED, shell_word(v, name)};
	const char *unit = unit_of(v, pid);
	if (unit && strstr(unit, ".service"))
		return (struct tune_place){PLACE_UNIT, unit};
	return (struct tune_place){PLACE_UNKNOWN, ""};
}

/* What a pod may set without leave of the node (kubernetes.io: sysctls, the safe set). */
static bool is_safe(const char *name)
{
	return strcmp(name, "net.ipv4.ip_local_port_range") == 0;
}

void tune_netns_sysctl(
	struct view *v, struct tuning *t, struct tune_place p, const char *name, const char *value)
{
	switch (p.kind) {
	case PLACE_HOST:
		tune_line(t, say(v, "%s = %s", name, value));
		t->apply = "sysctl --system";
		return;
	case PLACE_DOCKER:
	case PLACE_NERDCTL:
		t->file = say(v,
			"options of %s run, or below sysctls: of the service in compose.yaml",
			p.kind == PLACE_DOCKER ? "docker" : "nerdctl");
		tune_line(t, say(v, "--sysctl '%s=%s'   # compose.yaml: %s: \"%s\"", name, value,
				     name, value));
		t->apply = say(v,
			"make container %s anew with it: what runs takes it no more, by update or "
			"restart",
			p.name);
		return;
	case PLACE_PODMAN:
		t->file = "options of podman run, or of podman pod create where it is in a pod";
		tune_line(t, say(v, "--sysctl '%s=%s'", name, value));
		t->apply = say(v, "make container %s anew with it", p.name);
		return;
	case PLACE_KUBERNETES:
		t->file = "spec.securityContext.sysctls of the pod";
		tune_line(t, say(v, "- {name: %s, value: \"%s\"}", name, value));
		t->apply = is_safe(name)
				   ? "make the pod anew"
				   : "make the pod anew; the kubelet has to allow it "
				     "(allowedUnsafeSysctls in its configuration), else the pod "
				     "is refused";
		return;
	case PLACE_LXC:
		t->file = say(v, "/var/lib/lxc/%s/config (Proxmox: /etc/pve/lxc/%s.conf)", p.name,
			p.name);
		tune_line(t, say(v, "lxc.sysctl.%s = %s", name, value));
		t->apply = "stop the container and start it again";
		return;
	case PLACE_MACHINE:
		t->file = "inside the container: /etc/sysctl.d/90-net.conf";
		tune_line(t, say(v, "%s = %s", name, value));
		t->apply = "sysctl --system inside; its own systemd does so at each start";
		return;
	case PLACE_NAMED:
		t->file = say(v,
			"the unit that makes the network namespace %s (a script: what stands "
			"behind "
			"the =)",
			p.name);
		tune_line(t, say(v,
				     "ExecStartPost=/usr/bin/ip netns exec %s /usr/sbin/sysctl -w "
				     "\"%s=%s\"",
				     p.name, name, value));
		t->apply = "systemctl daemon-reload; files in /etc/sysctl.d do nothing there";
		return;
	case PLACE_UNIT:
		t->file = say(v, "/etc/systemd/system/%s.d/90-network.conf", p.name);
		if (!t->nlines)
			tune_line(t, "[Service]");
		tune_line(t, say(v, "ExecStartPre=+/usr/sbin/sysctl -w \"%s=%s\"", name, value));
		t->apply = say(v,
			"systemctl daemon-reload; systemctl restart %s (its network namespace is "
			"made anew with it)",
			p.name);
		return;
	case PLACE_UNKNOWN:
		t->file = "whatever makes this network namespace has to set it inside, each time";
		tune_line(t, say(v, "/usr/sbin/sysctl -w '%s=%s'", name, value));
		t->apply = "files in /etc/sysctl.d of the host do nothing there";
		return;
	}
}
