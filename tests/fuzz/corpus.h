/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* corpus: saved inputs through a fuzz target, without a fuzzer: corpus.c has the main() that libFuzzer has otherwise. Its arguments are files, of each at most
 * the first megabyte is taken. It says how many they were, and its exit status is 1 when there is none, or one cannot be read. */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stddef.h>
#include <stdint.h>

/* The target: what libFuzzer and main() call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a target that can: `--make DIR` writes first inputs of a corpus into a folder that is there; it aborts when it cannot. */
void corpus_make(const char *dir) __attribute__((weak));

#endif
