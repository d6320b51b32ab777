/* SPDX-License-Identifier: Apache-2.0
 * Constants that stand in a file: the same bits as from memory, however they are packed; a file
 * that is cut before they are read; elements that are not finite. */
#define _XOPEN_SOURCE 700
#include "tiny_encoder.h"
#include <math.h>
#include <unistd.h>
#include "base/file.h"
#include "graph/graph.h"
#include "run/model.h"
#include "tensor/half.h"

enum { JUNK = 12, ROWS = 2 }; /* bytes before the constant in its file; rows of the input */

static const struct {
    const char *name;
    vireo_dtype dtype;
    int64_t rows, width;
    bool transposed; /* as the right side: turned where that fits the device */
} cases[] = {
    {"dense", VIREO_F32, 13, 64, false},
    {"padded", VIREO_F32, 13, 65, false},
    {"dense half", VIREO_F16, 13, 64, false},
    {"padded half", VIREO_F16, 13, 30, false},
    {"turned", VIREO_F32, 70, 13, true},
    {"turned half", VIREO_F16, 70, 13, true},
    {"dense, several pieces", VIREO_F32, 300, 2000, false},
    {"padded, several pieces", VIREO_F32, 300, 2001, false},
    {"turned, several pieces", VIREO_F32, 1200, 400, true},
    {"turned, several tiles", VIREO_F32, 2200, 2050, true}, /* 18 MB; a tile holds 16 MiB */
};
enum { CASES = sizeof cases / sizeof cases[0] };

static vireo_device *device;
static char path[256];
static vr_file file;
static unsigned char *stored; /* JUNK bytes, then the constant */
static size_t stored_bytes;

static int setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/vireo-constant-XXXXXX", base && *base ? base : "/tmp");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    device = test_device_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vr_file_close(&file);
    test_device_destroy(&device);
    return unlink(path);
}

static size_t count_of(size_t i)
{
    return (size_t)(cases[i].rows * cases[i].width);
}

static void fill(size_t i)
{
    const size_t size = vireo_dtype_bytes(cases[i].dtype), count = count_of(i);
    uint64_t random = 7;
    stored_bytes = JUNK + count * size;
    stored = malloc(stored_bytes);
    assert_non_null(stored);
    memset(stored, 0xFF, JUNK); /* NaN, where it is looked at */
    for (size_t k = 0; k < count; k++) {
        const float value = tiny_uniform(&random);
        const uint16_t half = vr_float_to_half(value);
        memcpy(stored + JUNK + k * size, size == 4 ? (const void *)&value : &half, size);
    }
}

static void open_file(void)
{
    vireo_error err = {0};
    vr_file_close(&file);
    if (vr_file_write(NULL, path, stored, stored_bytes, &err) || vr_file_open(&file, path, &err))
        fail_msg("%s", err.message);
}

/* y = x · constant; of one that is not turned, its first row is the bias too. */
static vireo_status load(size_t i, bool from_file, const vireo_model_options *o, vireo_model **out,
                         vireo_error *err)
{
    const int64_t depth = cases[i].transposed ? cases[i].width : cases[i].rows;
    const vireo_tensor t = {.dtype = cases[i].dtype,
                            .rank = 2,
                            .shape = {cases[i].rows, cases[i].width},
                            .data = from_file ? NULL : stored + JUNK,
                            .bytes = stored_bytes - JUNK};
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value x =
        vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){ROWS, depth}, (vireo_symbol){0});
    vireo_value c = from_file ? vr_graph_file_constant(g, "c", &t, &file, JUNK)
                              : vireo_graph_constant(g, "c", &t);
    const vireo_matmul_args args = {.transpose_b = cases[i].transposed,
                                    .bias = cases[i].transposed ? VIREO_NONE
                                                                : vireo_graph_first_row(g, c)};
    vireo_graph_output(g, "y", vireo_matmul(g, x, c, &args));
    return vireo_model_create(device, &g, o, out, err);
}

