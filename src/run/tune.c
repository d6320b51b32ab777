/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tune.h"
#include "base/estimate.h"
#include "run/selftest.h"
#include "vk/tuned.h"
#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 12, LEAST_ROUNDS = 3, MOST_OPEN = 4, FAR_SLOWER = 8, SOON_NS = 50000000 };
#define NO_GROUP SIZE_MAX
/* What a kernel may take of the best one's least time and stay: at first, and once a few rounds
 * were seen. */
static const double stays = 2, stays_later = 1.15;
static const double wins = 0.97; /* of the usual one's median */
/* Σ(x - r)² / Σr² of two that are each within 1e-8, the end-to-end gate, of the truth. */
static const double most_nmse = 4e-8;

/* Nodes whose calls are alike. */
typedef struct group {
    vr_call call;
    char text[VR_TUNED_CALL];
    vr_hash128 source; /* vr_tuned_source */
    const vr_kernel *usual, *best;
    double usual_us, ratio; /* medians: of the usual one, and the best one's part of it */
    size_t n_nodes;
    bool timed, all; /* something was, and all that may run */
} group;

/* Runs of the graph in which all nodes that may run `kernel`; of the first, with the usual ones. */
typedef struct candidate {
    vr_op_id op;
    const vr_kernel *kernel; /* NULL: the usual ones */
    vireo_session *session;  /* NULL: not begun, given up, or nothing of it is left to be known */
    bool told;               /* it was timed until it was clear, or gave wrong results */
    size_t rounds;
    bool *stays; /* [group] */
    double *us;  /* [group][MOST_ROUNDS] */
} candidate;

typedef struct tuner {
    vireo_session *owner;
    const vireo_tensor *in;
    size_t n_in;
    vr_arena arena;  /* what is below */
    vr_bucket probe; /* the kernels that would run */
    group *groups;
    size_t n_groups;
    size_t *group_of; /* [node index]; NO_GROUP: nothing to tune */
    candidate *list;
    size_t n;
    vireo_tensor *expected, *got; /* outputs, of the usual kernels and of a candidate */
    double *ns;                   /* [node index] */
    uint64_t end, run_end;        /* no run goes on after either */
    uint64_t usual_ns;            /* of a run with the usual kernels */
    uint64_t done, total;         /* runs */
    bool cancelled;
} tuner;

static const vireo_graph *graph_of(const tuner *t)
{
    return t->owner->model->graph;
}

static void node_call(tuner *t, size_t node, vr_call *out)
{
    const vireo_graph *g = graph_of(t);
    vr_node_call(g, &g->nodes[node], t->probe.pointers, &t->owner->model->device->info, out);
}

/* ---- What there is to be timed -------------------------------------------------------------- */

static vireo_status add_node(tuner *t, size_t node, vireo_error *err)
{
    vireo_device *d = t->owner->model->device;
    const vr_kernel *usual = t->probe.nodes[node].kernel, *known = NULL;
    group new = {.usual = usual, .best = usual, .ratio = 1, .n_nodes = 1, .all = true};
    t->group_of[node] = NO_GROUP;
    if (!usual)
        return VIREO_OK;
    node_call(t, node, &new.call);
    if (vr_ops[new.call.op]->n_kernels == 1 || vr_force_names(t->owner->force, new.call.op))
        return VIREO_OK;
    bool partly = false;
    const bool keep_order = t->owner->fixed != NULL;
    vireo_status st = vr_tuned_source(d, &new.call, usual, keep_order, &new.source, err);
    if (!st)
        st = vr_tuned_look_up(t->owner->model, &new.call, &new.source, &known, &partly, err);
    if (st || (known && !partly))
        return st;
    vr_call_text(&new.call, new.text, sizeof new.text);
    for (size_t i = 0; i < t->n_groups && t->group_of[node] == NO_GROUP; i++)
        if (!strcmp(t->groups[i].text, new.text) &&
            !memcmp(&t->groups[i].source, &new.source, sizeof new.source))
            t->group_of[node] = i;
    if (t->group_of[node] == NO_GROUP) {
        t->group_of[node] = t->n_groups;
        t->groups[t->n_groups++] = new;
    } else {
        t->groups[t->group_of[node]].n_nodes++;
    }
    return VIREO_OK;
}

