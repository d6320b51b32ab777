/* SPDX-License-Identifier: Apache-2.0
 * The self-test on devices that are lost, hang, or take the program along: what did it is not tried
 * again, the rest is. */
#include "selftest_fixture.h"

static PFN_vkQueueSubmit real_submit;
static int submits_left; /* of kernels: copies, too, are submitted where the device has memory of its own */
static PFN_vkCmdDispatchIndirect real_dispatch;
static VkCommandBuffer of_kernels; /* recorded last */
static VkFence kernels_fence;

static void VKAPI_CALL noted_dispatch(VkCommandBuffer c, VkBuffer groups, VkDeviceSize offset)
{
    of_kernels = c;
    real_dispatch(c, groups, offset);
}

static bool has_kernels(const VkSubmitInfo *s)
{
    return s->pCommandBuffers[s->commandBufferCount - 1] == of_kernels;
}

static VkResult VKAPI_CALL failing_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    return has_kernels(s) && submits_left-- <= 0 ? VK_ERROR_DEVICE_LOST : real_submit(q, n, s, f);
}

static VkResult VKAPI_CALL noted_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    if (has_kernels(s))
        kernels_fence = f;
    return real_submit(q, n, s, f);
}

static PFN_vkWaitForFences real_wait;
static uint64_t waited;

static VkResult VKAPI_CALL slow_wait(VkDevice d, uint32_t n, const VkFence *f, VkBool32 all,
                                     uint64_t timeout)
{
    const VkResult r = real_wait(d, n, f, all, timeout); /* the fence is free afterwards */
    if (*f != kernels_fence || submits_left-- > 0 || r)
        return r;
    waited = timeout;
    return VK_TIMEOUT;
}

static vireo_device *reopen(selftest_fixture *f, PFN_vkQueueSubmit submit)
{
    vireo_device *d = selftest_reopen(f, NULL);
    real_submit = d->fn.vkQueueSubmit;
    real_dispatch = d->fn.vkCmdDispatchIndirect;
    real_wait = d->fn.vkWaitForFences;
    d->fn.vkQueueSubmit = submit;
    d->fn.vkCmdDispatchIndirect = noted_dispatch;
    submits_left = 4;
    return d;
}

/* The fifth submission fails: that kernel does, those before have passed, those behind have no
 * turn. */
