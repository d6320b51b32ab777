/* SPDX-License-Identifier: Apache-2.0
 * Long work is cut: into dispatches and submissions that end soon on the slowest driver, with progress and
 * cancellation between them; answers are what one submission would give. */
#include "tiny_encoder.h"
#include "tests/measure.h"
#include "run/session.h"
#include <math.h>

enum { TRIES = 8, LONGEST_MS = 200 * MEASURE_FACTOR };

static vireo_device *device;

static int setup(void **state)
{
    (void)state;
    const vr_device_override o = {.steady_pace = true};
    const vireo_device_options options = test_device_options();
    device = test_device_create_with(&options, &o);
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    test_device_destroy(&device);
}

/* A graph of one input x of rows x width, and what the test makes of it. */
typedef struct work {
    int64_t rows, width;
    vireo_value (*build)(vireo_graph *, vireo_value x, const float *weights);
    double flops, bytes; /* at least what it does; flops that take as long as a product's */
    const char *kernel;  /* NULL, or the one that is forced */
} work;

enum { SIDE = 1024, TOKENS = 2048 };

static vireo_value chain(vireo_graph *g, vireo_value x, const float *weights, int n)
{
    const vireo_tensor w = {VIREO_F32, 2, {SIDE, SIDE}, (void *)(uintptr_t)weights,
                            sizeof(float) * SIDE * SIDE};
    const vireo_value b = vireo_graph_constant(g, "w", &w);
    for (int i = 0; i < n; i++)
        x = vireo_matmul(g, x, b, &(vireo_matmul_args){.transpose_b = true});
    return x;
}

static vireo_value products(vireo_graph *g, vireo_value x, const float *weights)
{
    return chain(g, x, weights, 2);
}

static vireo_value of_blocks(vireo_graph *g, vireo_value x, const float *weights)
{
    static char blocks[SIDE * (SIDE / 32 * 34)]; /* scales of zero */
    const vireo_tensor w = {VIREO_Q8_0, 2, {SIDE, SIDE}, blocks, sizeof blocks};
    (void)weights;
    return vireo_matmul(g, x, vireo_graph_constant(g, "w", &w), &(vireo_matmul_args){.transpose_b = true});
}

static vireo_value many_products(vireo_graph *g, vireo_value x, const float *weights)
{
    return chain(g, x, weights, 5);
}

static vireo_value attention_of(vireo_graph *g, vireo_value x, const vireo_attention_args *args, int tokens)
{
    static int32_t offsets[2];
    const vireo_tensor t = {VIREO_I32, 1, {2}, offsets, sizeof offsets};
    offsets[1] = tokens;
    return vireo_attention_with(g, x, x, x, vireo_graph_constant(g, "offsets", &t), args);
}

static vireo_value attention(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return attention_of(g, x, &(vireo_attention_args){.n_heads = 4, .n_kv_heads = 4}, TOKENS);
}

/* More than SwiftShader's views hold. */
static vireo_value wide_attention(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return attention_of(g, x, &(vireo_attention_args){.n_heads = 4, .n_kv_heads = 4}, SIDE);
}

static vireo_value pointwise_attention(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    const vireo_attention_args args = {.n_heads = 4, .n_kv_heads = 4, .pointwise = 1.0f / SIDE};
    return attention_of(g, x, &args, SIDE);
}

static vireo_value elements(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_unary_op(g, VIREO_TANH, x);
}

/* Sequences of EACH rows, or bags of EACH ids. */
enum { EACH = 16, MOST_ENDS = 1 << 16, IDS = 500000, BAG_ROWS = 1 << 16, ALIKE = 300000 };

static vireo_value ends_of(vireo_graph *g, int64_t sequences)
{
    static int32_t ends[MOST_ENDS + 1];
    const vireo_tensor t = {VIREO_I32, 1, {sequences + 1}, ends, sizeof *ends * (size_t)(sequences + 1)};
    for (int32_t i = 0; i <= sequences; i++)
        ends[i] = i * EACH;
    return vireo_graph_constant(g, "ends", &t);
}

