/* SPDX-License-Identifier: Apache-2.0 */
#include "io/safetensors.h"
#include "io/json_walk.h"
#include "tensor/shape.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    uint32_t bits;
    bool supported;
    vireo_dtype known;
} dtypes[] = {
    {"F32", 32, true, VIREO_F32},     {"F16", 16, true, VIREO_F16},
    {"I32", 32, true, VIREO_I32},     {"BF16", 16, true, VIREO_BF16},
    {"F64", 64, false, VIREO_F32},    {"I64", 64, false, VIREO_F32},
    {"I16", 16, false, VIREO_F32},    {"I8", 8, false, VIREO_F32},
    {"U64", 64, false, VIREO_F32},    {"U32", 32, false, VIREO_F32},
    {"U16", 16, false, VIREO_F32},    {"U8", 8, false, VIREO_F32},
    {"BOOL", 8, false, VIREO_F32},    {"F8_E4M3", 8, false, VIREO_F32},
    {"F8_E5M2", 8, false, VIREO_F32}, {"F8_E8M0", 8, false, VIREO_F32},
    {"F6_E2M3", 6, false, VIREO_F32}, {"F6_E3M2", 6, false, VIREO_F32},
    {"F4", 4, false, VIREO_F32},      {"C64", 64, false, VIREO_F32},
};

const char *vr_safetensors_reason_name(uint32_t reason)
{
    static const char *const names[] = {"NONE",
#define NAME(name) #name,
                                        VR_SAFETENSORS_REASON_LIST(NAME)
#undef NAME
    };
    return reason < sizeof names / sizeof names[0] ? names[reason] : "?";
}

typedef struct parser {
    vr_arena *arena;
    const char *path;
    const char *file, *header; /* the header begins behind the length */
    size_t bytes, header_bytes, data_at;
    vr_safetensor *tensors;
    size_t count;
    vireo_error *err;
} parser;

__attribute__((format(printf, 4, 5))) static vireo_status
fault(parser *p, vr_safetensors_reason reason, size_t offset, const char *format, ...)
{
    char what[384];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    vireo_status st = reason == VR_SAFETENSORS_LIMIT || reason == VR_SAFETENSORS_DEPTH ||
                              reason == VR_SAFETENSORS_HEADER_BIG
                          ? VIREO_ERROR_LIMIT
                          : VIREO_ERROR_FORMAT;
    return vr_fail_at(p->err, st, reason, offset, "%s: byte %zu: %s (%s)", p->path, offset, what,
                      vr_safetensors_reason_name(reason));
}

/* What a slice shows in a message: for printf's %.*s. */
#define SHOW(slice) vr_json_clip((slice).at, (slice).bytes), (slice).at

static size_t offset_of(const parser *p, vr_json_slice s)
{
    return (size_t)(s.at - p->file);
}

static vireo_status read_length(parser *p)
{
    if (p->bytes < LENGTH_BYTES)
        return fault(p, VR_SAFETENSORS_SHORT, p->bytes,
                     "the file has %zu bytes, the header's length alone needs 8", p->bytes);
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | (unsigned char)p->file[i];
    if (length == 0)
        return fault(p, VR_SAFETENSORS_HEADER, 0, "the header has 0 bytes, at least {} is needed");
    if (length > VR_SAFETENSORS_MAX_HEADER)
        return fault(p, VR_SAFETENSORS_HEADER_BIG, 0,
                     "a header of %llu bytes, at most %d are allowed", (unsigned long long)length,
                     VR_SAFETENSORS_MAX_HEADER);
    if (length > p->bytes - LENGTH_BYTES)
        return fault(p, VR_SAFETENSORS_TRUNC, 0,
                     "a header of %llu bytes, but the file has only %zu behind its length",
                     (unsigned long long)length, p->bytes - LENGTH_BYTES);
    p->header_bytes = (size_t)length;
    p->data_at = LENGTH_BYTES + p->header_bytes;
    return VIREO_OK;
}

static vireo_status check_start(parser *p)
{
    p->header = p->file + LENGTH_BYTES;
    if (p->header[0] == '[')
        return fault(p, VR_SAFETENSORS_TYPE, LENGTH_BYTES,
                     "the header is an array, an object is needed");
    if (p->header[0] != '{')
        return fault(p, VR_SAFETENSORS_START, LENGTH_BYTES,
                     "the header starts with byte 0x%02X, '{' is needed",
                     (unsigned char)p->header[0]);
    return VIREO_OK;
}

