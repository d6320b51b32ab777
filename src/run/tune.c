/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tuner.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Trials of a batch; when it has the least rounds that count, it ends after BATCH_NS. */
enum { MOST_OPEN = 4 };
#define BATCH_NS UINT64_C(2000000000)
/* A trial's first run takes as long as so many usual ones at most, and so long for each kernel, which
 * compiles. */
enum { FAR_SLOWER = 8, FALLBACK_PART = 4 };
#define COMPILE_NS UINT64_C(2000000000)
#define SOON_NS UINT64_C(50000000)
#define NS_PER_MS UINT64_C(1000000)
/* Σ(x - r)² / Σr² of two that are each within 1e-8, the end-to-end gate, of the truth. */
static const double most_nmse = 4e-8;

/* ---- Runs ----------------------------------------------------------------------------------- */

/* What the budget does not pay for, until now. */
static uint64_t unpaid_ns(const vr_tuner *t, uint64_t now)
{
    return t->unpaid_ns + (t->unpaid_from ? now - t->unpaid_from : 0);
}

/* Who asks hears of time: how many runs there will be nobody knows. */
static void tell(vr_tuner *t, const char *names)
{
    const vireo_session *s = t->owner;
    const uint64_t now = vr_now_ns(), spent = now - t->start, paid = spent - unpaid_ns(t, now);
    const uint64_t done = (s->tuned_ns + spent) / NS_PER_MS;
    const uint64_t left = paid < s->tune_ns ? (s->tune_ns - paid) / NS_PER_MS : 0;
    char what[256];
    snprintf(what, sizeof what, "tune%s", names);
    if (s->progress.fn && s->progress.fn(s->progress.user, what, done, done + left))
        t->cancelled = true;
}

static int watch(void *user, const char *what, uint64_t done, uint64_t total)
{
    vr_tuner *t = user;
    const char *inner = strchr(what, ':');
    (void)done;
    (void)total;
    if (!t->cancelled)
        tell(t, t->names[0] ? t->names : inner ? inner : "");
    const uint64_t now = vr_now_ns();
    return t->cancelled || now > t->end || now > t->run_end;
}

static bool is_over(vr_tuner *t)
{
    t->run_end = UINT64_MAX;
    return watch(t, "tune", 0, 0) != 0;
}

static vireo_status open_trial(vr_tuner *t, vr_trial *c, vireo_error *err)
{
    const vireo_graph *g = vr_tune_graph(t);
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
    c->session->kept = t->kept;
    c->session->whole = c->n_kernels > 0; /* recorded once, for spoil; and t->names are all that compile */
    c->session->fixed = vr_calloc(a, g->n_nodes + 1, sizeof *c->session->fixed);
    if (!c->session->fixed)
        return vr_fail_memory(err, "tuning");
    for (size_t i = 0; i < g->n_nodes; i++) {
        const size_t in = t->group_of[i];
        const bool other = in != VR_NO_GROUP && c->runs[in];
        c->session->fixed[i] = other ? c->kernels[g->nodes[i].op] : t->probe.nodes[i].kernel;
    }
    return VIREO_OK;
}

static vireo_status run_once(vr_tuner *t, vr_trial *c, vireo_tensor *out, vireo_error *err)
{
    vireo_status st = vr_session_submit(c->session, t->in, t->n_in, err);
    if (!st)
        st = vr_session_wait(c->session, out, vr_tune_graph(t)->n_outputs, err);
    if (!st)
        vr_slot_times(c->session->buckets[0], &c->session->buckets[0]->slots[0], t->ns);
    return st;
}

/* ---- Results -------------------------------------------------------------------------------- */

/* `rows` of so many bytes each, `pitch` from one to the next. */
typedef struct extent {
    vireo_dtype dtype;
    size_t rows, bytes, pitch;
} extent;

/* Adds Σ(a - b)² and Σb² of n; false: one is finite alone, or they are so in other ways. */
static bool add_squares(const float *a, const float *b, size_t n, double *wrong, double *all)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite((double)a[i]) || !isfinite((double)b[i])) {
            if (!(a[i] == b[i]) && !(isnan(a[i]) && isnan(b[i])))
                return false;
            continue;
        }
        *wrong += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        *all += (double)b[i] * (double)b[i];
    }
    return true;
}