/* Whether the kernel may take the place of the group's usual one. */
static bool may_run(const tuner *t, const group *g, vr_op_id op, const vr_kernel *k)
{
    return g->call.op == op && k != g->usual &&
           vr_tuned_may_run(&g->call, k, g->usual, t->owner->fixed != NULL);
}

static vireo_status add_candidate(tuner *t, vr_op_id op, const vr_kernel *k, vireo_error *err)
{
    candidate c = {.op = op, .kernel = k};
    bool any = !k, failed = false;
    c.stays = vr_arena_array(&t->arena, t->n_groups + 1, sizeof *c.stays);
    c.us = vr_arena_array(&t->arena, (t->n_groups + 1) * MOST_ROUNDS, sizeof *c.us);
    if (!c.stays || !c.us)
        return vr_fail_memory(err, "tuning");
    for (size_t i = 0; i < t->n_groups; i++) {
        c.stays[i] = !k || may_run(t, &t->groups[i], op, k);
        any = any || c.stays[i];
    }
    vireo_status st =
        k && any ? vr_kernel_has_failed(t->owner->model->device, op, k, &failed, err) : VIREO_OK;
    if (!st && any && !failed)
        t->list[t->n++] = c;
    return st;
}

static size_t all_kernels(void)
{
    size_t n = 0;
    for (size_t i = 0; i < VR_OP_COUNT; i++)
        n += vr_ops[i]->n_kernels;
    return n;
}

static vireo_status make_outputs(tuner *t, vireo_tensor **out, vireo_error *err)
{
    const vireo_graph *g = graph_of(t);
    *out = vr_arena_array(&t->arena, g->n_outputs + 1, sizeof **out);
    for (size_t i = 0; *out && i < g->n_outputs; i++) {
        const vr_value *v = &t->probe.values[g->outputs[i].value];
        (*out)[i].bytes = (size_t)vr_value_elements_now(v) * vireo_dtype_bytes(v->dtype);
        (*out)[i].data = vr_arena_array(&t->arena, (*out)[i].bytes + 1, 1);
        if (!(*out)[i].data)
            return vr_fail_memory(err, "tuning");
    }
    return *out ? VIREO_OK : vr_fail_memory(err, "tuning");
}

/* Groups and candidates. */
static vireo_status look(tuner *t, const int64_t *capacity, vireo_error *err)
{
    vireo_session *s = t->owner;
    const size_t n_nodes = graph_of(t)->n_nodes;
    const vr_bucket_options o = {.force = s->force, .fixed = s->fixed, .untuned = true};
    vireo_status st = vr_bucket_init(&t->probe, s->model, capacity, err);
    if (!st)
        st = vr_bucket_choose(&t->probe, &o, err);
    t->groups = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->groups);
    t->group_of = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->group_of);
    t->ns = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->ns);
    t->list = vr_arena_array(&t->arena, all_kernels() + 1, sizeof *t->list);
    if (!st && (!t->groups || !t->group_of || !t->ns || !t->list))
        st = vr_fail_memory(err, "tuning");
    for (size_t i = 0; !st && i < n_nodes; i++)
        st = add_node(t, i, err);
    if (!st)
        st = add_candidate(t, 0, NULL, err);
    for (size_t i = 0; !st && i < VR_OP_COUNT; i++)
        for (size_t j = 0; !st && j < vr_ops[i]->n_kernels; j++)
            st = add_candidate(t, (vr_op_id)i, &vr_ops[i]->kernels[j], err);
    if (!st)
        st = make_outputs(t, &t->expected, err);
    return st ? st : make_outputs(t, &t->got, err);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static int watch(void *user, const char *what, uint64_t done, uint64_t total)
{
    tuner *t = user;
    const vr_progress_hook *hook = &t->owner->progress;
    (void)what;
    (void)done;
    (void)total;
    if (!t->cancelled && hook->fn && hook->fn(hook->user, "tune", t->done, t->total))
        t->cancelled = true;
    const uint64_t now = vr_now_ns();
    return t->cancelled || now > t->end || now > t->run_end;
}

