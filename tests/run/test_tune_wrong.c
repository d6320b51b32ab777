/* SPDX-License-Identifier: Apache-2.0
 * Tuning with a kernel whose results are wrong: it is found, wherever in a graph it stands, and never chosen. */
#include "selftest_fixture.h"
#include "tune_model.h"
#include "run/tune.h"

static float y[TUNE_MOST * TUNE_HEIGHT];

/* A kernel that adds up wrongly is never the best, however fast. */
static void test_wrong_kernel(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o =
        selftest_broken(f, "matmul_plain.comp", "void main()\n{", "void main()\n{ return;");
    vireo_device *d = selftest_reopen(f, &o);
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
    const vr_device_override o =
        selftest_broken(f, "matmul_plain.comp", "void main()\n{", "void main()\n{ return;");
    vireo_device *d = selftest_reopen(f, &o);
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


int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, selftest_set_up, selftest_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_wrong_kernel),
        CASE(test_wrong_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
