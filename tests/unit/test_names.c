/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Messages of DNS and internationalised names: what is said, and what strangers may try. */
#include "names/dns.h"
#include "names/idn.h"
#include "test.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct dns_message d;

/* A copy of its own, so that a read behind the end is seen. */
static bool parse(const char *bytes, size_t n)
{
	unsigned char *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	memcpy(copy, bytes, n);
	bool ok = dns_parse(copy, n, &d);
	free(copy);
	return ok;
}

#define PARSE(text)   parse(text, sizeof(text) - 1)
#define QUESTION      "\3www\7eXample\0\0\1\0\1"
#define ONE(answers)  "\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0" QUESTION
#define A(name, last) name "\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0" last

static void questions(void)
{
	CHECK(PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION));
	CHECK(!d.answer && d.id == 0x1234 && d.type == 1 && d.n == 0);
	CHECK_STR(d.name, "www.example");
	CHECK(!PARSE("\x12\x34\1\0\0\2\0\0\0\0\0\0" QUESTION QUESTION)); /* two */
	CHECK(!PARSE("\x12\x34\1\0\0\0\0\0\0\0\0\0"));
	CHECK(!PARSE("\x12\x34\x28\0\0\1\0\0\0\0\0\0" QUESTION));     /* an update */
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\3")); /* CHAOS */
}

