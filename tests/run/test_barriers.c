/* SPDX-License-Identifier: Apache-2.0
 * Barriers stand where two dispatches touch the same bytes and one writes them, and nowhere else:
 * the commands of graphs drawn at random are read as they are recorded, and judged by where the
 * plan has put the values. */
#include "device_test.h"
#include "run/session.h"
#include "vireo/graph.h"

enum {
    GRAPHS = 60,
    FAST_GRAPHS = 12,
    MOST_NODES = 14,
    MOST_COMMANDS = 256,
    INPUTS = 3,
    HEIGHT = 6,
    WIDTH = 20
};

static vireo_device *device;
static PFN_vkCmdPipelineBarrier real_barrier;
static PFN_vkCmdDispatchIndirect real_dispatch;
static char commands[MOST_COMMANDS]; /* 'B' a barrier between dispatches, 'H' one to the host, 'D' a
                                        dispatch */
static size_t n_commands;

static void note(char what)
{
    assert_true(n_commands < MOST_COMMANDS);
    commands[n_commands++] = what;
}

static void VKAPI_CALL see_barrier(VkCommandBuffer c, VkPipelineStageFlags from,
                                   VkPipelineStageFlags to, VkDependencyFlags flags, uint32_t n,
                                   const VkMemoryBarrier *memory, uint32_t n_buffers,
                                   const VkBufferMemoryBarrier *buffers, uint32_t n_images,
                                   const VkImageMemoryBarrier *images)
{
    assert_int_equal(n, 1);
    assert_int_equal(memory->srcAccessMask, VK_ACCESS_SHADER_WRITE_BIT);
    note(to == VK_PIPELINE_STAGE_HOST_BIT ? 'H' : 'B');
    real_barrier(c, from, to, flags, n, memory, n_buffers, buffers, n_images, images);
}

static void VKAPI_CALL see_dispatch(VkCommandBuffer c, VkBuffer buffer, VkDeviceSize offset)
{
    note('D');
    real_dispatch(c, buffer, offset);
}

static int set_up(void **state)
{
    (void)state;
    device = test_device_create();
    real_barrier = device->fn.vkCmdPipelineBarrier;
    real_dispatch = device->fn.vkCmdDispatchIndirect;
    device->fn.vkCmdPipelineBarrier = see_barrier;
    device->fn.vkCmdDispatchIndirect = see_dispatch;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_device_destroy(&device);
    return 0;
}

static uint64_t draw(uint64_t *state, uint64_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % n;
}

/* Functions of one value or sums of two, each of any values before it; the last is an output, and
 * some more are. */
static vireo_model *draw_model(uint64_t seed)
{
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_error err = {0};
    vireo_value values[INPUTS + MOST_NODES];
    uint64_t state = seed;
    size_t n = 0;
    char name[24];
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    for (; n < INPUTS; n++) {
        snprintf(name, sizeof name, "x%zu", n);
        values[n] = vireo_graph_input(g, name, VIREO_F32, 2, (const int64_t[]){HEIGHT, WIDTH},
                                      (vireo_symbol){0});
    }
    const size_t nodes = 2 + (size_t)draw(&state, MOST_NODES - 1);
    for (size_t i = 0; i < nodes; i++) {
        const vireo_value a = values[draw(&state, n)], b = values[draw(&state, n)];
        values[n] = draw(&state, 2) ? vireo_unary_op(g, VIREO_TANH, a)
                                    : vireo_binary_op(g, VIREO_ADD, a, b);
        n++;
        if (i + 1 == nodes || draw(&state, 4) == 0) {
            snprintf(name, sizeof name, "y%zu", i);
            vireo_graph_output(g, name, values[n - 1]);
        }
    }
    if (vireo_model_create(device, &g, NULL, &model, &err))
        fail_msg("%s", err.message);
    return model;
}

static bool touch(const vr_bucket *b, uint32_t x, uint32_t y)
{
    const vr_place *p = &b->places[x], *q = &b->places[y];
    return x && y && p->buffer == q->buffer &&
           p->offset < q->offset + vr_value_bytes(&b->values[y]) &&
           q->offset < p->offset + vr_value_bytes(&b->values[x]);
}

/* Whether node j must wait for node i, which comes before it: one writes what the other writes or
 * reads. */
static bool must_wait(const vr_bucket *b, size_t i, size_t j)
{
    const vr_node *first = &b->model->graph->nodes[i], *then = &b->model->graph->nodes[j];
    bool wait = touch(b, first->out[0], then->out[0]);
    for (int k = 0; k < 2; k++)
        wait = wait || touch(b, first->out[0], then->in[k]) || touch(b, first->in[k], then->out[0]);
    return wait;
}

