/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for what the kernel says is broken: itself, the hardware, a disk, a filesystem. Its log is text of many authors; the lines that are
 * looked for have been the same for many releases. No process can write a line that would be taken for one of the kernel's (collect/klog.c). */
#include "rules/kernel.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool kernel_said(
	const struct view *v, bool old, bool (*wanted)(const char *text), struct kernel_line *ret)
{
	uint64_t begin = view_at(v, 0)->real_ns;
	ret->count = 0;
	for (unsigned i = 0; i < v->n; i++) {
		const struct sample *s = view_at(v, i);
		for (uint32_t k = 0; k < s->klog.count; k++) {
			const struct klog *row = &TABLE_ROWS(s->klog, struct klog)[k];
			char text[KLOG_TEXT + 1] = "";
			memcpy(text, row->text, KLOG_TEXT);
			if ((!old && row->real_ns < begin) || !wanted(text))
				continue;
			if (ret->count++ == 0) {
				memcpy(ret->text, text, sizeof text);
				ret->at_ns = row->real_ns;
			}
		}
	}
	return ret->count > 0;
}

static bool has_any(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* ---- the kernel itself ---- */

const struct rule_case rule_case_kernel_errors = {
	.mechanism = "The kernel ran into a fault of its own: an oops, a corrupted structure, a "
		     "processor that makes no progress, a task that waits for minutes. "
		     "What it held is lost or locked; things that have nothing to do with it hang "
		     "or fail later.",
	.threshold = "Such a line of the kernel's own log: oops, BUG, protection fault, lockup, "
		     "RCU stall of the last ten minutes; \"blocked for more than\" "
		     "(hung task) within the time watched.",
	.false_alarms = "Programs that crash: their own trouble (restarts). Warnings of drivers. A "
			"process cannot write lines of the kernel.",
	.confirm = "dmesg -T -l emerg,alert,crit,err | tail -30; cat /proc/sys/kernel/tainted",
	.remedy = "Keep the log, reboot when you can, update kernel, driver or firmware. A hung "
		  "task: look at the storage or lock it waits for.",
};

static bool is_fault(const char *text)
{
	static const char *const words[] = {"Oops", "kernel BUG at",
		"BUG:", "general protection fault", "Unable to handle kernel",
		"unable to handle kernel", "Kernel panic", "hard LOCKUP", "detected stall",
		"detected stalls", "corruption."};
	return has_any(text, words, COUNTOF(words));
}

static bool is_hung(const char *text)
{
	return strncmp(text, "INFO: task ", 11) == 0 && strstr(text, " blocked for more than ");
}

/* "task NAME:PID blocked", "stuck for 23s! [NAME:PID]": the last colon before the end tells name from number. */
static bool task_of(struct view *v, const char *text, struct who *ret)
{
	const char *begin = strstr(text, "INFO: task "), *end = NULL;
	if (begin) {
		begin += 11;
		end = strstr(begin, " blocked");
	} else if ((begin = strstr(text, "! [")) != NULL) {
		begin += 3;
		end = strrchr(begin, ']');
	}
	const char *colon = end;
	while (colon && colon > begin && *colon != ':')
		colon--;
	if (!colon || colon == begin)
		return false;
	long pid = strtol(colon + 1, NULL, 10);
	*ret = (struct who){"process", arena_strn(&v->scratch, begin, (size_t)(colon - begin)),
		pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0, -1, "the kernel names it"};
	return true;
}

static void say_line(struct view *v, struct verdict *f, const struct kernel_line *l)
{
	f->since_ns = l->at_ns < v->now_ns ? l->at_ns : v->now_ns;
	f->used = l->count;
	verdict_evidence(f, say(v, "the kernel's log: %s", l->text), -1, l->count, -1,
		"dmesg -T -l emerg,alert,crit,err,warn | tail -50");
}

void rule_kernel_errors(struct view *v, struct verdicts *out)
{
	struct kernel_line l;
	bool fault = kernel_said(v, true, is_fault, &l);
	/* A log that cannot be read is a gap of the sample, which says that it hides this. */
	if (!fault && !kernel_said(v, false, is_hung, &l))
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_WRONG, NULL);
	if (!f)
		return;
	f->title = fault ? "The kernel ran into a fault of its own"
			 : "A task makes no progress for minutes, the kernel says";
	f->culprits[f->nculprits++] = (struct who){"kernel", "kernel", 0, -1, "see its log"};
	struct who task;
	if (task_of(v, l.text, &task)) {
		f->title =
			fault ? say(v, "The kernel ran into a fault of its own, in %s", task.value)
			      : say(v, "%s makes no progress for minutes, the kernel says",
					task.value);
		f->culprits[0] = task;
		f->pid = task.pid;
	}
	say_line(v, f, &l);
	verdict_remedy(f, "Keep the log of it", "dmesg -T > /var/tmp/dmesg.txt", NULL, false,
		"none", "none");
	if (fault)
		verdict_remedy(f,
			"Move the services away and reboot; then update kernel, driver or firmware",
			NULL, NULL, true, "a reboot", "locks that it held are never given back");
	else
		verdict_remedy(f,
			"Look at what it waits for: storage, a network filesystem, a lock",
			f->pid ? say(v, "cat /proc/%" PRId32 "/stack", f->pid) : NULL, NULL, false,
			"none", "none");
}

