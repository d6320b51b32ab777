/* SPDX-License-Identifier: Apache-2.0
 * Profiles: every node that dispatches is an event, by the device's clock and by the host's, with the work
 * of the run's true sizes; answers stay what they are. */
#include "tiny_encoder.h"
#include "ops/op.h"
#include "run/session.h"

enum { RUNS = 3, WIDTH = 24, TEXTS = 2 };
static const tiny_text texts[TEXTS] = {{1, 7}, {2, 12}}; /* 19 tokens */

typedef struct timed {
    float out[TEXTS * WIDTH];
    vireo_profile info;
    vireo_profile_event *events; /* (info.events), owned */
    size_t nodes;                /* that dispatch anything */
    uint64_t wall_ns;
    uint64_t submits;
} timed;

static timed run(const vr_device_override *override, bool on)
{
    timed t = {0};
    vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, override);
    vireo_model *m = tiny_model(d, &tiny_default);
    vireo_device_set_profile(d, on);
    vireo_session *s = tiny_session(m, NULL);
    tiny_run(s, &tiny_default, texts, TEXTS, t.out); /* compiles */
    vireo_device_get_profile(d, &t.info);
    const size_t first = t.info.events;
    const uint64_t submits = d->counters.submits, start = vr_now_ns();
    for (int i = 0; i < RUNS; i++)
        tiny_run(s, &tiny_default, texts, TEXTS, t.out);
    t.wall_ns = vr_now_ns() - start;
    t.submits = d->counters.submits - submits;
    for (size_t i = 0; i < m->graph->n_nodes; i++)
        t.nodes += s->buckets[0]->nodes[i].n_dispatches != 0;
    vireo_device_get_profile(d, &t.info);
    t.info.events -= first;
    t.events = calloc(t.info.events + 1, sizeof *t.events);
    assert_non_null(t.events);
    for (size_t i = 0; i < t.info.events; i++)
        assert_true(vireo_device_get_profile_event(d, first + i, &t.events[i]));
    assert_false(vireo_device_get_profile_event(d, first + t.info.events, &t.events[0]));
    vireo_device_set_profile(d, false); /* what is recorded adds nothing any more */
    tiny_run(s, &tiny_default, texts, TEXTS, t.out);
    vireo_profile after;
    vireo_device_get_profile(d, &after);
    assert_int_equal(after.events, first + t.info.events);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    test_device_destroy(&d);
    return t;
}

/* Two in flight, each of several segments, some of them submitted together: their nodes still follow one
 * another. */
static void several_segments(void **state)
{
    (void)state;
    const vr_device_override o = {.segment_ns = 200e3, .steady_pace = true};
    const vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, &o);
    vireo_model *m = tiny_model(d, &tiny_default);
    vireo_device_set_profile(d, true);
    vireo_session *s = tiny_session(m, NULL);
    float out[TEXTS * WIDTH];
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    tiny_inputs in = tiny_inputs_make(&tiny_default, texts, TEXTS);
    for (int i = 0; i < 4; i++) {
        d->pace = i < 2 ? 1.0f : 0.3f;
        assert_int_equal(vireo_session_submit(s, in.in, 3, NULL), VIREO_OK);
        if (i % 2 == 0)
            continue;
        assert_int_equal(vireo_session_wait(s, &result, 1, NULL), VIREO_OK);
        assert_int_equal(vireo_session_wait(s, &result, 1, NULL), VIREO_OK);
    }
    assert_true(s->buckets[0]->slots[0].n_segments > 3);
    vireo_profile_event e;
    uint64_t end = 0, first = 0;
    for (size_t i = 0; vireo_device_get_profile_event(d, i, &e); i++) {
        first = i ? first : e.start_ns;
        assert_true(e.start_ns >= end);
        end = e.start_ns + e.ns;
    }
    assert_true(end - first < UINT64_C(60000000000));
    tiny_inputs_free(&in);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    test_device_destroy(&d);
}

static const vireo_profile_event *find(const timed *t, const char *op)
{
    for (size_t i = 0; i < t->info.events; i++)
        if (!strcmp(t->events[i].op, op))
            return &t->events[i];
    fail_msg("no event of %s", op);
    return NULL;
}

