/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Checks that print both sides and go on; the test's main() returns test_result(). */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

extern unsigned test_passed, test_failed;

#define TEST_RESULT(ok, ...)                                                                       \
	do {                                                                                       \
		if (ok) {                                                                          \
			test_passed++;                                                             \
		} else {                                                                           \
			test_failed++;                                                             \
			(void)fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                      \
			(void)fprintf(stderr, __VA_ARGS__);                                        \
			(void)fputc('\n', stderr);                                                 \
		}                                                                                  \
	} while (0)

#define CHECK(condition) TEST_RESULT((condition), "not true: %s", #condition)
#define CHECK_INT(got, want)                                                                       \
	do {                                                                                       \
		intmax_t got_ = (intmax_t)(got), want_ = (intmax_t)(want);                         \
		TEST_RESULT(got_ == want_, "%s is %" PRIdMAX ", expected %" PRIdMAX, #got, got_,   \
			want_);                                                                    \
	} while (0)
#define CHECK_STR(got, want)                                                                       \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		TEST_RESULT(strcmp(got_, want_) == 0, "%s is \"%s\", expected \"%s\"", #got, got_, \
			want_);                                                                    \
	} while (0)
#define CHECK_NEAR(got, want, within)                                                              \
	do {                                                                                       \
		double got_ = (got), want_ = (want);                                               \
		TEST_RESULT(fabs(got_ - want_) <= (within), "%s is %g, expected %g", #got, got_,   \
			want_);                                                                    \
	} while (0)

int test_result(const char *name);

#endif