static float *run(size_t i, bool from_file, size_t *count)
{
    const int64_t depth = cases[i].transposed ? cases[i].width : cases[i].rows;
    *count = (size_t)(ROWS * (cases[i].transposed ? cases[i].rows : cases[i].width));
    float *x = malloc((size_t)(ROWS * depth) * sizeof *x), *y = malloc(*count * sizeof *y);
    uint64_t random = 9;
    vireo_model *m = NULL;
    vireo_error err = {0};
    assert_true(x && y);
    for (int64_t k = 0; k < ROWS * depth; k++)
        x[k] = tiny_uniform(&random);
    if (load(i, from_file, NULL, &m, &err))
        fail_msg("%s: %s", cases[i].name, err.message);
    vireo_session *s = tiny_session(m, NULL);
    const vireo_tensor in = {VIREO_F32, 2, {ROWS, depth}, x, (size_t)(ROWS * depth) * sizeof *x};
    vireo_tensor out = {.data = y, .bytes = *count * sizeof *y};
    if (vireo_session_run(s, &in, 1, &out, 1, &err))
        fail_msg("%s: %s", cases[i].name, err.message);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    free(x);
    return y;
}

static void same_bits_as_from_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        size_t n;
        fill(i);
        open_file();
        float *memory = run(i, false, &n), *from_file = run(i, true, &n);
        float most = 0;
        for (size_t k = 0; k < n; k++)
            most = fmaxf(most, fabsf(memory[k]));
        assert_true(most > 0.1f);
        if (memcmp(memory, from_file, n * sizeof *memory) != 0)
            fail_msg("%s: other bits than from memory", cases[i].name);
        free(memory);
        free(from_file);
        free(stored);
    }
}

static void cut_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        fill(i);
        for (int last = 0; last < 2; last++) {
            const size_t cut = last ? stored_bytes - 1 : JUNK;
            char want[512];
            vireo_model *m = NULL;
            vireo_error err = {0};
            open_file();
            assert_int_equal(truncate(path, (off_t)cut), 0);
            vireo_status st = load(i, true, NULL, &m, &err);
            snprintf(
                want, sizeof want,
                "%s: tensor c: byte %zu is not there: the file has %zu bytes, it had %zu when it "
                "was opened",
                path, cut, cut, stored_bytes);
            if (st != VIREO_ERROR_IO || strcmp(err.message, want) != 0)
                fail_msg("%s: \"%s\", expected \"%s\"", cases[i].name, err.message, want);
            assert_int_equal(err.offset, cut);
            assert_null(m);
        }
        free(stored);
    }
}

static const struct {
    uint32_t f32;
    uint16_t f16;
    const char *text;
} bad[] = {{0x7FC00000u, 0x7E00u, "NaN"},
           {0x7F800000u, 0x7C00u, "Infinity"},
           {0xFF800000u, 0xFC00u, "-Infinity"}};

/* The element at `place`, and the last one too: the first in the file's order is named, whatever
 * the order they are read in. */
static void check_bad(size_t i, size_t place, size_t kind)
{
    const size_t size = vireo_dtype_bytes(cases[i].dtype), last = count_of(i) - 1;
    const void *bits = size == 4 ? (const void *)&bad[kind].f32 : &bad[kind].f16;
    char want[512];
    vireo_model *m = NULL;
    vireo_error err = {0};
    vireo_model_options allow = VIREO_OPTIONS(vireo_model_options);
    fill(i);
    memcpy(stored + JUNK + place * size, bits, size);
    if (place != last)
        memcpy(stored + JUNK + last * size, size == 4 ? (const void *)&bad[0].f32 : &bad[0].f16,
               size);
    open_file();
    vireo_status st = load(i, true, NULL, &m, &err);
    snprintf(want, sizeof want,
             "%s: tensor c: element %zu (byte %zu) is %s; weights must be finite unless "
             "allow_nonfinite is set",
             path, place, JUNK + place * size, bad[kind].text);
    if (st != VIREO_ERROR_FORMAT || strcmp(err.message, want) != 0)
        fail_msg("%s: \"%s\", expected \"%s\"", cases[i].name, err.message, want);
    assert_int_equal(err.offset, JUNK + place * size);
    assert_null(m);
    allow.allow_nonfinite = true;
    assert_int_equal(load(i, true, &allow, &m, &err), VIREO_OK);
    vireo_model_destroy(&m);
    free(stored);
}

static void not_finite(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        const size_t count = count_of(i);
        check_bad(i, 0, 0);
        check_bad(i, count / 2 + 1, 1);
        check_bad(i, count - 1, 2);
    }
}

/* What a caller has in memory is the caller's own. */
static void memory_is_not_judged(void **state)
{
    (void)state;
    vireo_model *m = NULL;
    fill(0);
    memcpy(stored + JUNK, &bad[0].f32, 4);
    assert_int_equal(load(0, false, NULL, &m, NULL), VIREO_OK);
    vireo_model_destroy(&m);
    free(stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_as_from_memory),
        cmocka_unit_test(cut_files),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(memory_is_not_judged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
