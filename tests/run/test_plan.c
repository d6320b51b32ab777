/* SPDX-License-Identifier: Apache-2.0
 * The planner: no two things alive at one time share a byte, the peak stays within a tenth of the
 * lower bound, and reuse of memory changes no bit of a result. */
#include "tiny_encoder.h"
#include "run/session.h"

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

/* What stands in the arena: counted here from the nodes alone, apart from the planner's own lists.
 */
typedef struct held {
    uint64_t offset, bytes;
    size_t first, last; /* nodes */
} held;

static size_t collect(const vr_bucket *b, held *out)
{
    const vireo_graph *g = b->model->graph;
    size_t n = 0;
    held *values = calloc(g->n_values, sizeof *values);
    uint32_t *whole = calloc(g->n_values, sizeof *whole); /* of a view: what it is a view of */
    assert_true(values && whole);
    for (uint32_t id = 0; id < g->n_values; id++)
        whole[id] = id;
    for (size_t i = 0; i < g->n_nodes; i++) {
        for (int j = 0; j < VR_MAX_IN; j++)
            values[whole[g->nodes[i].in[j]]].last = i;
        for (int j = 0; j < VR_MAX_OUT; j++) {
            const uint32_t id = g->nodes[i].out[j];
            if (!id || g->values[id].is_output)
                continue;
            if (!b->nodes[i].kernel) {
                whole[id] = whole[g->nodes[i].in[0]];
                continue;
            }
            assert_ptr_equal(b->places[id].buffer, &b->arena);
            values[id] = (held){.offset = b->places[id].offset,
                                .bytes = vr_value_bytes(&b->values[id]) + VR_VIEW_EXCESS,
                                .first = i,
                                .last = i};
        }
    }
    for (size_t id = 1; id < g->n_values; id++)
        if (values[id].bytes) /* one that a node makes here */
            out[n++] = values[id];
    free(values);
    free(whole);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (b->nodes[i].scratch_bytes)
            out[n++] = (held){b->nodes[i].scratch_offset, b->nodes[i].scratch_bytes, i, i};
    return n;
}

/* Returns peak / lower bound. */
static double check_plan(const vr_bucket *b)
{
    held *list = calloc(3 * b->model->graph->n_nodes, sizeof *list);
    assert_non_null(list);
    const size_t n = collect(b, list);
    uint64_t bound = 0;
    for (size_t t = 0; t < b->model->graph->n_nodes; t++) {
        uint64_t live = 0;
        for (size_t i = 0; i < n; i++)
            if (list[i].first <= t && t <= list[i].last)
                live += list[i].bytes;
        bound = live > bound ? live : bound;
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].offset % 256, 0);
        assert_true(list[i].offset + list[i].bytes <= b->arena_bytes);
        for (size_t j = 0; j < i; j++) {
            const held *a = &list[i], *o = &list[j];
            const bool time = a->first <= o->last && o->first <= a->last;
            const bool place = a->offset < o->offset + o->bytes && o->offset < a->offset + a->bytes;
            if (time && place)
                fail_msg("[%llu, +%llu) and [%llu, +%llu) are alive together",
                         (unsigned long long)a->offset, (unsigned long long)a->bytes,
                         (unsigned long long)o->offset, (unsigned long long)o->bytes);
        }
    }
    assert_true(b->arena.bytes >= b->arena_bytes);
    assert_true(b->lower_bound >= bound && b->arena_bytes >= b->lower_bound);
    assert_true(b->lower_bound <= bound + 512 * n); /* rounding, and room for views */
    free(list);
    return b->lower_bound ? (double)b->arena_bytes / (double)b->lower_bound : 1;
}

