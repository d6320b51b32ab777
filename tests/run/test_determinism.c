/* SPDX-License-Identifier: Apache-2.0
 * The same bits: in a hundred runs, with fresh sessions and devices, and, where kernels are chosen once
 * for all sizes (vireo_session_options.deterministic), for rows and texts alone and in any batch. The
 * views of the device are small, so that the choice by size differs from bucket to bucket. */
#include "tiny_encoder.h"
#include "run/session.h"
#include "vireo/inspect.h"

enum { WIDTH = 24, TEXTS = 40, RUNS = 100 };
static vireo_device *device;
static vireo_model *model;
static tiny_text texts[TEXTS];

static vireo_device *open_device(void)
{
    const vr_device_override small = {.max_texel_elements = 512};
    const vireo_device_options options = test_device_options();
    return test_device_create_with(&options, &small);
}

static int setup(void **state)
{
    (void)state;
    device = open_device();
    model = tiny_model(device, &tiny_default);
    for (uint32_t i = 0; i < TEXTS; i++)
        texts[i] = (tiny_text){i, 1 + i * 7 % 30};
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    vireo_model_destroy(&model);
    test_device_destroy(&device);
}

static vireo_session *open_session(vireo_model *m, bool deterministic, int64_t largest)
{
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    vireo_session *s = NULL;
    vireo_error err = {0};
    o.deterministic = deterministic;
    o.largest = largest;
    if (vireo_session_create(m, &o, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static void hundred_runs(void **state)
{
    (void)state;
    static float want[TEXTS * WIDTH], out[TEXTS * WIDTH];
    vireo_session *s = open_session(model, false, 0);
    tiny_run(s, &tiny_default, texts, TEXTS, want);
    for (int i = 0; i < RUNS; i++) {
        if (i % 10 == 9)
            tiny_run(s, &tiny_default, texts, 3, out); /* another bucket between */
        if (i == RUNS / 2) {
            vireo_session_destroy(&s);
            s = open_session(model, false, 0);
        }
        memset(out, 0xff, sizeof out);
        tiny_run(s, &tiny_default, texts, TEXTS, out);
        assert_memory_equal(out, want, sizeof out);
    }
    vireo_session_destroy(&s);
    for (int i = 0; i < 2; i++) { /* compiled anew */
        vireo_device *other = open_device();
        vireo_model *m = tiny_model(other, &tiny_default);
        s = open_session(m, false, 0);
        tiny_run(s, &tiny_default, texts, TEXTS, out);
        assert_memory_equal(out, want, sizeof out);
        vireo_session_destroy(&s);
        vireo_model_destroy(&m);
        test_device_destroy(&other);
    }
}

/* How many nodes have a kernel in one bucket of the session that they do not have in another. */
static size_t nodes_that_differ(const vireo_session *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->model->graph->n_nodes; i++)
        for (size_t j = 1; j < s->n_buckets; j++)
            if (s->buckets[j]->nodes[i].kernel != s->buckets[0]->nodes[i].kernel) {
                n++;
                break;
            }
    return n;
}

/* Each text alone, then batches that begin anywhere. */
static size_t texts_that_differ(vireo_session *s)
{
    static const size_t sizes[] = {1, 2, 7, 19};
    static float all[TEXTS * WIDTH], out[TEXTS * WIDTH];
    size_t n = 0;
    tiny_run(s, &tiny_default, texts, TEXTS, all);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t first = 0; first < TEXTS; first += sizes[i]) {
            const size_t count = TEXTS - first < sizes[i] ? TEXTS - first : sizes[i];
            tiny_run(s, &tiny_default, texts + first, count, out);
            n += memcmp(out, all + first * WIDTH, count * WIDTH * sizeof *out) != 0;
        }
    return n;
}

static void texts_alone_and_in_batches(void **state)
{
    (void)state;
    static float own[TEXTS * WIDTH], capped[TEXTS * WIDTH];
    vireo_session *by_size = open_session(model, false, 0);
    const size_t differ = texts_that_differ(by_size);
    assert_true(by_size->n_buckets > 4);
    assert_true(nodes_that_differ(by_size) > 0); /* the device's views are small enough for that */
    vireo_session *s = open_session(model, true, 1024);
    assert_int_equal(texts_that_differ(s), 0);
    assert_true(s->n_buckets > 4);
    assert_int_equal(nodes_that_differ(s), 0);
    print_message("by size: %zu nodes of other kernels, %zu batches of other bits\n",
                  nodes_that_differ(by_size), differ);
    /* What is chosen, and so the bits, depends on the largest sizes alone. */
    vireo_session *low = open_session(model, true, 64);
    tiny_run(low, &tiny_default, texts, 3, capped);
    tiny_run(by_size, &tiny_default, texts, 3, own);
    assert_memory_equal(capped, own, 3 * WIDTH * sizeof *own);
    vireo_session_destroy(&low);
    vireo_session_destroy(&s);
    vireo_session_destroy(&by_size);
}

static void options(void **state)
{
    (void)state;
    vireo_session *s = NULL;
    vireo_error err = {0};
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.largest = -1;
    assert_int_equal(vireo_session_create(model, &o, &s, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "vireo_session_options.largest is -1, it must be at least 1, or 0");
    o.deterministic = true;
    o.largest = 0;
    o.force_kernel = "pool/texel"; /* the largest size has no view */
    assert_int_equal(vireo_session_create(model, &o, &s, &err), VIREO_ERROR_UNSUPPORTED);
    assert_string_equal(err.message,
                        "deterministic: one kernel for all sizes must fit the largest: pool/texel was "
                        "forced, and does not fit these sizes on this device; "
                        "vireo_session_options.largest lowers them");
    assert_null(s);
    o.largest = 64;
    assert_int_equal(vireo_session_create(model, &o, &s, &err), VIREO_OK);
    float out[WIDTH];
    tiny_inputs in = tiny_inputs_make(&tiny_default, &(tiny_text){1, 64}, 1);
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    assert_int_equal(vireo_session_run(s, in.in, 3, &result, 1, &err), VIREO_OK);
    assert_int_equal(s->buckets[0]->capacity[1], 64);
    tiny_inputs_free(&in);
    in = tiny_inputs_make(&tiny_default, &(tiny_text){1, 65}, 1);
    assert_int_equal(vireo_session_run(s, in.in, 3, &result, 1, &err), VIREO_ERROR_LIMIT);
    assert_string_equal(err.message, "input ids: tokens is 65, this session takes at most 64");
    tiny_inputs_free(&in);
    vireo_session_destroy(&s);
}

/* ---- Every op whose rows stand for themselves ------------------------------------------------ */

enum { COLUMNS = 52, PER_BAG = 3, BAGS = 40, MOST_OUT = 24 };
typedef struct rows_graph {
    vireo_graph *g;
    size_t n_out;
    size_t width[MOST_OUT]; /* elements for each row */
    bool of_bag[MOST_OUT];  /* rows are bags */
} rows_graph;

static void add_output(rows_graph *r, const char *name, vireo_value v, size_t width, bool of_bag)
{
    assert_true(r->n_out < MOST_OUT);
    vireo_graph_output(r->g, name, v);
    r->width[r->n_out] = width;
    r->of_bag[r->n_out++] = of_bag;
}

static void build_rows(rows_graph *r, const vireo_tensor *square, const vireo_tensor *row)
{
    vireo_graph *g = r->g;
    vireo_symbol rows = vireo_graph_symbol(g, "rows", 4096);
    vireo_symbol ends = vireo_graph_symbol(g, "ends", 4097);
    const int64_t shape[] = {0, COLUMNS};
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, shape, rows);
    vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, shape, rows);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, shape, ends);
    vireo_value w = vireo_graph_constant(g, "w", square), b = vireo_graph_constant(g, "b", row);
    vireo_value cube = vireo_reshape(g, x, 3, (int64_t[]){4096, 4, COLUMNS / 4});
    vireo_value heads = vireo_reshape(g, x, 2, (int64_t[]){4096, COLUMNS});
    add_output(r, "unary", vireo_unary_op(g, VIREO_GELU, x), COLUMNS, false);
    add_output(r, "scale", vireo_scale(g, x, 0.3f, 0.1f), COLUMNS, false);
    add_output(r, "binary", vireo_binary_op(g, VIREO_SILU_MUL, x, b), COLUMNS, false);
    add_output(r, "layer norm", vireo_layer_norm(g, x, b, b, 1e-5f), COLUMNS, false);
    add_output(r, "rms norm", vireo_rms_norm(g, x, b, 1e-5f), COLUMNS, false);
    add_output(r, "l2", vireo_l2_normalize(g, x, 1e-12f), COLUMNS, false);
    add_output(r, "linear", vireo_linear(g, x, w, b), COLUMNS, false);
    add_output(r, "matmul",
               vireo_matmul(g, x, w, &(vireo_matmul_args){.activation = VIREO_TANH, .residual = x}),
               COLUMNS, false);
    add_output(r, "embedding", vireo_embedding(g, w, ids), COLUMNS, false);
    add_output(r, "bag", vireo_embedding_bag(g, VIREO_BAG_MEAN, w, ids, offsets, VIREO_NONE),
               COLUMNS, true);
    add_output(r, "pool", vireo_pool(g, VIREO_POOL_MEAN, x, offsets), COLUMNS, true);
    add_output(r, "attention", vireo_attention(g, heads, x, x, offsets, 13, 0.0f), COLUMNS, false);
    add_output(r, "one head", vireo_attention(g, x, x, x, offsets, 1, 0.2f), COLUMNS, false);
    add_output(r, "causal",
               vireo_attention_with(g, x, x, x, offsets,
                                    &(vireo_attention_args){.n_heads = 4, .causal = true}),
               COLUMNS, false);
    add_output(r, "rope",
               vireo_rope(g, x, ids, vireo_rope_table(g, COLUMNS, 4, 1e4, 1.0), 13,
                          VIREO_ROPE_HALVES),
               COLUMNS, false);
    add_output(r, "slice", vireo_slice(g, x, 1, 3, 30), 30, false);
    add_output(r, "concat", vireo_concat(g, (vireo_value[]){x, x}, 2, 1), 2 * COLUMNS, false);
    add_output(r, "transpose", vireo_transpose(g, cube, (uint32_t[]){0, 2, 1}), COLUMNS, false);
    add_output(r, "softmax", vireo_softmax(g, x, 0.7f, VIREO_NONE), COLUMNS, false);
    add_output(r, "cumsum", vireo_cumsum(g, x, false), COLUMNS, false);
    add_output(r, "sum", vireo_reduce(g, VIREO_REDUCE_SUM, x), 1, false);
    vireo_top_k_result top = vireo_top_k(g, x, 9, VIREO_NONE);
    add_output(r, "values", top.values, 9, false);
    add_output(r, "indices", top.indices, 9, false);
}