static vireo_status open_candidate(tuner *t, candidate *c, vireo_error *err)
{
    const vireo_graph *g = graph_of(t);
    const vireo_allocator *a = t->owner->model->device->allocator;
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.force_kernel = t->owner->force;
    o.largest = t->owner->largest;
    o.progress = watch;
    o.progress_user = t;
    vireo_status st = vr_session_create(t->owner->model, &o, &c->session, err);
    if (st)
        return st;
    c->session->untuned = c->session->timed = true;
    c->session->fixed = vr_calloc(a, g->n_nodes + 1, sizeof *c->session->fixed);
    if (!c->session->fixed)
        return vr_fail_memory(err, "tuning");
    for (size_t i = 0; i < g->n_nodes; i++) {
        const size_t in = t->group_of[i];
        const bool other = c->kernel && in != NO_GROUP && c->stays[in];
        c->session->fixed[i] = other ? c->kernel : t->probe.nodes[i].kernel;
    }
    return VIREO_OK;
}

static vireo_status run_once(tuner *t, candidate *c, vireo_tensor *out, vireo_error *err)
{
    vireo_status st = vr_session_submit(c->session, t->in, t->n_in, err);
    if (!st)
        st = vr_session_wait(c->session, out, graph_of(t)->n_outputs, err);
    if (!st)
        vr_slot_times(c->session->buckets[0], &c->session->buckets[0]->slots[0], t->ns);
    t->done++;
    return st;
}

static bool close_enough(const vireo_tensor *x, const vireo_tensor *r, bool same_bits)
{
    const size_t n = r->bytes / sizeof(float);
    const float *a = x->data, *b = r->data;
    double wrong = 0, all = 0;
    if (r->dtype != VIREO_F32 || same_bits)
        return !memcmp(x->data, r->data, r->bytes);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite((double)a[i]) || !isfinite((double)b[i])) {
            if (!(a[i] == b[i]) && !(isnan(a[i]) && isnan(b[i])))
                return false;
            continue;
        }
        wrong += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        all += (double)b[i] * (double)b[i];
    }
    return wrong <= most_nmse * all;
}

static bool agrees(const tuner *t)
{
    for (size_t i = 0; i < graph_of(t)->n_outputs; i++)
        if (!close_enough(&t->got[i], &t->expected[i], t->owner->fixed != NULL))
            return false;
    return true;
}

/* told: that is an answer; else another time it may be heard. */
static void give_up(const tuner *t, candidate *c, bool told, const char *why)
{
    vr_logf(&t->owner->model->device->log, VIREO_LOG_INFO, "tuning: %s/%s is left out: %s",
            vr_ops[c->op]->name, c->kernel->name, why);
    vr_session_destroy(&c->session);
    memset(c->stays, 0, t->n_groups * sizeof *c->stays);
    c->told = told;
    c->rounds = 0;
}

static bool is_over(tuner *t)
{
    t->run_end = UINT64_MAX;
    return watch(t, "tune", 0, 0) != 0;
}

/* What a run that failed means: a fault of the caller's, of a kernel, or none, as the time is over.
 */
static vireo_status judge_fault(const tuner *t, candidate *c, vireo_status st,
                                const vireo_error *why, vireo_error *err)
{
    const bool cut_off = st == VIREO_ERROR_CANCELLED && !t->cancelled;
    if (t->cancelled || t->owner->model->device->lost || (!c->kernel && !cut_off))
        return vr_fail(err, st, "%s", why->message);
    if (c->kernel)
        give_up(t, c, false, cut_off ? "the time is over" : why->message);
    return VIREO_OK;
}

/* Its first run, in which drivers compile; then one whose time is the bound for the others. */
static vireo_status begin(tuner *t, candidate *c, vireo_error *err)
{
    vireo_error why = {0};
    const uint64_t now = vr_now_ns();
    t->run_end = c->kernel ? now + (t->end > now ? (t->end - now) / 2 : 0) : t->end;
    vireo_status st = open_candidate(t, c, &why);
    if (!st)
        st = run_once(t, c, c->kernel ? t->got : t->expected, &why);
    if (st)
        return judge_fault(t, c, st, &why, err);
    if (c->kernel && !agrees(t)) {
        give_up(t, c, true, "its results differ from those of the usual kernel");
        return VIREO_OK;
    }
    const uint64_t start = vr_now_ns(), most = SOON_NS + FAR_SLOWER * t->usual_ns;
    t->run_end = c->kernel ? start + most : t->end;
    st = run_once(t, c, t->got, &why);
    const bool slow = c->kernel && vr_now_ns() - start > most;
    if (slow && !t->cancelled)
        give_up(t, c, true, "far slower than the usual kernel");
    else if (st)
        return judge_fault(t, c, st, &why, err);
    if (!c->kernel)
        t->usual_ns = vr_now_ns() - start;
    return VIREO_OK;
}