static void encoder(void **state)
{
    (void)state;
    /* MiniLM's layers; its tables shortened, they are no activations */
    const tiny_shape minilm = {
        .width = 384, .heads = 12, .hidden = 1536, .layers = 6, .vocab = 8, .positions = 8};
    static const int64_t sizes[][2] = {{16, 16}, {512, 64}, {512, 512}, {4096, 16}, {64, 4096}};
    vireo_model *m = tiny_model(device, &minilm);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t capacity[VR_MAX_SYMBOLS + 1] = {0, sizes[i][0], sizes[i][1], sizes[i][1] - 1};
        vr_bucket *b = NULL;
        vireo_error err = {0};
        if (vr_bucket_create(m, capacity, &(vr_bucket_options){0}, &b, &err))
            fail_msg("%s", err.message);
        const double ratio = check_plan(b);
        print_message("%lld tokens, %lld ends: arena %llu bytes, %.3f of the lower bound\n",
                      (long long)sizes[i][0], (long long)sizes[i][1],
                      (unsigned long long)b->arena_bytes, ratio);
        assert_true(ratio <= 1.1);
        vr_bucket_destroy(&b);
        assert_null(b);
    }
    vireo_model_destroy(&m);
}

enum { NODES = 40, WIDTHS = 5, GRAPHS = 300 };
static const int64_t widths[WIDTHS] = {4, 12, 30, 64, 7};

/* A random graph over x (rows, 12): operands are drawn from the values so far, recent ones more
 * often. All results are outputs, or only the last; fused, or as it was drawn. */
static vireo_model *random_model(uint64_t seed, int64_t rows, float *weights, bool all, bool fused)
{
    uint64_t random = seed;
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    vireo_value v[NODES + 1];
    int64_t width[NODES + 1] = {12};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    v[0] = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){rows, 12}, (vireo_symbol){0});
    for (size_t i = 1; i <= NODES; i++) {
        const size_t reach = tiny_random(&random) % 4 ? 4 : i;
        const size_t a = i - 1 - tiny_random(&random) % (reach < i ? reach : i);
        size_t b = a;
        width[i] = width[a];
        for (size_t tries = 0; tries < 8; tries++) {
            const size_t other = tiny_random(&random) % i;
            b = width[other] == width[a] ? other : b;
        }
        switch (tiny_random(&random) % 8) {
        case 0:
            v[i] = vireo_unary_op(g, VIREO_TANH, v[a]);
            break;
        case 1:
            v[i] = vireo_binary_op(g, VIREO_ADD, v[a], v[b]);
            break;
        case 2:
            v[i] = vireo_layer_norm(g, v[a], VIREO_NONE, VIREO_NONE, 1e-5f);
            break;
        case 3: /* two views, and what lies between them */
            v[i] = vireo_reshape(g, v[a], 2, (int64_t[]){rows / 2, 2 * width[a]});
            v[i] = vireo_unary_op(g, VIREO_TANH, v[i]);
            v[i] = vireo_reshape(g, v[i], 2, (int64_t[]){rows, width[a]});
            break;
        case 4: /* the middle of two */
            v[i] = vireo_concat(g, (vireo_value[]){v[a], v[b]}, 2, 1);
            v[i] = vireo_slice(g, v[i], 1, width[a] / 2, width[a]);
            break;
        default: {
            width[i] = i == NODES ? 12 : widths[tiny_random(&random) % WIDTHS];
            vireo_tensor t = {.dtype = VIREO_F32,
                              .rank = 2,
                              .shape = {width[a], width[i]},
                              .data = weights,
                              .bytes = (size_t)(width[a] * width[i]) * 4};
            v[i] = vireo_matmul(
                g, v[a], vireo_graph_constant(g, "w", &t),
                &(vireo_matmul_args){.residual = width[i] == width[b] ? v[b] : VIREO_NONE});
            break;
        }
        }
        char name[16];
        snprintf(name, sizeof name, "y%zu", i);
        if (all || i == NODES)
            vireo_graph_output(g, name, v[i]);
    }
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.no_fuse = !fused;
    if (vireo_model_create(device, &g, &options, &m, &err))
        fail_msg("%s", err.message);
    return m;
}

static void fill_weights(float *weights)
{
    uint64_t random = 3;
    for (size_t i = 0; i < 64 * 64; i++)
        weights[i] = tiny_uniform(&random) * 0.3f;
}

