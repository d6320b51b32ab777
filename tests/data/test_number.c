/* SPDX-License-Identifier: Apache-2.0 */
#include "builder.h"
#include "data/number.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    vr_number kind;
    double value;
} rows[] = {
    {"0", VR_NUMBER_OK, 0},
    {"-0", VR_NUMBER_OK, 0},
    {"3", VR_NUMBER_OK, 3},
    {"+3", VR_NUMBER_OK, 3},
    {"-3.5", VR_NUMBER_OK, -3.5},
    {".5", VR_NUMBER_OK, 0.5},
    {"5.", VR_NUMBER_OK, 5},
    {"1e3", VR_NUMBER_OK, 1000},
    {"1E-3", VR_NUMBER_OK, 0.001},
    {"881250949", VR_NUMBER_OK, 881250949},
    {"4.1", VR_NUMBER_OK, 4.1},
    {"00012", VR_NUMBER_OK, 12},
    {"1e-400", VR_NUMBER_OK, 0},
    {"0e999999999", VR_NUMBER_OK, 0},
    {"", VR_NUMBER_EMPTY, 0},
    {"abc", VR_NUMBER_BAD, 0},
    {"3a", VR_NUMBER_BAD, 0},
    {" 3", VR_NUMBER_BAD, 0},
    {"3 ", VR_NUMBER_BAD, 0},
    {"1,5", VR_NUMBER_BAD, 0},
    {"-", VR_NUMBER_BAD, 0},
    {".", VR_NUMBER_BAD, 0},
    {"1e", VR_NUMBER_BAD, 0},
    {"1e+", VR_NUMBER_BAD, 0},
    {"0x10", VR_NUMBER_BAD, 0},
    {"--3", VR_NUMBER_BAD, 0},
    {"1.2.3", VR_NUMBER_BAD, 0},
    {"nan", VR_NUMBER_NOT_FINITE, 0},
    {"NaN", VR_NUMBER_NOT_FINITE, 0},
    {"-inf", VR_NUMBER_NOT_FINITE, 0},
    {"Infinity", VR_NUMBER_NOT_FINITE, 0},
    {"1e999", VR_NUMBER_NOT_FINITE, 0},
    {"1e99999999999999999999", VR_NUMBER_NOT_FINITE, 0},
};

static void parses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = 0;
        vr_number kind = vr_number_parse(rows[i].text, strlen(rows[i].text), &value);
        if (kind != rows[i].kind || value != rows[i].value)
            fail_msg("'%s': kind %d value %g", rows[i].text, (int)kind, value);
    }
}

/* strtod in the C locale is the reference. */
static void agrees_with_strtod(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t n = 0;
        seed = seed * 1664525u + 1013904223u;
        size_t digits = 1 + (seed >> 16) % 18, point = (seed >> 24) % digits;
        for (size_t i = 0; i < digits; i++) {
            if (i == point)
                text[n++] = '.';
            seed = seed * 1664525u + 1013904223u;
            text[n++] = (char)('0' + (seed >> 16) % 10);
        }
        text[n] = '\0';
        double value = -1, expected = strtod(text, NULL);
        assert_int_equal(vr_number_parse(text, n, &value), VR_NUMBER_OK);
        if (digits <= 15)
            assert_true(value == expected);
        else
            assert_true(fabs(value - expected) <= 4e-16 * fabs(expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(agrees_with_strtod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