/* ---- Judging -------------------------------------------------------------------------------- */

static const double *samples(const candidate *c, size_t index)
{
    return c->us + index * MOST_ROUNDS;
}

static double least(const candidate *c, size_t index)
{
    double us = INFINITY;
    for (size_t i = 0; i < c->rounds; i++)
        us = samples(c, index)[i] < us ? samples(c, index)[i] : us;
    return us;
}

static double median(const candidate *c, size_t index)
{
    double copy[MOST_ROUNDS];
    memcpy(copy, samples(c, index), sizeof copy);
    return vr_estimate_of(copy, c->rounds).median;
}

static void keep_times(const tuner *t, candidate *c)
{
    for (size_t i = 0; i < t->n_groups; i++)
        c->us[i * MOST_ROUNDS + c->rounds] = 0;
    for (size_t i = 0; i < graph_of(t)->n_nodes; i++) {
        const size_t in = t->group_of[i];
        if (in != NO_GROUP)
            c->us[in * MOST_ROUNDS + c->rounds] += t->ns[i] / 1e3 / (double)t->groups[in].n_nodes;
    }
    c->rounds++;
}

/* Candidates that are behind with all of their calls have nothing more to say. */
static void drop_losers(tuner *t)
{
    for (size_t g = 0; g < t->n_groups; g++) {
        double best = INFINITY;
        for (size_t i = 0; i < t->n; i++)
            if (t->list[i].session && t->list[i].stays[g] && least(&t->list[i], g) < best)
                best = least(&t->list[i], g);
        for (size_t i = 1; i < t->n; i++) {
            candidate *c = &t->list[i];
            const double most = best * (c->rounds < LEAST_ROUNDS ? stays : stays_later);
            if (c->session && c->rounds && least(c, g) > most)
                c->stays[g] = false;
        }
    }
    for (size_t i = 1; i < t->n; i++) {
        candidate *c = &t->list[i];
        bool any = false;
        for (size_t g = 0; g < t->n_groups; g++)
            any = any || c->stays[g];
        if (any || !c->session)
            continue;
        vr_session_destroy(&c->session);
        c->told = true;
    }
}

static size_t n_open(const tuner *t)
{
    size_t n = 0;
    for (size_t i = 1; i < t->n; i++)
        n += t->list[i].session != NULL;
    return n;
}

/* One more run, compared and timed. */
static vireo_status time_once(tuner *t, candidate *c, vireo_error *err)
{
    vireo_error why = {0};
    t->run_end = t->end;
    vireo_status st = run_once(t, c, t->got, &why);
    if (st)
        return judge_fault(t, c, st, &why, err);
    if (c->kernel && !agrees(t))
        give_up(t, c, true, "its results differ from those of the usual kernel");
    else
        keep_times(t, c);
    return VIREO_OK;
}

/* The open ones, round by round, so that what else the machine does hits all alike. */
static vireo_status measure(tuner *t, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    candidate *usual = &t->list[0];
    usual->rounds = 0;
    while (!st && usual->rounds < (n_open(t) ? MOST_ROUNDS : LEAST_ROUNDS)) {
        for (size_t i = 0; !st && i < t->n; i++) {
            if (!t->list[i].session)
                continue;
            if (is_over(t))
                return t->cancelled ? vr_fail(err, VIREO_ERROR_CANCELLED, "tuning was cancelled")
                                    : VIREO_OK;
            st = time_once(t, &t->list[i], err);
        }
        if (!st)
            drop_losers(t);
    }
    return st;
}