static vr_safetensors_reason reason_of_json(uint32_t reason)
{
    switch (reason) {
    case VR_JSON_UTF8:
        return VR_SAFETENSORS_UTF8;
    case VR_JSON_DUP_KEY:
        return VR_SAFETENSORS_DUP_KEY;
    case VR_JSON_DEPTH:
        return VR_SAFETENSORS_DEPTH;
    case VR_JSON_LIMIT:
        return VR_SAFETENSORS_LIMIT;
    default:
        return VR_SAFETENSORS_JSON;
    }
}

static vireo_status check_json(parser *p)
{
    /* The header, its name for the metadata aside, has one member a tensor. */
    const vr_json_limits limits = {.members = VR_SAFETENSORS_MAX_TENSORS + 1};
    vireo_error json = {0};
    vireo_status st =
        vr_json_check(p->arena->allocator, "header", p->header, p->header_bytes, &limits, &json);
    if (st == VIREO_ERROR_OUT_OF_MEMORY)
        return vr_fail_memory(p->err, p->path);
    if (!st)
        return VIREO_OK;
    /* Its "header: byte N: what (REASON)" becomes ours. */
    const char *what = strstr(json.message, ": ");
    what = what ? strstr(what + 2, ": ") : NULL;
    what = what ? what + 2 : json.message;
    const char *behind = strrchr(what, '(');
    int length = behind && behind > what ? (int)(behind - what) - 1 : (int)strlen(what);
    return fault(p, reason_of_json(json.reason), LENGTH_BYTES + (size_t)json.offset, "%.*s", length,
                 what);
}

/* A number without sign, fraction or exponent. */
static vireo_status read_integer(parser *p, vr_json_slice s, const char *field, uint64_t max,
                                 uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < s.bytes; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return fault(p, VR_SAFETENSORS_INT, offset_of(p, s),
                         "%s is %.*s, an integer >= 0 is needed", field, SHOW(s));
    for (size_t i = 0; i < s.bytes; i++) {
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (value > (max - digit) / 10)
            return fault(p, VR_SAFETENSORS_RANGE, offset_of(p, s),
                         "%s is %.*s, at most %llu is allowed", field, SHOW(s),
                         (unsigned long long)max);
        value = value * 10 + digit;
    }
    *out = value;
    return VIREO_OK;
}

static vireo_status read_dtype(parser *p, vr_json_slice s, vr_safetensor *t, uint32_t *bits)
{
    if (s.kind != '"')
        return fault(p, VR_SAFETENSORS_TYPE, offset_of(p, s), "dtype is %.*s, a string is needed",
                     SHOW(s));
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (!vr_json_string_is(s, dtypes[i].name))
            continue;
        t->dtype = dtypes[i].name;
        t->supported = dtypes[i].supported;
        t->known = dtypes[i].known;
        *bits = dtypes[i].bits;
        return VIREO_OK;
    }
    return fault(p, VR_SAFETENSORS_DTYPE, offset_of(p, s),
                 "dtype is %.*s, which is none of the format's (F32, F16, BF16, I32, ...)",
                 SHOW(s));
}

static vireo_status read_shape(parser *p, vr_json_slice s, vr_safetensor *t)
{
    if (s.kind != '[')
        return fault(p, VR_SAFETENSORS_TYPE, offset_of(p, s), "shape is %.*s, an array is needed",
                     SHOW(s));
    vr_json_walk walk = vr_json_walk_begin(s);
    vr_json_slice dim;
    while (vr_json_walk_next(&walk, NULL, &dim)) {
        uint64_t value;
        if (t->rank == VR_SAFETENSORS_MAX_RANK)
            return fault(p, VR_SAFETENSORS_LIMIT, offset_of(p, dim),
                         "more than %d dimensions, which is the limit", VR_SAFETENSORS_MAX_RANK);
        vireo_status st = read_integer(p, dim, "a dimension", INT64_MAX, &value);
        if (st)
            return st;
        t->shape[t->rank++] = (int64_t)value;
    }
    return VIREO_OK;
}