static bool close_enough(const char *x, const char *r, const extent *e, bool same_bits)
{
    double wrong = 0, all = 0;
    for (size_t i = 0; i < e->rows; i++, x += e->pitch, r += e->pitch)
        if (e->dtype != VIREO_F32 || same_bits
                ? memcmp(x, r, e->bytes) != 0
                : !add_squares((const void *)x, (const void *)r, e->bytes / sizeof(float), &wrong, &all))
            return false;
    return wrong <= most_nmse * all;
}

static bool agrees(const vr_tuner *t)
{
    for (size_t i = 0; i < vr_tune_graph(t)->n_outputs; i++) {
        const extent dense = {t->expected[i].dtype, 1, t->expected[i].bytes, 0};
        if (!close_enough(t->got[i].data, t->expected[i].data, &dense, t->owner->fixed != NULL))
            return false;
    }
    return true;
}

/* What the last runs of both left of a value that is kept; what stands between its rows is nobody's. */
static vireo_status value_agrees(const vr_tuner *t, const vr_trial *c, uint32_t id, bool *out, vireo_error *err)
{
    const vr_bucket *b = c->session->buckets[0], *usual = t->list[0].session->buckets[0];
    const vireo_allocator *a = t->owner->model->device->allocator;
    const vr_value *v = &b->values[id];
    const size_t bytes = (size_t)vr_value_bytes(v), size = vireo_dtype_bytes(v->dtype);
    const extent e = {v->dtype, v->rank < 2 ? 1 : (size_t)vr_value_rows_now(v),
                      (size_t)vr_value_width_now(v) * size, vr_value_pitch(v) * size};
    char *got = vr_alloc(a, bytes), *expected = vr_alloc(a, bytes);
    vireo_status st = got && expected ? VIREO_OK : vr_fail_memory(err, "tuning");
    if (!st)
        st = vr_bucket_read(b, id, got, err);
    if (!st)
        st = vr_bucket_read(usual, id, expected, err);
    if (!st)
        *out = close_enough(got, expected, &e, t->owner->fixed != NULL);
    vr_free(a, got);
    vr_free(a, expected);
    return st;
}

static vireo_status kept_agree(const vr_tuner *t, const vr_trial *c, bool *out, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    *out = true;
    for (uint32_t i = 0; !st && *out && t->kept && i < vr_tune_graph(t)->n_values; i++)
        if (t->kept[i])
            st = value_agrees(t, c, i, out, err);
    return st;
}

/* ---- Trials --------------------------------------------------------------------------------- */

/* It ends here. If it has one kernel alone and was `heard`, that is an answer; else its kernels are tried
 * once more each by itself, `later`; else another time they may be heard. */
static vireo_status give_up(vr_tuner *t, vr_trial *c, bool heard, bool later, const char *why,
                            vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t op = 0; op < VR_OP_COUNT; op++)
        if (c->kernels[op])
            vr_logf(&t->owner->model->device->log, VIREO_LOG_INFO, "tuning: %s/%s%s: %s", vr_ops[op]->name,
                    c->kernels[op]->name, later ? ", which is tried again" : " is left out", why);
    vr_session_destroy(&c->session);
    if (later)
        st = vr_tune_split(t, c, err);
    for (size_t g = 0; g < t->n_groups; g++) {
        if (heard && !later && c->stays[g])
            vr_tune_hear(t, c, g);
        c->stays[g] = false;
    }
    c->rounds = 0;
    return st;
}

/* What a run that failed, or took until run_end, means: a fault of the caller's, of a kernel, or none, as
 * the time is over. */
static vireo_status judge_fault(vr_tuner *t, vr_trial *c, vireo_status fault, const vireo_error *why,
                                vireo_error *err)
{
    const bool cut_off = fault == VIREO_ERROR_CANCELLED && !t->cancelled;
    const bool ended = vr_now_ns() > (c->fallback ? t->fallback_end : t->end);
    if (t->cancelled || t->owner->model->device->lost || (!c->n_kernels && !cut_off))
        return vr_fail(err, fault, "%s", why->message);
    if (!c->n_kernels)
        return VIREO_OK;
    if (cut_off)
        return give_up(t, c, !ended, !ended && !c->again,
                       ended ? "the time is over" : "far slower than the usual kernel, or long to compile",
                       err);
    return give_up(t, c, fault != VIREO_ERROR_OUT_OF_MEMORY, c->n_kernels > 1, why->message, err);
}