/* Each node dispatches once, in order. Returns how many barriers there are between dispatches. */
static size_t judge(const vr_bucket *b, uint64_t seed)
{
    const size_t n_nodes = b->model->graph->n_nodes;
    size_t node = 0, since = 0, barriers = 0; /* since: the first node after the last barrier */
    bool barrier = false;
    assert_int_equal(b->launches.count, n_nodes);
    assert_true(n_commands >= n_nodes + 2 && commands[0] == 'B' && commands[n_commands - 1] == 'H');
    for (size_t c = 1; c + 1 < n_commands; c++) {
        if (commands[c] == 'B') {
            assert_false(barrier);
            barrier = true;
            continue;
        }
        bool needed = false;
        for (size_t i = since; i < node; i++)
            needed = needed || must_wait(b, i, node);
        if (needed != barrier)
            fail_msg("graph %llu: %s barrier before node %zu", (unsigned long long)seed,
                     needed ? "no" : "a needless", node);
        if (barrier) {
            since = node;
            barriers++;
        }
        barrier = false;
        node++;
    }
    assert_int_equal(node, n_nodes);
    return barriers;
}

static size_t try_graph(uint64_t seed)
{
    static float in[INPUTS][HEIGHT * WIDTH], out[MOST_NODES + 1][HEIGHT * WIDTH];
    vireo_model *model = draw_model(seed);
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_tensor x[INPUTS], y[MOST_NODES + 1];
    vireo_session *s = NULL;
    vireo_error err = {0};
    for (size_t i = 0; i < INPUTS; i++)
        x[i] = (vireo_tensor){VIREO_F32, 2, {HEIGHT, WIDTH}, in[i], sizeof in[i]};
    for (size_t i = 0; i < MOST_NODES + 1; i++)
        y[i] = (vireo_tensor){.data = out[i], .bytes = sizeof out[i]};
    n_commands = 0;
    if (vireo_session_create(model, &options, &s, &err) ||
        vireo_session_run(s, x, INPUTS, y, model->graph->n_outputs, &err))
        fail_msg("%s", err.message);
    const size_t barriers = judge(s->buckets[0], seed);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    return barriers;
}

static void test_barriers(void **state)
{
    (void)state;
    const char *tier = getenv("VIREO_TIER");
    const uint64_t n = tier && !strcmp(tier, "fast") ? FAST_GRAPHS : GRAPHS;
    size_t barriers = 0;
    for (uint64_t seed = 1; seed <= n; seed++)
        barriers += try_graph(seed);
    printf("%zu barriers in %llu graphs, each needed\n", barriers, (unsigned long long)n);
    assert_true(barriers > n);
}

/* A sum, then a function, of values that bindings hold in slabs: a few more than 21, whose sums
 * fill the table of accesses. The view of a slab reaches into the next, whose writing must then be
 * waited for as well (the validation layers say so). */
enum { SLABS = 23, SLAB_ROWS = 256, SLAB_WIDTH = 64 };

static void test_slabs(void **state)
{
    static float x[SLABS * SLAB_ROWS * SLAB_WIDTH], y[SLABS * SLAB_ROWS * SLAB_WIDTH];
    const int64_t shape[] = {SLABS * SLAB_ROWS, SLAB_WIDTH};
    const vr_device_override o = {.max_storage_binding_bytes = SLAB_ROWS * SLAB_WIDTH * sizeof *x};
    const vireo_device_options options = test_device_options();
    vireo_device *cut = test_device_create_with(&options, &o);
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    (void)state;
    cut->fn.vkCmdPipelineBarrier = see_barrier;
    cut->fn.vkCmdDispatchIndirect = see_dispatch;
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_value v = vireo_graph_input(g, "x", VIREO_F32, 2, shape, (vireo_symbol){0});
    vireo_value w = vireo_graph_input(g, "w", VIREO_F32, 2, shape, (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_unary_op(g, VIREO_RELU, vireo_binary_op(g, VIREO_ADD, v, w)));
    const vireo_tensor one = {VIREO_F32, 2, {shape[0], shape[1]}, x, sizeof x}, in[] = {one, one};
    vireo_tensor out = {.data = y, .bytes = sizeof y};
    n_commands = 0;
    if (vireo_model_create(cut, &g, NULL, &model, &err) ||
        vireo_session_create(model, NULL, &s, &err) || vireo_session_run(s, in, 2, &out, 1, &err))
        fail_msg("%s", err.message);
    const bool views = s->buckets[0]->nodes[1].kernel->binds[0].access != VR_STORAGE;
    size_t dispatch = 0, since = 0;
    for (size_t c = 0; c < n_commands; c++) {
        if (commands[c] != 'D') {
            since = dispatch;
            continue;
        }
        /* Of dispatches since the last barrier none wrote this slab or, of a view, the one after
         * it. */
        for (size_t slab = dispatch - SLABS; dispatch >= SLABS && slab <= dispatch - SLABS + views;
             slab++)
            assert_false(slab >= since && slab < SLABS);
        dispatch++;
    }
    assert_int_equal(dispatch, 2 * SLABS);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    test_device_destroy(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_barriers),
                                       cmocka_unit_test(test_slabs)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
