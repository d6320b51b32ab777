/* SPDX-License-Identifier: Apache-2.0
 * Views of values: reshape and slice that compute nothing, views of views, copies where an op needs
 * dense rows, and faults that kernels report. */
#include "device_test.h"
#include "run/session.h"
#include "vireo/graph.h"
#include "vireo/inspect.h"

enum { ROWS = 6, WIDTH = 192 };
static vireo_device *device;

static int set_up(void **state)
{
    (void)state;
    device = test_device_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_device_destroy(&device);
    return 0;
}

static vireo_graph *make_graph(void)
{
    vireo_graph *g = NULL;
    vireo_error err = {0};
    if (vireo_graph_create(NULL, &g, &err))
        fail_msg("%s", err.message);
    return g;
}

static vireo_session *make_session(vireo_graph **g, vireo_model **model)
{
    vireo_session *s = NULL;
    vireo_error err = {0};
    if (vireo_model_create(device, g, NULL, model, &err) ||
        vireo_session_create(*model, NULL, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static const char *kernel_of(const vireo_session *s, size_t node)
{
    const char *op;
    return vireo_session_get_kernel(s, node, &op);
}

/* in: 0, 1, 2, ... */
static void run_counting(vireo_session *s, float in[ROWS * WIDTH], float out[3 * 64])
{
    for (int i = 0; i < ROWS * WIDTH; i++)
        in[i] = (float)i;
    const vireo_tensor tensor = {VIREO_F32, 2, {ROWS, WIDTH}, in, ROWS * WIDTH * sizeof *in};
    vireo_tensor result = {.data = out, .bytes = 3 * 64 * sizeof *out};
    vireo_error err = {0};
    if (vireo_session_run(s, &tensor, 1, &result, 1, &err))
        fail_msg("%s", err.message);
}

/* x (6, 192) is scaled, cut into three of (6, 64), one of these again into rows [2, 5); what is left is
 * seen as (3, 4, 16), doubled. */
static void test_chain(void **state)
{
    (void)state;
    vireo_graph *g = make_graph();
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){ROWS, WIDTH},
                                      (vireo_symbol){0});
    x = vireo_scale(g, x, 1.0f, 1.0f);                                      /* node 0 */
    vireo_value part = vireo_slice(g, x, 1, 64, 64);                        /* node 1 */
    part = vireo_slice(g, part, 0, 2, 3);                                   /* node 2 */
    vireo_value y = vireo_scale(g, part, 2.0f, 0.0f);                       /* node 3 */
    y = vireo_reshape(g, y, 3, (const int64_t[]){3, 4, 16});                /* node 4 */
    vireo_graph_output(g, "y", vireo_binary_op(g, VIREO_ADD, y, y));        /* node 5 */
    vireo_model *model = NULL;
    vireo_session *s = make_session(&g, &model);
    float in[ROWS * WIDTH], out[3 * 64];
    run_counting(s, in, out);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 64; c++)
            assert_float_equal(out[r * 64 + c], 4.0f * (float)((r + 2) * WIDTH + 64 + c + 1), 0);
    for (size_t node = 0; node < 6; node++)
        assert_int_equal(!strcmp(kernel_of(s, node), "view"), node == 1 || node == 2 || node == 4);
    assert_int_equal(s->buckets[0]->launches.count, 3);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
}

/* A view is read after all reads of what it is a view of, when others want that memory. */
static void test_kept(void **state)
{
    (void)state;
    vireo_graph *g = make_graph();
    vireo_value x =
        vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){ROWS, WIDTH}, (vireo_symbol){0});
    vireo_value kept = vireo_slice(g, vireo_scale(g, x, 1.0f, 1.0f), 1, 64, 64); /* nodes 0, 1 */
    kept = vireo_slice(g, kept, 0, 2, 3);                                        /* node 2 */
    for (int i = 0; i < 3; i++)
        x = vireo_scale(g, x, 2.0f, 0.0f); /* nodes 3 to 5 */
    vireo_value other = vireo_slice(g, vireo_slice(g, x, 1, 0, 64), 0, 2, 3);
    vireo_graph_output(g, "y", vireo_binary_op(g, VIREO_ADD, kept, other));
    vireo_model *model = NULL;
    vireo_session *s = make_session(&g, &model);
    float in[ROWS * WIDTH], out[3 * 64];
    run_counting(s, in, out);
    assert_string_equal(kernel_of(s, 1), "view");
    assert_string_equal(kernel_of(s, 2), "view");
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 64; c++) {
            const float *row = in + (r + 2) * WIDTH;
            assert_float_equal(out[r * 64 + c], row[64 + c] + 1.0f + 8.0f * row[c], 0);
        }
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
}

