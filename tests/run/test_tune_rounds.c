/* SPDX-License-Identifier: Apache-2.0
 * Rounds of the tuner: trials take turns, those that are behind have no more of them, and the best of the others is
 * found. */
#include "selftest_fixture.h"
#include "tune_model.h"
#include "run/tuner.h"

/* ---- Dropping and judging ------------------------------------------------------------------- */

enum { N_TRIALS = 4, MATMUL = 0, NORM = 1, N_GROUPS = 2 };

/* A tuner with the usual kernels and trials that run "weights" and the norm's second kernel. */
typedef struct trials {
    vr_tuner t;
    vireo_session *owner;
    vr_tune_group groups[N_GROUPS];
    vr_trial list[N_TRIALS];
    double us[N_TRIALS][N_GROUPS][VR_TUNE_ROUNDS];
    bool runs[N_TRIALS][N_GROUPS], stays[N_TRIALS][N_GROUPS];
    size_t group_of[2]; /* the model's nodes */
    double ns[2];
} trials;

static const vr_kernel *other_norm(void)
{
    return &vr_ops[VR_OP_NORM]->kernels[1];
}

/* Open, after so many rounds. */
static void open_trials(trials *s, vireo_model *model, size_t n, size_t n_groups, size_t rounds)
{
    const vr_kernel *texel = selftest_kernel("texel"), *norm = &vr_ops[VR_OP_NORM]->kernels[0];
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_error err = {0};
    *s = (trials){.groups = {{.call.op = VR_OP_MATMUL, .usual = texel, .best = texel},
                             {.call.op = VR_OP_NORM, .usual = norm, .best = norm}},
                  .group_of = {MATMUL, NORM}};
    for (size_t g = 0; g < N_GROUPS; g++) {
        s->groups[g].ratio = 1;
        s->groups[g].n_nodes = 1;
        s->groups[g].may = ~0u;
    }
    assert_int_equal(vr_session_create(model, &options, &s->owner, &err), VIREO_OK);
    for (size_t i = 0; i < n; i++) {
        vr_trial *c = &s->list[i];
        *c = (vr_trial){.rounds = rounds, .runs = s->runs[i], .stays = s->stays[i], .us = s->us[i][0]};
        assert_int_equal(vr_session_create(model, &options, &c->session, &err), VIREO_OK);
        if (!i)
            continue;
        c->kernels[VR_OP_MATMUL] = selftest_kernel("weights");
        c->kernels[VR_OP_NORM] = n_groups > NORM ? other_norm() : NULL;
        c->n_kernels = n_groups;
        for (size_t g = 0; g < n_groups; g++)
            s->runs[i][g] = s->stays[i][g] = true;
    }
    s->t = (vr_tuner){.owner = s->owner, .groups = s->groups, .n_groups = n_groups, .group_of = s->group_of,
                      .list = s->list, .n = n, .ns = s->ns, .usual_ns = 400000};
}

static void close_trials(trials *s)
{
    for (size_t i = 0; i < N_TRIALS; i++)
        vr_session_destroy(&s->list[i].session);
    vr_session_destroy(&s->owner);
}

/* Whether the group's other kernel needs not be timed again. */
static bool is_heard(const trials *s, size_t group)
{
    const size_t i = group == NORM ? 1 : (size_t)(selftest_kernel("weights") - vr_ops[VR_OP_MATMUL]->kernels);
    assert_int_equal(s->groups[group].heard & ~(UINT64_C(1) << i), 0);
    return s->groups[group].heard != 0;
}

/* Trials that have taken usual[0] and us[i] in all rounds but the first, which took long. */
static void check_losers(vireo_model *model, size_t rounds, double usual, const double us[3], const bool stays[3])
{
    trials s;
    open_trials(&s, model, N_TRIALS, 1, rounds);
    for (size_t i = 0; i < N_TRIALS; i++)
        for (size_t r = 0; r < rounds; r++)
            s.us[i][MATMUL][r] = (i ? us[i - 1] : usual) * (r + 1 < rounds ? 5 : 1);
    vr_tune_drop_losers(&s.t);
    assert_non_null(s.list[0].session);
    for (size_t i = 1; i < N_TRIALS; i++)
        if (s.stays[i][MATMUL] != stays[i - 1] || !s.list[i].session != !stays[i - 1])
            fail_msg("%g beside %g us after %zu rounds %s", us[i - 1], usual, rounds,
                     s.stays[i][MATMUL] ? "stays" : "is dropped");
    assert_int_equal(is_heard(&s, MATMUL), !stays[0] || !stays[1] || !stays[2]);
    close_trials(&s);
}