/* What the open ones have shown beside the usual kernels; they are closed. */
static void judge(tuner *t)
{
    const candidate *usual = &t->list[0];
    for (size_t i = 1; i < t->n; i++) {
        candidate *c = &t->list[i];
        const bool heard = c->rounds >= LEAST_ROUNDS && usual->rounds >= LEAST_ROUNDS;
        for (size_t g = 0; c->session && heard && g < t->n_groups; g++) {
            const double ratio = median(c, g) / median(usual, g);
            if (!c->stays[g] || !(ratio < t->groups[g].ratio) || ratio > wins)
                continue;
            t->groups[g].best = c->kernel;
            t->groups[g].ratio = ratio;
        }
        if (c->session)
            c->told = heard;
        vr_session_destroy(&c->session);
    }
    for (size_t g = 0; usual->rounds >= LEAST_ROUNDS && g < t->n_groups; g++) {
        t->groups[g].usual_us = median(usual, g);
        t->groups[g].timed = true;
    }
}

/* A call whose usual kernel is the best of some is left to be heard again. */
static vireo_status record(tuner *t, group *g, vireo_error *err)
{
    vireo_device *d = t->owner->model->device;
    for (size_t i = 1; i < t->n; i++)
        g->all = g->all && (t->list[i].told || !may_run(t, g, t->list[i].op, t->list[i].kernel));
    if (!g->timed || (g->best == g->usual && !g->all))
        return VIREO_OK;
    vr_tuned_row row = {.us = round(g->usual_us * g->ratio * 1e3) / 1e3, /* as files keep it */
                        .usual_us = round(g->usual_us * 1e3) / 1e3,
                        .source = g->source,
                        .partly = !g->all};
    memcpy(row.call, g->text, sizeof row.call);
    memcpy(row.kernel, g->best->name, strnlen(g->best->name, VR_TUNED_KERNEL - 1));
    memcpy(row.usual, g->usual->name, strnlen(g->usual->name, VR_TUNED_KERNEL - 1));
    vr_logf(&d->log, VIREO_LOG_INFO, "tuned: %s: %s %.0f us, usual %s %.0f us", row.call,
            row.kernel, row.us, row.usual, row.usual_us);
    bool kept = false;
    vireo_status st = vr_call_source(d, &g->call, g->best, &row.kernel_source, err);
    if (!st)
        st = vr_tuned_put(d, &row, &kept, err);
    if (!st && kept)
        vr_tuned_touch(d);
    return st;
}

/* A few candidates at a time, for each has buffers of its own. */
static vireo_status tune(tuner *t, vireo_error *err)
{
    t->total = (t->n - 1) * (MOST_ROUNDS + 2);
    vireo_status st = begin(t, &t->list[0], err);
    for (size_t i = 1; !st && t->list[0].session && t->usual_ns && i < t->n && !is_over(t);) {
        for (; !st && i < t->n && n_open(t) < MOST_OPEN && !is_over(t); i++)
            st = begin(t, &t->list[i], err);
        if (!st)
            st = measure(t, err);
        if (!st)
            judge(t);
    }
    if (!st && t->cancelled)
        st = vr_fail(err, VIREO_ERROR_CANCELLED, "tuning was cancelled");
    for (size_t i = 0; !st && i < t->n_groups; i++)
        st = record(t, &t->groups[i], err);
    return st;
}

vireo_status vr_tune(vireo_session *s, const vireo_tensor *in, size_t n_in, const int64_t *capacity,
                     vireo_error *err)
{
    const uint64_t start = vr_now_ns();
    tuner t = {
        .owner = s, .in = in, .n_in = n_in, .end = start + s->tune_ns / 2, .run_end = UINT64_MAX};
    vr_arena_init(&t.arena, s->model->device->allocator);
    vireo_status st = look(&t, capacity, err);
    if (!st && t.n > 1)
        st = tune(&t, err);
    for (size_t i = 0; i < t.n; i++)
        vr_session_destroy(&t.list[i].session);
    vr_bucket_deinit(&t.probe);
    vr_arena_deinit(&t.arena);
    const uint64_t spent = vr_now_ns() - start;
    s->tune_ns = spent < s->tune_ns ? s->tune_ns - spent : 0;
    return st;
}