static uint64_t made_ns(const vr_tuner *t)
{
    const vr_counters *c = &t->owner->model->device->counters;
    return c->ns_glslang + c->ns_pipeline;
}

/* Adds what the last run's nodes took to what compiling the trial's kernels takes, or takes it away. */
static void add_compiling(const vr_tuner *t, vr_trial *c, double sign)
{
    for (size_t i = 0; i < vr_tune_graph(t)->n_nodes; i++)
        if (t->group_of[i] != VR_NO_GROUP && c->runs[t->group_of[i]])
            c->compile_ns[vr_tune_graph(t)->nodes[i].op] += sign * t->ns[i];
}

/* Runs, compares, and times if it is not the first run, in which drivers compile. Memory that a driver hands out
 * again holds what others wrote, and so may hold the right results: before a run counts, NaN stands in whatever
 * the trial's kernels are to write. What is kept is compared after that, once, for it has to be fetched. */
static vireo_status run_trial(vr_tuner *t, vr_trial *c, bool first, vireo_error *err)
{
    vireo_error why = {0};
    vireo_status st = first ? open_trial(t, c, &why) : VIREO_OK;
    if (!st)
        st = run_once(t, c, first && !c->n_kernels ? t->expected : t->got, &why);
    bool right = st || !c->n_kernels || agrees(t);
    if (!st && right && c->n_kernels && !first && !c->rounds)
        st = kept_agree(t, c, &right, &why);
    if (st)
        return judge_fault(t, c, st, &why, err);
    if (!right)
        return give_up(t, c, true, c->n_kernels > 1,
                       "the results differ from those of the usual kernel", err);
    if (first && c->n_kernels && (st = vr_bucket_spoil(c->session->buckets[0], 0xFF, &why)))
        return judge_fault(t, c, st, &why, err);
    if (first || !c->rounds)
        add_compiling(t, c, first ? 1 : -1);
    if (!first)
        vr_tune_keep_times(t, c);
    return VIREO_OK;
}

/* What is known so far: who cancels while a driver compiles may not wait until it is done. */
static vireo_status keep(vr_tuner *t, vireo_error *err)
{
    const vireo_session *s = t->owner;
    const vireo_status st = vr_tune_record(t, err);
    if (!st && s->keep)
        s->keep(s->model->device);
    return st;
}

/* What was cut to tell what compiles is so no more, before a run is timed. */
static vireo_status record_anew(const vr_trial *c, vireo_error *err)
{
    vr_bucket *b = c->session->buckets[0];
    vr_slot_destroy(b, &b->slots[0]);
    const vireo_status st = vr_slot_create(b, &b->slots[0], err);
    if (st)
        vr_slot_destroy(b, &b->slots[0]);
    return st;
}

/* What the session would compile anyhow costs the budget nothing. Then a run whose time bounds the others.
 * */
static vireo_status begin_usual(vr_tuner *t, vireo_error *err)
{
    vr_trial *usual = &t->list[0];
    const uint64_t now = vr_now_ns(), left = t->end > now ? t->end - now : 0;
    t->end = UINT64_MAX;
    t->unpaid_from = now;
    vireo_status st = run_trial(t, usual, true, err);
    if (st == VIREO_ERROR_OUT_OF_MEMORY || st == VIREO_ERROR_LIMIT) { /* it may do without what is kept */
        t->kept = NULL;
        vr_session_destroy(&usual->session);
        st = run_trial(t, usual, true, err);
    }
    if (!st)
        st = record_anew(usual, err);
    const uint64_t start = vr_now_ns();
    t->unpaid_from = 0;
    t->unpaid_ns = start - now;
    t->end = start + left;
    t->fallback_end = start + left / FALLBACK_PART;
    if (st)
        return st;
    st = run_trial(t, usual, false, err);
    if (!st && usual->rounds) {
        t->usual_ns = vr_now_ns() - start;
        vr_tune_weigh(t);
    }
    return st;
}

/* Those that compile now. */
static void name_kernels(vr_tuner *t, const vr_trial *c)
{
    size_t n = 0;
    for (size_t op = 0; op < VR_OP_COUNT; op++)
        if (c->kernels[op] && n < sizeof t->names)
            n += (size_t)snprintf(t->names + n, sizeof t->names - n, "%s %s/%s", n ? "," : ":", vr_ops[op]->name,
                                  c->kernels[op]->name);
}

