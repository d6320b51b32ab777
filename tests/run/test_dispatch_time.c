/* SPDX-License-Identifier: Apache-2.0
 * What a dispatch of a session costs beside one that is recorded by hand, with a barrier after each in both:
 * the driver's part is nearly all of it. On CPUs beside an empty one. On other devices a dispatch that reads
 * waits for memory, which an empty one does not: there beside the same work, recorded as cheaply as it can be.
 * Other recordings of that work are timed, too: they tell which command it is that costs. */
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

/* What is recorded by hand. All but the empty one are the session's program with its push constants. */
typedef enum hand_kind { EMPTY, SAME, PUSHED, INDIRECT, HOST_INDIRECT, HANDS } hand_kind;
static const char *const hand_names[HANDS] = {
    "an empty one", "the same work", "constants pushed each time", "grids in the device's memory",
    "grids in the host's"};
enum { SIDES = HANDS + 1 };

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

static void begin_recording(recording *r)
{
    const struct VolkDeviceTable *fn = &device->fn;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = device->queue_family};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    assert_int_equal(fn->vkCreateCommandPool(device->handle, &pool, NULL, &r->pool), VK_SUCCESS);
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = r->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    assert_int_equal(fn->vkAllocateCommandBuffers(device->handle, &info, &r->commands), VK_SUCCESS);
    assert_int_equal(fn->vkCreateFence(device->handle, &fence, NULL, &r->fence), VK_SUCCESS);
    assert_int_equal(fn->vkBeginCommandBuffer(r->commands, &begin), VK_SUCCESS);
}

static void record_barrier(const recording *r, VkAccessFlags access)
{
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                     .dstAccessMask = access};
    device->fn.vkCmdPipelineBarrier(r->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0, NULL, 0,
                                    NULL);
}

static recording record_empty(const vr_pipeline *p, int n)
{
    recording r = {0};
    const struct VolkDeviceTable *fn = &device->fn;
    begin_recording(&r);
    fn->vkCmdBindPipeline(r.commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->handle);
    for (int i = 0; i < n; i++) {
        fn->vkCmdDispatch(r.commands, 1, 1, 1);
        record_barrier(&r, VK_ACCESS_SHADER_READ_BIT);
    }
    assert_int_equal(fn->vkEndCommandBuffer(r.commands), VK_SUCCESS);
    return r;
}

static double run_recording(const recording *r)
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

/* ---- The session's work by hand ------------------------------------------------------------- */

enum { WORK_BYTES = 512 /* of a value, with what a view may have behind it */ };

/* Set i reads values[i] and writes the other one: the dispatches of a chain in turns. */
typedef struct work {
    const vr_pipeline *pipeline;
    const vr_dispatch *dispatch;
    vr_buffer values[2], step, grids[2]; /* grids: as the host writes them, one each; by the device, by the host */
    VkBufferView views[2];
    VkDescriptorPool pool;
    VkDescriptorSet sets[2];
} work;

static const float work_in[4] = {1, 2, 3, 4};

static void make_work_buffers(work *w)
{
    vireo_error err = {0};
    static uint32_t grids[3 * LONG];
    static const char zeros[WORK_BYTES];
    for (int i = 0; i < LONG; i++)
        memcpy(grids + 3 * i, w->dispatch->groups, sizeof w->dispatch->groups);
    vireo_status st = vr_buffer_create(device, VR_STEP_GRIDS_OFFSET, VR_MEMORY_HOST, "step", &w->step, &err);
    if (!st)
        st = vr_buffer_write(device, &w->step, 0, zeros, VR_STEP_GRIDS_OFFSET, &err);
    for (int i = 0; !st && i < 2; i++) {
        const vr_memory_kind kind = i == 0 ? VR_MEMORY_DEVICE : VR_MEMORY_HOST;
        st = vr_buffer_create(device, WORK_BYTES, VR_MEMORY_DEVICE, "value", &w->values[i], &err);
        if (!st)
            st = vr_buffer_write(device, &w->values[i], 0, zeros, WORK_BYTES, &err);
        if (!st)
            st = vr_view_create(device, &w->values[i], VK_FORMAT_R32G32B32A32_SFLOAT, 0, sizeof work_in,
                                &w->views[i], &err);
        if (!st)
            st = vr_buffer_create(device, sizeof grids, kind, "grids", &w->grids[i], &err);
        if (!st)
            st = vr_buffer_write(device, &w->grids[i], 0, grids, sizeof grids, &err);
    }
    if (!st)
        st = vr_buffer_write(device, &w->values[0], 0, work_in, sizeof work_in, &err);
    if (st)
        fail_msg("%s", err.message);
}