/* ---- hardware ---- */

const struct rule_case rule_case_hardware = {
	.mechanism = "Memory, processor or board report errors, or the processor slows itself down "
		     "because it is too hot.",
	.threshold = "A counter of memory errors (EDAC) or of thermal throttling grew in the "
		     "window, or the kernel logged a hardware error.",
	.false_alarms = "Counters that stand since long ago: only growth counts.",
	.confirm = "grep . /sys/devices/system/edac/mc/mc*/[cu]e_count; dmesg -T | grep -iE "
		   "'mce|edac|hardware error|temperature'",
	.remedy = "Uncorrected errors: take the machine out of service. Corrected ones that go on: "
		  "replace the module. Heat: fans, dust, load.",
};

static bool is_hardware(const char *text)
{
	static const char *const words[] = {"[Hardware Error]", "Machine check", "machine check",
		"Uncorrected error", "UE memory", "Memory failure:"};
	return has_any(text, words, COUNTOF(words));
}

static void counted(struct view *v, struct verdicts *out, enum metric m, enum severity severity,
	const char *instance, const char *title)
{
	double grown;
	uint32_t id = view_id(v, m, 0, 0);
	if (!view_delta(v, id, &grown) || grown <= 0)
		return;
	struct verdict *f = verdict_new(v, out, severity, STATE_WRONG, instance);
	if (!f)
		return;
	f->used = grown;
	f->since_ns = view_grew_at(v, id);
	f->title = title;
	f->culprits[f->nculprits++] = (struct who){
		"hardware", instance, 0, 1, say(v, "%.0f times in %.0f s", grown, v->seconds)};
	bool heat = strcmp(instance, "thermal") == 0;
	verdict_evidence(f, say(v, "%.0f in %.0f s", grown, v->seconds), (int)m, grown, 0,
		heat ? "grep . /sys/devices/system/cpu/cpu0/thermal_throttle/*"
		     : "grep . /sys/devices/system/edac/mc/mc0/ce_count "
		       "/sys/devices/system/edac/mc/mc0/ue_count");
	if (heat)
		verdict_remedy(f, "Look at fans, dust, the room; move load away until then", NULL,
			NULL, true, "none", "none");
	else
		verdict_remedy(f, "Move the services away and replace the memory module", NULL,
			NULL, true, "a new module", "data in memory may be wrong");
}

void rule_hardware(struct view *v, struct verdicts *out)
{
	struct kernel_line l;
	counted(v, out, M_ECC_UNCORRECTED, SEVERITY_CRITICAL, "memory",
		"Memory has errors that the hardware cannot correct");
	counted(v, out, M_ECC_CORRECTED, SEVERITY_WARNING, "memory",
		"Memory has errors, which the hardware corrects");
	counted(v, out, M_THROTTLED_PACKAGE, SEVERITY_WARNING, "thermal",
		"The processor is too hot and slows itself down");
	if (!kernel_said(v, true, is_hardware, &l))
		return;
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_WRONG, "machine check");
	if (!f)
		return;
	f->title = "The hardware reports errors";
	f->culprits[f->nculprits++] =
		(struct who){"hardware", "machine check", 0, 1, "see the kernel's log"};
	say_line(v, f, &l);
	verdict_remedy(f, "Move the services away, and have memory, processor and board tested",
		NULL, NULL, true, "the machine is out of service", "none");
}

/* ---- disks ---- */