static vireo_status begin(vr_tuner *t, vr_trial *c, vireo_error *err)
{
    const uint64_t made = made_ns(t);
    name_kernels(t, c);
    t->run_end = vr_now_ns() + FAR_SLOWER * t->usual_ns + c->n_kernels * COMPILE_NS;
    if (c->fallback && t->fallback_end < t->run_end)
        t->run_end = t->fallback_end;
    vireo_status st = run_trial(t, c, true, err);
    t->names[0] = '\0';
    c->made_ns = made_ns(t) - made;
    if (!st && c->session)
        vr_tune_drop_slow(t, c);
    return st;
}

static size_t n_open(const vr_tuner *t)
{
    size_t n = 0;
    for (size_t i = 1; i < t->n; i++)
        n += t->list[i].session != NULL;
    return n;
}

/* The open ones, round by round, so that what else the machine does hits all alike. */
static vireo_status measure(vr_tuner *t, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    vr_trial *usual = &t->list[0];
    const uint64_t start = vr_now_ns();
    usual->rounds = 0;
    while (!st && n_open(t) && usual->rounds < VR_TUNE_ROUNDS &&
           (usual->rounds < VR_TUNE_LEAST_ROUNDS || vr_now_ns() - start < BATCH_NS)) {
        for (size_t i = 0; !st && i < t->n; i++) {
            if (!t->list[i].session)
                continue;
            if (is_over(t))
                return t->cancelled ? vr_fail(err, VIREO_ERROR_CANCELLED, "tuning was cancelled")
                                    : VIREO_OK;
            t->run_end = i ? vr_now_ns() + FAR_SLOWER * t->usual_ns + SOON_NS : UINT64_MAX;
            st = run_trial(t, &t->list[i], false, err);
        }
        if (!st)
            vr_tune_drop_losers(t);
    }
    return st;
}

/* Begins trials from *next on, a few at a time, for each has buffers of its own. Fallbacks hardly ever
 * win, and take long to lose: they are batches of their own, in a part of the time, which other sizes need
 * more. */
static vireo_status begin_batch(vr_tuner *t, size_t *next, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    while (!st && *next < t->n && n_open(t) < MOST_OPEN && !is_over(t)) {
        const bool fallback = t->list[*next].fallback;
        if (fallback && n_open(t) && !t->list[*next - 1].fallback)
            break;
        vr_trial *c = &t->list[(*next)++];
        if (!fallback || vr_now_ns() < t->fallback_end)
            st = begin(t, c, err);
        if (!st)
            st = keep(t, err);
    }
    return st;
}

static vireo_status tune(vr_tuner *t, vireo_error *err)
{
    vireo_status st = is_over(t) ? VIREO_OK : begin_usual(t, err);
    if (!st)
        st = vr_tune_list(t, err);
    if (!st)
        st = keep(t, err);
    for (size_t i = 1; !st && t->list[0].session && t->usual_ns && i < t->n && !is_over(t);) {
        st = begin_batch(t, &i, err);
        if (!st)
            st = measure(t, err);
        if (!st || t->cancelled)
            vr_tune_judge(t);
        if (!st)
            st = keep(t, err);
    }
    if (t->cancelled && (!st || st == VIREO_ERROR_CANCELLED)) {
        keep(t, NULL);
        return vr_fail(err, VIREO_ERROR_CANCELLED, "tuning was cancelled");
    }
    return st ? st : keep(t, err);
}

vireo_status vr_tune(vireo_session *s, const vireo_tensor *in, size_t n_in, const int64_t *capacity,
                     vireo_error *err)
{
    const uint64_t start = vr_now_ns();
    vr_tuner t = {
        .owner = s, .in = in, .n_in = n_in, .start = start, .end = start + s->tune_ns / 2, .run_end = UINT64_MAX};
    vr_arena_init(&t.arena, s->model->device->allocator);
    vireo_status st = vr_tune_look(&t, capacity, err);
    if (!st && t.n_groups)
        st = tune(&t, err);
    for (size_t i = 0; i < t.n; i++)
        vr_session_destroy(&t.list[i].session);
    vr_bucket_deinit(&t.probe);
    vr_arena_deinit(&t.arena);
    const uint64_t spent = vr_now_ns() - start, paid = spent - t.unpaid_ns;
    s->tuned_ns += spent;
    s->tune_ns = paid < s->tune_ns ? s->tune_ns - paid : 1;
    return st;
}
