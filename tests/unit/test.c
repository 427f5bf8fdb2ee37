/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "test.h"

unsigned test_passed, test_failed;

int test_result(const char *name)
{
	(void)printf("%s: %u checks passed, %u failed\n", name, test_passed, test_failed);
	return test_failed || !test_passed;
}