/* A residual must be dense: the slice is copied. An odd width too: its padding is not zero. */
static void test_copies(void **state)
{
    (void)state;
    vireo_graph *g = make_graph();
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){ROWS, WIDTH},
                                      (vireo_symbol){0});
    vireo_value residual = vireo_slice(g, x, 1, 64, 64); /* node 0 */
    vireo_value odd = vireo_slice(g, x, 1, 64, 63);      /* node 1 */
    vireo_value b = vireo_slice(g, x, 0, 0, 1);          /* node 2 */
    b = vireo_slice(g, vireo_reshape(g, b, 2, (const int64_t[]){3, 64}), 1, 0, 64); /* nodes 3, 4 */
    vireo_value q = vireo_matmul(g, b, b, &(vireo_matmul_args){.transpose_b = true}); /* node 5 */
    vireo_value y = vireo_matmul(g, residual, residual,
                                 &(vireo_matmul_args){.transpose_a = true, .residual = VIREO_NONE});
    vireo_graph_output(g, "q", q);
    vireo_graph_output(g, "y", vireo_matmul(g, residual, y,
                                            &(vireo_matmul_args){.residual = residual}));
    vireo_graph_output(g, "odd", vireo_scale(g, odd, 1.0f, 0.0f));
    vireo_model *model = NULL;
    vireo_session *s = make_session(&g, &model);
    float in[ROWS * WIDTH], out[3][ROWS * 64];
    for (int i = 0; i < ROWS * WIDTH; i++)
        in[i] = (float)(i % 7 - 3);
    const vireo_tensor tensor = {VIREO_F32, 2, {ROWS, WIDTH}, in, sizeof in};
    vireo_tensor results[3];
    for (int i = 0; i < 3; i++)
        results[i] = (vireo_tensor){.data = out[i], .bytes = sizeof out[i]};
    vireo_error err = {0};
    if (vireo_session_run(s, &tensor, 1, results, 3, &err))
        fail_msg("%s", err.message);
    assert_string_not_equal(kernel_of(s, 0), "view");
    assert_string_not_equal(kernel_of(s, 1), "view");
    assert_string_equal(kernel_of(s, 2), "view");
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < 64; c++) {
            double sum = in[r * WIDTH + 64 + c];
            for (int k = 0; k < 64; k++)
                for (int m = 0; m < ROWS; m++)
                    sum += (double)in[r * WIDTH + 64 + k] * in[m * WIDTH + 64 + k] *
                           in[m * WIDTH + 64 + c];
            assert_float_equal(out[1][r * 64 + c], (float)sum, 1e-3);
            if (c < 63)
                assert_float_equal(out[2][r * 63 + c], in[r * WIDTH + 64 + c], 0);
        }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int k = 0; k < 64; k++)
                sum += (double)in[i * 64 + k] * in[j * 64 + k];
            assert_float_equal(out[0][i * 3 + j], (float)sum, 1e-3);
        }
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
}

typedef enum lookup { EMBEDDING, BAG, ROPE } lookup;

/* n rows of a table by ids, alone or as bags of one, or x turned by them. */
static vireo_value looked_up(vireo_graph *g, lookup how, const vireo_tensor *table,
                             const vireo_tensor *x, vireo_value ids, int64_t n)
{
    static int32_t ends[] = {0, 1, 2, 3, 4, 5};
    const vireo_tensor offsets = {VIREO_I32, 1, {n + 1}, ends, sizeof *ends * (size_t)(n + 1)};
    vireo_value t = vireo_graph_constant(g, "t", table);
    if (how == ROPE)
        return vireo_rope(g, vireo_graph_constant(g, "x", x), ids, t, 1, VIREO_ROPE_ADJACENT);
    return how == EMBEDDING
               ? vireo_embedding(g, t, ids)
               : vireo_embedding_bag(g, VIREO_BAG_MEAN, t, ids,
                                     vireo_graph_constant(g, "offsets", &offsets), VIREO_NONE);
}

static const struct {
    int32_t ids[4];
    const char *message; /* NULL: all are rows of a table of 5 */
} id_rows[] = {
    {{0, 4, 2, 1}, NULL},
    {{0, 5, 2, 1}, "1 of the %s are no rows of the table, which has 5: the first "
                   "stands at 1, the largest as an unsigned number is 5"},
    {{0, 4, -1, 9}, "2 of the %s are no rows of the table, which has 5: the first "
                    "stands at 2, the largest as an unsigned number is 4294967295"},
    {{4, 4, 4, 4}, NULL},
    {{INT32_MAX, INT32_MIN, 0, 0},
     "2 of the %s are no rows of the table, which has 5: the first stands at 0, the "
     "largest as an unsigned number is 2147483648"},
};
enum { ID_ROWS = sizeof id_rows / sizeof *id_rows };

