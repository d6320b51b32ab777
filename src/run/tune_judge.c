/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tuner.h"
#include "base/estimate.h"
#include <math.h>
#include <string.h>

/* What a kernel may take of the best one's least time and stay: after a run, after a few rounds, and after
 * so many that it would hardly win. */
static const double stays = 2, stays_later = 1.15, stays_long = 1.03;
enum { LONG_ROUNDS = 6 };
/* Of the usual one's median, and of its least time: other programs do not hit both alike. */
static const double wins = 0.97;
/* A group that takes no more of the run keeps the usual kernel: no other could save as much. */
static const double negligible = 0.002;
/* A kernel's compiling has to be repaid by what it saves in this time of runs: lavapipe 25 compiles some for
 * seconds, and who starts with cold caches for a minute of work is to lose nothing by tuning. */
static const double repaid_ns = 60e9;

static const double *samples(const vr_trial *c, size_t group)
{
    return c->us + group * VR_TUNE_ROUNDS;
}

static double least(const vr_trial *c, size_t group)
{
    double us = INFINITY;
    for (size_t i = 0; i < c->rounds; i++)
        us = samples(c, group)[i] < us ? samples(c, group)[i] : us;
    return us;
}

static double median(const vr_trial *c, size_t group)
{
    double copy[VR_TUNE_ROUNDS];
    memcpy(copy, samples(c, group), sizeof copy);
    return vr_estimate_of(copy, c->rounds).median;
}

static void lose(vr_tuner *t, vr_trial *c, size_t group)
{
    c->stays[group] = false;
    vr_tune_hear(t, c, group);
}

/* Microseconds of a node of the group in the last run: on average, or the least. */
static double time_of(const vr_tuner *t, size_t group, bool of_quickest)
{
    double sum = 0, quickest = INFINITY;
    for (size_t i = 0; i < vr_tune_graph(t)->n_nodes; i++)
        if (t->group_of[i] == group) {
            sum += t->ns[i] / 1e3;
            quickest = t->ns[i] / 1e3 < quickest ? t->ns[i] / 1e3 : quickest;
        }
    return of_quickest ? quickest : sum / (double)t->groups[group].n_nodes;
}

void vr_tune_keep_times(const vr_tuner *t, vr_trial *c)
{
    for (size_t g = 0; g < t->n_groups; g++)
        c->us[g * VR_TUNE_ROUNDS + c->rounds] = time_of(t, g, false);
    c->rounds++;
}

static void take_usual(vr_tuner *t)
{
    for (size_t g = 0; g < t->n_groups; g++)
        t->groups[g].usual_us = median(&t->list[0], g);
}

void vr_tune_weigh(vr_tuner *t)
{
    double run = 0;
    for (size_t i = 0; i < vr_tune_graph(t)->n_nodes; i++)
        run += t->ns[i] / 1e3;
    take_usual(t);
    for (size_t i = 0; i < t->n_groups; i++) {
        vr_tune_group *g = &t->groups[i];
        if (g->usual_us * (double)g->n_nodes < negligible * run)
            g->heard = g->may;
    }
}

static void close_lost(const vr_tuner *t, vr_trial *c)
{
    bool any = false;
    for (size_t g = 0; g < t->n_groups; g++)
        any = any || c->stays[g];
    if (!any)
        vr_session_destroy(&c->session);
}

void vr_tune_drop_slow(vr_tuner *t, vr_trial *c)
{
    for (size_t g = 0; g < t->n_groups; g++)
        if (t->groups[g].n_nodes > 1 && c->stays[g] && time_of(t, g, true) > stays * t->groups[g].usual_us)
            lose(t, c, g);
    close_lost(t, c);
}

void vr_tune_drop_losers(vr_tuner *t)
{
    for (size_t g = 0; g < t->n_groups; g++) {
        double best = INFINITY;
        for (size_t i = 0; i < t->n; i++)
            if (t->list[i].session && (!i || t->list[i].stays[g]) && least(&t->list[i], g) < best)
                best = least(&t->list[i], g);
        for (size_t i = 1; i < t->n; i++) {
            vr_trial *c = &t->list[i];
            const double most = best * (c->rounds < VR_TUNE_LEAST_ROUNDS ? stays
                                        : c->rounds < LONG_ROUNDS        ? stays_later
                                                                         : stays_long);
            if (c->session && c->stays[g] && least(c, g) > most)
                lose(t, c, g);
        }
    }
    for (size_t i = 1; i < t->n; i++)
        close_lost(t, &t->list[i]);
}

/* Whether what the trial's kernel of the op saves is worth its compiling. */
static bool repays(const vr_tuner *t, const vr_trial *c, vr_op_id op)
{
    vireo_device *d = t->owner->model->device;
    const double ns = c->compile_ns[op] + (double)c->made_ns / (double)c->n_kernels;
    const double cost = vr_tuned_compile_ns(d, c->kernels[op], ns);
    double saved = 0;
    for (size_t g = 0; g < t->n_groups; g++) {
        const double before = t->groups[g].usual_us, after = median(c, g);
        if (t->groups[g].call.op == op && c->stays[g] && after < before)
            saved += 1e3 * (before - after) * (double)t->groups[g].n_nodes;
    }
    if (saved * repaid_ns >= cost * (double)t->usual_ns)
        return true;
    vr_logf(&d->log, VIREO_LOG_INFO,
            "tuning: %s/%s saves %.3f of %.3f ms, which is not worth the %.0f ms that compiling it takes",
            vr_ops[op]->name, c->kernels[op]->name, saved / 1e6, (double)t->usual_ns / 1e6, cost / 1e6);
    return false;
}

static void judge_one(vr_tuner *t, vr_trial *c)
{
    bool pays[VR_OP_COUNT];
    for (size_t op = 0; op < VR_OP_COUNT; op++)
        pays[op] = c->kernels[op] && repays(t, c, (vr_op_id)op);
    for (size_t g = 0; g < t->n_groups; g++) {
        vr_tune_group *to = &t->groups[g];
        if (!c->stays[g])
            continue;
        const double by_median = median(c, g) / to->usual_us;
        const double by_least = least(c, g) / least(&t->list[0], g);
        const double ratio = by_median > by_least ? by_median : by_least;
        lose(t, c, g);
        if (!pays[to->call.op] || !(ratio < to->ratio) || ratio > wins)
            continue;
        to->best = c->kernels[to->call.op];
        to->ratio = ratio;
    }
}

void vr_tune_judge(vr_tuner *t)
{
    const bool heard = t->list[0].rounds >= VR_TUNE_LEAST_ROUNDS;
    if (heard)
        take_usual(t);
    for (size_t i = 1; i < t->n; i++) {
        vr_trial *c = &t->list[i];
        if (c->session && heard && c->rounds >= VR_TUNE_LEAST_ROUNDS)
            judge_one(t, c);
        vr_session_destroy(&c->session);
    }
}