static float x_data[BAGS * PER_BAG * COLUMNS];
static int32_t id_data[BAGS * PER_BAG];

/* Bags [first, first + n): out[i] holds output i. */
static void run_bags(vireo_session *s, const rows_graph *r, size_t first, size_t n,
                     uint32_t out[][BAGS * PER_BAG * 2 * COLUMNS])
{
    int32_t offsets[BAGS + 1];
    vireo_tensor results[MOST_OUT] = {{0}};
    vireo_error err = {0};
    const int64_t rows = (int64_t)(n * PER_BAG);
    for (size_t i = 0; i <= n; i++)
        offsets[i] = (int32_t)(i * PER_BAG);
    const vireo_tensor in[] = {
        {VIREO_F32, 2, {rows, COLUMNS}, x_data + first * PER_BAG * COLUMNS,
         (size_t)rows * COLUMNS * 4},
        {VIREO_I32, 1, {rows}, id_data + first * PER_BAG, (size_t)rows * 4},
        {VIREO_I32, 1, {(int64_t)n + 1}, offsets, sizeof offsets},
    };
    for (size_t i = 0; i < r->n_out; i++) {
        results[i].data = out[i];
        results[i].bytes = sizeof out[i];
    }
    if (vireo_session_run(s, in, 3, results, r->n_out, &err))
        fail_msg("%s", err.message);
}

