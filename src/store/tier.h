/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* tier: seconds in short. Minutes of a day and hours of a month, each with least, most, sum and count of
 * every series, so that peaks outlive the seconds they lasted. */
#ifndef STORE_TIER_H
#define STORE_TIER_H

#include "store/segment.h"

/* Parts of a row of a tier, each a stream of its own (segment_stream()). Gauges: of the values; counters: of the
 * growth per second from sample to sample, in raw units, and SUM is the growth.
 *   LOW     the least
 *   SPREAD  gauge: most less least; counter: most less the mean rounded up
 *   SUM     gauge: sum less count * least; counter: the growth
 *   COUNT   values, or pairs of samples
 * and for counters LOW is the mean rounded down less the least: both distances are small, and the mean is in SUM. */
enum tier_part { TIER_LOW, TIER_SPREAD, TIER_SUM, TIER_COUNT, TIER_PARTS };

#define TIER_MINUTE_NS UINT64_C(60000000000)
#define TIER_HOUR_NS   UINT64_C(3600000000000)

/* Makes the tiers of all days that are over (by now_s, the newest sample) and have none yet. 0 or -errno. */
int tiers_update(int dir, uint64_t now_s);

/* Reads a row's parts back. false: nothing known of that row. */
bool tier_row(bool counter, const uint64_t parts[static TIER_PARTS], struct summary *ret);

#endif