/* Runs with the ids of a row, n results, and wants its message; whether there are results. */
static bool run_ids(vireo_session *s, size_t row, const char *op, const char *ids, float *out, size_t n)
{
    int32_t given[4];
    memcpy(given, id_rows[row].ids, sizeof given);
    const vireo_tensor in = {VIREO_I32, 1, {4}, given, sizeof given};
    vireo_tensor result = {.data = out, .bytes = n * sizeof *out};
    vireo_error err = {0};
    vireo_status st = vireo_session_run(s, &in, 1, &result, 1, &err);
    const char *message = id_rows[row].message;
    assert_int_equal(st, message ? VIREO_ERROR_INVALID_ARGUMENT : VIREO_OK);
    if (!message)
        return true;
    char tail[200], whole[256];
    snprintf(tail, sizeof tail, message, ids);
    snprintf(whole, sizeof whole, "%s: %s", op, tail);
    assert_string_equal(err.message, whole);
    return false;
}

static vireo_session *make_forced(vireo_graph **g, const char *kernel, vireo_model **model)
{
    vireo_session *s = NULL;
    vireo_error err = {0};
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = kernel;
    if (vireo_model_create(device, g, NULL, model, &err) ||
        vireo_session_create(*model, &options, &s, &err))
        fail_msg("%s: %s", kernel, err.message);
    return s;
}

/* Ids that are no rows of the table fail the run and are named; the next run is as if nothing was. */
static void test_faults(void **state)
{
    (void)state;
    static const struct {
        lookup how;
        vireo_dtype dtype;
        const char *kernel, *op, *ids;
    } kernels[] = {{EMBEDDING, VIREO_F32, "embedding/texel", "embedding", "ids"},
                   {EMBEDDING, VIREO_BF16, "embedding/packed", "embedding", "ids"},
                   {EMBEDDING, VIREO_F32, "embedding/storage", "embedding", "ids"},
                   {EMBEDDING, VIREO_F32, "embedding/row", "embedding", "ids"},
                   {EMBEDDING, VIREO_BF16, "embedding/row_packed", "embedding", "ids"},
                   {EMBEDDING, VIREO_F32, "embedding/row_storage", "embedding", "ids"},
                   {BAG, VIREO_F32, "embedding_bag/texel", "embedding_bag", "ids"},
                   {BAG, VIREO_BF16, "embedding_bag/packed", "embedding_bag", "ids"},
                   {BAG, VIREO_F32, "embedding_bag/storage", "embedding_bag", "ids"},
                   {BAG, VIREO_F32, "embedding_bag/narrow", "embedding_bag", "ids"},
                   {ROPE, VIREO_F32, "rope/quads", "rope", "positions"},
                   {ROPE, VIREO_F32, "rope/elements", "rope", "positions"}};
    static float table[5 * 4], ones[4 * 4] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    static uint16_t halves[5 * 4]; /* of bf16, exact */
    const vireo_tensor x = {VIREO_F32, 2, {4, 4}, ones, sizeof ones}; /* what a row is if it turns it */
    for (int i = 0; i < 20; i++) {
        uint32_t bits;
        table[i] = (float)i;
        memcpy(&bits, &table[i], sizeof bits);
        halves[i] = (uint16_t)(bits >> 16);
    }
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        vireo_graph *g = make_graph();
        const bool packed = kernels[k].dtype == VIREO_BF16;
        const vireo_tensor t = {kernels[k].dtype, 2, {5, 4}, packed ? (void *)halves : table,
                                packed ? sizeof halves : sizeof table};
        vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, (const int64_t[]){4},
                                            (vireo_symbol){0});
        vireo_graph_output(g, "y", looked_up(g, kernels[k].how, &t, &x, ids, 4));
        vireo_model *model = NULL;
        vireo_session *s = make_forced(&g, kernels[k].kernel, &model);
        for (size_t i = 0; i < ID_ROWS; i++) {
            float out[4 * 4];
            const bool ran = run_ids(s, i, kernels[k].op, kernels[k].ids, out, 4 * 4);
            for (int j = 0; ran && j < 16; j++)
                assert_float_equal(out[j], table[4 * id_rows[i].ids[j / 4] + j % 4], 0);
        }
        vireo_session_destroy(&s);
        vireo_model_destroy(&model);
    }
}

