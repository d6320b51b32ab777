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
    MOST_COMMANDS = 512,
    SINGLE = 100, /* functions of an input, none of which waits for another */
    INPUTS = 3,
    HEIGHT = 6,
    WIDTH = 20
};

static vireo_device *device, *cut; /* cut: each dispatch is a segment */
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

static vireo_device *watched(const vr_device_override *o)
{
    const vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, o);
    real_barrier = d->fn.vkCmdPipelineBarrier;
    real_dispatch = d->fn.vkCmdDispatchIndirect;
    d->fn.vkCmdPipelineBarrier = see_barrier;
    d->fn.vkCmdDispatchIndirect = see_dispatch;
    return d;
}

static int set_up(void **state)
{
    (void)state;
    device = watched(NULL);
    cut = watched(&(vr_device_override){.segment_ns = 1, .steady_pace = true});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_device_destroy(&cut);
    test_device_destroy(&device);
    return 0;
}

static uint64_t draw(uint64_t *state, uint64_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % n;
}

static vireo_graph *begin(vireo_value *inputs)
{
    vireo_graph *g = NULL;
    char name[24];
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    for (size_t n = 0; n < INPUTS; n++) {
        snprintf(name, sizeof name, "x%zu", n);
        inputs[n] = vireo_graph_input(g, name, VIREO_F32, 2, (const int64_t[]){HEIGHT, WIDTH},
                                      (vireo_symbol){0});
    }
    return g;
}

/* Functions of one value or sums of two, each of any values before it; the last is an output, and
 * some more are. */
static vireo_graph *draw_graph(uint64_t seed)
{
    vireo_value values[INPUTS + MOST_NODES];
    vireo_graph *g = begin(values);
    uint64_t state = seed;
    size_t n = INPUTS;
    char name[24];
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
    return g;
}

