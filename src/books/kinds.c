/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The kinds of servers with their functions: only plimsoll-books has them. What needs a library is in a module beside the program, which the one reader loads
 * that asks such a server; the processes that stay, and all other readers, map none of it. */
#include "books/book.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct book_kind book_kinds[] = {
#define BOOK(id, name, programs, called)                                                           \
	{name, programs, called, NULL, book_open_##id, book_ask_##id},
#define BOOK_BY_LIBRARY(id, name, programs, called) {name, programs, called, #id, NULL, NULL},
#include "books/books.def"
#undef BOOK
	{0}};

const struct book_kind *book_kind_named(const char *name)
{
	for (const struct book_kind *k = book_kinds; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

/* ---- modules ---- */

static char missing[128];

static int open_missing(struct book_target *t)
{
	(void)t;
	return -ENOENT;
}

static void ask_missing(struct book_target *t, bool full, struct book *ret)
{
	const struct book_kind *k = book_kind_named(t->kind);
	(void)full;
	book_server(ret, t, k && *k->called ? k->called : t->program, missing, BOOK_CLOSED, 0);
}

/* Beside the program, and nowhere else. */
static void *module_named(const char *id)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(path, '/');
	size_t room = slash ? sizeof path - (size_t)(slash - path) : 0;
	if (!slash || (size_t)snprintf(slash, room, "/plimsoll-books-%s.so", id) >= room)
		return NULL;
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

struct book_kind book_kind_load(const struct book_kind *k)
{
	char name[64];
	struct book_kind loaded = *k;
	if (!k->module)
		return loaded;
	void *module = module_named(k->module);
	(void)snprintf(name, sizeof name, "book_open_%s", k->module);
	void *open_it = module ? dlsym(module, name) : NULL;
	(void)snprintf(name, sizeof name, "book_ask_%s", k->module);
	void *ask_it = module ? dlsym(module, name) : NULL;
	/* A pointer to an object is none to a function, says C; POSIX says that here it is. */
	memcpy(&loaded.open, &open_it, sizeof open_it);
	memcpy(&loaded.ask, &ask_it, sizeof ask_it);
	if (open_it && ask_it)
		return loaded;
	const char *why = dlerror();
	(void)snprintf(missing, sizeof missing, "plimsoll-books-%s.so: %.80s", k->module,
		why ? why : "it cannot be loaded");
	loaded.open = open_missing;
	loaded.ask = ask_missing;
	return loaded;
}
