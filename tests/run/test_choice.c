/* SPDX-License-Identifier: Apache-2.0
 * Which kernel a session chooses, where more than one fits: by the device, by size, and one for all sizes
 * where results must not depend on the batch. */
#include "device_test.h"
#include "tensor/quant.h"
#include "vireo/graph.h"
#include "vireo/inspect.h"

enum { MOST = 1024, WIDTH = 16, NARROW = 8 };

/* y[row][i] = x[row][i] (i + 1) for i < columns. */
static vireo_model *make_model(vireo_device *d, int columns)
{
    float weights[WIDTH * WIDTH] = {0};
    const vireo_tensor t = {VIREO_F32, 2, {columns, WIDTH}, weights,
                            (size_t)columns * WIDTH * sizeof *weights};
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_error err = {0};
    for (int i = 0; i < columns; i++)
        weights[i * WIDTH + i] = (float)(i + 1);
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){0, WIDTH},
                                      vireo_graph_symbol(g, "rows", MOST));
    vireo_graph_output(g, "y", vireo_matmul(g, x, vireo_graph_constant(g, "w", &t),
                                            &(vireo_matmul_args){.transpose_b = true}));
    if (vireo_model_create(d, &g, NULL, &model, &err))
        fail_msg("%s", err.message);
    return model;
}

/* kernel: NULL: any but dot. */
static void check(vireo_session *s, int columns, int64_t rows, const char *kernel)
{
    static float x[MOST * WIDTH], y[MOST * WIDTH];
    const vireo_tensor in = {VIREO_F32, 2, {rows, WIDTH}, x, (size_t)rows * WIDTH * sizeof *x};
    vireo_tensor out = {.data = y, .bytes = sizeof y};
    vireo_error err = {0};
    const char *op;
    for (int i = 0; i < MOST * WIDTH; i++)
        x[i] = (float)(i % 17);
    if (vireo_session_run(s, &in, 1, &out, 1, &err))
        fail_msg("%s", err.message);
    for (int64_t row = 0; row < rows; row++)
        for (int i = 0; i < columns; i++)
            assert_float_equal(y[row * columns + i], x[row * WIDTH + i] * (float)(i + 1), 0);
    const char *chosen = vireo_session_get_kernel(s, 0, &op);
    if (kernel ? strcmp(chosen, kernel) != 0 : !strcmp(chosen, "dot"))
        fail_msg("%lld rows: %s, expected %s", (long long)rows, chosen, kernel ? kernel : "another");
}

/* A kernel whose lanes share fetches where they are costly or more than 4 can; else tiles of 16 rows where fetches
 * are cheap and there are 64 such tiles. */
static void test_tall(void **state)
{
    (void)state;
    const vireo_device_options device_options = test_device_options();
    for (int i = 0; i < 4; i++) {
        const bool costly = i % 2;
        const vr_device_override o = {
            .costly_texel_fetch = costly, .cheap_texel_fetch = !costly, .no_shuffle = i / 2};
        vireo_device *d = test_device_create_with(&device_options, &o);
        const bool cpu = d->info.type == VIREO_DEVICE_CPU;
        const bool shared = cpu && d->info.subgroup_shuffle && (costly || d->info.subgroup_size > 4);
        const bool tall = cpu && !costly && !shared;
        const char *small = !cpu ? "tiles_low" : shared ? "shared" : "texel";
        vireo_model *model = make_model(d, WIDTH);
        for (int deterministic = 0; deterministic < 2; deterministic++) {
            vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
            vireo_session *s = NULL;
            vireo_error err = {0};
            options.deterministic = deterministic;
            assert_int_equal(vireo_session_create(model, &options, &s, &err), VIREO_OK);
            check(s, WIDTH, MOST, tall ? "tall" : small);
            check(s, WIDTH, MOST / 2, tall && deterministic ? "tall" : small);
            check(s, WIDTH, 3, tall && deterministic ? "tall" : small);
            vireo_session_destroy(&s);
        }
        vireo_model_destroy(&model);
        test_device_destroy(&d);
    }
}

/* The kernel of a graph's first node in a run; the graph is taken. options: NULL, or the session's. */
static const char *chosen_in(vireo_device *d, vireo_graph *g, const vireo_session_options *options,
                             const vireo_tensor *in)
{
    static float y[MOST * MOST];
    vireo_tensor out = {.data = y, .bytes = sizeof y};
    vireo_model *model = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    const char *op;
    if (vireo_model_create(d, &g, NULL, &model, &err) || vireo_session_create(model, options, &s, &err) ||
        vireo_session_run(s, in, 1, &out, 1, &err))
        fail_msg("%s", err.message);
    const char *chosen = vireo_session_get_kernel(s, 0, &op);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    return chosen;
}

