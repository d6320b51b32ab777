/* SPDX-License-Identifier: Apache-2.0 */
#include "text/fields.h"
#include <string.h>

vireo_status vr_fields_root(const vr_fields *r, const char *text, size_t bytes, vr_json_slice *root)
{
    vireo_status st = vr_json_check(r->t->allocator, r->file, text, bytes, NULL, r->err);
    if (st)
        return st;
    *root = vr_json_root(text, bytes);
    return root->kind == '{' ? VIREO_OK : vr_fields_wrong_type(r, "top level", *root, "an object");
}

bool vr_field_is(vr_json_slice s, const char *text)
{
    char spelled[256]; /* of names that are known */
    if (s.kind != '"' || s.bytes > sizeof spelled)
        return false;
    vr_json_string(s, spelled);
    return !strcmp(spelled, text);
}

void vr_fields_pick(vr_json_slice object, const vr_field *members, size_t n)
{
    vr_json_slice key, value;
    for (size_t i = 0; i < n; i++)
        *members[i].out = (vr_json_slice){0};
    if (object.kind != '{')
        return;
    vr_json_walk walk = vr_json_walk_begin(object);
    while (vr_json_walk_next(&walk, &key, &value))
        for (size_t i = 0; i < n; i++)
            if (vr_field_is(key, members[i].name))
                *members[i].out = value;
}

vr_json_slice vr_field_get(vr_json_slice object, const char *name)
{
    vr_json_slice out;
    vr_fields_pick(object, (const vr_field[]){{name, &out}}, 1);
    return out;
}

char *vr_fields_keep(const vr_fields *r, vr_json_slice string, size_t *bytes)
{
    char *text = vr_arena_alloc(&r->t->arena, string.bytes);
    if (text)
        *bytes = vr_json_string(string, text);
    return text;
}

int vr_field_shown(vr_json_slice string)
{
    return vr_json_clip(string.at + 1, string.bytes - 2);
}

static const char *kind_of(vr_json_slice v)
{
    switch (v.kind) {
    case 0:
        return "missing";
    case 'n':
        return "null";
    case 't':
    case 'f':
        return "true or false";
    case '0':
        return "a number";
    case '"':
        return "a string";
    case '[':
        return "an array";
    default:
        return "an object";
    }
}

vireo_status vr_fields_wrong_type(const vr_fields *r, const char *where, vr_json_slice found,
                                  const char *allowed)
{
    return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_TYPE, 0,
                      "%s: %s: %s, %s is allowed (TYPE)", r->file, where, kind_of(found), allowed);
}

vireo_status vr_fields_unsupported(const vr_fields *r, const char *where, vr_json_slice component,
                                   const char *allowed)
{
    vr_json_slice type = vr_field_get(component, "type");
    bool object = component.kind == '{', named = type.kind == '"';
    const char *found = kind_of(object ? type : component);
    return vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                      "%s: %s%s is %s%.*s%s, supported: %s (COMPONENT)", r->file, where,
                      object ? ".type" : "", named ? "\"" : "",
                      named ? vr_field_shown(type) : (int)strlen(found),
                      named ? type.at + 1 : found, named ? "\"" : "", allowed);
}

vireo_status vr_fields_bool(const vr_fields *r, vr_json_slice v, const char *where, bool *out)
{
    if (!v.kind)
        return VIREO_OK;
    if (v.kind != 't' && v.kind != 'f')
        return vr_fields_wrong_type(r, where, v, "true or false");
    *out = v.kind == 't';
    return VIREO_OK;
}

bool vr_field_int(vr_json_slice v, int32_t least, int32_t most, int32_t *out)
{
    int64_t value = 0;
    if (v.kind != '0' || v.bytes > 10)
        return false;
    for (size_t i = 0; i < v.bytes; i++) {
        if (v.at[i] < '0' || v.at[i] > '9')
            return false;
        value = value * 10 + (v.at[i] - '0');
    }
    if (value < least || value > most)
        return false;
    *out = (int32_t)value;
    return true;
}

vireo_status vr_fields_id(const vr_fields *r, vr_json_slice value, const char *where, int32_t *out)
{
    if (value.kind != '0')
        return vr_fields_wrong_type(r, where, value, "an integer");
    if (!vr_field_int(value, 0, VR_TOKENIZER_MAX_ID, out))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: id %.*s, integers from 0 to %d are allowed (VOCAB)", r->file,
                          where, (int)value.bytes, value.at, VR_TOKENIZER_MAX_ID);
    return VIREO_OK;
}

bool vr_field_has_type(vr_json_slice component, const char *name)
{
    return vr_field_is(vr_field_get(component, "type"), name);
}
