/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/archive.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

enum { REST_S = 2 };

struct queue {
	struct job *first, *last;
	unsigned count;
};

struct archive {
	struct window window; /* the thread's own */
	pthread_t thread;
	int done_fd;          /* eventfd, readable while `done` has jobs */
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t wake;
	struct queue waiting, done;
	bool ending;
};

static void push(struct queue *q, struct job *j)
{
	j->next = NULL;
	if (q->first)
		q->last->next = j;
	else
		q->first = j;
	q->last = j;
	q->count++;
}

static struct job *pop(struct queue *q)
{
	struct job *j = q->first;
	if (j) {
		q->first = j->next;
		q->count--;
	}
	return j;
}

/* Waits until there is something to do; what was loaded is given back when nobody asked for a while. */
static void wait_for_job(struct archive *a)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST_S;
	bool rests = false;
	while (!a->waiting.first && !a->ending) {
		if (rests) {
			(void)pthread_cond_wait(&a->wake, &a->lock);
		} else if (pthread_cond_timedwait(&a->wake, &a->lock, &until) == ETIMEDOUT) {
			rests = true;
			window_rest(&a->window);
			(void)malloc_trim(0);
		}
	}
}

/* The next job, or NULL when it is time to end. */
static struct job *next_job(struct archive *a)
{
	(void)pthread_mutex_lock(&a->lock);
	wait_for_job(a);
	struct job *j = a->ending ? NULL : pop(&a->waiting);
	(void)pthread_mutex_unlock(&a->lock);
	return j;
}

static void *work(void *ctx)
{
	struct archive *a = ctx;
	struct job *j;
	while ((j = next_job(a)) != NULL) {
		route_past(j->route, &a->window, &j->params, &j->answer);
		(void)pthread_mutex_lock(&a->lock);
		push(&a->done, j);
		(void)eventfd_write(a->done_fd, 1);
		bool more = a->waiting.first != NULL;
		(void)pthread_mutex_unlock(&a->lock);
		if (more)
			continue; /* maybe of the same moment */
		window_unload(&a->window);
		(void)malloc_trim(0);
	}
	return NULL;
}

/* Signals are for the thread that waits for them. */
static int start_thread(struct archive *a)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = -pthread_create(&a->thread, NULL, work, a);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Of one that could be opened in part, too. */
static void destroy(struct archive *a)
{
	if (a->done_fd >= 0)
		(void)close(a->done_fd);
	(void)pthread_cond_destroy(&a->wake);
	(void)pthread_mutex_destroy(&a->lock);
	window_destroy(&a->window);
	free(a);
}

int archive_open(const char *store, struct archive **ret)
{
	struct archive *a = calloc(1, sizeof *a);
	if (!a)
		return -ENOMEM;
	(void)pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_t clock;
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&a->wake, &clock);
	(void)pthread_condattr_destroy(&clock);
	a->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = a->done_fd < 0 ? -errno : window_init(&a->window, store);
	if (r == 0)
		r = start_thread(a);
	if (r < 0)
		destroy(a);
	else
		*ret = a;
	return r;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->ending = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	destroy(a);
}

int archive_ask(struct archive *a, struct job *j)
{
	(void)pthread_mutex_lock(&a->lock);
	int r = a->waiting.count == ARCHIVE_WAITING ? -EBUSY : 0;
	if (r == 0) {
		push(&a->waiting, j);
		(void)pthread_cond_signal(&a->wake);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return r;
}

int archive_fd(const struct archive *a)
{
	return a->done_fd;
}

struct job *archive_done(struct archive *a)
{
	eventfd_t count;
	(void)pthread_mutex_lock(&a->lock);
	struct job *j = pop(&a->done);
	if (!j)
		(void)eventfd_read(a->done_fd, &count);
	(void)pthread_mutex_unlock(&a->lock);
	return j;
}