static vireo_status read_offsets(parser *p, vr_json_slice s, vr_safetensor *t)
{
    if (s.kind != '[')
        return fault(p, VR_SAFETENSORS_TYPE, offset_of(p, s),
                     "data_offsets is %.*s, an array is needed", SHOW(s));
    vr_json_walk walk = vr_json_walk_begin(s);
    vr_json_slice bound;
    uint64_t bounds[2];
    size_t n = 0;
    for (; vr_json_walk_next(&walk, NULL, &bound); n++) {
        if (n >= 2)
            continue;
        vireo_status st = read_integer(p, bound, "a bound of data_offsets", UINT64_MAX, &bounds[n]);
        if (st)
            return st;
    }
    if (n != 2)
        return fault(p, VR_SAFETENSORS_OFFSET, offset_of(p, s),
                     "data_offsets is %.*s, two numbers are needed", SHOW(s));
    if (bounds[0] > bounds[1])
        return fault(p, VR_SAFETENSORS_OFFSET, offset_of(p, s),
                     "data_offsets is %.*s: begin lies behind end", SHOW(s));
    size_t available = p->bytes - p->data_at;
    if (bounds[1] > available)
        return fault(p, VR_SAFETENSORS_TRUNC, offset_of(p, s),
                     "data_offsets is %.*s, but the file has only %zu bytes of data", SHOW(s),
                     available);
    t->begin = p->data_at + (size_t)bounds[0];
    t->bytes = (size_t)(bounds[1] - bounds[0]);
    return VIREO_OK;
}

static vireo_status check_size(parser *p, vr_json_slice name, const vr_safetensor *t, uint32_t bits)
{
    int64_t elements;
    if (!vr_shape_count(t->shape, t->rank, &elements) || elements > INT64_MAX / (int64_t)bits)
        return fault(p, VR_SAFETENSORS_OVERFLOW, offset_of(p, name),
                     "%.*s: the product of its dimensions does not fit 64 bits", SHOW(name));
    uint64_t all = (uint64_t)elements * bits;
    if (all % 8 != 0)
        return fault(p, VR_SAFETENSORS_SIZE, offset_of(p, name),
                     "%.*s: %lld elements of %s are no whole number of bytes", SHOW(name),
                     (long long)elements, t->dtype);
    if (all / 8 != t->bytes)
        return fault(p, VR_SAFETENSORS_SIZE, offset_of(p, name),
                     "%.*s: data_offsets span %zu bytes, %lld elements of %s need %llu", SHOW(name),
                     t->bytes, (long long)elements, t->dtype, (unsigned long long)all / 8);
    if (t->supported && t->begin % (bits / 8) != 0)
        return fault(p, VR_SAFETENSORS_ALIGN, offset_of(p, name),
                     "%.*s: its data begin at byte %zu of the file, a multiple of %u is needed",
                     SHOW(name), t->begin, (unsigned)bits / 8);
    return VIREO_OK;
}

static vireo_status read_tensor(parser *p, vr_json_slice name, vr_json_slice entry)
{
    if (entry.kind != '{')
        return fault(p, VR_SAFETENSORS_TYPE, offset_of(p, entry),
                     "%.*s is %.*s, an object is needed", SHOW(name), SHOW(entry));
    vr_json_slice dtype = {0}, shape = {0}, offsets = {0}, key, value;
    vr_json_walk walk = vr_json_walk_begin(entry);
    while (vr_json_walk_next(&walk, &key, &value)) {
        if (vr_json_string_is(key, "dtype"))
            dtype = value;
        else if (vr_json_string_is(key, "shape"))
            shape = value;
        else if (vr_json_string_is(key, "data_offsets"))
            offsets = value;
        else
            return fault(p, VR_SAFETENSORS_FIELD, offset_of(p, key),
                         "%.*s has the field %.*s; allowed are dtype, shape, data_offsets",
                         SHOW(name), SHOW(key));
    }
    const char *missing = !dtype.at ? "dtype" : !shape.at ? "shape" : "data_offsets";
    if (!dtype.at || !shape.at || !offsets.at)
        return fault(p, VR_SAFETENSORS_FIELD, offset_of(p, entry), "%.*s has no %s", SHOW(name),
                     missing);
    vr_safetensor t = {0};
    uint32_t bits = 0;
    vireo_status st = read_dtype(p, dtype, &t, &bits);
    if (!st)
        st = read_shape(p, shape, &t);
    if (!st)
        st = read_offsets(p, offsets, &t);
    if (!st)
        st = check_size(p, name, &t, bits);
    if (st)
        return st;
    char *text = vr_arena_alloc(p->arena, name.bytes);
    if (!text)
        return vr_fail_memory(p->err, p->path);
    vr_json_string(name, text);
    t.name = text;
    p->tensors[p->count++] = t;
    return VIREO_OK;
}