/* The kernel of a product of `now` of so many rows, at run time if `dynamic`, with weights (columns, depth). */
static const char *chosen_with(vireo_device *d, const vireo_tensor *w, int64_t rows, int64_t now, bool dynamic)
{
    enum { MOST_DEPTH = 64 };
    static float x[MOST * MOST_DEPTH];
    const int64_t depth = w->shape[1];
    const vireo_tensor in = {VIREO_F32, 2, {now, depth}, x, (size_t)(now * depth) * sizeof *x};
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_graph *g = NULL;
    options.deterministic = dynamic;
    assert_in_range(depth, 1, MOST_DEPTH);
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    const vireo_symbol symbol = dynamic ? vireo_graph_symbol(g, "rows", rows) : (vireo_symbol){0};
    const int64_t shape[] = {dynamic ? 0 : rows, depth};
    vireo_value a = vireo_graph_input(g, "x", VIREO_F32, 2, shape, symbol);
    vireo_graph_output(g, "y", vireo_matmul(g, a, vireo_graph_constant(g, "w", w),
                                            &(vireo_matmul_args){.transpose_b = true}));
    return chosen_in(d, g, &options, &in);
}

/* With weights for so many columns, zeros in every type. */
static const char *chosen_of(vireo_device *d, vireo_dtype dtype, int64_t rows, int64_t columns)
{
    static float weights[MOST * WIDTH];
    const vireo_tensor t = {dtype, 2, {columns, WIDTH}, weights,
                            (size_t)columns * WIDTH * vireo_dtype_bytes(dtype)};
    return chosen_with(d, &t, rows, rows, false);
}

/* On GPUs tiles in shared memory for more rows than lanes share the sums of: large ones where there are 128. */
static void test_tiles(void **state)
{
    (void)state;
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_F16};
    const vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, &(vr_device_override){.discrete = true});
    for (int i = 0; i < 2; i++) {
        assert_string_equal(chosen_of(d, dtypes[i], MOST, MOST), "tiles");
        assert_string_equal(chosen_of(d, dtypes[i], MOST - 63, MOST - 127), "tiles");
        assert_string_equal(chosen_of(d, dtypes[i], MOST - 64, MOST), "tiles_low");
        assert_string_equal(chosen_of(d, dtypes[i], MOST, MOST - 128), "tiles_low");
        assert_string_equal(chosen_of(d, dtypes[i], 5, MOST), "tiles_low");
        assert_string_equal(chosen_of(d, dtypes[i], 1, MOST), i ? "words" : "dot");
    }
    test_device_destroy(&d);
}

/* Lanes that share sums, where a subgroup can add and at most 8 columns would leave it idle. */
static void test_narrow(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    if (!d->info.subgroup_arithmetic)
        fail_msg("%s cannot add in a subgroup: no driver here lacks it", d->info.name);
    for (int columns = NARROW; columns <= NARROW + 1; columns++) {
        vireo_model *model = make_model(d, columns);
        vireo_session *s = NULL;
        vireo_error err = {0};
        assert_int_equal(vireo_session_create(model, NULL, &s, &err), VIREO_OK);
        for (int64_t rows = 1; rows <= MOST; rows *= 32)
            check(s, columns, rows, columns == NARROW ? "dot" : NULL);
        vireo_session_destroy(&s);
        vireo_model_destroy(&model);
    }
    test_device_destroy(&d);
}

/* With blocks for so many columns. */
static const char *chosen_of_blocks(vireo_device *d, vireo_dtype dtype, int64_t rows, int64_t now, int64_t columns,
                                    bool dynamic)
{
    enum { DEPTH = 64, MOST_COLUMNS = 64 };
    static float row[DEPTH];
    static uint8_t weights[MOST_COLUMNS * DEPTH * 2];
    const size_t row_bytes = vireo_dtype_row_bytes(dtype, DEPTH);
    const vireo_tensor t = {dtype, 2, {columns, DEPTH}, weights, (size_t)columns * row_bytes};
    for (size_t i = 0; i < (size_t)columns; i++)
        vr_pack_row(dtype, row, DEPTH, weights + i * row_bytes);
    return chosen_with(d, &t, rows, now, dynamic);
}

/* Lanes share sums of blocks where columns are few, and on GPUs where rows are, of which four lanes take one; of
 * sizes known at run time only where they are few in every bucket. */
