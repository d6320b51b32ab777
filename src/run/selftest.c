/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include "vk/cache.h"
#include <stdio.h>
#include <string.h>

/* PATIENCE: seconds; the first dispatch of a software driver compiles. Lavapipe 25 takes 19 s for
 * matmul's `tiles`, with AddressSanitizer more than 60, and is well.
 * Two ends of the program: one may be somebody's hand. */
enum { PATIENCE = 180, MOST_ENDS = 2 };

struct vireo_selftest {
    const vireo_allocator *allocator;
    vr_arena arena; /* texts */
    vireo_selftest_result *results;
    size_t n;
};

/* An op at work. */
typedef struct op_work {
    vireo_device *device;
    vr_op_id op;
    vr_check_case *cases; /* (n_checks) */
    vireo_model **models;
    size_t n;
} op_work;

static void op_work_deinit(op_work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        vireo_model_destroy(&w->models[i]);
        vr_check_case_deinit(&w->cases[i]);
    }
    vr_free(w->device->allocator, w->models);
    vr_free(w->device->allocator, w->cases);
}

static vireo_status op_work_init(op_work *w, vireo_error *err)
{
    const vireo_allocator *a = w->device->allocator;
    const size_t n = vr_ops[w->op]->n_checks;
    vireo_status st = VIREO_OK;
    w->cases = vr_calloc(a, n, sizeof *w->cases);
    w->models = vr_calloc(a, n, sizeof *w->models);
    if (!w->cases || !w->models)
        return vr_fail_memory(err, "self-test");
    while (!st && w->n < n) {
        const size_t i = w->n++;
        vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
        options.keep_layout = true; /* the call stays as it is */
        st = vr_check_case_init(&w->cases[i], a, w->op, i, err);
        if (!st)
            st = vr_check_case_expect(&w->cases[i], err);
        if (!st)
            st = vr_model_create(w->device, &w->cases[i].graph, &options, &w->models[i], err);
        if (st)
            return st;
        w->models[i]->any_kernel = true;
        w->cases[i].call.limits = &w->device->info;
    }
    return st;
}

/* Runs a case twice: what the first leaves in memory is overwritten, so that what the second does
 * not write is seen. Results go into got. */
static vireo_status run_session(vireo_session *s, const vr_check_case *c,
                                void *const got[VR_MAX_OUT], vireo_error *err)
{
    vireo_tensor out[VR_MAX_OUT] = {{0}};
    const size_t n_out = vr_ops[c->op]->n_out;
    vireo_status st = VIREO_OK;
    for (int run = 0; !st && run < 2; run++) {
        for (size_t i = 0; i < n_out; i++)
            out[i] = (vireo_tensor){.data = got[i], .bytes = c->elements[i] * sizeof(float)};
        if (run)
            st = vr_bucket_spoil(s->buckets[0], 0x7f, err);
        if (!st)
            st = vr_session_submit(s, c->in, c->n_in, err);
        if (!st)
            st = vr_session_wait(s, out, n_out, err);
    }
    return st;
}

/* Fails on exhausted memory only; all else is a finding. */
static vireo_status run_case(op_work *w, size_t index, const char *path, vr_finding *f,
                             vireo_error *err)
{
    const vr_check_case *c = &w->cases[index];
    void *got[VR_MAX_OUT] = {NULL};
    vireo_session *s = NULL;
    vireo_error why = {0};
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = path;
    vireo_status st = vr_session_create(w->models[index], &options, &s, &why);
    for (size_t i = 0; !st && i < vr_ops[c->op]->n_out; i++)
        if (!(got[i] = vr_calloc(w->device->allocator, c->elements[i] + 1, sizeof(float))))
            st = vr_fail_memory(&why, "self-test");
    if (!st) {
        s->patience = PATIENCE;
        st = run_session(s, c, got, &why);
    }
    f->cases++;
    f->failed_case = index;
    if (!st) {
        vr_check_compare(c, got, s->buckets[0], f);
    } else if (st == VIREO_ERROR_OUT_OF_MEMORY) {
        vr_fail(err, st, "%s", why.message);
    } else {
        f->state = w->device->lost ? VR_VERDICT_LOST : VR_VERDICT_FAILED;
        snprintf(f->reason, sizeof f->reason, "%.500s", why.message);
    }
    for (size_t i = 0; i < VR_MAX_OUT; i++)
        vr_free(w->device->allocator, got[i]);
    vr_session_destroy(&s);
    return st == VIREO_ERROR_OUT_OF_MEMORY ? st : VIREO_OK;
}