/* What may stay is less and less behind the best one's least time, whichever of the trials that is. */
static void test_losers(void **state)
{
    selftest_fixture *f = *state;
    vireo_model *model = tune_model_normalized(selftest_reopen(f, NULL));
    check_losers(model, 1, 100, (const double[]){101, 199, 150}, (const bool[]){true, true, true});
    check_losers(model, 1, 100, (const double[]){100, 199, 201}, (const bool[]){true, true, false});
    check_losers(model, 1, 100, (const double[]){60, 119, 121}, (const bool[]){true, true, false});
    check_losers(model, 2, 100, (const double[]){201, 199, 1000}, (const bool[]){false, true, false});
    check_losers(model, 3, 100, (const double[]){100, 114, 116}, (const bool[]){true, true, false});
    check_losers(model, 5, 100, (const double[]){80, 91, 93}, (const bool[]){true, true, false});
    check_losers(model, 6, 100, (const double[]){100, 102, 104}, (const bool[]){true, true, false});
    vireo_model_destroy(&model);
}

/* A trial goes on for the call that it may still win, and what is lost is no measure for others. */
static void test_loses_one(void **state)
{
    selftest_fixture *f = *state;
    vireo_model *model = tune_model_normalized(selftest_reopen(f, NULL));
    trials s;
    static const double us[3][N_GROUPS] = {{100, 100}, {300, 90}, {150, 100}};
    open_trials(&s, model, 3, N_GROUPS, 1);
    for (size_t i = 0; i < 3; i++)
        for (size_t g = 0; g < N_GROUPS; g++)
            s.us[i][g][0] = us[i][g];
    vr_tune_drop_losers(&s.t);
    assert_true(s.list[1].session && !s.stays[1][MATMUL] && s.stays[1][NORM]);
    assert_true(s.list[2].session && s.stays[2][MATMUL] && s.stays[2][NORM]);
    assert_true(is_heard(&s, MATMUL) && !is_heard(&s, NORM));
    s.us[1][MATMUL][0] = 10;
    s.us[1][NORM][0] = 300;
    vr_tune_drop_losers(&s.t);
    assert_true(!s.list[1].session && !s.stays[1][NORM] && is_heard(&s, NORM));
    assert_true(s.list[2].session && s.stays[2][MATMUL]);
    close_trials(&s);
    vireo_model_destroy(&model);
}

