/* SPDX-License-Identifier: Apache-2.0
 * Whole graphs by the references of their ops, beside the device: an encoder, packed weights, integers,
 * constants in a file; and what the call refuses. */
#define _XOPEN_SOURCE 700
#include "tiny_encoder.h"
#include "graph/graph.h"
#include "tensor/quant.h"
#include "vireo/inspect.h"
#include <math.h>
#include <unistd.h>

static vireo_device *device;

static int setup(void **state)
{
    (void)state;
    device = test_device_create();
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    test_device_destroy(&device);
}

/* Takes the graph. Both sides' outputs have n_out tensors with room. */
static void run_both(vireo_graph *g, vireo_tensor *in, size_t n_in, vireo_tensor *reference,
                     vireo_tensor *computed, size_t n_out)
{
    vireo_error err = {0};
    vireo_model *m = NULL;
    if (vireo_graph_run_reference(g, in, n_in, reference, n_out, &err))
        fail_msg("reference: %s", err.message);
    if (vireo_model_create(device, &g, NULL, &m, &err))
        fail_msg("model: %s", err.message);
    vireo_session *s = tiny_session(m, NULL);
    if (vireo_session_run(s, in, n_in, computed, n_out, &err))
        fail_msg("device: %s", err.message);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    for (size_t i = 0; i < n_out; i++) {
        assert_int_equal(reference[i].dtype, computed[i].dtype);
        assert_int_equal(reference[i].rank, computed[i].rank);
        assert_memory_equal(reference[i].shape, computed[i].shape, sizeof reference[i].shape);
    }
}

static void encoder(void **state)
{
    (void)state;
    enum { TEXTS = 3, WIDTH = 24 };
    static const tiny_text texts[TEXTS] = {{1, 5}, {2, 0}, {3, 17}};
    float want[TEXTS * WIDTH], got[TEXTS * WIDTH];
    float *weights = malloc(tiny_weight_count(&tiny_default) * sizeof *weights);
    assert_non_null(weights);
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    tiny_build(g, &tiny_default, weights);
    tiny_inputs in = tiny_inputs_make(&tiny_default, texts, TEXTS);
    vireo_tensor reference = {.data = want, .bytes = sizeof want};
    vireo_tensor computed = {.data = got, .bytes = sizeof got};
    run_both(g, in.in, 3, &reference, &computed, 1);
    double most = 0;
    for (int i = 0; i < TEXTS * WIDTH; i++)
        most = fmax(most, fabs((double)want[i] - (double)got[i]));
    print_message("largest difference %.2g\n", most);
    assert_true(most < 1e-5);
    assert_true(fabs((double)want[0]) > 1e-3); /* not both nothing */
    tiny_inputs_free(&in);
    free(weights);
}

/* Packed weights, and integers in and out. */
static void dtypes(void **state)
{
    (void)state;
    enum { ROWS = 4, DEPTH = 64, COLUMNS = 9, K = 3 };
    static const vireo_dtype packed[] = {VIREO_F16, VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
    float weights[COLUMNS * DEPTH], x[ROWS * DEPTH];
    uint64_t random = 3;
    for (int i = 0; i < COLUMNS * DEPTH; i++)
        weights[i] = tiny_uniform(&random);
    for (int i = 0; i < ROWS * DEPTH; i++)
        x[i] = tiny_uniform(&random);
    for (size_t d = 0; d < sizeof packed / sizeof *packed; d++) {
        char stored[COLUMNS * DEPTH * 2];
        const size_t row = vireo_dtype_row_bytes(packed[d], DEPTH);
        for (size_t i = 0; i < COLUMNS; i++)
            vr_pack_row(packed[d], weights + i * DEPTH, DEPTH, stored + i * row);
        const vireo_tensor w = {packed[d], 2, {COLUMNS, DEPTH}, stored, COLUMNS * row};
        vireo_graph *g = NULL;
        assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
        vireo_value in = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){ROWS, DEPTH},
                                           (vireo_symbol){0});
        vireo_value y = vireo_linear(g, in, vireo_graph_constant(g, "w", &w), VIREO_NONE);
        vireo_top_k_result top = vireo_top_k(g, y, K, VIREO_NONE);
        vireo_graph_output(g, "values", top.values);
        vireo_graph_output(g, "indices", top.indices);
        float values[2][ROWS * K];
        int32_t ids[2][ROWS * K];
        vireo_tensor t = {VIREO_F32, 2, {ROWS, DEPTH}, x, sizeof x};
        vireo_tensor out[2][2];
        for (int i = 0; i < 2; i++) {
            out[i][0] = (vireo_tensor){.data = values[i], .bytes = sizeof values[i]};
            out[i][1] = (vireo_tensor){.data = ids[i], .bytes = sizeof ids[i]};
        }
        run_both(g, &t, 1, out[0], out[1], 2);
        assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
        for (int i = 0; i < ROWS * K; i++)
            assert_true(fabs((double)values[0][i] - (double)values[1][i]) < 1e-4);
    }
}

