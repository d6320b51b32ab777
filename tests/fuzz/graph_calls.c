/* SPDX-License-Identifier: Apache-2.0 */
#include "graph_calls.h"
#include <math.h>
#include <string.h>

/* ---- Arguments ----------------------------------------------------------------------------- */

static uint8_t byte(graph_calls *r)
{
    return r->at < r->end ? *r->at++ : 0;
}

static uint64_t bytes(graph_calls *r, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v |= (uint64_t)byte(r) << (8 * i);
    return v;
}

static int64_t number(graph_calls *r)
{
    static const int64_t edges[32] = {INT32_MAX,
                                      INT32_MAX - 1,
                                      INT32_MAX - 2,
                                      (int64_t)INT32_MAX + 1,
                                      UINT32_MAX,
                                      (int64_t)UINT32_MAX + 1,
                                      -1,
                                      INT64_MAX,
                                      INT64_MIN,
                                      INT32_MIN,
                                      1 << 30,
                                      (1 << 30) + 1,
                                      1 << 29,
                                      1 << 28,
                                      (1 << 28) - 1,
                                      (1 << 28) + 1,
                                      1 << 27,
                                      1 << 26,
                                      1 << 25,
                                      1 << 24,
                                      1 << 20,
                                      100000000,
                                      10000000,
                                      2097120,
                                      65537,
                                      65536,
                                      65535,
                                      65534,
                                      32768,
                                      46341,
                                      46340,
                                      262145};
    const uint8_t b = byte(r);
    if (b < 0x60)
        return b;
    if (b < 0x80)
        return edges[b - 0x60];
    if (b < 0xC0) { /* a dimension of a recent value */
        const size_t back = (b >> 2 & 15) + 1u;
        return back < r->g->n_values ? r->g->values[r->g->n_values - back].v.shape[b & 3] : 1;
    }
    if (b < 0xFE)
        return (b - 0xBF) * 64;
    return b == 0xFE ? (int64_t)bytes(r, 4) : (int64_t)bytes(r, 8);
}

static void shape_of(graph_calls *r, uint32_t rank, int64_t out[VIREO_MAX_RANK])
{
    memset(out, 0, VIREO_MAX_RANK * sizeof *out);
    for (uint32_t i = 0; i < rank && i < VIREO_MAX_RANK; i++)
        out[i] = number(r);
}

static float real(graph_calls *r)
{
    static const float edges[] = {0, 1,        -1,        1e-5f, 1e-12f,  1e-38f, 1e-45f,
                                  2, INFINITY, -INFINITY, NAN,   3.4e38f, -0.0f,  0.5f};
    const uint8_t b = byte(r);
    const uint32_t bits = b < 0x80 ? 0 : (uint32_t)bytes(r, 4);
    float any;
    memcpy(&any, &bits, sizeof any);
    return b < 0x80 ? edges[b % (sizeof edges / sizeof *edges)] : any;
}

/* One of the values, or none, or one that there is not. dtype, rank: what would fit. */
static vireo_value value_of(graph_calls *r, vireo_dtype dtype, uint32_t least, uint32_t most)
{
    const size_t n = r->g->n_values;
    const uint8_t b = byte(r);
    if (b >= 0xF0)
        return (vireo_value){b == 0xFF ? (uint32_t)bytes(r, 4) : b == 0xFE ? (uint32_t)n : 0};
    if (b >= 0xC0 || !r->by_type)
        return (vireo_value){n > 1 ? (uint32_t)(n - 1 - b % (n - 1)) : 0};
    size_t fit = 0;
    for (int pass = 0; pass < 2; pass++) { /* counts them, then takes the one that b says */
        size_t skip = fit ? b % fit : 0;
        for (size_t i = n; i-- > 1;) {
            const vr_value *v = &r->g->values[i].v;
            const bool fits =
                (v->dtype == dtype || (v->kind == VR_CONSTANT && dtype == VIREO_F32)) &&
                v->rank >= least && v->rank <= most;
            if (fits && pass == 1 && skip-- == 0)
                return (vireo_value){(uint32_t)i};
            fit += fits && pass == 0;
        }
        if (!fit)
            break;
    }
    return VIREO_NONE;
}

