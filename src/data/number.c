/* SPDX-License-Identifier: Apache-2.0 */
#include "data/number.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct decimal {
    uint64_t mantissa;
    int exponent; /* of ten */
    int digits;   /* seen, leading zeros included */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(const char *text, size_t length, const char *word)
{
    if (strlen(word) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

/* Reads digits from text[*at..length) into d; `point` counts them as decimals. */
static void read_digits(const char *text, size_t length, size_t *at, bool point, decimal *d)
{
    const uint64_t full = (UINT64_MAX - 9) / 10;
    for (; *at < length && is_digit(text[*at]); ++*at) {
        bool room = d->mantissa <= full;
        if (room)
            d->mantissa = d->mantissa * 10 + (uint64_t)(text[*at] - '0');
        if (room == point && d->exponent > -100000 && d->exponent < 100000)
            d->exponent += point ? -1 : 1;
        if (d->digits < 100000)
            d->digits++;
    }
}

static double scale(const decimal *d)
{
    double value = (double)d->mantissa;
    int e = d->exponent;
    if (d->mantissa == 0)
        return 0.0;
    /* 10^22 is the largest power of ten a double holds exactly. */
    for (; e > 22 && isfinite(value); e -= 22)
        value *= 1e22;
    for (; e < -22 && value > 0.0; e += 22)
        value /= 1e22;
    return e >= 0 ? value * pow(10.0, e < 22 ? e : 22) : value / pow(10.0, -e < 22 ? -e : 22);
}

vr_number vr_number_parse(const char *text, size_t length, double *out)
{
    decimal d = {0};
    size_t at = 0;
    if (length == 0)
        return VR_NUMBER_EMPTY;
    bool negative = text[0] == '-';
    if (text[0] == '-' || text[0] == '+')
        at++;
    const char *word = text + at;
    if (is_word(word, length - at, "nan") || is_word(word, length - at, "inf") ||
        is_word(word, length - at, "infinity"))
        return VR_NUMBER_NOT_FINITE;
    read_digits(text, length, &at, false, &d);
    if (at < length && text[at] == '.') {
        at++;
        read_digits(text, length, &at, true, &d);
    }
    if (d.digits == 0)
        return VR_NUMBER_BAD;
    if (at < length && (text[at] | 0x20) == 'e') {
        bool down = false;
        int e = 0;
        at++;
        if (at < length && (text[at] == '-' || text[at] == '+'))
            down = text[at++] == '-';
        if (at >= length || !is_digit(text[at]))
            return VR_NUMBER_BAD;
        for (; at < length && is_digit(text[at]); at++)
            e = e < 100000 ? e * 10 + (text[at] - '0') : e;
        d.exponent += down ? -e : e;
    }
    if (at != length)
        return VR_NUMBER_BAD;
    double value = scale(&d);
    if (!isfinite(value))
        return VR_NUMBER_NOT_FINITE;
    *out = negative ? -value : value;
    return VR_NUMBER_OK;
}