static void rows_alone_and_in_batches(void **state)
{
    (void)state;
    static uint32_t all[MOST_OUT][BAGS * PER_BAG * 2 * COLUMNS];
    static uint32_t part[MOST_OUT][BAGS * PER_BAG * 2 * COLUMNS];
    static float square[COLUMNS * COLUMNS];
    static const size_t sizes[] = {1, 5, 17};
    uint64_t random = 3;
    rows_graph r = {0};
    vireo_model *m = NULL;
    vireo_error err = {0};
    for (size_t i = 0; i < sizeof square / sizeof *square; i++)
        square[i] = tiny_uniform(&random);
    for (size_t i = 0; i < sizeof x_data / sizeof *x_data; i++)
        x_data[i] = tiny_uniform(&random) * 3;
    for (size_t i = 0; i < sizeof id_data / sizeof *id_data; i++)
        id_data[i] = (int32_t)(tiny_random(&random) % COLUMNS);
    const vireo_tensor w = {VIREO_F32, 2, {COLUMNS, COLUMNS}, square, sizeof square};
    const vireo_tensor b = {VIREO_F32, 1, {COLUMNS}, square, COLUMNS * sizeof *square};
    assert_int_equal(vireo_graph_create(NULL, &r.g, &err), VIREO_OK);
    build_rows(&r, &w, &b);
    if (vireo_model_create(device, &r.g, NULL, &m, &err))
        fail_msg("%s", err.message);
    vireo_session *s = open_session(m, true, 512); /* more than views hold, few enough for any kernel */
    run_bags(s, &r, 0, BAGS, all);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (size_t first = 0; first + sizes[k] <= BAGS; first += sizes[k]) {
            run_bags(s, &r, first, sizes[k], part);
            for (size_t i = 0; i < r.n_out; i++) {
                const size_t of_bag = r.width[i] * (r.of_bag[i] ? 1 : PER_BAG);
                if (memcmp(part[i], all[i] + first * of_bag, sizes[k] * of_bag * 4) != 0)
                    fail_msg("output %s: bags %zu to %zu have other bits alone",
                             m->graph->outputs[i].name, first, first + sizes[k] - 1);
            }
        }
    assert_true(s->n_buckets > 2);
    assert_int_equal(nodes_that_differ(s), 0);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundred_runs),
        cmocka_unit_test(texts_alone_and_in_batches),
        cmocka_unit_test(options),
        cmocka_unit_test(rows_alone_and_in_batches),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
