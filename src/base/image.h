/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* image: what the program and its libraries take of memory. */
#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

/* Lets go of the pages of code and constants that only the start needed (relocation, constructors of libraries): half of what a small server has
 * resident. They stay in the page cache, and come back where they are used. What was ever written to is left alone. */
void image_rest(void);

#endif
