/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "names/idn.h"

#include "base/attr.h"

#include <idn2.h>
#include <stdint.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

enum scripts {
	LATIN = 1,
	HAN = 2,
	HIRAGANA = 4,
	KATAKANA = 8,
	HANGUL = 16,
	BOPOMOFO = 32,
	LOOKALIKE =
		64, /* whole words of them can look Latin: a bit is not enough, see lookalike_of() */
	OTHER = 128, /* one of the others in use today */
	REFUSED = 256,
};

struct label {
	unsigned scripts;
	const char *single; /* name of the one script that is LOOKALIKE or OTHER */
};

/* Latin letters beyond a to z that languages of today write; others (a script g, a dotless i) are there to be taken for those. */
static bool is_usual_latin(ucs4_t c)
{
	static const ucs4_t but[] = {0xf7, 0x131, 0x138, 0x140, 0x149, 0x17f};
	for (size_t i = 0; i < COUNTOF(but); i++)
		if (c == but[i])
			return false;
	return (c >= 'a' && c <= 'z') || (c >= 0xdf && c <= 0x17e) || c == 0x1a1 || c == 0x1b0 ||
	       c == 0x219 || c == 0x21b || (c >= 0x1ea1 && c <= 0x1ef9);
}

static unsigned script_of(ucs4_t c, const char **ret_name)
{
	static const struct {
		const char *name;
		unsigned script;
	} known[] = {{"Latin", LATIN}, {"Han", HAN}, {"Hiragana", HIRAGANA}, {"Katakana", KATAKANA},
		{"Hangul", HANGUL}, {"Bopomofo", BOPOMOFO}, {"Cyrillic", LOOKALIKE},
		{"Greek", LOOKALIKE}, {"Armenian", LOOKALIKE}, {"Georgian", LOOKALIKE},
		{"Ethiopic", LOOKALIKE}, {"Bengali", OTHER}, {"Devanagari", OTHER},
		{"Gujarati", OTHER}, {"Gurmukhi", OTHER}, {"Kannada", OTHER}, {"Khmer", OTHER},
		{"Lao", OTHER}, {"Malayalam", OTHER}, {"Myanmar", OTHER}, {"Oriya", OTHER},
		{"Sinhala", OTHER}, {"Tamil", OTHER}, {"Telugu", OTHER}, {"Thai", OTHER},
		{"Tibetan", OTHER}};
	const uc_script_t *s = uc_script(c);
	for (size_t i = 0; s && i < COUNTOF(known); i++)
		if (strcmp(s->name, known[i].name) == 0) {
			*ret_name = known[i].name;
			return known[i].script == LATIN && !is_usual_latin(c) ? REFUSED
									      : known[i].script;
		}
	return REFUSED;
}

static bool is_ascii_word(ucs4_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Signs of East Asia that beside Latin letters look like a slash, a dash or a quotation mark. */
static bool looks_like_mark(ucs4_t c)
{
	static const ucs4_t marks[] = {0x30ce, 0x30f3, 0x30bd, 0x30be, 0x30fc, 0x3078, 0x30d8,
		0x3079, 0x30d9, 0x307a, 0x30da, 0x4e00, 0x4e28, 0x4e36, 0x4e3f, 0x4e40, 0x4e41,
		0x3127, 0x3129, 0x1175, 0x3163};
	for (size_t i = 0; i < COUNTOF(marks); i++)
		if (c == marks[i])
			return true;
	return false;
}

static bool character_may_show(ucs4_t c)
{
	int bidi = uc_bidi_class(c);
	bool right_to_left = bidi == UC_BIDI_R || bidi == UC_BIDI_AL || bidi == UC_BIDI_AN;
	return !right_to_left && !uc_is_property(c, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT) &&
	       !uc_is_property(c, UC_PROPERTY_BIDI_CONTROL) &&
	       uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M);
}

static bool add_character(struct label *l, ucs4_t c)
{
	const char *name = NULL;
	if (c == '-' || (c >= '0' && c <= '9'))
		return true;
	if (!character_may_show(c))
		return false;
	if (c == 0x30fc) { /* prolongs a vowel of either kana, and belongs to no script */
		l->scripts |= KATAKANA;
		return true;
	}
	unsigned s = script_of(c, &name);
	if (s == REFUSED)
		return false;
	if (s == LOOKALIKE || s == OTHER) {
		if (l->single && l->single != name)
			return false;
		l->single = name;
	}
	l->scripts |= s;
	return true;
}

/* One script, or those that are written together. */
static bool scripts_go_together(unsigned s)
{
	static const unsigned together[] = {LATIN | HAN | HIRAGANA | KATAKANA, LATIN | HAN | HANGUL,
		LATIN | HAN | BOPOMOFO, LOOKALIKE, OTHER};
	for (size_t i = 0; i < COUNTOF(together); i++)
		if ((s & ~together[i]) == 0)
			return true;
	return false;
}

static bool label_may_show(const uint32_t *p, size_t n, bool latin_tld)
{
	struct label l = {0};
	for (size_t i = 0; i < n; i++) {
		bool beside = (i > 0 && is_ascii_word(p[i - 1])) ||
			      (i + 1 < n && is_ascii_word(p[i + 1]));
		if (!add_character(&l, p[i]) || (beside && looks_like_mark(p[i])))
			return false;
	}
	if (latin_tld && (l.scripts & LOOKALIKE))
		return false;
	return scripts_go_together(l.scripts);
}

static bool all_may_show(const uint32_t *p, size_t n)
{
	size_t tld = n;
	bool latin = true;
	while (tld > 0 && p[tld - 1] != '.')
		tld--;
	for (size_t i = tld; i < n; i++)
		latin = latin && p[i] < 0x80;
	for (size_t from = 0; from <= n;) {
		size_t to = from;
		while (to < n && p[to] != '.')
			to++;
		if (!label_may_show(p + from, to - from, latin))
			return false;
		from = to + 1;
	}
	return true;
}

static bool has_idn_label(const char *name)
{
	return strncmp(name, "xn--", 4) == 0 || strstr(name, ".xn--");
}

bool idn_text(const char *name, char *buf, size_t size)
{
	char *text = NULL, *back = NULL;
	uint32_t *points = NULL;
	size_t n = 0;
	buf[0] = '\0';
	if (!has_idn_label(name) || strchr(name, '\\'))
		return false;
	bool same = idn2_to_unicode_8z8z(name, &text, 0) == IDN2_OK &&
		    idn2_to_ascii_8z(text, &back,
			    IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES) == IDN2_OK &&
		    strcmp(back, name) == 0;
	if (same)
		points = u8_to_u32((const uint8_t *)text, strlen(text), NULL, &n);
	bool ok = points && strlen(text) < size && all_may_show(points, n);
	if (ok)
		memcpy(buf, text, strlen(text) + 1);
	free(points);
	idn2_free(back);
	idn2_free(text);
	return ok;
}
