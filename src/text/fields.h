/* SPDX-License-Identifier: Apache-2.0
 * Members of the JSON files that describe a tokenizer, read in place, and what is said of those
 * that are not as they should be. */
#ifndef VR_TEXT_FIELDS_H
#define VR_TEXT_FIELDS_H
#include "io/json_walk.h"
#include "text/tokenizer.h"

typedef struct vr_fields {
    vireo_tokenizer *t;
    const char *file;
    vireo_error *err;
} vr_fields;

/* Checks the text, which must hold an object. */
vireo_status vr_fields_root(const vr_fields *, const char *text, size_t bytes, vr_json_slice *root);

/* A member to look for; *out has the kind 0 if it is missing. */
typedef struct vr_field {
    const char *name;
    vr_json_slice *out;
} vr_field;
/* One pass over the object: a vocabulary among its members is skipped once. What is no object lacks
 * all members. */
void vr_fields_pick(vr_json_slice object, const vr_field *, size_t n);
vr_json_slice vr_field_get(vr_json_slice object, const char *name);

bool vr_field_is(vr_json_slice, const char *text); /* a string that spells text, a short one */
bool vr_field_has_type(vr_json_slice object, const char *name);
/* An integer from least to most, written as digits alone. */
bool vr_field_int(vr_json_slice, int32_t least, int32_t most, int32_t *out);
/* How many bytes of a string behind its quote a message shows ("%.*s"), as it is written. */
int vr_field_shown(vr_json_slice string);

/* What a string spells, in the tokenizer's arena; NULL: out of memory. */
char *vr_fields_keep(const vr_fields *, vr_json_slice string, size_t *bytes);
/* A member that is true, false or missing (then *out stays). */
vireo_status vr_fields_bool(const vr_fields *, vr_json_slice, const char *where, bool *out);
vireo_status vr_fields_id(const vr_fields *, vr_json_slice, const char *where, int32_t *out);

/* "FILE: WHERE: a number, ALLOWED is allowed (TYPE)" */
vireo_status vr_fields_wrong_type(const vr_fields *, const char *where, vr_json_slice found,
                                  const char *allowed);
/* "FILE: WHERE.type is "X", supported: ALLOWED (COMPONENT)" */
vireo_status vr_fields_unsupported(const vr_fields *, const char *where, vr_json_slice component,
                                   const char *allowed);
#endif
