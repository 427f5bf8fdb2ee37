/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "corpus.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	if (corpus_make && argc == 3 && strcmp(argv[1], "--make") == 0) {
		corpus_make(argv[2]);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rbe");
		if (!f) {
			perror(argv[i]);
			return 1;
		}
		size_t n = fread(data, 1, sizeof data, f);
		(void)fclose(f);
		(void)LLVMFuzzerTestOneInput(data, n);
	}
	(void)printf("fuzz corpus: %d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
