/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* nft_value: the values that rules of nf_tables compare fields with, in nft's words. */
#ifndef READ_NFT_VALUE_H
#define READ_NFT_VALUE_H

#include "read/netlink.h"

enum nft_form { /* how a value is written */
	NFT_FORM_UNKNOWN,
	NFT_FORM_BE,      /* number, most significant byte first */
	NFT_FORM_HOST,    /* number as this machine has it */
	NFT_FORM_ADDRESS, /* 4 or 16 bytes, or the first bytes of one */
	NFT_FORM_NAME,
	NFT_FORM_L4PROTO,
	NFT_FORM_NFPROTO,
	NFT_FORM_ETHERTYPE,
	NFT_FORM_STATE,
	NFT_FORM_PORT, /* of the transport header */
};

struct nft_field {
	const char *name; /* NULL: nothing that we know */
	enum nft_form form;
	bool masked;
	uint32_t mask;   /* of NFT_FORM_STATE and numbers */
	unsigned prefix; /* bits of an address, 0: all */
};

/* Up to eight bytes as a number. */
uint64_t nft_number(struct nl_part v, bool big_endian);
/* "established,related": bits of ct state. */
void nft_state_names(uint32_t bits, char *to, size_t size);
/* The value of a field as text, cut to the buffer; foreign bytes where it is a name. */
void nft_value_text(struct nl_part v, const struct nft_field *f, char *to, size_t size);

#endif
