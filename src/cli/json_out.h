/* SPDX-License-Identifier: Apache-2.0
 * Writing JSON (RFC 8259) into a string. key is NULL inside an array and at the top. Commas are put
 * by the writer. Numbers have nine digits, so a float reads back as itself; what is not finite
 * becomes null. */
#ifndef VR_CLI_JSON_OUT_H
#define VR_CLI_JSON_OUT_H
#include "base/str.h"

typedef struct vr_json_out {
    vr_str text;
    bool comma; /* something stands before, at this level */
} vr_json_out;

void vr_out_init(vr_json_out *);
void vr_out_deinit(vr_json_out *);
void vr_out_begin(vr_json_out *, const char *key, char bracket);     /* '{' or '[' */
void vr_out_end(vr_json_out *, char bracket);                        /* '}' or ']' */
void vr_out_text(vr_json_out *, const char *key, const char *value); /* NULL: null */
void vr_out_uint(vr_json_out *, const char *key, uint64_t value);
void vr_out_int(vr_json_out *, const char *key, int64_t value);
void vr_out_bool(vr_json_out *, const char *key, bool value);
void vr_out_number(vr_json_out *, const char *key, double value); /* %.9g */
void vr_out_floats(vr_json_out *, const char *key, const float *values, size_t n);
void vr_out_line(vr_json_out *); /* newline; the next value is a document of its own */
#endif
