/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_out.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void vr_out_init(vr_json_out *j)
{
    vr_str_init(&j->text, NULL);
    j->comma = false;
}

void vr_out_deinit(vr_json_out *j)
{
    vr_str_deinit(&j->text);
}

static void begin_value(vr_json_out *j, const char *key)
{
    if (j->comma)
        vr_str_add_n(&j->text, ",", 1);
    j->comma = true;
    if (key) {
        vr_str_add_json(&j->text, key, strlen(key));
        vr_str_add_n(&j->text, ":", 1);
    }
}

void vr_out_begin(vr_json_out *j, const char *key, char bracket)
{
    begin_value(j, key);
    vr_str_add_n(&j->text, &bracket, 1);
    j->comma = false;
}

void vr_out_end(vr_json_out *j, char bracket)
{
    vr_str_add_n(&j->text, &bracket, 1);
    j->comma = true;
}

void vr_out_text(vr_json_out *j, const char *key, const char *value)
{
    begin_value(j, key);
    if (value)
        vr_str_add_json(&j->text, value, strlen(value));
    else
        vr_str_add(&j->text, "null");
}

void vr_out_uint(vr_json_out *j, const char *key, uint64_t value)
{
    begin_value(j, key);
    vr_str_addf(&j->text, "%llu", (unsigned long long)value);
}

void vr_out_int(vr_json_out *j, const char *key, int64_t value)
{
    begin_value(j, key);
    vr_str_addf(&j->text, "%lld", (long long)value);
}

void vr_out_bool(vr_json_out *j, const char *key, bool value)
{
    begin_value(j, key);
    vr_str_add(&j->text, value ? "true" : "false");
}

static void add_number(vr_json_out *j, double value)
{
    char digits[32];
    int n = isfinite(value) ? snprintf(digits, sizeof digits, "%.9g", value)
                            : snprintf(digits, sizeof digits, "null");
    vr_str_add_n(&j->text, digits, (size_t)n);
}

void vr_out_number(vr_json_out *j, const char *key, double value)
{
    begin_value(j, key);
    add_number(j, value);
}

void vr_out_floats(vr_json_out *j, const char *key, const float *values, size_t n)
{
    vr_out_begin(j, key, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            vr_str_add_n(&j->text, ",", 1);
        add_number(j, (double)values[i]);
    }
    vr_out_end(j, ']');
}

void vr_out_line(vr_json_out *j)
{
    vr_str_add_n(&j->text, "\n", 1);
    j->comma = false;
}