static void answers(void)
{
	CHECK(PARSE(ONE("\2") A("\xc0\x0c", "\1") A("\xc0\x0c", "\2")));
	CHECK(d.answer && d.n == 2 && d.addresses[0].family == AF_INET &&
		d.addresses[1].bytes[3] == 2);
	/* by way of a CNAME, which may stand behind what it leads to */
	CHECK(PARSE(ONE("\2") "\xc0\x0c\0\5\0\1\0\0\0\0\0\7\3cdn\1x\0" A("\3cdn\1x\0", "\5")));
	CHECK(d.n == 1 && d.addresses[0].bytes[3] == 5);
	CHECK_STR(d.name, "www.example");
	CHECK(PARSE(ONE("\3") A("\1b\0", "\6") "\1a\0\0\5\0\1\0\0\0\0\0\3\1b\0"
					       "\xc0\x0c\0\5\0\1\0\0\0\0\0\3\1a\0"));
	CHECK_INT(d.n, 1);
	/* two that lead to each other */
	CHECK(PARSE(ONE("\2") "\xc0\x0c\0\5\0\1\0\0\0\0\0\3\1a\0"
			      "\1a\0\0\5\0\1\0\0\0\0\0\2\xc0\x0c"));
	CHECK_INT(d.n, 0);
	/* of somebody else's name: not what was asked for */
	CHECK(PARSE(ONE("\1") A("\4evil\0", "\7")));
	CHECK_INT(d.n, 0);
	CHECK(PARSE(
		ONE("\1") "\xc0\x0c\0\x1c\0\1\0\0\0\0\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));
	CHECK(d.n == 1 && d.addresses[0].family == AF_INET6 && d.addresses[0].bytes[0] == 0xfd);
	/* an address of another length is none */
	CHECK(PARSE(ONE("\1") "\xc0\x0c\0\1\0\1\0\0\0\0\0\3\1\2\3"));
	CHECK_INT(d.n, 0);
	/* no such name */
	CHECK(PARSE("\x12\x34\x81\x83\0\1\0\1\0\0\0\0" QUESTION A("\xc0\x0c", "\1")));
	CHECK_INT(d.n, 0);
}

static void attacks(void)
{
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"));    /* points at itself */
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\xc0\x0c\0\1\0\1")); /* and in a circle */
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x20\0\1\0\1"));    /* forwards */
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\x40"
		     "a\0\0\1\0\1")); /* no such kind of label */
	CHECK(!PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\x3f"
		     "a\0\0\1\0\1")); /* longer than all */
	CHECK(!PARSE(ONE("\1") "\xc0\x0c\0\1\0\1\0\0\0\0\xff\xff\1\2\3\4"));
	CHECK(!PARSE(ONE("\5") A("\xc0\x0c", "\1"))); /* fewer than it says */
	CHECK(!PARSE("\x12\x34\x81\x80\0\1\xff\xff\0\0\0\0" QUESTION));
	static const char whole[] = ONE("\1") A("\xc0\x0c", "\1");
	for (size_t n = 0; n < sizeof whole - 1; n++)
		CHECK(!parse(whole, n));
	/* a name of more than 255 bytes */
	char long_name[600] = "\x12\x34\1\0\0\1\0\0\0\0\0\0";
	size_t n = 12;
	for (unsigned i = 0; i < 8; i++, n += 51) {
		long_name[n] = 50;
		memset(long_name + n + 1, 'a', 50);
	}
	memcpy(long_name + n, "\0\0\1\0\1", 5);
	CHECK(!parse(long_name, n + 5));
	/* bytes that would write to a terminal, and a dot within a label */
	CHECK(PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\0\5\x1b[2J.\1\xff\0\0\1\0\1"));
	CHECK_STR(d.name, "\\027\\0912j\\046.\\255");
	/* the longest, all of it escaped */
	n = 12;
	for (unsigned i = 0; i < 4; i++, n += 63) {
		long_name[n] = 62;
		memset(long_name + n + 1, 7, 62);
	}
	memcpy(long_name + n, "\0\0\1\0\1", 5);
	CHECK(parse(long_name, n + 5));
	CHECK_INT(strlen(d.name), 4 * 62 * 4 + 3);
	char small[8];
	CHECK(!dns_text("", 0, small, sizeof small));
	CHECK(!dns_text("abcdefgh", 8, small, sizeof small));
	CHECK(dns_text("AbC.", 4, small, sizeof small));
	CHECK_STR(small, "abc");
}

static void shown(const char *name, const char *want)
{
	char buf[512];
	CHECK(idn_text(name, buf, sizeof buf));
	CHECK_STR(buf, want);
}

static void hidden(const char *name)
{
	char buf[512];
	TEST_RESULT(!idn_text(name, buf, sizeof buf) && !*buf, "'%s' is shown as '%s'", name, buf);
}

static void idns(void)
{
	shown("xn--mnchen-3ya.de", "m\u00fcnchen.de");
	shown("www.xn--strae-oqa.example", "www.stra\u00dfe.example");
	shown("xn--fiqs8s", "\u4e2d\u56fd");
	shown("xn--zckzah.jp", "\u30c6\u30b9\u30c8.jp");
	shown("xn--jp-l92cz7o.example", "\u5317\u4eacjp.example");
	shown("xn--e1afmkfd.xn--p1ai",
		"\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444"); /* Cyrillic below Cyrillic */
	shown("xn--o3ce7cwbh9h.example", "\u0e17\u0e35\u0e48\u0e2b\u0e19\u0e36.example");
	hidden("www.example.com");
	hidden("");
	hidden("xn--80ak6aa92e.com");  /* apple in Cyrillic */
	hidden("xn--pple-43d.com");    /* with one Cyrillic letter */
	hidden("xn--jxalpdlp.com");    /* all Greek, below a Latin top */
	hidden("xn--5dbq5c.example");  /* Hebrew: from right to left */
	hidden("xn--mgbh0fb.example"); /* Arabic */
	hidden("xn--oogle-qmc.com");   /* a Latin script g */
	hidden("xn--exmple-gva\\.com");
	hidden("xn--a.example"); /* nothing that decodes */
	hidden("xn--zzzzzzzzzzzzzzzzzzzz99999.example");
	hidden("xn--mnchen-3ya.xn--80ak6aa92e.com"); /* one bad label spoils the name */
	hidden("XN--MNCHEN-3YA.de");                 /* names come in small letters */
	char small[4];
	CHECK(!idn_text("xn--mnchen-3ya.de", small, sizeof small));
}

int main(void)
{
	questions();
	answers();
	attacks();
	idns();
	return test_result("names");
}