static vireo_status check_metadata(parser *p, vr_json_slice metadata)
{
    if (metadata.kind != '{')
        return fault(p, VR_SAFETENSORS_META, offset_of(p, metadata),
                     "__metadata__ is %.*s, an object is needed", SHOW(metadata));
    vr_json_walk walk = vr_json_walk_begin(metadata);
    vr_json_slice key, value;
    while (vr_json_walk_next(&walk, &key, &value))
        if (value.kind != '"')
            return fault(p, VR_SAFETENSORS_META, offset_of(p, value),
                         "__metadata__'s %.*s is %.*s, a string is needed", SHOW(key), SHOW(value));
    return VIREO_OK;
}

static vireo_status read_tensors(parser *p)
{
    vr_json_slice root = vr_json_root(p->header, p->header_bytes), key, value;
    vr_json_walk walk = vr_json_walk_begin(root);
    size_t tensors = 0;
    while (vr_json_walk_next(&walk, &key, &value))
        if (!vr_json_string_is(key, "__metadata__") && ++tensors > VR_SAFETENSORS_MAX_TENSORS)
            return fault(p, VR_SAFETENSORS_LIMIT, offset_of(p, key),
                         "more than %d tensors, which is the limit", VR_SAFETENSORS_MAX_TENSORS);
    p->tensors = vr_arena_array(p->arena, tensors, sizeof *p->tensors);
    if (!p->tensors)
        return vr_fail_memory(p->err, p->path);
    walk = vr_json_walk_begin(root);
    while (vr_json_walk_next(&walk, &key, &value)) {
        vireo_status st;
        if (vr_json_string_is(key, "__metadata__"))
            st = check_metadata(p, value);
        else
            st = read_tensor(p, key, value);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static int by_begin(const void *a, const void *b)
{
    const vr_safetensor *x = *(const vr_safetensor *const *)a;
    const vr_safetensor *y = *(const vr_safetensor *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* The data are covered exactly once: what no tensor names could be another file in disguise. */
static vireo_status check_cover(parser *p)
{
    const vr_safetensor **order = vr_arena_array(p->arena, p->count, sizeof *order);
    if (!order)
        return vr_fail_memory(p->err, p->path);
    for (size_t i = 0; i < p->count; i++)
        order[i] = &p->tensors[i];
    if (p->count > 1)
        qsort(order, p->count, sizeof *order, by_begin);
    size_t end = p->data_at;
    for (size_t i = 0; i < p->count; i++) {
        const vr_safetensor *t = order[i];
        int shown = vr_json_clip(t->name, strlen(t->name));
        if (t->begin < end)
            return fault(p, VR_SAFETENSORS_OVERLAP, t->begin,
                         "\"%.*s\" begins %zu bytes before the end of \"%.*s\"", shown, t->name,
                         end - t->begin,
                         vr_json_clip(order[i - 1]->name, strlen(order[i - 1]->name)),
                         order[i - 1]->name);
        if (t->begin > end)
            return fault(p, VR_SAFETENSORS_HOLE, end,
                         "%zu bytes before \"%.*s\" belong to no tensor", t->begin - end, shown,
                         t->name);
        end = t->begin + t->bytes;
    }
    if (end != p->bytes)
        return fault(p, VR_SAFETENSORS_TRAILING, end,
                     "%zu bytes behind the last tensor belong to none", p->bytes - end);
    return VIREO_OK;
}

vireo_status vr_safetensors_measure(const char *path, const void *start, size_t bytes, size_t *head,
                                    vireo_error *err)
{
    parser p = {.path = path, .file = start, .bytes = bytes, .err = err};
    vireo_status st = read_length(&p);
    if (!st)
        *head = p.data_at;
    return st;
}

vireo_status vr_safetensors_parse(vr_arena *arena, const char *path, const void *head, size_t bytes,
                                  vr_safetensors *out, vireo_error *err)
{
    parser p = {.arena = arena, .path = path, .file = head, .bytes = bytes, .err = err};
    vireo_status st = read_length(&p);
    if (!st)
        st = check_start(&p);
    if (!st)
        st = check_json(&p);
    if (!st)
        st = read_tensors(&p);
    if (!st)
        st = check_cover(&p);
    if (!st)
        *out = (vr_safetensors){p.tensors, p.count};
    return st;
}