/* Bindings of unary.comp: the operand, by a view or as storage, the result, the step buffer. */
static void write_work_set(const work *w, int set)
{
    const VkDescriptorBufferInfo buffers[3] = {{w->values[set].handle, 0, sizeof work_in},
                                               {w->values[!set].handle, 0, sizeof work_in},
                                               {w->step.handle, 0, VR_STEP_GRIDS_OFFSET}};
    static const VkDescriptorType types[] = {
        [VR_BIND_STORAGE] = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        [VR_BIND_TEXEL] = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
        [VR_BIND_UNIFORM] = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER};
    VkWriteDescriptorSet writes[3];
    assert_int_equal(w->pipeline->n_bindings, 3);
    for (uint32_t i = 0; i < 3; i++)
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = w->sets[set], .dstBinding = i, .descriptorCount = 1,
                                           .descriptorType = types[w->pipeline->bindings[i]],
                                           .pBufferInfo = &buffers[i],
                                           .pTexelBufferView = &w->views[set]};
    device->fn.vkUpdateDescriptorSets(device->handle, 3, writes, 0, NULL);
}

static work make_work(const chain *c)
{
    const vr_bucket *b = c->session->buckets[0];
    work w = {.pipeline = b->nodes[0].programs[0].pipeline, .dispatch = &b->launches.list[0]};
    static const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 4},
                                                 {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, 4},
                                                 {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, 2}};
    const VkDescriptorPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = 2, .poolSizeCount = 3, .pPoolSizes = sizes};
    assert_int_equal(device->fn.vkCreateDescriptorPool(device->handle, &pool, NULL, &w.pool), VK_SUCCESS);
    const VkDescriptorSetLayout layouts[] = {w.pipeline->set_layout, w.pipeline->set_layout};
    const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                              .descriptorPool = w.pool, .descriptorSetCount = 2,
                                              .pSetLayouts = layouts};
    assert_int_equal(device->fn.vkAllocateDescriptorSets(device->handle, &info, w.sets), VK_SUCCESS);
    make_work_buffers(&w);
    for (int i = 0; i < 2; i++)
        write_work_set(&w, i);
    return w;
}

static void destroy_work(work *w)
{
    device->fn.vkDestroyDescriptorPool(device->handle, w->pool, NULL);
    for (int i = 0; i < 2; i++) {
        device->fn.vkDestroyBufferView(device->handle, w->views[i], NULL);
        vr_buffer_destroy(device, &w->values[i]);
        vr_buffer_destroy(device, &w->grids[i]);
    }
    vr_buffer_destroy(device, &w->step);
}

