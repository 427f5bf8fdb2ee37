/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* message: what plimsoll and its child for names say to each other over a socket that keeps messages apart. Both are the same
 * build on the same machine, so structs go as they lie in memory; a message of another length is no message. */
#ifndef NAMES_MESSAGE_H
#define NAMES_MESSAGE_H

#include "catalogue/talk.h"

enum names_kind { NAMES_DNS = 1, NAMES_ASK, NAMES_ANSWER };

enum { NAMES_DNS_BYTES = 2048 };

/* To the child: a message of DNS that passed by. Sent only as far as `len` goes. */
struct names_dns {
	uint8_t kind, from_server;
	uint16_t client_port, len;
	struct address client, server;
	unsigned char bytes[NAMES_DNS_BYTES];
};

/* To the child: what is this address called? */
struct names_ask {
	uint8_t kind;
	uint32_t number;
	struct address address;
};

/* From the child, once for each address that has a name; what it says is checked again. */
struct names_answer {
	uint8_t kind, from;
	uint32_t number;
	char name[TALK_NAME], unicode[TALK_NAME_UNICODE];
};

#endif