static void test_blocks(void **state)
{
    (void)state;
    static const vireo_dtype dtypes[] = {VIREO_Q8_0, VIREO_Q4_0};
    const vireo_device_options options = test_device_options();
    for (int i = 0; i < 4; i++) {
        const bool none = i / 2;
        const vr_device_override o = {.discrete = i % 2, .no_subgroups = none};
        vireo_device *d = test_device_create_with(&options, &o);
        const bool gpu = d->info.type != VIREO_DEVICE_CPU;
        const char *one = gpu && !none ? "words" : "few";
        const char *four = gpu && !none && d->info.subgroup_size > 4 ? "words" : "few";
        for (int j = 0; j < 2; j++) {
            const vireo_dtype dtype = dtypes[j];
            assert_string_equal(chosen_of_blocks(d, dtype, 1, 1, NARROW + 1, false), one);
            assert_string_equal(chosen_of_blocks(d, dtype, 4, 4, 40, false), four);
            assert_string_equal(chosen_of_blocks(d, dtype, 5, 5, 40, false), "few");
            assert_string_equal(chosen_of_blocks(d, dtype, 9, 9, NARROW + 1, false), "packed");
            assert_string_equal(chosen_of_blocks(d, dtype, 9, 9, NARROW, false), none ? "packed" : "words");
            assert_string_equal(chosen_of_blocks(d, dtype, 4, 1, 40, true), four);
            assert_string_equal(chosen_of_blocks(d, dtype, MOST, 1, 40, true), "packed");
        }
        test_device_destroy(&d);
    }
}

/* The kernel of attention for so many queries and keys, the queries at run time if `dynamic`. */
static const char *chosen_for(vireo_device *d, int64_t queries, int64_t keys, bool dynamic)
{
    static float x[MOST * WIDTH];
    vireo_graph *g = NULL;
    const int32_t ends[] = {0, (int32_t)queries}, key_ends[] = {0, (int32_t)keys};
    const vireo_tensor t = {VIREO_I32, 1, {2}, (void *)(uintptr_t)ends, sizeof ends};
    const vireo_tensor of_keys = {VIREO_I32, 1, {2}, (void *)(uintptr_t)key_ends, sizeof key_ends};
    const vireo_tensor k = {VIREO_F32, 2, {keys, WIDTH}, x, (size_t)keys * WIDTH * sizeof *x};
    const vireo_tensor in = {VIREO_F32, 2, {queries, WIDTH}, x, (size_t)queries * WIDTH * sizeof *x};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    const vireo_symbol rows = dynamic ? vireo_graph_symbol(g, "queries", MOST) : (vireo_symbol){0};
    vireo_value q = vireo_graph_input(g, "q", VIREO_F32, 2, in.shape, rows);
    vireo_value past = vireo_graph_constant(g, "k", &k);
    const vireo_attention_args args = {.n_heads = 2, .n_kv_heads = 2,
                                       .key_offsets = vireo_graph_constant(g, "of keys", &of_keys)};
    vireo_value offsets = vireo_graph_constant(g, "offsets", &t);
    vireo_graph_output(g, "y", vireo_attention_with(g, q, past, past, offsets, &args));
    return chosen_in(d, g, NULL, &in);
}

/* Keys are split where queries fill at most half the lanes, or may, in the smallest bucket; and where
 * views do not hold the keys. Lanes share fetches where queries fill them. */
static void test_split(void **state)
{
    (void)state;
    const vireo_device_options options = test_device_options();
    const vr_device_override low = {.max_texel_elements = 1 << 10};
    vireo_device *d = test_device_create(), *small = test_device_create_with(&options, &low);
    const int64_t lanes = d->info.subgroup_size, fill = lanes / 2 + 1;
    const bool shared = d->info.type == VIREO_DEVICE_CPU && d->info.subgroup_shuffle;
    const char *full = shared ? "shared" : "texel";
    assert_string_equal(chosen_for(d, lanes / 2, 300, false), "split");
    assert_string_equal(chosen_for(d, fill, 300, false), "texel");
    assert_string_equal(chosen_for(d, 1, 100, false), "texel");
    assert_string_equal(chosen_for(d, 3, 300, true), "split");
    assert_string_equal(chosen_for(d, lanes - 1, 300, false), "texel");
    assert_string_equal(chosen_for(d, lanes, 300, false), full);
    assert_string_equal(chosen_for(d, 65, 300, true), full);
    assert_string_equal(chosen_for(small, 65, MOST, true), "split_storage");
    assert_string_equal(chosen_for(small, 200, MOST, true), "plain");
    test_device_destroy(&small);
    test_device_destroy(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tall), cmocka_unit_test(test_tiles),
                                       cmocka_unit_test(test_narrow), cmocka_unit_test(test_blocks),
                                       cmocka_unit_test(test_split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
