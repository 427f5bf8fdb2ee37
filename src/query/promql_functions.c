/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "query/promql.h"

static const struct promql_function_info functions[PROMQL_FUNCTIONS] = {
#define FUNCTION(id, name, class, args, least, type)                                               \
	[PROMQL_##id] = {name, PROMQL_##class, args, least, PROMQL_##type##_TYPE},
#include "query/promql_functions.def"
#undef FUNCTION
};

const struct promql_function_info *promql_function_info(enum promql_function f)
{
	return &functions[f];
}