const struct rule_case rule_case_disk_errors = {
	.mechanism = "A disk, its cable or controller answers requests with errors: reads fail, "
		     "writes are lost, filesystems give up. Or an array (md) has lost a "
		     "member and has no redundancy left.",
	.threshold = "The kernel logged an I/O error of a device within the time watched, or an "
		     "array has fewer working disks than it should have.",
	.false_alarms = "Errors of a medium that was taken out (an empty drive). Errors of the "
			"past: only new lines count.",
	.confirm = "dmesg -T | grep -iE 'I/O error|medium error'; smartctl -a /dev/DEV; cat "
		   "/proc/mdstat",
	.remedy = "Save the data that is not saved, then replace the disk; look at cable and "
		  "controller if there are many devices.",
};

static bool is_disk_error(const char *text)
{
	static const char *const words[] = {"I/O error, dev ", "Buffer I/O error on dev",
		"critical medium error, dev ", "critical target error, dev ",
		"critical space allocation error, dev ", "lost async page write",
		"Unrecovered read error", "metadata I/O error"};
	return has_any(text, words, COUNTOF(words)) && !strstr(text, "dev fd0") &&
	       !strstr(text, "dev sr0");
}

/* The name behind "dev " or "device " or in "XFS (NAME)". */
static const char *device_in(struct view *v, const char *text)
{
	static const char *const marks[] = {", dev ", "on dev ", "on device ", "(device ", "XFS ("};
	for (size_t i = 0; i < COUNTOF(marks); i++) {
		const char *at = strstr(text, marks[i]);
		if (!at)
			continue;
		at += strlen(marks[i]);
		size_t n = strcspn(at, " ,):");
		if (n > 0)
			return arena_strn(&v->scratch, at, n);
	}
	return NULL;
}

static uint64_t devno_of(struct view *v, const char *name)
{
	for (uint32_t id = view_each(v, M_DISK_DEVNO, 0); id; id = view_each(v, M_DISK_DEVNO, id)) {
		uint64_t devno;
		if (strcmp(series_instance(v->series, id), name) == 0 &&
			sample_get(view_last(v), id, &devno))
			return devno;
	}
	return 0;
}

static void degraded_arrays(struct view *v, struct verdicts *out)
{
	for (uint32_t id = view_each(v, M_MD_DISKS, 0); id; id = view_each(v, M_MD_DISKS, id)) {
		double disks, working, sync;
		uint32_t instance = series_row(v->series, id)->instance;
		if (!view_gauge(v, id, &disks) ||
			!view_gauge(v, view_id(v, M_MD_WORKING, 0, instance), &working) ||
			working >= disks)
			continue;
		const char *dev = series_instance(v->series, id);
		struct verdict *f = verdict_new(v, out, SEVERITY_WARNING, STATE_WRONG, dev);
		if (!f)
			return;
		bool back = view_gauge(v, view_id(v, M_MD_SYNC, 0, instance), &sync);
		f->used = disks - working;
		f->devno = devno_of(v, dev);
		f->title = back ? say(v, "The array %s is rebuilt: until then it has no redundancy",
					  dev)
				: say(v, "The array %s has lost a disk", dev);
		f->culprits[f->nculprits++] = (struct who){
			"device", dev, 0, 1, say(v, "%.0f of %.0f disks work", working, disks)};
		verdict_evidence(f, say(v, "%.0f of %.0f disks work", working, disks), M_MD_WORKING,
			working, disks, "cat /proc/mdstat");
		verdict_remedy(f, "Replace the disk and add it to the array",
			say(v, "mdadm --detail /dev/%s", dev), NULL, true, "a new disk",
			"another failure loses the data");
	}
}

void rule_disk_errors(struct view *v, struct verdicts *out)
{
	struct kernel_line l;
	degraded_arrays(v, out);
	if (!kernel_said(v, false, is_disk_error, &l))
		return;
	const char *dev = device_in(v, l.text);
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_WRONG, dev);
	if (!f)
		return;
	f->title = say(v, "Disk %s answers with errors", dev ? dev : "");
	f->devno = dev ? devno_of(v, dev) : 0;
	f->culprits[f->nculprits++] = (struct who){"device", dev ? dev : "disk", 0, 1,
		say(v, "%u lines of errors in %.0f s", l.count, v->seconds)};
	say_line(v, f, &l);
	verdict_remedy(f, "See what the disk says of itself",
		dev ? say(v, "smartctl -a /dev/%s", shell_word(v, dev)) : NULL, NULL, false, "none",
		"none");
	verdict_remedy(f,
		"Save what is not saved, then replace the disk, or look at cable and controller",
		NULL, NULL, true, "a new disk", "more errors until then");
}