/* What differs from dispatch to dispatch is bound each time, all else once. */
static recording record_work(const work *w, hand_kind kind, int n)
{
    recording r = {0};
    const struct VolkDeviceTable *fn = &device->fn;
    const vr_dispatch *d = w->dispatch;
    const VkPipelineLayout layout = w->pipeline->layout;
    begin_recording(&r);
    fn->vkCmdBindPipeline(r.commands, VK_PIPELINE_BIND_POINT_COMPUTE, w->pipeline->handle);
    for (int i = 0; i < n; i++) {
        fn->vkCmdBindDescriptorSets(r.commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1,
                                    &w->sets[i % 2], 0, NULL);
        if (i == 0 || kind != SAME)
            fn->vkCmdPushConstants(r.commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, d->push_bytes, d->push);
        if (kind == SAME || kind == PUSHED)
            fn->vkCmdDispatch(r.commands, d->groups[0], d->groups[1], d->groups[2]);
        else
            fn->vkCmdDispatchIndirect(r.commands, w->grids[kind == HOST_INDIRECT].handle, 12 * (VkDeviceSize)i);
        record_barrier(&r, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
    }
    assert_int_equal(fn->vkEndCommandBuffer(r.commands), VK_SUCCESS);
    return r;
}

/* It does the session's work: what comes in goes through. */
static void check_work(const work *w, const recording *r)
{
    static const float nothing[4] = {0};
    float out[4];
    vireo_error err = {0};
    if (vr_buffer_write(device, &w->values[1], 0, nothing, sizeof nothing, &err))
        fail_msg("%s", err.message);
    run_recording(r);
    if (vr_buffer_read(device, &w->values[1], 0, out, sizeof out, &err))
        fail_msg("%s", err.message);
    assert_memory_equal(out, work_in, sizeof out);
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

/* Both lengths of each; short ones take what is not a dispatch's. */
typedef struct sides {
    work work;
    chain ours[2];
    recording hand[HANDS][2];
} sides;

static void make_sides(sides *s)
{
    const vr_program_desc empty = {
        .name = "empty", .defines = "",
        .source = "#version 450\nlayout(local_size_x = 4) in;\nvoid main() {}\n"};
    const vr_pipeline *p = NULL;
    assert_int_equal(vr_pipelines_get(device, &empty, 1, &p, NULL), VIREO_OK);
    for (int i = 0; i < 2; i++)
        s->ours[i] = make_chain(i ? LONG : 1);
    assert_int_equal(s->ours[1].session->n_buckets, 0);
    for (int i = 0; i < 2; i++)
        run_chain(&s->ours[i]);
    s->work = make_work(&s->ours[1]);
    for (int i = 0; i < 2; i++) {
        s->hand[EMPTY][i] = record_empty(p, i ? LONG : 1);
        for (hand_kind k = SAME; k < HANDS; k++) {
            s->hand[k][i] = record_work(&s->work, k, i ? LONG : 1);
            check_work(&s->work, &s->hand[k][i]);
        }
    }
}

static void destroy_sides(sides *s)
{
    assert_int_equal(s->ours[1].session->buckets[0]->launches.count, LONG);
    assert_int_equal(s->ours[1].session->buckets[0]->slots[0].n_segments, 1);
    for (int i = 0; i < 2; i++) {
        for (hand_kind k = EMPTY; k < HANDS; k++)
            destroy_recording(&s->hand[k][i]);
        vireo_session_destroy(&s->ours[i].session);
        vireo_model_destroy(&s->ours[i].model);
    }
    destroy_work(&s->work);
}

/* Ours beside one by hand. */
static double ratio_to(hand_kind kind, const double *us)
{
    return us[kind] > 0 && us[HANDS] > 0 ? us[HANDS] / us[kind] : INFINITY; /* else it is noise */
}

static void print_times(const double *us, size_t rounds, const bool *timed)
{
    print_message("a dispatch: %.2f us, %zu rounds; by hand", us[HANDS], rounds);
    for (hand_kind k = EMPTY; k < HANDS; k++)
        if (timed[k])
            print_message("%s %s: %.2f, %.3f times", k ? ";" : "", hand_names[k], us[k], ratio_to(k, us));
    print_message("\n");
}

/* Ours beside that by hand which the device is judged by; no more rounds once it is little enough, or at
 * `end`. On CPUs the others are left out, for what lies between two that are compared changes little. */
static double measure_ratio(bool all, uint64_t end)
{
    static double us[SIDES][2][MOST_ROUNDS];
    const bool cpu = device->info.type == VIREO_DEVICE_CPU;
    const bool timed[SIDES] = {[EMPTY] = cpu || all, [SAME] = !cpu,          [PUSHED] = all,
                               [INDIRECT] = all,   [HOST_INDIRECT] = all,  [HANDS] = true};
    double ratio = INFINITY;
    sides s;
    make_sides(&s);
    for (size_t n = 0; ratio > most_ratio && n < MOST_ROUNDS && vr_now_ns() < end;) {
        double each[SIDES] = {0};
        for (size_t stop = n + ROUNDS; n < stop; n++)
            for (int i = 0; i < 2 * SIDES; i++)
                if (timed[i / 2])
                    us[i / 2][i % 2][n] = i / 2 < HANDS ? run_recording(&s.hand[i / 2][i % 2])
                                                        : run_chain(&s.ours[i % 2]);
        for (int i = 0; i < SIDES; i++)
            if (timed[i])
                each[i] = (tenth(us[i][1], n) - tenth(us[i][0], n)) / (LONG - 1);
        print_times(each, n, timed);
        ratio = ratio_to(cpu ? EMPTY : SAME, each);
    }
    destroy_sides(&s);
    return ratio;
}

static void check_dispatches(const vr_device_override *o, bool all)
{
    const uint64_t end = vr_now_ns() + MOST_SECONDS * UINT64_C(1000000000);
    const vireo_device_options options = test_device_options();
    double ratio = INFINITY;
    for (int i = 0; i < MOST_DEVICES && ratio > most_ratio && (i == 0 || vr_now_ns() < end); i++) {
        test_device_destroy(&device);
        device = test_device_create_with(&options, o);
        ratio = measure_ratio(all, end);
    }
    assert_true(ratio <= most_ratio);
}

static void dispatches_cost_what_they_must(void **state)
{
    (void)state;
    check_dispatches(NULL, device->info.type != VIREO_DEVICE_CPU);
}

/* A CPU judged as other devices are; more recordings between the two would take its caches. */
static void beside_the_same_work(void **state)
{
    (void)state;
    if (device->info.type != VIREO_DEVICE_CPU)
        skip(); /* it was */
    check_dispatches(&(vr_device_override){.discrete = true, .force_staging = true}, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatches_cost_what_they_must),
        cmocka_unit_test(beside_the_same_work),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
