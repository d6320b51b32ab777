/* SPDX-License-Identifier: Apache-2.0
 * Decimal numbers of text files, whatever the locale: [+-]digits[.digits][e[+-]digits]. */
#ifndef VR_DATA_NUMBER_H
#define VR_DATA_NUMBER_H
#include <stddef.h>

typedef enum vr_number {
    VR_NUMBER_OK,
    VR_NUMBER_EMPTY,
    VR_NUMBER_BAD,        /* not a number */
    VR_NUMBER_NOT_FINITE, /* "nan", "inf", or beyond the range of a double */
} vr_number;

/* The whole of text[0..length) must be the number. Exactly rounded up to 15 digits and exponents
 * up to 22, else to a few units in the last place. *out is written for VR_NUMBER_OK. */
vr_number vr_number_parse(const char *text, size_t length, double *out);
#endif