/* ---- filesystems that gave up ---- */

const struct rule_case rule_case_fs_readonly = {
	.mechanism = "A filesystem found itself damaged, or its disk failed, and it went "
		     "read-only: every write fails with EROFS from now on, and services die of it.",
	.threshold =
		"It is mounted for writing and read-only all the same, as the list of mounts says; "
		"or the kernel logged within the last ten minutes that it shut down, and it is "
		"still mounted.",
	.false_alarms = "A filesystem that was mounted read-only on purpose: the mount says so "
			"too. One that was unmounted since.",
	.confirm = "awk '$6 ~ /^rw/ && $NF ~ /^ro/' /proc/self/mountinfo; dmesg -T | grep -iE "
		   "'read-only|shut'",
	.remedy = "Look at the disk first. Unmount, check (fsck), mount again; never remount "
		  "writable without a check.",
};

static bool is_readonly(const char *text)
{
	static const char *const words[] = {"Remounting filesystem read-only", "forced readonly",
		"Filesystem has been shut down", "Log I/O Error Detected.  Shutting down"};
	return has_any(text, words, COUNTOF(words));
}

/* The name of a disk or partition by its number, NULL where it is not known. */
static const char *device_with(struct view *v, uint64_t devno)
{
	uint32_t disk = view_instance_with(v, M_DISK_DEVNO, devno);
	return disk ? intern_text(&v->series->names, disk) : NULL;
}

/* shown: the list of mounts shows it. l: what the kernel said of it, NULL when that is not known any more. */
static void gave_up(struct view *v, struct verdicts *out, uint32_t mount, uint64_t devno,
	const char *dev, bool shown, const struct kernel_line *l)
{
	const char *path = intern_text(&v->series->names, mount);
	struct verdict *f = verdict_new(v, out, SEVERITY_CRITICAL, STATE_WRONG, path);
	if (!f)
		return;
	f->devno = devno;
	f->title =
		say(v, "The filesystem at %s gave up: nothing can be written there any more", path);
	f->culprits[f->nculprits++] = (struct who){
		"device", dev ? dev : "disk", 0, -1, "the filesystem on it found an error"};
	if (shown)
		verdict_evidence(f, "mounted for writing, and read-only all the same",
			M_FS_READONLY, 1, -1,
			say(v,
				"grep ' %s ' /proc/self/mountinfo   # rw before the dash, ro "
				"behind it",
				shell_word(v, path)));
	if (l)
		say_line(v, f, l);
	verdict_remedy(f, "Look whether the disk is at fault",
		dev ? say(v, "smartctl -a /dev/%s", shell_word(v, dev)) : NULL, NULL, false, "none",
		"none");
	verdict_remedy(f, "Stop what uses it, unmount and check it",
		dev ? say(v, "umount %s && fsck /dev/%s", shell_word(v, path), shell_word(v, dev))
		    : NULL,
		NULL, true, "the filesystem is away meanwhile", "a damaged disk gets worse by use");
}

void rule_fs_readonly(struct view *v, struct verdicts *out)
{
	struct kernel_line l;
	bool said = kernel_said(v, true, is_readonly, &l);
	const char *dev = said ? device_in(v, l.text) : NULL;
	if (said && !dev && strncmp(l.text, "EXT4-fs (", 9) == 0)
		dev = arena_strn(&v->scratch, l.text + 9, strcspn(l.text + 9, ")"));
	uint64_t told = dev ? devno_of(v, dev) : 0;
	bool found = false;
	for (uint32_t id = view_each(v, M_FS_READONLY, 0); id;
		id = view_each(v, M_FS_READONLY, id)) {
		uint64_t one, devno = 0;
		uint32_t mount = series_row(v->series, id)->instance;
		if (!sample_get(view_last(v), id, &one))
			continue;
		(void)sample_get(view_last(v), view_id(v, M_FS_DEVNO, 0, mount), &devno);
		found = found || (told && devno == told);
		gave_up(v, out, mount, devno, device_with(v, devno), true,
			told && devno == told ? &l : NULL);
	}
	/* Some refuse without saying so of the mount (XFS shuts down). One that was unmounted since is no trouble any more. */
	uint32_t mount = found || !told ? 0 : view_instance_with(v, M_FS_DEVNO, told);
	if (mount)
		gave_up(v, out, mount, told, dev, false, &l);
}