static vireo_value f32(graph_calls *r, uint32_t least, uint32_t most)
{
    return value_of(r, VIREO_F32, least, most);
}

static vireo_value i32(graph_calls *r)
{
    return value_of(r, VIREO_I32, 1, 1);
}

static vireo_dtype dtype(graph_calls *r)
{
    const uint8_t b = byte(r);
    return (vireo_dtype)(b < 0xF0 ? b % 6 : b);
}

static vireo_symbol symbol(graph_calls *r)
{
    const uint8_t b = byte(r);
    return (vireo_symbol){
        b < 0xF0 ? (uint32_t)(b % (r->g->n_symbols + 1)) % (uint32_t)r->g->n_symbols : b};
}

static const char *name(graph_calls *r)
{
    static char names[16][4];
    char *text = names[byte(r) & 15];
    text[0] = (char)('a' + (text - names[0]) / 4);
    return text;
}

/* A tensor whose data are there, or less, or none. They are not read before the upload. */
static vireo_tensor tensor(graph_calls *r, bool *some)
{
    static float data[16];
    vireo_tensor t = {.dtype = dtype(r), .data = data, .bytes = SIZE_MAX};
    t.rank = byte(r) % 6;
    shape_of(r, t.rank, t.shape);
    const uint8_t b = byte(r);
    *some = b < 0xE0;
    if (b >= 0xF0)
        t.data = NULL;
    else if (b >= 0xE0)
        t.bytes = bytes(r, 2);
    return t;
}

/* ---- Calls --------------------------------------------------------------------------------- */

static void add_symbol(graph_calls *r)
{
    const char *text = name(r); /* in an order of ours: that of arguments is the compiler's */
    vireo_graph_symbol(r->g, text, number(r));
}

static void add_derived(graph_calls *r)
{
    const vireo_symbol base = symbol(r);
    const char *text = name(r);
    vireo_graph_symbol_derive(r->g, text, base, byte(r) & 1 ? number(r) : -1 - number(r));
}

static void add_input(graph_calls *r)
{
    int64_t shape[VIREO_MAX_RANK];
    const char *text = name(r);
    const vireo_dtype type = dtype(r);
    const uint32_t rank = byte(r) % 6;
    const vireo_symbol s = symbol(r);
    shape_of(r, rank, shape);
    vireo_graph_input(r->g, text, type, rank, shape, s);
}

static void add_constant(graph_calls *r)
{
    bool some;
    const char *text = name(r);
    const vireo_tensor t = tensor(r, &some);
    vireo_graph_constant(r->g, text, &t);
}

static void add_file_constant(graph_calls *r)
{
    static const char file;
    bool some;
    const char *text = name(r);
    const vireo_tensor t = tensor(r, &some);
    vr_graph_file_constant(r->g, text, &t, some ? (const vr_file *)(const void *)&file : NULL, 8);
}

static void add_first_row(graph_calls *r)
{
    vireo_graph_first_row(r->g, f32(r, 2, 2));
}

static void add_output(graph_calls *r)
{
    const char *text = name(r);
    vireo_graph_output(r->g, text, value_of(r, byte(r) & 1 ? VIREO_I32 : VIREO_F32, 0, 4));
}

static void add_matmul(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value x = f32(r, 2, 3), y = f32(r, 2, 3);
    vireo_matmul_args args = {
        .transpose_a = b & 1, .transpose_b = b & 2, .activation = (vireo_unary)(b >> 4)};
    if (b & 4)
        args.bias = f32(r, 1, 1);
    if (b & 8)
        args.residual = f32(r, 2, 3);
    vireo_matmul(r->g, x, y, b == 0xFF ? NULL : &args);
}