static void check(const timed *t)
{
    uint64_t sum = 0, end = 0;
    assert_int_equal(t->info.events, RUNS * t->nodes);
    assert_int_equal(t->info.dropped, 0);
    for (size_t i = 0; i < t->info.events; i++) {
        const vireo_profile_event *e = &t->events[i];
        sum += e->ns;
        assert_true(e->dispatches > 0 && e->flops > 0 && e->bytes > 0 && *e->shape);
        assert_true(e->start_ns >= end); /* one after the other */
        end = e->start_ns + e->ns;
    }
    print_message("%zu events, %.2f ms of %.2f\n", t->info.events, (double)sum / 1e6,
                  (double)t->wall_ns / 1e6);
    assert_true(sum > 0 && sum <= t->wall_ns);
    /* The first product: 19 tokens, 24 to 24 elements. */
    const vireo_profile_event *e = find(t, "matmul");
    assert_true(e->flops == 2.0 * 19 * 24 * 24);
    assert_true(e->bytes >= 4.0 * (19 * 24 + 24 * 24 + 19 * 24));
    assert_non_null(strstr(e->shape, "19x24 24x24"));
    e = find(t, "attention"); /* 7 x 7 and 12 x 12 pairs, 3 heads of 8, two products */
    assert_true(e->flops == (7.0 * 7 + 12 * 12) * 3 * 2 * (8 + 8));
    e = find(t, "embedding"); /* no more of the table than 19 rows */
    assert_true(e->bytes == 19 * 4.0 + 2 * 19 * 24 * 4.0);
}

static void by_the_device(void **state)
{
    (void)state;
    timed plain = run(NULL, false), t = run(NULL, true);
    assert_int_equal(plain.info.events, 0);
    assert_int_equal(plain.submits, RUNS);
    assert_memory_equal(plain.out, t.out, sizeof t.out);
    if (!t.info.device_clock)
        print_message("the device has no timestamps\n");
    assert_int_equal(t.submits, t.info.device_clock ? RUNS : RUNS * t.nodes);
    check(&t);
    free(plain.events);
    free(t.events);
}

static void by_the_host(void **state)
{
    (void)state;
    const vr_device_override o = {.no_timestamps = true};
    timed plain = run(NULL, false), t = run(&o, true);
    assert_false(t.info.device_clock);
    assert_int_equal(t.submits, RUNS * t.nodes); /* each node alone */
    assert_memory_equal(plain.out, t.out, sizeof t.out);
    check(&t);
    free(plain.events);
    free(t.events);
}

/* So wide within that a product is several dispatches, of which a real GPU's may be far longer than a CPU's. */
static tiny_shape long_shape(const vireo_device *d)
{
    enum { PARTS = 4 };
    tiny_shape shape = tiny_default;
    const double of_column = 2.0 * (double)(texts[0].length + texts[1].length) * (double)shape.width;
    const int64_t hidden = (int64_t)(PARTS * vr_dispatch_flops(&d->info) / of_column) + 1;
    shape.hidden = hidden > shape.hidden ? hidden : shape.hidden;
    return shape;
}

/* Also where the host's clock is asked is nothing long submitted at once: a node of many dispatches is cut
 * within. */
static void check_long_nodes(bool discrete)
{
    const vr_device_override o = {.no_timestamps = true, .steady_pace = true, .dispatch_us = 1,
                                  .segment_ns = 1, .discrete = discrete, .force_staging = discrete};
    const vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, &o);
    const tiny_shape shape = long_shape(d);
    vireo_model *m = tiny_model(d, &shape);
    vireo_device_set_profile(d, true);
    vireo_session *s = tiny_session(m, NULL);
    float out[TEXTS * WIDTH];
    vireo_profile before;
    tiny_run(s, &shape, texts, TEXTS, out); /* compiles */
    vireo_device_get_profile(d, &before);
    const uint64_t submits = d->counters.submits;
    tiny_run(s, &shape, texts, TEXTS, out);
    vr_bucket *b = s->buckets[0];
    const vr_slot *slot = &b->slots[0];
    assert_int_equal(slot->n_segments, b->launches.count);
    assert_int_equal(d->counters.submits - submits, b->launches.count);
    double ns[64];
    assert_true(m->graph->n_nodes <= 64);
    vr_slot_times(b, slot, ns);
    size_t event = before.events, most = 0;
    for (size_t i = 0; i < m->graph->n_nodes; i++) {
        const vr_step_node *n = &b->nodes[i];
        uint64_t sum = 0;
        for (size_t j = n->first; j < n->first + n->n_dispatches; j++)
            sum += slot->segments[j].finished_ns - slot->segments[j].submitted_ns;
        assert_true(ns[i] == (double)sum);
        vireo_profile_event e;
        if (!n->n_dispatches)
            continue;
        assert_true(vireo_device_get_profile_event(d, event++, &e));
        assert_int_equal(e.ns, sum);
        assert_int_equal(e.start_ns, slot->segments[n->first].submitted_ns);
        assert_string_equal(e.op, vr_ops[m->graph->nodes[i].op]->name);
        most = n->n_dispatches > most ? n->n_dispatches : most;
    }
    print_message("%zu submissions, of one node at most %zu\n", slot->n_segments, most);
    assert_true(most > 2);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    test_device_destroy(&d);
}

static void long_nodes_by_the_host(void **state)
{
    (void)state;
    check_long_nodes(false);
    check_long_nodes(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_device),
        cmocka_unit_test(by_the_host),
        cmocka_unit_test(long_nodes_by_the_host),
        cmocka_unit_test(several_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