static vireo_value means(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_pool(g, VIREO_POOL_MEAN, x, ends_of(g, 24000));
}

static vireo_value scattered_ids(vireo_graph *g)
{
    static int32_t ids[IDS];
    const vireo_tensor t = {VIREO_I32, 1, {IDS}, ids, sizeof ids};
    for (uint32_t i = 0; i < IDS; i++)
        ids[i] = (int32_t)(i * 2654435761u % BAG_ROWS);
    return vireo_graph_constant(g, "ids", &t);
}

static vireo_value bags(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_embedding_bag(g, VIREO_BAG_SUM, x, scattered_ids(g), ends_of(g, IDS / EACH), VIREO_NONE);
}

static vireo_value few(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_top_k(g, x, 10, VIREO_NONE).values;
}

static vireo_value more(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_top_k(g, x, 20, VIREO_NONE).values;
}

static vireo_value normalized(vireo_graph *g, vireo_value x, const float *weights)
{
    const vireo_tensor t = {VIREO_F32, 1, {4096}, (void *)(uintptr_t)weights, 4096 * sizeof(float)};
    return vireo_layer_norm(g, x, vireo_graph_constant(g, "gain", &t), VIREO_NONE, 1e-5f);
}

static vireo_value shares(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_softmax(g, x, 1, VIREO_NONE);
}

static vireo_value turned(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_transpose(g, x, (const uint32_t[]){1, 0});
}

static vireo_value rotated(vireo_graph *g, vireo_value x, const float *weights)
{
    static int32_t positions[6000];
    const vireo_tensor t = {VIREO_I32, 1, {6000}, positions, sizeof positions};
    (void)weights;
    for (uint32_t i = 0; i < 6000; i++)
        positions[i] = (int32_t)(i * 2654435761u % 4096);
    return vireo_rope(g, x, vireo_graph_constant(g, "positions", &t),
                      vireo_rope_table(g, 4096, 64, 1e4, 1), 64, VIREO_ROPE_HALVES);
}

static vireo_value joined(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_concat(g, (const vireo_value[]){x, x}, 2, 1);
}

/* The ids of all updates are one row's, which a few lanes add up, one after the other. */
static vireo_value added(vireo_graph *g, vireo_value x, const float *weights)
{
    static int32_t ids[ALIKE];
    const vireo_tensor t = {VIREO_I32, 1, {ALIKE}, ids, sizeof ids};
    const vireo_tensor rows = {VIREO_F32, 2, {SIDE, 64}, (void *)(uintptr_t)weights,
                               64 * SIDE * sizeof(float)};
    for (size_t i = 0; i < ALIKE; i++)
        ids[i] = 7;
    return vireo_scatter_rows(g, VIREO_SCATTER_ADD, vireo_graph_constant(g, "rows", &rows),
                              vireo_graph_constant(g, "ids", &t), x);
}

static vireo_value gathered(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_gather_rows(g, x, scattered_ids(g));
}

static vireo_value running(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_cumsum(g, x, false);
}

static vireo_value largest(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_reduce(g, VIREO_REDUCE_MAX, x);
}

static vireo_value inner(vireo_graph *g, vireo_value x, const float *weights)
{
    (void)weights;
    return vireo_slice(g, x, 1, 3, 4090);
}