static vireo_status from_file(const vr_file *file, float *out, vireo_error *err)
{
    const vireo_tensor t = {VIREO_F32, 2, {2, 3}, NULL, 6 * sizeof(float)};
    float x[3] = {1, 10, 100};
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value in = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){1, 3}, (vireo_symbol){0});
    vireo_value w = vr_graph_file_constant(g, "weights", &t, file, 4);
    vireo_graph_output(g, "y", vireo_linear(g, in, w, VIREO_NONE));
    vireo_tensor input = {VIREO_F32, 2, {1, 3}, x, sizeof x};
    vireo_tensor result = {.data = out, .bytes = 2 * sizeof *out};
    vireo_status st = vireo_graph_run_reference(g, &input, 1, &result, 1, err);
    vireo_graph_destroy(&g);
    return st;
}

static void files(void **state)
{
    (void)state;
    static const float stored[] = {-1, 1, 2, 3, 4, 5, 6};
    char path[] = "/tmp/vireo-reference-XXXXXX";
    vireo_error err = {0};
    vr_file file;
    float out[2];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, stored, sizeof stored), sizeof stored);
    assert_int_equal(vr_file_open(&file, path, &err), VIREO_OK);
    assert_int_equal(from_file(&file, out, &err), VIREO_OK);
    assert_true(out[0] == 321 && out[1] == 654);
    assert_int_equal(ftruncate(fd, 20), 0); /* while it is open */
    assert_int_equal(from_file(&file, out, &err), VIREO_ERROR_IO);
    assert_non_null(strstr(err.message, "weights"));
    vr_file_close(&file);
    close(fd);
    unlink(path);
}

static void refused(void **state)
{
    (void)state;
    float x[4] = {1, 2, 3, 4}, y[4];
    vireo_tensor in = {VIREO_F32, 1, {4}, x, sizeof x}, out = {.data = y, .bytes = sizeof y};
    vireo_error err = {0};
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_run_reference(NULL, &in, 1, &out, 1, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value v = vireo_graph_input(g, "x", VIREO_F32, 1, (int64_t[]){4}, (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_unary_op(g, VIREO_RELU, v));
    assert_int_equal(vireo_graph_run_reference(g, &in, 0, &out, 1, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "0 inputs given, the graph has 1");
    assert_int_equal(vireo_graph_run_reference(g, &in, 1, &out, 0, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "0 outputs asked for, the graph has 1");
    out.bytes = 15;
    assert_int_equal(vireo_graph_run_reference(g, &in, 1, &out, 1, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "output y needs 16 bytes, 15 are given");
    assert_int_equal(out.rank, 0); /* nothing was written */
    out.bytes = sizeof y;
    assert_int_equal(vireo_graph_run_reference(g, &in, 1, &out, 1, &err), VIREO_OK);
    assert_memory_equal(x, y, sizeof x);
    vireo_graph_fail(g, VIREO_ERROR_FORMAT, "the builder's own");
    assert_int_equal(vireo_graph_run_reference(g, &in, 1, &out, 1, &err), VIREO_ERROR_FORMAT);
    vireo_graph_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoder), cmocka_unit_test(dtypes),  cmocka_unit_test(files),
        cmocka_unit_test(refused), cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