/* After a first run, in which some nodes compile, the quickest says that a kernel is far behind; one alone, nothing. */
static void test_slow(void **state)
{
    selftest_fixture *f = *state;
    vireo_model *model = tune_model_normalized(selftest_reopen(f, NULL));
    static const struct {
        size_t n_nodes;
        double us[2];
        bool stays;
    } rows[] = {{2, {5000, 199}, true}, {2, {199, 5000}, true}, {2, {5000, 201}, false}, {1, {5000, 0}, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        trials s;
        open_trials(&s, model, 2, 1, 0);
        s.groups[MATMUL].n_nodes = rows[i].n_nodes;
        s.groups[MATMUL].usual_us = 100;
        s.group_of[1] = rows[i].n_nodes > 1 ? MATMUL : VR_NO_GROUP;
        for (size_t n = 0; n < 2; n++)
            s.ns[n] = 1e3 * rows[i].us[n];
        vr_tune_drop_slow(&s.t, &s.list[1]);
        assert_int_equal(s.stays[1][MATMUL], rows[i].stays);
        assert_int_equal(s.list[1].session != NULL, rows[i].stays);
        assert_int_equal(is_heard(&s, MATMUL), !rows[i].stays);
        close_trials(&s);
    }
    vireo_model_destroy(&model);
}

/* A trial of "weights" where the usual kernel takes `usual` us, and it `other`; compiling `compile` s. */
static const char *judge(vireo_model *model, const double usual[3], const double other[3], double compile)
{
    trials s;
    open_trials(&s, model, 2, 1, 3);
    memcpy(s.us[0][MATMUL], usual, 3 * sizeof *usual);
    memcpy(s.us[1][MATMUL], other, 3 * sizeof *other);
    s.groups[MATMUL].n_nodes = 2;
    s.list[1].compile_ns[VR_OP_MATMUL] = compile * 1e9;
    vr_tune_judge(&s.t);
    assert_null(s.list[1].session);
    assert_true(is_heard(&s, MATMUL));
    close_trials(&s);
    return s.groups[MATMUL].best->name;
}

/* The other one is to be better by median and by least time, and its compiling repaid in a minute of
 * runs. */
static void test_judge(void **state)
{
    selftest_fixture *f = *state;
    static const double usual[] = {100, 104, 102}, better[] = {90, 91, 92}, alike[] = {99, 100, 101},
                        hit[] = {100, 200, 200}, lucky[] = {99, 120, 120};
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    assert_string_equal(judge(model, usual, better, 0), "weights");
    assert_string_equal(judge(model, usual, alike, 0), "texel");
    assert_string_equal(judge(model, hit, lucky, 0), "texel"); /* other programs were at work */
    /* It saves 2 · 11 of 400 us: 3.3 s of a minute. */
    assert_string_equal(judge(model, usual, better, 3.2), "weights");
    assert_string_equal(judge(model, usual, better, 3.4), "texel");
    assert_string_equal(judge(model, usual, better, 0), "texel"); /* it is compiled now, but not always */
    vireo_model_destroy(&model);
}

/* ---- Turns ---------------------------------------------------------------------------------- */

enum { MOST_BUFFERS = 128, MOST_RUNS = 2048 };

/* Command buffers with kernels, a number each though their handles come again, and what was submitted of them. */
static struct {
    struct {
        VkCommandBuffer handle;
        int number;
        bool has_kernels;
        double us; /* what its nodes are said to take; 0: not known yet */
    } buffers[MOST_BUFFERS];
    size_t n_buffers;
    int numbers, runs[MOST_RUNS]; /* numbers, in order */
    size_t n_runs, last;          /* last: the buffer */
    char names[256];              /* what is said to begin now */
    double weights_us, tall_us;   /* of trials with these kernels; all else takes 100 us */
} seen;

static struct VolkDeviceTable real;

static size_t buffer_of(VkCommandBuffer handle)
{
    size_t i = 0;
    while (i < seen.n_buffers && seen.buffers[i].handle != handle)
        i++;
    assert_true(i < MOST_BUFFERS);
    seen.n_buffers += i == seen.n_buffers;
    seen.buffers[i].handle = handle;
    return i;
}

static VkResult VKAPI_CALL noted_allocate(VkDevice d, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *out)
{
    const VkResult r = real.vkAllocateCommandBuffers(d, info, out);
    const size_t i = buffer_of(*out);
    seen.buffers[i].number = seen.numbers++;
    seen.buffers[i].has_kernels = false;
    seen.buffers[i].us = 0;
    return r;
}

static void VKAPI_CALL noted_dispatch(VkCommandBuffer c, VkBuffer groups, VkDeviceSize offset)
{
    seen.buffers[buffer_of(c)].has_kernels = true;
    real.vkCmdDispatchIndirect(c, groups, offset);
}

static VkResult VKAPI_CALL noted_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    const size_t i = buffer_of(s->pCommandBuffers[0]);
    assert_true(n == 1 && seen.n_runs < MOST_RUNS);
    if (seen.buffers[i].has_kernels) {
        seen.runs[seen.n_runs++] = seen.buffers[i].number;
        seen.last = i;
    }
    return real.vkQueueSubmit(q, n, s, f);
}

