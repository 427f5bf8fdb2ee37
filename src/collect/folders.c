/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* folders: the small files that a kernel has for each node, pool or controller (catalogue/folders.def). Which there are is looked up once a
 * minute. They are opened for each read: kept descriptors would be many, for files that are read every ten seconds. */
#include "collect/engine_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_S = 60, PATH_MAX_LEN = 160 };

struct look {
	struct engine *e;
	const struct folder_info *info;
	struct folder_state *state;
};

static int note_instance(void *ctx, const char *name)
{
	struct look *l = ctx;
	size_t n = strlen(l->info->prefix);
	/* "cpufreq", "mc" and the like lie beside what is meant */
	if (strncmp(name, l->info->prefix, n) != 0 || name[n] < '0' || name[n] > '9')
		return 0;
	uint32_t id = intern_id(&l->e->series->names, name + n, strlen(name + n));
	if (id)
		l->state->names[l->state->count++] = id;
	return l->state->count == FOLDER_INSTANCES;
}

/* A processor that was never too hot raised no thermal interrupt, and hundreds of files need not be opened to see zeros. */
static bool is_wanted(const struct engine *e, const struct sample *out, enum folder_id f)
{
	uint64_t v;
	if (f != FOLDER_throttled_core && f != FOLDER_throttled_package)
		return true;
	uint32_t trm = intern_id(&e->series->names, "TRM", strlen("TRM"));
	return sample_get(out, series_find(e->series, M_IRQ_COUNT, NETNS_HOST, trm), &v) && v;
}

static void read_folder(struct engine *e, struct sample *out, enum folder_id f)
{
	const struct folder_info *info = folder_info(f);
	struct folder_state *state = &e->folders[f];
	const struct out o = {out, e->series, NETNS_HOST};
	bool told = false;
	for (uint32_t i = 0; i < state->count; i++) {
		char path[PATH_MAX_LEN];
		int len = snprintf(path, sizeof path, "%s/%s%s/%s", info->dir, info->prefix,
			intern_text(&e->series->names, state->names[i]), info->file);
		if (len < 0 || (size_t)len >= sizeof path)
			continue;
		ssize_t n = reader_file(e->reader, path, NULL, e->buffer, info->size);
		int r = n < 0 ? (int)n
			      : folder_function(f)(scan_whole(scan_over(e->buffer, (size_t)n)), &o,
					state->names[i]);
		/* A thing that is gone, or one that does not have this file (a pool of an older kernel), hides nothing. */
		if (r < 0 && r != -ENOENT && !told) {
			sample_gap(out, NETNS_HOST, -r, info->file, info->hides);
			told = true;
		}
	}
}

void engine_folders(struct engine *e, struct sample *out)
{
	for (unsigned f = 0; f < FOLDER_COUNT; f++) {
		struct folder_state *state = &e->folders[f];
		if (!e->due[SOURCE_FOLDERS + f] || !is_wanted(e, out, f))
			continue;
		if (e->ticks == 0 || reader_is_replay(e->reader) ||
			e->now_ns - state->looked_ns >= LOOK_S * UINT64_C(1000000000)) {
			struct look l = {e, folder_info(f), state};
			state->count = 0;
			state->looked_ns = e->now_ns;
			(void)reader_dirs(e->reader, folder_info(f)->dir, note_instance, &l);
		}
		out->source = (uint8_t)(SOURCE_FOLDERS + f);
		read_folder(e, out, f);
		out->source = SOURCE_NONE;
	}
}