static const work works[] = {{SIDE, SIDE, products, 4.0 * SIDE * SIDE * SIDE, 0, NULL},
                             {TOKENS, 128, attention, 4.0 * TOKENS * TOKENS * 128, 0, NULL},
                             {SIDE / 4, SIDE, products, 16.0 * SIDE * SIDE * SIDE, 0, "matmul/plain"},
                             {SIDE, SIDE, of_blocks, 2 * 2.0 * SIDE * SIDE * SIDE, 0, "matmul/packed"},
                             {SIDE, 384, wide_attention, 4.0 * SIDE * SIDE * 384, 0, NULL},
                             {SIDE, 200, wide_attention, 24 * 4.0 * SIDE * SIDE * 200, 0, "attention/long"},
                             {SIDE, 200, pointwise_attention, 4.0 * SIDE * SIDE * 200, 0, NULL},
                             {6000, 4096, elements, 0, 2.0 * 6000 * 4096 * sizeof(float), NULL},
                             {24000 * EACH, 64, means, 0, 24000.0 * EACH * 64 * sizeof(float), NULL},
                             {BAG_ROWS, 64, bags, 0, 64.0 * IDS * sizeof(float), NULL},
                             {4, 7000000, few, 0, 4.0 * 7000000 * sizeof(float), NULL},
                             {60000, 450, few, 0, 60000.0 * 450 * sizeof(float), NULL},
                             {16000, 1683, more, 0, 16000.0 * 1683 * sizeof(float), NULL},
                             {6000, 4096, normalized, 0, 2.0 * 6000 * 4096 * sizeof(float), NULL},
                             {6000, 4096, shares, 0, 2.0 * 6000 * 4096 * sizeof(float), NULL},
                             {6000, 4096, turned, 0, 2.0 * 6000 * 4096 * sizeof(float), NULL},
                             {6000, 4096, rotated, 0, 2.0 * 6000 * 4096 * sizeof(float), NULL},
                             {4000, 4096, joined, 0, 4.0 * 4000 * 4096 * sizeof(float), NULL},
                             {ALIKE, 64, added, 0, 64.0 * ALIKE * sizeof(float), NULL},
                             {IDS / 2, 64, gathered, 0, 64.0 * IDS * sizeof(float), NULL},
                             {4000, 4096, running, 0, 2.0 * 4000 * 4096 * sizeof(float), NULL},
                             {3, 6000000, running, 0, 6.0 * 6000000 * sizeof(float), NULL},
                             {4000, 4096, largest, 0, 4000.0 * 4096 * sizeof(float), NULL},
                             {3, 6000000, largest, 0, 3.0 * 6000000 * sizeof(float), NULL},
                             {4000, 4096, inner, 0, 2.0 * 4000 * 4090 * sizeof(float), NULL}};
enum { WORKS = sizeof works / sizeof *works };
static const work long_work = {SIDE, SIDE, many_products, 0, 0, NULL};

typedef struct opened {
    vireo_model *model;
    vireo_session *session;
    vireo_tensor in, out;
    float *weights;
} opened;

static float *random_floats(size_t n, float scale)
{
    uint64_t random = 5;
    float *f = malloc(n * sizeof *f);
    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        f[i] = scale * tiny_uniform(&random);
    return f;
}

static opened open_work(const work *w, const vireo_session_options *o)
{
    opened r = {.weights = random_floats(SIDE * SIDE, 0.03f)};
    const size_t bytes = (size_t)(w->rows * w->width) * sizeof(float);
    const int64_t shape[] = {w->rows, w->width};
    vireo_graph *g = NULL;
    vireo_error err = {0};
    r.in = (vireo_tensor){VIREO_F32, 2, {w->rows, w->width}, random_floats(bytes / 4, 1), bytes};
    r.out = r.in;
    r.out.bytes = 2 * bytes; /* concat's is the largest */
    r.out.data = calloc(1, r.out.bytes);
    assert_non_null(r.out.data);
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    const vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, shape, (vireo_symbol){0});
    vireo_graph_output(g, "y", w->build(g, x, r.weights));
    if (vireo_model_create(device, &g, NULL, &r.model, &err) ||
        vireo_session_create(r.model, o, &r.session, &err))
        fail_msg("%s", err.message);
    return r;
}

static void close_work(opened *r)
{
    vireo_session_destroy(&r->session);
    vireo_model_destroy(&r->model);
    free(r->weights);
    free(r->in.data);
    free(r->out.data);
}

/* The longest time that the device spent on a submission of the last run. */
static double longest_ms(const vireo_session *s)
{
    const vr_slot *slot = &s->buckets[0]->slots[0];
    uint64_t longest = 0, before = 0;
    for (size_t i = 0; i < slot->n_segments; i++) {
        const vr_segment *g = &slot->segments[i];
        if (!g->ends_submission)
            continue;
        const uint64_t start = g->submitted_ns > before ? g->submitted_ns : before;
        if (g->finished_ns - start > longest)
            longest = g->finished_ns - start;
        before = g->finished_ns;
    }
    return (double)longest / 1e6;
}

