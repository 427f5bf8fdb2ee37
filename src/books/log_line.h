/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* log_line: one line of a server's log as what it tells: a request or a connection that ended, how long it took, and how it ended. Every byte of it was chosen
 * by strangers: nothing is believed but its form. Three forms are known, told apart by what stands where:
 *
 *     HAProxy     httplog and tcplog, with or without what syslog writes before them
 *     access      Apache's and nginx's common and combined form; a number at the end is the duration, in microseconds (%D) or as
 *                 seconds (1.500)
 *     nginx       the error log's "upstream timed out", and "worker_connections are not enough", which it writes for each connection that it turns away */
#ifndef BOOKS_LOG_LINE_H
#define BOOKS_LOG_LINE_H

#include "base/num.h"
#include "catalogue/sample.h"

enum log_form { LOG_OTHER, LOG_HAPROXY, LOG_ACCESS, LOG_NGINX_ERROR, LOG_NGINX_FULL };

/* Of HTTP, as far as something is made of them; the first of a kind stands for the kind. */
enum log_status {
	STATUS_OK = 200,
	STATUS_PART = 206,
	STATUS_BAD_REQUEST = 400,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
	STATUS_NOT_ALLOWED = 405,
	STATUS_GONE = 410,
	STATUS_NO_UPGRADE = 426,
	STATUS_GAVE_UP = 499, /* nginx's own */
	STATUS_SERVER_ERROR = 500,
	STATUS_LATE = 504,
	STATUS_NO_VERSION = 505, /* asked by HTTP/1.0, which knows of no upgrade */
};

struct log_line {
	enum log_form form;
	uint64_t at_ms; /* of day, as the line has it: milliseconds since 1970; 0 not told */
	bool at_end;    /* at_ms is when it ended, not when it began */
	bool have_took;
	uint64_t took_ms;
	unsigned status; /* of HTTP, 0 none */
	uint64_t bytes;  /* of the answer */
	char who,
		when; /* HAProxy's first two letters of termination: who ended it, and in which phase; '-' as is usual; 0 not told */
	bool tunnel;  /* a connection that is passed on as it is: upgraded, or TCP */
	bool timed_out; /* ended by a timer of the proxy */
	struct address peer;
	struct scan proxy; /* HAProxy: name of the backend */
	struct scan url;   /* path, without what follows '?' */
};

/* False: nothing that is known. What it points to lies in the line. */
bool log_line(struct scan line, struct log_line *ret);

#endif