/* A trial's kernels are named in its first run. */
static VkResult VKAPI_CALL set_times(VkDevice d, VkQueryPool pool, uint32_t first, uint32_t n, size_t bytes, void *data,
                                     VkDeviceSize stride, VkQueryResultFlags flags)
{
    const VkResult r = real.vkGetQueryPoolResults(d, pool, first, n, bytes, data, stride, flags);
    double *us = &seen.buffers[seen.last].us;
    uint64_t *ticks = data;
    if (*us <= 0)
        *us = strstr(seen.names, ": matmul/weights")        ? seen.weights_us
              : strstr(seen.names, ": matmul/tall_weights") ? seen.tall_us
                                                            : 100;
    assert_int_equal(n, 2);
    ticks[0] = 0;
    ticks[1] = (uint64_t)*us;
    return r;
}

static int note_names(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    snprintf(seen.names, sizeof seen.names, "%s", what);
    return 0;
}

/* Tunes where there is "tall_weights", and trials take so long by a clock of microseconds. */
static void watch_turns(selftest_fixture *f, double weights_us, double tall_us)
{
    static float y[TUNE_MOST * TUNE_HEIGHT];
    const vr_device_override o = {.cpu = true, .no_shuffle = true, .cheap_texel_fetch = true};
    vireo_device *d = selftest_reopen(f, &o);
    if (d->tick_ns <= 0)
        skip();
    vireo_model *model = tune_model_normalized(d);
    memset(&seen, 0, sizeof seen);
    seen.weights_us = weights_us;
    seen.tall_us = tall_us;
    real = d->fn;
    d->tick_ns = 1e3;
    d->tick_mask = UINT64_MAX;
    d->fn.vkAllocateCommandBuffers = noted_allocate;
    d->fn.vkCmdDispatchIndirect = noted_dispatch;
    d->fn.vkQueueSubmit = noted_submit;
    d->fn.vkGetQueryPoolResults = set_times;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS, .progress = note_names}, y);
    d->fn = real;
    vireo_model_destroy(&model);
}

static size_t times_run(int number, size_t begin, size_t end)
{
    size_t n = 0;
    for (size_t i = begin; i < end; i++)
        n += seen.runs[i] == number;
    return n;
}

/* The usual kernels' runs are the most. */
static int find_usual(void)
{
    int most = 0;
    for (int i = 0; i < seen.numbers; i++)
        if (times_run(i, 0, seen.n_runs) > times_run(most, 0, seen.n_runs))
            most = i;
    return most;
}

/* Between two runs of the usual kernels each trial has one, some have turns together, and each has several. */
static void test_turns(void **state)
{
    size_t begin = 0, together = 0;
    watch_turns(*state, 100, 100);
    const int usual = find_usual();
    for (size_t i = 0; i < seen.n_runs; i++) {
        if (seen.runs[i] != usual) {
            assert_int_equal(times_run(seen.runs[i], begin, i), 0);
            continue;
        }
        together += i - begin > 2 && times_run(seen.runs[begin + 1], 0, begin) > 0;
        begin = i;
    }
    assert_true(together >= VR_TUNE_LEAST_ROUNDS);
    for (int i = 0; i < seen.numbers; i++) {
        const size_t n = times_run(i, 0, seen.n_runs);
        assert_true(n <= 1 || n > VR_TUNE_LEAST_ROUNDS); /* once: the usual kernels' first, and the session's */
    }
}

/* A trial that takes three times as long has one turn after its first run; one that is a fifth behind, three. */
static void test_turns_of_losers(void **state)
{
    size_t twice = 0, four_times = 0;
    watch_turns(*state, 300, 120);
    for (int i = 0; i < seen.numbers; i++) {
        const size_t n = times_run(i, 0, seen.n_runs);
        twice += n == 2;
        four_times += n == 1 + VR_TUNE_LEAST_ROUNDS;
    }
    assert_int_equal(twice, 1);
    assert_true(four_times >= 1);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, selftest_set_up, selftest_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_losers),
        CASE(test_loses_one),
        CASE(test_slow),
        CASE(test_judge),
        CASE(test_turns),
        CASE(test_turns_of_losers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