/* Dispatches of a kernel's second program. */
static size_t second_dispatches(const vr_launches *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += l->list[i].second;
    return n;
}

/* Other programs may take the time between: one of several runs must keep to it, of whose time no more
 * counts than the processors have worked for it. */
static void submissions_are_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORKS; i++) {
        vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
        o.force_kernel = works[i].kernel;
        opened r = open_work(&works[i], &o);
        double best = INFINITY;
        vireo_error err = {0};
        for (int run = 0; run < TRIES && best > LONGEST_MS; run++) {
            const double seconds = measure_seconds();
            const uint64_t began = vr_now_ns();
            if (vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err)) /* the first one compiles */
                fail_msg("work %zu: %s", i, err.message);
            const double wall = (double)(vr_now_ns() - began) / 1e9;
            const double ms = longest_ms(r.session) * fmin(1, (measure_seconds() - seconds) / wall);
            best = run && ms < best ? ms : best;
        }
        vr_slot *slot = &r.session->buckets[0]->slots[0];
        const double least = fmax(works[i].flops / vr_dispatch_flops(&device->info),
                                  works[i].bytes / vr_dispatch_bytes(&device->info));
        print_message("work %zu: %zu submissions, the longest %.1f ms\n", i, slot->n_segments, best);
        assert_true((double)slot->n_segments >= floor(least));
        if (works[i].build == added) /* each update is taken for a microsecond or more */
            assert_true(second_dispatches(&r.session->buckets[0]->launches) >= ALIKE / device->info.dispatch_us);
        assert_true(best <= LONGEST_MS);
        close_work(&r);
    }
}

/* What cutting may get wrong: rows or queries left out, or done with another part's operands. */
static void answers_are_whole(void **state)
{
    (void)state;
    opened r = open_work(&works[0], NULL);
    const float *x = r.in.data, *w = r.weights, *y = r.out.data;
    static double first[SIDE];
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, NULL), VIREO_OK);
    for (size_t row = 0; row < SIDE; row += 51) {
        for (size_t j = 0; j < SIDE; j++) {
            first[j] = 0;
            for (size_t k = 0; k < SIDE; k++)
                first[j] += (double)x[row * SIDE + k] * (double)w[j * SIDE + k];
        }
        for (size_t j = 0; j < SIDE; j += 7) {
            double want = 0;
            for (size_t k = 0; k < SIDE; k++)
                want += first[k] * (double)w[j * SIDE + k];
            assert_true(fabs(want - (double)y[row * SIDE + j]) < 1e-5);
        }
    }
    close_work(&r);
    r = open_work(&works[1], NULL); /* each row is an average of all */
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, NULL), VIREO_OK);
    x = r.in.data, y = r.out.data;
    for (size_t row = 0; row < TOKENS; row += 97) {
        static double weight[TOKENS];
        double total = 0, want = 0;
        const size_t head = row % 4 * 32;
        for (size_t key = 0; key < TOKENS; key++) {
            double score = 0;
            for (size_t d = 0; d < 32; d++)
                score += (double)x[row * 128 + head + d] * (double)x[key * 128 + head + d];
            total += weight[key] = exp(score / sqrt(32));
        }
        for (size_t key = 0; key < TOKENS; key++)
            want += weight[key] / total * (double)x[key * 128 + head + 3];
        assert_true(fabs(want - (double)y[row * 128 + head + 3]) < 1e-5);
    }
    close_work(&r);
}

typedef struct seen {
    uint64_t calls, done, cancel_at, compiled, first;
} seen;

static int note_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    seen *s = user;
    if (strcmp(what, "run") != 0) {
        s->compiled += !strcmp(what, "compile") && done == total;
        s->first += !strncmp(what, "first run", 9);
        return 0;
    }
    assert_true(done > s->done && done < total);
    s->done = done;
    s->calls++;
    return s->calls == s->cancel_at;
}