/* So many functions of inputs, all outputs, and a sum of the first and the last. */
static vireo_graph *single_graph(void)
{
    vireo_value values[INPUTS], y, first = VIREO_NONE;
    vireo_graph *g = begin(values);
    char name[24];
    for (size_t i = 0; i < SINGLE; i++) {
        y = vireo_unary_op(g, VIREO_TANH, values[i % INPUTS]);
        first = i ? first : y;
        snprintf(name, sizeof name, "y%zu", i);
        vireo_graph_output(g, name, y);
    }
    vireo_graph_output(g, "sum", vireo_binary_op(g, VIREO_ADD, first, y));
    return g;
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

/* seed: of what the graph was drawn by, for messages. */
static size_t try_graph(vireo_device *d, vireo_graph *g, uint64_t seed)
{
    static float in[INPUTS][HEIGHT * WIDTH], out[SINGLE + 1][HEIGHT * WIDTH];
    vireo_model *model = NULL;
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_tensor x[INPUTS], y[SINGLE + 1];
    vireo_session *s = NULL;
    vireo_error err = {0};
    for (size_t i = 0; i < INPUTS; i++)
        x[i] = (vireo_tensor){VIREO_F32, 2, {HEIGHT, WIDTH}, in[i], sizeof in[i]};
    for (size_t i = 0; i < SINGLE + 1; i++)
        y[i] = (vireo_tensor){.data = out[i], .bytes = sizeof out[i]};
    n_commands = 0;
    if (vireo_model_create(d, &g, NULL, &model, &err) ||
        vireo_session_create(model, &options, &s, &err) ||
        vireo_session_run(s, x, INPUTS, y, model->graph->n_outputs, &err))
        fail_msg("%s", err.message);
    const size_t barriers = judge(s->buckets[0], seed);
    assert_int_equal(s->buckets[0]->slots[0].n_segments, d == cut ? s->buckets[0]->launches.count : 1);
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
    for (uint64_t seed = 1; seed <= n; seed++) {
        const size_t found = try_graph(device, draw_graph(seed), seed);
        assert_int_equal(try_graph(cut, draw_graph(seed), seed), found); /* across segments too */
        barriers += found;
    }
    printf("%zu barriers in %llu graphs, each needed\n", barriers, (unsigned long long)n);
    assert_true(barriers > n);
}

/* However many accesses there are, what does not conflict does not wait. */
static void test_many(void **state)
{
    (void)state;
    assert_int_equal(try_graph(device, single_graph(), 0), 1);
    assert_int_equal(try_graph(cut, single_graph(), 0), 1);
}

/* Values that bindings hold in slabs, a dispatch each. */
enum { SLABS = 2, SLAB_ROWS = 256, SLAB_WIDTH = 64 };

static vireo_value tanh_of(vireo_graph *g, vireo_value x)
{
    return vireo_unary_op(g, VIREO_TANH, x);
}

static void sum_of_slabs(vireo_graph *g, vireo_value x, vireo_value w)
{
    vireo_graph_output(g, "y", tanh_of(g, vireo_binary_op(g, VIREO_ADD, x, w)));
}

/* The second slab of a function, in place. */
static void second_slab(vireo_graph *g, vireo_value x, vireo_value w)
{
    (void)w;
    vireo_graph_output(g, "y", tanh_of(g, vireo_slice(g, tanh_of(g, x), 0, SLAB_ROWS, SLAB_ROWS)));
}

/* Two slabs take the place of a and b, of which b alone was read after the last barrier: the second slab is
 * waited for, and then the only one of them that is still pending. */
static void one_of_two_slabs(vireo_graph *g, vireo_value x, vireo_value w)
{
    const vireo_value a = tanh_of(g, vireo_slice(g, x, 0, 0, SLAB_ROWS));
    const vireo_value b = tanh_of(g, vireo_slice(g, w, 0, 0, SLAB_ROWS));
    const vireo_value y = tanh_of(g, a);
    vireo_graph_output(g, "y", y);
    vireo_graph_output(g, "of y", tanh_of(g, y));
    vireo_graph_output(g, "of b", tanh_of(g, b));
    vireo_graph_output(g, "of two", tanh_of(g, tanh_of(g, x)));
}

/* Commands of a graph's recording. Returns whether its last node reads by texel views. */
static bool record_slabs(void (*build)(vireo_graph *, vireo_value, vireo_value))
{
    static float x[SLABS * SLAB_ROWS * SLAB_WIDTH], y[4][SLABS * SLAB_ROWS * SLAB_WIDTH];
    const int64_t shape[] = {SLABS * SLAB_ROWS, SLAB_WIDTH};
    vireo_device *d =
        watched(&(vr_device_override){.max_storage_binding_bytes = SLAB_ROWS * SLAB_WIDTH * sizeof *x});
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    vireo_tensor out[4];
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_value v = vireo_graph_input(g, "x", VIREO_F32, 2, shape, (vireo_symbol){0});
    vireo_value w = vireo_graph_input(g, "w", VIREO_F32, 2, shape, (vireo_symbol){0});
    build(g, v, w);
    const vireo_tensor one = {VIREO_F32, 2, {shape[0], shape[1]}, x, sizeof x}, in[] = {one, one};
    for (int i = 0; i < 4; i++)
        out[i] = (vireo_tensor){.data = y[i], .bytes = sizeof y[i]};
    n_commands = 0;
    if (vireo_model_create(d, &g, NULL, &model, &err) ||
        vireo_session_create(model, NULL, &s, &err) ||
        vireo_session_run(s, in, 2, out, model->graph->n_outputs, &err))
        fail_msg("%s", err.message);
    note('\0');
    const vr_step_node *last = &s->buckets[0]->nodes[model->graph->n_nodes - 1];
    const bool views = last->kernel->binds[0].access != VR_STORAGE;
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    test_device_destroy(&d);
    return views;
}

/* The view of a slab reaches into the next, whose writing must then be waited for as well (the validation
 * layers say so). */
static void test_slabs(void **state)
{
    (void)state;
    record_slabs(sum_of_slabs);
    assert_string_equal(commands, "BDDBDDH");
    record_slabs(second_slab);
    assert_string_equal(commands, "BDDBDH");
    const bool views = record_slabs(one_of_two_slabs);
    assert_string_equal(commands, views ? "BDDBDBDDDBDBDDH" : "BDDBDBDDDBDDBDH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_barriers), cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_slabs)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
