/* SPDX-License-Identifier: Apache-2.0
 * Reads the few instructions of SPIR-V 1.3 that tell the size of a workgroup and of its shared
 * variables. Types and constants stand before what uses them, so one pass is enough. Words that an
 * instruction lacks and ids past the bound read as 0, which is no id. */
#include "vk/program_needs.h"
#include "base/alloc.h"

enum { HEAD_WORDS = 5, BOUND_AT = 3 };
enum { MODE_LOCAL_SIZE = 17, CLASS_WORKGROUP = 4 };
enum {
    OP_EXECUTION_MODE = 16,
    OP_TYPE_BOOL = 20,
    OP_TYPE_INT,
    OP_TYPE_FLOAT,
    OP_TYPE_VECTOR,
    OP_TYPE_MATRIX,
    OP_TYPE_ARRAY = 28,
    OP_TYPE_STRUCT = 30,
    OP_TYPE_POINTER = 32,
    OP_CONSTANT = 43,
    OP_VARIABLE = 59
};

/* By std430. A constant has its value in the place of bytes, a pointer what it points at. */
typedef struct type {
    uint32_t bytes, align;
} type;

typedef struct types {
    type *of; /* of an id */
    uint32_t bound;
} types;

static uint32_t operand(const uint32_t *instruction, uint32_t index)
{
    return index < instruction[0] >> 16 ? instruction[index] : 0;
}

static type get_type(const types *t, uint32_t id)
{
    return id < t->bound ? t->of[id] : (type){0};
}

static uint32_t saturated(uint64_t x)
{
    return x < UINT32_MAX ? (uint32_t)x : UINT32_MAX;
}

static void set_type(types *t, uint32_t id, uint64_t bytes, uint64_t align)
{
    if (id && id < t->bound)
        t->of[id] = (type){saturated(bytes), saturated(align)};
}

static uint64_t aligned(uint64_t bytes, uint32_t align)
{
    return align ? (bytes + align - 1) / align * align : bytes;
}

static void set_repeated(types *t, uint32_t id, type element, uint32_t count)
{
    set_type(t, id, (uint64_t)saturated(aligned(element.bytes, element.align)) * count,
             element.align);
}

static void set_struct(types *t, const uint32_t *i)
{
    type whole = {0};
    for (uint32_t m = 2; m < i[0] >> 16; m++) {
        const type member = get_type(t, i[m]);
        whole.bytes = saturated(aligned(whole.bytes, member.align) + member.bytes);
        whole.align = member.align > whole.align ? member.align : whole.align;
    }
    set_type(t, operand(i, 1), aligned(whole.bytes, whole.align), whole.align);
}

static void add_variable(const types *t, uint32_t pointer, vr_program_needs *needs)
{
    const type shared = get_type(t, pointer);
    needs->shared_bytes = saturated(aligned(needs->shared_bytes, shared.align) + shared.bytes);
}

static void read_instruction(types *t, const uint32_t *i, vr_program_needs *needs)
{
    const uint32_t a = operand(i, 1), b = operand(i, 2), c = operand(i, 3);
    const type of_b = get_type(t, b), of_c = get_type(t, c);
    switch (i[0] & 0xffff) {
    case OP_EXECUTION_MODE:
        if (b == MODE_LOCAL_SIZE)
            needs->invocations =
                saturated((uint64_t)saturated((uint64_t)c * operand(i, 4)) * operand(i, 5));
        break;
    case OP_TYPE_BOOL:
        set_type(t, a, 4, 4);
        break;
    case OP_TYPE_INT:
    case OP_TYPE_FLOAT:
        set_type(t, a, b / 8, b / 8);
        break;
    case OP_TYPE_VECTOR: /* three components begin where four do */
        set_type(t, a, (uint64_t)of_b.bytes * c, (uint64_t)of_b.bytes * (c == 3 ? 4 : c));
        break;
    case OP_TYPE_MATRIX:
        set_repeated(t, a, of_b, c);
        break;
    case OP_TYPE_ARRAY:
        set_repeated(t, a, of_b, of_c.bytes);
        break;
    case OP_TYPE_STRUCT:
        set_struct(t, i);
        break;
    case OP_TYPE_POINTER:
        set_type(t, a, of_c.bytes, of_c.align);
        break;
    case OP_CONSTANT:
        set_type(t, b, c, 0);
        break;
    case OP_VARIABLE:
        if (c == CLASS_WORKGROUP)
            add_variable(t, a, needs);
        break;
    default:
        break;
    }
}

vireo_status vr_program_needs_read(const vireo_allocator *allocator, const uint32_t *words,
                                   size_t n_words, vr_program_needs *out, vireo_error *err)
{
    types t = {.bound = words[BOUND_AT]};
    t.of = vr_calloc(allocator, t.bound, sizeof *t.of);
    if (!t.of)
        return vr_fail_memory(err, "types of a program");
    *out = (vr_program_needs){0};
    for (size_t at = HEAD_WORDS; at < n_words; at += words[at] >> 16)
        read_instruction(&t, words + at, out);
    vr_free(allocator, t.of);
    return VIREO_OK;
}