static void random_graphs(void **state)
{
    (void)state;
    static float weights[64 * 64];
    const int64_t none[VR_MAX_SYMBOLS + 1] = {0};
    double worst = 0;
    fill_weights(weights);
    for (uint64_t i = 0; i < 2 * GRAPHS; i++) {
        const uint64_t seed = 1 + i / 2;
        vireo_model *m = random_model(seed, 100, weights, false, i % 2);
        vr_bucket *b = NULL;
        vireo_error err = {0};
        if (vr_bucket_create(m, none, &(vr_bucket_options){0}, &b, &err))
            fail_msg("%s", err.message);
        const double ratio = check_plan(b);
        worst = ratio > worst ? ratio : worst;
        if (ratio > 1.1)
            fail_msg("seed %llu%s: the peak is %.3f of the lower bound", (unsigned long long)seed,
                     i % 2 ? ", fused" : "", ratio);
        vr_bucket_destroy(&b);
        vireo_model_destroy(&m);
    }
    print_message("%d random graphs: at worst %.3f of the lower bound\n", 2 * GRAPHS, worst);
}

/* What a kernel keeps between its dispatches lies apart from what its node reads and writes. */
static void scratch_is_apart(void **state)
{
    (void)state;
    enum { WIDTH = 5000 }; /* several pieces a row */
    const int64_t none[VR_MAX_SYMBOLS + 1] = {0};
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vr_bucket *b = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value x =
        vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){3, WIDTH}, (vireo_symbol){0});
    for (int i = 0; i < 3; i++)
        x = vireo_cumsum(g, vireo_unary_op(g, VIREO_TANH, x), i == 1);
    vireo_graph_output(g, "y", vireo_unary_op(g, VIREO_TANH, x));
    if (vireo_model_create(device, &g, NULL, &m, &err) ||
        vr_bucket_create(m, none, &(vr_bucket_options){0}, &b, &err))
        fail_msg("%s", err.message);
    size_t with_scratch = 0;
    for (size_t i = 0; i < m->graph->n_nodes; i++)
        with_scratch += b->nodes[i].scratch_bytes > 0;
    assert_int_equal(with_scratch, 3);
    assert_true(check_plan(b) <= 1.1);
    vr_bucket_destroy(&b);
    vireo_model_destroy(&m);
}

/* With every value an output nothing is ever reused: the same bits must come from the planned one.
 * What is written over what was read is ordered by barriers, or these differ. */
static void reuse_changes_nothing(void **state)
{
    (void)state;
    enum { ROWS = 100, WIDEST = 64 };
    static float weights[64 * 64], in[ROWS * 12], planned[ROWS * WIDEST];
    static float apart[NODES][ROWS * WIDEST];
    vireo_error err = {0};
    uint64_t random = 11;
    fill_weights(weights);
    for (size_t i = 0; i < ROWS * 12; i++)
        in[i] = tiny_uniform(&random);
    const vireo_tensor x = {VIREO_F32, 2, {ROWS, 12}, in, sizeof in};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        vireo_model *a = random_model(seed, ROWS, weights, false, false);
        vireo_model *b = random_model(seed, ROWS, weights, true, false);
        vireo_session *s = tiny_session(a, NULL), *t = tiny_session(b, NULL);
        vireo_tensor one = {.data = planned, .bytes = sizeof planned}, many[NODES] = {{0}};
        for (size_t i = 0; i < NODES; i++)
            many[i] = (vireo_tensor){.data = apart[i], .bytes = sizeof apart[i]};
        if (vireo_session_run(t, &x, 1, many, NODES, &err))
            fail_msg("%s", err.message);
        for (int i = 0; i < 5; i++) {
            memset(planned, 0xff, sizeof planned);
            if (vireo_session_run(s, &x, 1, &one, 1, &err))
                fail_msg("%s", err.message);
            const size_t bytes = (size_t)(one.shape[0] * one.shape[1]) * 4;
            assert_int_equal(many[NODES - 1].shape[1], one.shape[1]);
            assert_memory_equal(planned, apart[NODES - 1], bytes);
        }
        vireo_session_destroy(&s);
        vireo_session_destroy(&t);
        vireo_model_destroy(&a);
        vireo_model_destroy(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoder),
        cmocka_unit_test(random_graphs),
        cmocka_unit_test(scratch_is_apart),
        cmocka_unit_test(reuse_changes_nothing),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
