/* SPDX-License-Identifier: Apache-2.0
 * Tuning with a kernel whose results are wrong: it is found, wherever in a graph it stands, and never chosen. */
#include "selftest_fixture.h"
#include "tune_model.h"
#include "run/tune.h"

static float y[TUNE_MOST * TUNE_HEIGHT];

/* A device whose matmul/plain does nothing, fast. */
static vireo_device *reopen_idle(selftest_fixture *f)
{
    const vr_device_override o =
        selftest_broken(f, "matmul_plain.comp", "void main()\n{", "void main()\n{ return;");
    return selftest_reopen(f, &o);
}

/* A kernel that adds up wrongly is never the best, however fast. */
static void test_wrong_kernel(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = reopen_idle(f);
    vireo_model *model = tune_model(d);
    vireo_tuned t;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vireo_device_get_tuned(d, 0, &t));
    assert_string_not_equal(t.kernel, "plain");
    vireo_model_destroy(&model);
}

/* One wrong kernel of those that are tried together is found, and the others are heard all the same. */
static void test_wrong_among_others(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = reopen_idle(f);
    vireo_model *model = tune_model_normalized(d);
    vr_tuned_row r;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vr_tuned_get(d, "matmul f32[256,64] f32[48,64] f32[48]", 0, &r) && !r.partly);
    assert_string_not_equal(r.kernel, "plain");
    assert_non_null(strstr(r.heard, "plain"));
    assert_true(vr_tuned_get(d, "norm f32[256,48]", 0, &r) && !r.partly && r.us > 0);
    assert_non_null(strstr(r.heard, "row"));
    vireo_model_destroy(&model);
}

/* Kernels of matmul.comp that read weights from storage give twice what they should; the others are slow. */
static vr_device_override with_doubled(selftest_fixture *f)
{
    return selftest_broken(f, "matmul.comp", "vec4 sums[TM][TQ];",
                           "#ifdef W_STORAGE\n"
                           "    [[unroll]] for (int r = 0; r < TM; r++)\n"
                           "        [[unroll]] for (int n = 0; n < TQ; n++) acc[r][n] *= 2.0;\n"
                           "#else\n" /* one loop: one for each sum compiles for minutes */
                           "    vec4 idle = vec4(0.0);\n"
                           "    [[dont_unroll]] for (uint i = 0; i < uint(8 * TM * TQ) * p.k_quads; i++)\n"
                           "        idle += texelFetch(a_texels, int(a_at[0] + i % p.k_quads));\n"
                           "    acc[0][0] += 1e-30 * idle;\n"
                           "#endif\n"
                           "    vec4 sums[TM][TQ];");
}

/* What the log says is left out for its results: " matmul/weights matmul/tall_weights". */
static char left_out[512];

static void note_left_out(void *user, vireo_log_level level, const char *message)
{
    const size_t n = strlen(left_out);
    char kernel[64];
    (void)user;
    (void)level;
    if (sscanf(message, "tuning: %63s", kernel) == 1 && strstr(message, " is left out: the results differ"))
        snprintf(left_out + n, sizeof left_out - n, " %s", kernel);
}

static vr_tuned_row tune_doubled(vireo_device *d)
{
    vireo_model *model = tune_model_without_scale(d);
    vr_tuned_row r;
    left_out[0] = '\0';
    d->log = (vr_log){note_left_out, NULL, VIREO_LOG_INFO};
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vr_tuned_get(d, "matmul f32[256,64] f32[48,64]", 0, &r) && !r.partly);
    assert_non_null(strstr(r.heard, "weights"));
    assert_null(strstr(left_out, "matmul/texel"));
    assert_null(strstr(left_out, "norm/"));
    vireo_model_destroy(&model);
    return r;
}

/* What comes behind the wrong kernel hides it from who looks at the model's outputs alone. */
static void test_wrong_scale(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o = with_doubled(f);
    const vr_tuned_row r = tune_doubled(selftest_reopen(f, &o));
    assert_null(strstr(r.kernel, "weights"));
    assert_non_null(strstr(left_out, " matmul/weights"));
}

/* Two values of 48 KiB find room at a time, and no third one that is to stay: then outputs are what is compared. */
static void test_no_room(void **state)
{
    selftest_fixture *f = *state;
    vr_device_override o = with_doubled(f);
    o.max_allocation_bytes = 128 << 10;
    tune_doubled(selftest_reopen(f, &o));
    assert_string_equal(left_out, "");
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, selftest_set_up, selftest_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_wrong_kernel),
        CASE(test_wrong_among_others),
        CASE(test_wrong_scale),
        CASE(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