/* Why the device may not use the kernel; false: it may. */
static bool lacks(const op_work *w, const vr_kernel *k, vr_finding *f)
{
    const vireo_device_info *d = &w->device->info;
    const uint32_t bindings = vr_kernel_storage_bindings(k);
    bool fits = false;
    const char *need = vr_kernel_lacks(k, d);
    if (need)
        snprintf(f->reason, sizeof f->reason, "%s", need);
    else if (bindings > d->max_storage_bindings)
        snprintf(f->reason, sizeof f->reason, "binds %u storage buffers, the device allows %u",
                 (unsigned)bindings, (unsigned)d->max_storage_bindings);
    for (size_t i = 0; i < w->n && !f->reason[0] && !fits; i++)
        fits = vr_kernel_allowed(k, &w->cases[i].call);
    if (!fits && !f->reason[0])
        snprintf(f->reason, sizeof f->reason, "fits none of the cases");
    return !fits;
}

/* Runs the cases that fit until one fails. */
static vireo_status run_cases(op_work *w, const vr_kernel *k, const char *path, vr_hash128 source,
                              vr_finding *f, vireo_error *err)
{
    const vr_verdict before = vr_verdict_get(w->device, path, source);
    const uint32_t ends = before.state == VR_VERDICT_TRYING ? before.tries : 0;
    f->state = VR_VERDICT_PASSED;
    if (before.state == VR_VERDICT_LOST || ends >= MOST_ENDS) {
        f->state = VR_VERDICT_LOST;
        snprintf(
            f->reason, sizeof f->reason,
            "%s when it was tried before; it is not tried again until its line in %s is deleted",
            ends ? "the program ended" : "the device was lost", VR_VERDICT_FILE);
        return VIREO_OK;
    }
    vr_verdict_try(w->device, path, source, ends + 1);
    for (size_t i = 0; i < w->n && f->state == VR_VERDICT_PASSED; i++) {
        if (!vr_kernel_allowed(k, &w->cases[i].call))
            continue;
        vireo_status st = run_case(w, i, path, f, err);
        if (st) { /* says nothing of the kernel */
            vr_verdict_set(w->device, path, source, before);
            return st;
        }
    }
    return VIREO_OK;
}

static vireo_status add_report(vireo_selftest *t, op_work *w, const vr_kernel *k, vr_hash128 source,
                               const vr_finding *f, vireo_selftest_result *r, vireo_error *err)
{
    char name[VR_VERDICT_NAME + 32], *path = NULL;
    vr_str text;
    vr_str_init(&text, t->allocator);
    vireo_status st =
        vr_selftest_report(w->device, &w->cases[f->failed_case], k, source, f, &text, err);
    if (!st && !(r->report = vr_arena_strdup(&t->arena, text.data)))
        st = vr_fail_memory(err, "report");
    if (!st) {
        snprintf(name, sizeof name, "selftest-%s-%s-%.8s.txt", r->op, r->kernel,
                 w->device->info.uuid);
        if (vr_cache_write(w->device, name, text.data, text.length, &path) &&
            !(r->report_path = vr_arena_strdup(&t->arena, path)))
            st = vr_fail_memory(err, "report");
    }
    vr_free(t->allocator, path);
    vr_str_deinit(&text);
    return st;
}