static void check_lost(selftest_fixture *f, const char *reason)
{
    vireo_selftest *t = selftest_run(f);
    vireo_error err = {0};
    const vireo_selftest_result *r;
    char lost[VR_VERDICT_NAME] = "";
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        if (lost[0]) {
            assert_int_equal(r->verdict, VIREO_VERDICT_NOT_TRIED);
            assert_string_equal(r->reason, "the device was lost before");
        } else if (r->verdict != VIREO_VERDICT_PASSED) {
            assert_int_equal(r->verdict, VIREO_VERDICT_FAILED);
            assert_string_equal(r->reason, reason);
            assert_non_null(strstr(r->report, reason));
            assert_in_range(i, 1, 2);
            assert_string_equal(r->op, "matmul");
            snprintf(lost, sizeof lost, "%s/%s", r->op, r->kernel);
        }
    }
    assert_true(lost[0]);
    vireo_selftest_destroy(&t);
    assert_int_equal(vireo_selftest_run(f->device, NULL, &t, &err), VIREO_ERROR_DEVICE_LOST);
    selftest_reopen(f, NULL); /* what was lost is not tried again, all else is */
    for (int i = 0; i < 2; i++) { /* nor once that is known */
        t = selftest_run_op(f, "matmul");
        assert_int_equal(selftest_result(t, lost)->verdict, VIREO_VERDICT_FAILED);
        assert_string_equal(selftest_result(t, lost)->reason,
                            "the device was lost when it was tried before; it is not tried again "
                            "until its line in verdicts.txt is deleted");
        assert_int_equal(selftest_result(t, "matmul/plain")->verdict, VIREO_VERDICT_PASSED);
        vireo_selftest_destroy(&t);
    }
    t = selftest_run_op(f, "concat");
    assert_int_equal(selftest_result(t, "concat/elements")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    f->device->info.driver_version++; /* another driver begins anew */
    t = selftest_run_op(f, "matmul");
    assert_int_equal(selftest_result(t, lost)->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    f->device->info.driver_version--;
}

static void test_lost(void **state)
{
    selftest_fixture *f = *state;
    reopen(f, failing_submit);
    check_lost(f, "submit: VK_ERROR_DEVICE_LOST");
}

/* Where results are copied to the host. */
static void test_no_answer(void **state)
{
    selftest_fixture *f = *state;
    f->staging = true;
    reopen(f, noted_submit)->fn.vkWaitForFences = slow_wait;
    check_lost(f, "the device gave no answer in 180 seconds");
    assert_int_equal(waited, UINT64_C(180000000000));
}

/* A verdict of "trying" is what a program that ended leaves behind. */
static void test_ended(void **state)
{
    selftest_fixture *f = *state;
    vr_hash128 source;
    const vr_kernel *texel = selftest_kernel("texel");
    for (uint32_t ends = 1; ends <= 2; ends++) {
        vireo_device *d = selftest_reopen(f, NULL);
        assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, texel, &source, NULL), VIREO_OK);
        vr_verdict_try(d, "matmul/texel", source, ends);
        selftest_right(d, "texel"); /* it is this one's own */
        selftest_right(selftest_reopen(f, NULL), "weights");
        vireo_selftest *t = selftest_run_op(f, "matmul");
        const vireo_selftest_result *r = selftest_result(t, "matmul/texel");
        assert_int_equal(r->verdict, ends == 1 ? VIREO_VERDICT_PASSED : VIREO_VERDICT_FAILED);
        assert_string_equal(r->reason,
                            ends == 1 ? ""
                                      : "the program ended when it was tried before; it is not "
                                        "tried again until its line in verdicts.txt is deleted");
        assert_string_equal(selftest_result(t, "matmul/weights")->reason, "");
        vireo_selftest_destroy(&t);
        selftest_right(f->device, ends == 1 ? "texel" : "weights");
    }
}

/* While a kernel is tried, the file names it. */
static int see_trying(void *user, const char *what, uint64_t done, uint64_t total)
{
    size_t *calls = user;
    assert_string_equal(what, "self-test");
    assert_int_equal(done, ++*calls);
    assert_true(done <= total);
    return done == 3;
}

static const scratch *watched;

static VkResult VKAPI_CALL reading_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    if (submits_left-- > 0) {
        scratch_file file;
        assert_int_equal(scratch_find(watched, VR_VERDICT_FILE, &file), 1);
        file.data[file.bytes] = '\0';
        char first[VR_VERDICT_NAME];
        vr_kernel_path(VR_OP_MATMUL, &vr_ops[VR_OP_MATMUL]->kernels[0], first);
        assert_non_null(strstr((char *)file.data, first));
        assert_non_null(strstr((char *)file.data, "\ttrying\t1\nend 1\n"));
        free(file.data);
    }
    return real_submit(q, n, s, f);
}

static void test_recorded_and_cancelled(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_selftest *t = NULL;
    vireo_error err = {0};
    size_t calls = 0;
    vireo_selftest_options o = VIREO_OPTIONS(vireo_selftest_options);
    o.progress = see_trying;
    o.progress_user = &calls;
    watched = &f->folder;
    real_submit = d->fn.vkQueueSubmit;
    d->fn.vkQueueSubmit = reading_submit;
    submits_left = 1;
    assert_int_equal(vireo_selftest_run(d, &o, &t, &err), VIREO_ERROR_CANCELLED);
    assert_string_equal(err.message, "the self-test was cancelled");
    assert_null(t);
    assert_int_equal(calls, 3);
    assert_true(submits_left <= 0);
    selftest_right(d, "texel");
}
int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, selftest_set_up, selftest_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_lost),
        CASE(test_no_answer),
        CASE(test_ended),
        CASE(test_recorded_and_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
