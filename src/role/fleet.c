/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* fleet: reads recordings of several machines, and says what they say together. */
#include "finding/fleet.h"
#include "role/commands.h"
#include "role/paths.h"
#include "show/fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* High-water marks come out of samples, of which a day is 86,400; boots out of one series, as far back as there are seconds. */
static const uint64_t default_span_ns = UINT64_C(86400000000000);

struct fleet {
	struct fleet_host hosts[FLEET_HOSTS];
	size_t n;
};

/* Several recordings of a machine are one machine. Without a name each is one. */
static struct fleet_host *host_of(struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->n && *name; i++)
		if (strcmp(f->hosts[i].name, name) == 0)
			return &f->hosts[i];
	return f->n < FLEET_HOSTS ? &f->hosts[f->n++] : NULL;
}

static int read_one(const struct options *o, struct fleet *f, const char *path)
{
	struct history *h;
	uint64_t first, last;
	int r = history_open(path, &h);
	if (r < 0)
		return store_refused(o, path, r);
	if (!history_span(h, &first, &last)) {
		history_close(h);
		return store_refused(o, path, -ENODATA);
	}
	uint64_t to = o->set[OPTION_TO] ? o->number[OPTION_TO] : last;
	uint64_t from = o->set[OPTION_FROM] ? o->number[OPTION_FROM] : 0;
	struct fleet_host *host = host_of(f, history_host(h));
	if (host && !host->path)
		host->path = path;
	r = host ? fleet_read(h, from, to, from ? UINT64_MAX : default_span_ns, host) : -ENOSPC;
	history_close(h);
	if (r == -ENODATA)
		return complain(EX_NOINPUT, "fleet: %s: nothing was recorded in that span", path);
	return r < 0 ? complain(r == -ENOMEM ? EX_OSERR : EX_IOERR, "fleet: %s: %s", path,
			       strerror(-r))
		     : 0;
}

static int by_begin(const void *pa, const void *pb)
{
	const struct fleet_boot *a = pa, *b = pb;
	return (a->last_ns > b->last_ns) - (a->last_ns < b->last_ns);
}

/* Recordings of one machine may have been named in any order, and overlap. */
static void settle(struct fleet_host *host)
{
	size_t kept = 0;
	if (host->nboots)
		qsort(host->boots, host->nboots, sizeof *host->boots, by_begin);
	for (size_t i = 0; i < host->nboots; i++) {
		struct fleet_boot *b = &host->boots[i],
				  *last = kept ? &host->boots[kept - 1] : NULL;
		uint64_t apart = !last                        ? UINT64_MAX
				 : b->boot_ns > last->boot_ns ? b->boot_ns - last->boot_ns
							      : last->boot_ns - b->boot_ns;
		if (last && apart <= UINT64_C(60000000000)) {
			last->last_ns = b->last_ns;
			last->ended = last->ended || b->ended;
		} else {
			if (last)
				last->ended = true;
			host->boots[kept++] = *b;
		}
	}
	host->nboots = kept;
	if (kept) /* nothing is known of what came behind it */
		host->boots[kept - 1].ended = false;
}

static int answer(const struct options *o, struct fleet *f)
{
	static struct fleet_same same[FLEET_HOSTS];
	struct fleet_spare spare;
	for (size_t i = 0; i < f->n; i++)
		settle(&f->hosts[i]);
	size_t nsame = fleet_same_uptime(f->hosts, f->n, same, FLEET_HOSTS);
	if (fleet_without(f->hosts, f->n, &spare) < 0)
		return complain(EX_OSERR, "fleet: memory: %s", strerror(ENOMEM));
	const struct fleet_view v = {f->hosts, f->n, same, nsame, &spare};
	int r = 0;
	if (o->set[OPTION_JSON])
		r = json_write(stdout, json_fleet(&v), false);
	else
		show_fleet(stdout, style_of(stdout, o->set[OPTION_NO_COLOR]), &v);
	int status = nsame || spare.count ? 1 : 0;
	free(spare.rows);
	return r < 0 || fflush(stdout) == EOF || ferror(stdout)
		       ? complain(EX_IOERR, "standard output: %s", strerror(errno ? errno : EIO))
		       : status;
}

int command_fleet(struct options *o)
{
	if (o->narguments < 2)
		return complain(EX_USAGE, "fleet: recordings of two machines at least are needed");
	struct fleet *f = calloc(1, sizeof *f);
	int status = 0;
	if (!f)
		return complain(EX_OSERR, "fleet: memory: %s", strerror(ENOMEM));
	for (size_t i = 0; status == 0 && i < o->narguments; i++)
		status = read_one(o, f, o->arguments[i]);
	if (status == 0 && f->n < 2)
		status = complain(EX_USAGE, "fleet: all of these recordings are of one machine");
	if (status == 0)
		status = answer(o, f);
	for (size_t i = 0; i < f->n; i++)
		fleet_free(&f->hosts[i]);
	free(f);
	return status;
}
