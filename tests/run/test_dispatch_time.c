/* SPDX-License-Identifier: Apache-2.0
 * What a dispatch of a session costs beside an empty one that is recorded by hand, with a barrier after
 * each in both: the driver's part is nearly all of it. */
#include "tiny_encoder.h"
#include "tests/measure.h"
#include "run/session.h"
#include "vk/pipeline.h"
#include <math.h>

/* Sanitizers slow down our side alone. */
static const double most_ratio = 1.2 * MEASURE_FACTOR;
/* Other programs take the time between, and drivers on CPUs take half or twice as long for the same
 * dispatches when their threads lie otherwise on the cores, for seconds. So both sides in turns, and of all
 * that each has taken the time that a tenth stays below: the very least is luck. More rounds until that is
 * little enough, and other devices, whose threads lie otherwise. */
enum { LONG = 401, ROUNDS = 100, MOST_ROUNDS = 4 * ROUNDS, MOST_DEVICES = 6, MOST_SECONDS = 120 };

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

/* ---- By hand -------------------------------------------------------------------------------- */

typedef struct recording {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
} recording;

static recording record_empty(const vr_pipeline *p, int n)
{
    recording r = {0};
    const struct VolkDeviceTable *fn = &device->fn;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = device->queue_family};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                     .dstAccessMask = VK_ACCESS_SHADER_READ_BIT};
    assert_int_equal(fn->vkCreateCommandPool(device->handle, &pool, NULL, &r.pool), VK_SUCCESS);
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = r.pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    assert_int_equal(fn->vkAllocateCommandBuffers(device->handle, &info, &r.commands), VK_SUCCESS);
    assert_int_equal(fn->vkCreateFence(device->handle, &fence, NULL, &r.fence), VK_SUCCESS);
    assert_int_equal(fn->vkBeginCommandBuffer(r.commands, &begin), VK_SUCCESS);
    fn->vkCmdBindPipeline(r.commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->handle);
    for (int i = 0; i < n; i++) {
        fn->vkCmdDispatch(r.commands, 1, 1, 1);
        fn->vkCmdPipelineBarrier(r.commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                 VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0, NULL, 0,
                                 NULL);
    }
    assert_int_equal(fn->vkEndCommandBuffer(r.commands), VK_SUCCESS);
    return r;
}

static double run_empty(const recording *r)
{
    const struct VolkDeviceTable *fn = &device->fn;
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                               .pCommandBuffers = &r->commands};
    const uint64_t start = vr_now_ns();
    assert_int_equal(fn->vkResetFences(device->handle, 1, &r->fence), VK_SUCCESS);
    assert_int_equal(fn->vkQueueSubmit(device->queue, 1, &info, r->fence), VK_SUCCESS);
    assert_int_equal(
        fn->vkWaitForFences(device->handle, 1, &r->fence, VK_TRUE, UINT64_C(60000000000)),
        VK_SUCCESS);
    return (double)(vr_now_ns() - start) / 1e3;
}

static void destroy_recording(recording *r)
{
    device->fn.vkDestroyFence(device->handle, r->fence, NULL);
    device->fn.vkDestroyCommandPool(device->handle, r->pool, NULL);
}

/* ---- By a session --------------------------------------------------------------------------- */

typedef struct chain {
    vireo_model *model;
    vireo_session *session;
} chain;

static chain make_chain(int n)
{
    chain c;
    vireo_graph *g = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){1, 4}, (vireo_symbol){0});
    for (int i = 0; i < n; i++)
        x = vireo_unary_op(g, VIREO_RELU, x);
    vireo_graph_output(g, "y", x);
    if (vireo_model_create(device, &g, NULL, &c.model, &err))
        fail_msg("%s", err.message);
    c.session = tiny_session(c.model, NULL);
    return c;
}

static double run_chain(const chain *c)
{
    float in[4] = {1, 2, 3, 4}, out[4] = {0};
    vireo_tensor x = {VIREO_F32, 2, {1, 4}, in, sizeof in}, y = {.data = out, .bytes = sizeof out};
    const uint64_t start = vr_now_ns();
    assert_int_equal(vireo_session_run(c->session, &x, 1, &y, 1, NULL), VIREO_OK);
    const double us = (double)(vr_now_ns() - start) / 1e3;
    assert_memory_equal(out, in, sizeof in);
    return us;
}

/* ---- Side by side --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double tenth(double *us, size_t n)
{
    qsort(us, n, sizeof *us, by_value);
    return us[n / 10];
}

/* Ours beside that by hand; no more rounds once it is little enough, or at `end`. */
static double measure_ratio(uint64_t end)
{
    const vr_program_desc empty = {
        .name = "empty", .defines = "",
        .source = "#version 450\nlayout(local_size_x = 4) in;\nvoid main() {}\n"};
    const vr_pipeline *p = NULL;
    assert_int_equal(vr_pipelines_get(device, &empty, 1, &p, NULL), VIREO_OK);
    recording hand[2] = {record_empty(p, 1), record_empty(p, LONG)};
    chain ours[2] = {make_chain(1), make_chain(LONG)};
    assert_int_equal(ours[1].session->n_buckets, 0);
    static double us[4][MOST_ROUNDS];
    double ratio = INFINITY;
    for (size_t n = 0; ratio > most_ratio && n < MOST_ROUNDS && vr_now_ns() < end;) {
        for (size_t stop = n + ROUNDS; n < stop; n++)
            for (int j = 0; j < 4; j++)
                us[j][n] = j < 2 ? run_empty(&hand[j]) : run_chain(&ours[j - 2]);
        const double by_hand = (tenth(us[1], n) - tenth(us[0], n)) / (LONG - 1);
        const double by_us = (tenth(us[3], n) - tenth(us[2], n)) / (LONG - 1);
        ratio = by_hand > 0 && by_us > 0 ? by_us / by_hand : INFINITY; /* else it is noise */
        print_message("a dispatch: %.2f us, an empty one by hand %.2f: %.3f times, %zu rounds\n", by_us,
                      by_hand, ratio, n);
    }
    assert_int_equal(ours[1].session->buckets[0]->launches.count, LONG);
    assert_int_equal(ours[1].session->buckets[0]->slots[0].n_segments, 1);
    for (int i = 0; i < 2; i++) {
        destroy_recording(&hand[i]);
        vireo_session_destroy(&ours[i].session);
        vireo_model_destroy(&ours[i].model);
    }
    return ratio;
}

static void dispatches_cost_what_they_must(void **state)
{
    (void)state;
    const uint64_t end = vr_now_ns() + MOST_SECONDS * UINT64_C(1000000000);
    double ratio = measure_ratio(end);
    for (int i = 1; i < MOST_DEVICES && ratio > most_ratio && vr_now_ns() < end; i++) {
        test_device_destroy(&device);
        device = test_device_create();
        ratio = measure_ratio(end);
    }
    assert_true(ratio <= most_ratio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatches_cost_what_they_must),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