static void add_linear(graph_calls *r)
{
    const vireo_value x = f32(r, 2, 2), w = f32(r, 2, 2), bias = f32(r, 1, 1);
    vireo_linear(r->g, x, w, byte(r) & 1 ? bias : VIREO_NONE);
}

static void add_attention(graph_calls *r)
{
    const vireo_value q = f32(r, 2, 2), k = f32(r, 2, 2), v = f32(r, 2, 2), o = i32(r);
    const uint32_t heads = (uint32_t)number(r);
    vireo_attention(r->g, q, k, v, o, heads, real(r));
}

static void add_norm(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value x = f32(r, 1, 4);
    const vireo_value w = b & 4 ? f32(r, 1, 1) : VIREO_NONE, o = b & 8 ? f32(r, 1, 1) : VIREO_NONE;
    const float epsilon = b & 16 ? real(r) : 1e-5f;
    if ((b & 3) == 0)
        vireo_layer_norm(r->g, x, w, o, epsilon);
    else if ((b & 3) == 1)
        vireo_rms_norm(r->g, x, w, epsilon);
    else
        vireo_l2_normalize(r->g, x, epsilon);
}

static void add_embedding(graph_calls *r)
{
    const vireo_value table = f32(r, 2, 2), ids = i32(r);
    if (byte(r) & 1)
        vireo_gather_rows(r->g, table, ids);
    else
        vireo_embedding(r->g, table, ids);
}

static void add_bag(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value table = f32(r, 2, 2), ids = i32(r), offsets = i32(r);
    vireo_embedding_bag(r->g, (vireo_bag)(b >> 1), table, ids, offsets,
                        b & 1 ? f32(r, 1, 1) : VIREO_NONE);
}

static void add_scatter(graph_calls *r)
{
    const vireo_value x = f32(r, 2, 2), ids = i32(r), updates = f32(r, 2, 2);
    vireo_scatter_rows(r->g, (vireo_scatter)byte(r), x, ids, updates);
}

static void add_unary(graph_calls *r)
{
    const uint8_t op = byte(r);
    vireo_unary_op(r->g, (vireo_unary)op, f32(r, 0, 4));
}

static void add_scale(graph_calls *r)
{
    const float factor = real(r), shift = real(r);
    vireo_scale(r->g, f32(r, 0, 4), factor, shift);
}

static void add_binary(graph_calls *r)
{
    const uint8_t op = byte(r);
    const vireo_value x = f32(r, 0, 4), y = f32(r, 0, 4);
    vireo_binary_op(r->g, (vireo_binary)op, x, y);
}

static void add_pool(graph_calls *r)
{
    const uint8_t op = byte(r);
    const vireo_value x = f32(r, 2, 2), offsets = i32(r);
    vireo_pool(r->g, (vireo_pooling)op, x, offsets);
}

static vireo_value word(graph_calls *r)
{
    return value_of(r, byte(r) & 1 ? VIREO_I32 : VIREO_F32, 0, 4);
}

static void add_reshape(graph_calls *r)
{
    int64_t shape[VIREO_MAX_RANK];
    const uint8_t b = byte(r);
    const uint32_t rank = b < 0xF0 ? b % 5 : b;
    const vireo_value x = word(r);
    shape_of(r, rank, shape);
    vireo_reshape(r->g, x, rank, shape);
}

static void add_slice(graph_calls *r)
{
    const vireo_value x = word(r);
    const uint8_t axis = byte(r);
    const int64_t start = number(r), size = number(r);
    vireo_slice(r->g, x, axis < 0xF0 ? axis % 4 : axis, start, size);
}

static void add_transpose(graph_calls *r)
{
    const vireo_value x = word(r);
    const uint8_t b = byte(r);
    const uint32_t rank = x.id < r->g->n_values && x.id ? r->g->values[x.id].v.rank : 0;
    uint32_t axes[VIREO_MAX_RANK] = {b & 3, b >> 2 & 3, b >> 4 & 3, b >> 6};
    for (uint32_t i = 0; b < 8 && i < rank; i++) /* a rotation */
        axes[i] = (i + b) % rank;
    vireo_transpose(r->g, x, axes);
}