static vireo_status try_kernel(vireo_selftest *t, op_work *w, const vr_kernel *k,
                               vireo_selftest_result *r, vireo_error *err)
{
    const uint64_t start = vr_now_ns();
    char path[VR_VERDICT_NAME];
    vr_hash128 source = {0};
    vr_finding f = {.state = VR_VERDICT_NONE};
    vireo_status st = VIREO_OK;
    vr_kernel_path(w->op, k, path);
    if (w->device->lost) {
        r->verdict = VIREO_VERDICT_NOT_TRIED;
        snprintf(f.reason, sizeof f.reason, "the device was lost before");
    } else if (lacks(w, k, &f)) {
        r->verdict = VIREO_VERDICT_NOT_APPLICABLE;
    } else {
        st = vr_kernel_source(w->device, w->op, k, &source, err);
        if (!st)
            st = run_cases(w, k, path, source, &f, err);
        if (st)
            return st;
        vr_verdict_set(w->device, path, source, (vr_verdict){f.state, 0});
        r->verdict = f.state == VR_VERDICT_PASSED ? VIREO_VERDICT_PASSED : VIREO_VERDICT_FAILED;
    }
    if (w->device->lost)
        vr_verdicts_save(w->device); /* what comes now may not come back */
    r->cases = f.cases;
    r->nmse = f.nmse;
    r->error = f.error;
    if (!(r->reason = vr_arena_strdup(&t->arena, f.reason)))
        return vr_fail_memory(err, "self-test");
    if (r->verdict == VIREO_VERDICT_FAILED)
        st = add_report(t, w, k, source, &f, r, err);
    r->ms = (double)(vr_now_ns() - start) / 1e6;
    return st;
}

static bool is_asked(const vireo_selftest_options *o, size_t op)
{
    return !o->op || strcmp(o->op, vr_ops[op]->name) == 0;
}

static size_t count_kernels(const vireo_selftest_options *o)
{
    size_t n = 0;
    for (size_t i = 0; i < VR_OP_COUNT; i++)
        n += is_asked(o, i) ? vr_ops[i]->n_kernels : 0;
    return n;
}

static vireo_status try_op(vireo_selftest *t, vireo_device *d, vr_op_id op,
                           const vireo_selftest_options *o, vireo_error *err)
{
    op_work w = {.device = d, .op = op};
    vireo_status st = d->lost ? VIREO_OK : op_work_init(&w, err);
    for (size_t i = 0; !st && i < vr_ops[op]->n_kernels; i++) {
        const vr_kernel *k = &vr_ops[op]->kernels[i];
        vireo_selftest_result *r = &t->results[t->n];
        r->op = vr_ops[op]->name;
        r->kernel = k->name;
        st = try_kernel(t, &w, k, r, err);
        t->n++;
        if (!st && o->progress &&
            o->progress(o->progress_user, "self-test", t->n, count_kernels(o)))
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "the self-test was cancelled");
    }
    op_work_deinit(&w);
    return st;
}

vireo_status vireo_selftest_run(vireo_device *d, const vireo_selftest_options *given,
                                vireo_selftest **out, vireo_error *err)
{
    vireo_selftest_options known = VIREO_OPTIONS(vireo_selftest_options);
    const vireo_selftest_options *o = &known;
    vireo_status st = vr_device_check(d, err);
    if (st)
        return st;
    if (given && given->struct_size < sizeof given->struct_size)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_selftest_options.struct_size is %zu; use VIREO_OPTIONS",
                       given->struct_size);
    if (given)
        memcpy(&known, given, given->struct_size < sizeof known ? given->struct_size : sizeof known);
    if (count_kernels(o) == 0)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "self-test: no op is named %s", o->op);
    vireo_selftest *t = vr_calloc(d->allocator, 1, sizeof *t);
    if (!t)
        return vr_fail_memory(err, "self-test");
    t->allocator = d->allocator;
    vr_arena_init(&t->arena, d->allocator);
    t->results = vr_calloc(d->allocator, count_kernels(o), sizeof *t->results);
    if (!t->results)
        st = vr_fail_memory(err, "self-test");
    for (size_t i = 0; !st && i < VR_OP_COUNT; i++)
        st = is_asked(o, i) ? try_op(t, d, (vr_op_id)i, o, err) : VIREO_OK;
    vr_verdicts_save(d);
    if (st)
        vireo_selftest_destroy(&t);
    else
        *out = t;
    return st;
}

const vireo_selftest_result *vireo_selftest_get(const vireo_selftest *t, size_t index)
{
    return index < t->n ? &t->results[index] : NULL;
}

void vireo_selftest_destroy(vireo_selftest **pt)
{
    if (!pt || !*pt)
        return;
    vireo_selftest *t = *pt;
    const vireo_allocator *a = t->allocator;
    vr_arena_deinit(&t->arena);
    vr_free(a, t->results);
    vr_free(a, t);
    *pt = NULL;
}