/* The same where ids say which rows are written. */
static void test_faults_of_scatter(void **state)
{
    (void)state;
    static float x[5 * 4], updates[4 * 4];
    for (int i = 0; i < 20; i++)
        x[i] = (float)i;
    for (int i = 0; i < 16; i++)
        updates[i] = (float)(100 + i);
    for (int way = 0; way < 4; way++) {
        const bool add = way % 2;
        vireo_graph *g = make_graph();
        const vireo_tensor of_x = {VIREO_F32, 2, {5, 4}, x, sizeof x};
        const vireo_tensor of_updates = {VIREO_F32, 2, {4, 4}, updates, sizeof updates};
        vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, (const int64_t[]){4},
                                            (vireo_symbol){0});
        vireo_graph_output(g, "y",
                           vireo_scatter_rows(g, add ? VIREO_SCATTER_ADD : VIREO_SCATTER_SET,
                                              vireo_graph_constant(g, "x", &of_x), ids,
                                              vireo_graph_constant(g, "updates", &of_updates)));
        vireo_model *model = NULL;
        vireo_session *s = make_forced(&g, way < 2 ? "scatter_rows/texel" : "scatter_rows/storage", &model);
        for (size_t i = 0; i < ID_ROWS; i++) {
            float out[5 * 4], expected[5 * 4];
            if (!run_ids(s, i, "scatter_rows", "ids", out, 5 * 4))
                continue;
            memcpy(expected, x, sizeof expected);
            for (int j = 0; j < 16; j++) {
                float *at = &expected[4 * id_rows[i].ids[j / 4] + j % 4];
                *at = updates[j] + (add ? *at : 0);
            }
            assert_memory_equal(out, expected, sizeof out);
        }
        vireo_session_destroy(&s);
        vireo_model_destroy(&model);
    }
}

/* A table in several slabs: every bad id counts once, every good one is found in its slab. */
static void test_faults_of_slabs(void **state)
{
    (void)state;
    enum { N = 100, ID_COUNT = 5 };
    static const struct {
        lookup how;
        const char *kernel, *message;
    } kernels[] = {{EMBEDDING, "embedding/storage", "embedding: 2 of the ids"},
                   {EMBEDDING, "embedding/row_storage", "embedding: 2 of the ids"},
                   {BAG, "embedding_bag/storage", "embedding_bag: 2 of the ids"},
                   {ROPE, "rope/quads", "rope: 2 of the positions"},
                   {ROPE, "rope/elements", "rope: 2 of the positions"}};
    static float table[N * 64], x[ID_COUNT * 64], out[ID_COUNT * 64];
    const vr_device_override low = {.max_storage_binding_bytes = 8192, .max_texel_elements = 512};
    const vireo_device_options device_options = test_device_options();
    vireo_device *small = test_device_create_with(&device_options, &low);
    for (int i = 0; i < N * 64; i++)
        table[i] = (float)(i % 1009);
    for (int i = 0; i < ID_COUNT * 64; i++)
        x[i] = (float)(1 - i % 2);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        vireo_graph *g = make_graph();
        const vireo_tensor t = {VIREO_F32, 2, {N, 64}, table, sizeof table};
        const vireo_tensor turned = {VIREO_F32, 2, {ID_COUNT, 64}, x, sizeof x};
        vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, (const int64_t[]){ID_COUNT},
                                            (vireo_symbol){0});
        vireo_graph_output(g, "y", looked_up(g, kernels[k].how, &t, &turned, ids, ID_COUNT));
        vireo_model *model = NULL;
        vireo_session *s = NULL;
        vireo_error err = {0};
        vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
        options.force_kernel = kernels[k].kernel;
        assert_int_equal(vireo_model_create(small, &g, NULL, &model, &err), VIREO_OK);
        assert_int_equal(vireo_session_create(model, &options, &s, &err), VIREO_OK);
        int32_t good[ID_COUNT] = {0, 31, 32, 99, 64}, bad[ID_COUNT] = {99, 100, 5, -1, 33};
        vireo_tensor in = {VIREO_I32, 1, {ID_COUNT}, good, sizeof good};
        vireo_tensor result = {.data = out, .bytes = sizeof out};
        if (vireo_session_run(s, &in, 1, &result, 1, &err))
            fail_msg("%s: %s", kernels[k].kernel, err.message);
        assert_true(s->buckets[0]->nodes[0].n_dispatches > 1);
        for (int i = 0; i < ID_COUNT * 64; i++)
            assert_float_equal(out[i], table[64 * good[i / 64] + i % 64], 0);
        in.data = bad;
        assert_int_equal(vireo_session_run(s, &in, 1, &result, 1, &err),
                         VIREO_ERROR_INVALID_ARGUMENT);
        assert_non_null(strstr(err.message, kernels[k].message));
        assert_non_null(strstr(err.message, "which has 100: the first stands at 1, the largest as an "
                                            "unsigned number is 4294967295"));
        vireo_session_destroy(&s);
        vireo_model_destroy(&model);
    }
    test_device_destroy(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),           cmocka_unit_test(test_kept),
        cmocka_unit_test(test_copies),          cmocka_unit_test(test_faults),
        cmocka_unit_test(test_faults_of_scatter), cmocka_unit_test(test_faults_of_slabs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