static void expect_cancelled(opened *r, seen *s, uint64_t at, uint64_t n)
{
    char message[96];
    vireo_error err = {0};
    *s = (seen){.cancel_at = at};
    assert_int_equal(vireo_session_wait(r->session, &r->out, 1, &err), VIREO_ERROR_CANCELLED);
    assert_int_equal(s->calls, at);
    snprintf(message, sizeof message, "cancelled after %llu of %llu parts",
             (unsigned long long)s->done, (unsigned long long)n);
    assert_string_equal(err.message, message);
    *s = (seen){0};
}

/* A cancelled run leaves the next one, already in flight, as it is. */
static void progress_and_cancel(void **state)
{
    (void)state;
    seen s = {0};
    vireo_error err = {0};
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.progress = note_progress;
    o.progress_user = &s;
    opened r = open_work(&long_work, &o);
    const size_t bytes = r.out.bytes;
    float *want = malloc(bytes);
    assert_non_null(want);
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err), VIREO_OK);
    memcpy(want, r.out.data, bytes);
    const uint64_t n = r.session->buckets[0]->slots[0].n_segments;
    assert_int_equal(s.calls, 0);
    assert_int_equal(s.compiled, 1);
    assert_true(s.first >= n); /* and more where they take long */
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err), VIREO_OK);
    const uint64_t calls = s.calls; /* between submissions, of one part or more */
    assert_true(calls < n);
    assert_int_equal(s.compiled, 1);
    for (uint64_t at = 1; at <= calls; at += calls > 1 ? calls - 1 : 1) {
        assert_int_equal(vireo_session_submit(r.session, &r.in, 1, &err), VIREO_OK);
        assert_int_equal(vireo_session_submit(r.session, &r.in, 1, &err), VIREO_OK);
        expect_cancelled(&r, &s, at, n);
        memset(r.out.data, 0, bytes);
        assert_int_equal(vireo_session_wait(r.session, &r.out, 1, &err), VIREO_OK);
        assert_memory_equal(r.out.data, want, bytes);
    }
    if (device->info.type == VIREO_DEVICE_CPU) {
        const uint64_t before = device->counters.submits;
        assert_true(calls >= 19);
        assert_int_equal(vireo_session_submit(r.session, &r.in, 1, &err), VIREO_OK);
        expect_cancelled(&r, &s, 1, n);
        assert_true(device->counters.submits - before <= calls / 2); /* the rest is never submitted */
    }
    free(want);
    close_work(&r);
}

/* What the device shows decides how much is submitted together. */
static void pace_is_learned(void **state)
{
    (void)state;
    vireo_error err = {0};
    opened r = open_work(&long_work, NULL);
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err), VIREO_OK);
    const vr_slot *slot = &r.session->buckets[0]->slots[0];
    device->steady_pace = false;
    device->pace = 1;
    uint64_t submits = device->counters.submits;
    for (int i = 0; i < 3; i++)
        assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err), VIREO_OK);
    const float learned = device->pace;
    submits = device->counters.submits - submits;
    print_message("pace %.3f; %llu submissions of %zu segments\n", (double)learned,
                  (unsigned long long)submits, 3 * slot->n_segments);
    if (slot->n_segments > 1)
        assert_true(learned != 1);
    if (learned < 0.4f)
        assert_true(submits < 3 * slot->n_segments);
    device->pace = 0.01f; /* slower than that counts at once; it is never below an eighth */
    assert_int_equal(vireo_session_run(r.session, &r.in, 1, &r.out, 1, &err), VIREO_OK);
    if (slot->n_segments > 1)
        assert_true(device->pace >= 0.125f);
    device->steady_pace = true;
    device->pace = 1;
    close_work(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submissions_are_short),
        cmocka_unit_test(answers_are_whole),
        cmocka_unit_test(progress_and_cancel),
        cmocka_unit_test(pace_is_learned),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