static void add_concat(graph_calls *r)
{
    vireo_value values[12];
    const uint8_t b = byte(r);
    const size_t n = b >> 2 & 15;
    for (size_t i = 0; i < n && i < 12; i++)
        values[i] = i && b >> 6 ? values[0] : word(r);
    vireo_concat(r->g, values, n < 12 ? n : 12, b & 3);
}

static void add_top_k(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value scores = f32(r, 2, 2);
    const uint32_t k = (uint32_t)number(r);
    vireo_top_k(r->g, scores, k, b & 1 ? value_of(r, VIREO_I32, 1, 2) : VIREO_NONE);
}

static void add_fault(graph_calls *r)
{
    vireo_graph_fail(r->g, VIREO_ERROR_FORMAT, "%s of the model's own", name(r));
}

static void add_attention_with(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value q = f32(r, 2, 2), k = f32(r, 2, 2), v = f32(r, 2, 2), o = i32(r);
    vireo_attention_args args = {.n_heads = (uint32_t)number(r), .causal = b & 1};
    args.n_kv_heads = (uint32_t)number(r);
    if (b & 2)
        args.scale = real(r);
    if (b & 4)
        args.window = (uint32_t)number(r);
    if (b & 8)
        args.soft_cap = real(r);
    if (b & 16)
        args.pointwise = real(r);
    if (b & 32)
        args.key_offsets = i32(r);
    if (b & 64)
        args.bias = f32(r, 2, 2);
    vireo_attention_with(r->g, q, k, v, o, &args);
}

static void add_rope_table(graph_calls *r)
{
    const int64_t positions = number(r);
    const uint32_t dim = (uint32_t)number(r);
    const double theta = (double)real(r), factor = (double)real(r);
    const bool large = positions > 64 && positions <= 1 << 28; /* it is filled: costs time */
    vireo_rope_table(r->g, large ? 64 : positions, dim, theta, factor);
}

static void add_rope(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value x = f32(r, 2, 2), positions = i32(r), table = f32(r, 2, 2);
    vireo_rope(r->g, x, positions, table, (uint32_t)number(r), (vireo_rope_style)b);
}

static void add_softmax(graph_calls *r)
{
    const uint8_t b = byte(r);
    const vireo_value x = f32(r, 0, 4);
    const vireo_value deny = b & 1 ? value_of(r, VIREO_I32, 1, 4) : VIREO_NONE;
    const float scale = b & 2 ? real(r) : 1.0f;
    if (b & 4)
        vireo_log_softmax(r->g, x, scale, deny);
    else
        vireo_softmax(r->g, x, scale, deny);
}

static void add_reduce(graph_calls *r)
{
    const uint8_t op = byte(r);
    vireo_reduce(r->g, (vireo_reduction)op, f32(r, 0, 4));
}

static void add_cumsum(graph_calls *r)
{
    const bool exclusive = byte(r) & 1;
    vireo_cumsum(r->g, f32(r, 0, 4), exclusive);
}

/* A byte of the corpus is a place in this list: new ones go to its end. */
static void (*const builders[])(graph_calls *) = {
    add_symbol,    add_derived,    add_input,   add_constant, add_file_constant,
    add_first_row, add_output,     add_matmul,  add_linear,   add_attention,
    add_norm,      add_embedding,  add_bag,     add_scatter,  add_unary,
    add_scale,     add_binary,     add_pool,    add_reshape,  add_slice,
    add_transpose, add_concat,     add_top_k,   add_fault,    add_attention_with,
    add_rope,      add_rope_table, add_softmax, add_reduce,   add_cumsum,
};
uint8_t graph_calls_byte(graph_calls *r)
{
    return byte(r);
}

void graph_call(graph_calls *r)
{
    builders[byte(r) % (sizeof builders / sizeof *builders)](r);
}
