/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* corpus: saved inputs through a fuzz target, without a fuzzer. */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stddef.h>
#include <stdint.h>

/* The target: what libFuzzer calls, and corpus_run(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target over the files named by the arguments and says how many they were; of each at most the first megabyte. Returns the
 * exit status: 1 when there is none, or one cannot be read. */
int corpus_run(int argc, char **argv);

#endif
