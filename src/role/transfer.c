/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* export and import: recordings on their way between machines. */
#include "base/text.h"
#include "role/commands.h"
#include "role/paths.h"
#include "show/show.h"
#include "store/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int say_result(const struct options *o, const char *path, const struct export_result *x)
{
	char a[40], b[40], size[32];
	const char *name = command_info(o->command)->name;
	if (o->set[OPTION_JSON]) {
		json_t *j = json_pack("{s:i, s:o, s:I, s:I}", "schema", 1, "path", json_text(path),
			"samples", (json_int_t)x->samples, "bytes", (json_int_t)x->bytes);
		json_object_set_new(j, "from",
			x->samples ? json_string(text_time(a, x->first_ns)) : json_null());
		json_object_set_new(
			j, "to", x->samples ? json_string(text_time(b, x->last_ns)) : json_null());
		return json_write(stdout, j, false) < 0
			       ? complain(EX_IOERR, "%s: standard output: %s", name, strerror(EIO))
			       : 0;
	}
	if (x->samples)
		(void)printf("%s: %llu samples from %s to %s, %s\n", path,
			(unsigned long long)x->samples, text_time(a, x->first_ns),
			text_time(b, x->last_ns), text_bytes(size, (double)x->bytes));
	else
		(void)printf("%s: all of it is in the store already\n", o->argument);
	return fflush(stdout) == EOF
		       ? complain(EX_IOERR, "%s: standard output: %s", name, strerror(errno))
		       : 0;
}

/* Written aside and renamed: a recording is there as a whole or not at all. */
static int write_file(const struct options *o, struct history *h, uint64_t from_ns, uint64_t to_ns)
{
	char tmp[4096];
	struct export_result x = {0};
	if (snprintf(tmp, sizeof tmp, "%s.unfinished", o->argument) >= (int)sizeof tmp)
		return complain(EX_USAGE, "export: the path of the file is too long");
	int fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return complain(EX_CANTCREAT, "export: %s: %s", tmp, strerror(errno));
	int r = export_span(h, from_ns, to_ns, o->set[OPTION_HASH], fd, &x);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(tmp, o->argument) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(tmp);
	if (r == -ENODATA)
		return complain(EX_NOINPUT, "export: nothing was recorded in that span");
	if (r < 0)
		return complain(EX_IOERR, "export: %s: %s", o->argument, strerror(-r));
	return say_result(o, o->argument, &x);
}

int command_export(struct options *o)
{
	char store[4096];
	struct history *h;
	uint64_t first, last;
	if (!o->argument)
		return complain(EX_USAGE, "export: the FILE.plim to write is missing");
	if (store_path(o, store, sizeof store) < 0)
		return complain(EX_USAGE, "export: --store: the path is too long");
	int r = history_open(store, &h);
	if (r < 0)
		return store_refused(o, store, r);
	int status;
	if (!history_span(h, &first, &last)) {
		status = store_refused(o, store, -ENODATA);
	} else {
		uint64_t from = o->set[OPTION_FROM] ? o->number[OPTION_FROM] : first;
		uint64_t to = o->set[OPTION_TO] ? o->number[OPTION_TO] : last;
		status = from > to ? complain(EX_USAGE, "export: --from: is behind --to")
				   : write_file(o, h, from, to);
	}
	history_close(h);
	return status;
}

int command_import(struct options *o)
{
	char store[4096];
	struct export_result x;
	if (!o->argument)
		return complain(EX_USAGE, "import: the FILE.plim to take is missing");
	if (store_path(o, store, sizeof store) < 0)
		return complain(EX_USAGE, "import: --store: the path is too long");
	int fd = open(o->argument, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(EX_NOINPUT, "import: %s: %s", o->argument, strerror(errno));
	if (mkdir(store, 0750) < 0 && errno != EEXIST) {
		(void)close(fd);
		return complain(EX_CANTCREAT, "import: %s: %s", store, strerror(errno));
	}
	int r = import_file(fd, store, &x);
	(void)close(fd);
	if (r == -EBADMSG || r == -ENOTSUP)
		return complain(EX_DATAERR, "import: %s: %s", o->argument,
			r == -EBADMSG ? "not a recording, or damaged: nothing was taken"
				      : "written by a newer version of plimsoll");
	if (r == -EXDEV)
		return complain(EX_DATAERR,
			"import: %s: recorded on another machine than %s: open the file itself, or "
			"name another "
			"--store",
			o->argument, store);
	if (r < 0)
		return complain(EX_IOERR, "import: %s: %s", store, strerror(-r));
	return say_result(o, store, &x);
}
