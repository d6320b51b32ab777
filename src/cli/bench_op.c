/* SPDX-License-Identifier: Apache-2.0
 * One op of one shape: computed, compared with the reference, timed. */
#include "cli/bench.h"
#include "vireo/inspect.h"
#include <math.h>
#include <string.h>

/* What the reference may do of flops, in a fraction of a second; the submission that is timed in ms. */
enum { MOST_REPEATS = 33, MOST_MS = 20, MOST_WHOLE = 20, FEW_RUNS = 3, LEAST_RUNS = 10 };
static const double reference_flops = 2e8, most_nmse = 1e-9;

typedef struct op_run {
    vireo_model *model;
    vireo_session *session;
    struct op_bench *of;
} op_run;

typedef struct op_bench {
    vireo_device *device;
    const vr_bench_op *op;
    vireo_dtype dtype;
    const char *force;
    void *data[VR_BENCH_OPERANDS]; /* (full size), owned */
    vireo_tensor in[VR_BENCH_OPERANDS + 1]; /* and which row is read */
    size_t n_in;
    void *out[2]; /* of the device, of the reference; owned */
    op_run one, many;
    vireo_tensor result;
} op_bench;

/* Element i is the same whatever the sizes are: fewer rows are a prefix. */
static void fill(vr_bench_operand kind, vireo_dtype dtype, int64_t rows, size_t n, void *data)
{
    if (kind != VR_BENCH_IDS && kind != VR_BENCH_OFFSETS) {
        vr_bench_fill(dtype, 0, n, data);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ((int32_t *)data)[i] = kind == VR_BENCH_IDS
                                   ? (int32_t)(vr_bench_hash((uint32_t)i) % (uint32_t)rows)
                                   : (int32_t)((int64_t)i * rows);
}

static vireo_dtype dtype_of(const op_bench *b, size_t operand)
{
    const vr_bench_operand kind = b->op->operands[operand].kind;
    return kind == VR_BENCH_IDS || kind == VR_BENCH_OFFSETS ? VIREO_I32
           : kind == VR_BENCH_WEIGHT ? b->dtype : VIREO_F32;
}

/* Sizes and bytes of an operand; *step: what ids choose from, or how long a sequence is. */
static vireo_tensor describe(const op_bench *b, size_t operand, const int64_t *dims, int64_t *step)
{
    vireo_tensor t = {.dtype = dtype_of(b, operand), .data = b->data[operand]};
    t.rank = vr_bench_sizes(b->op, b->op->operands[operand].letters, dims, t.shape, step);
    if (b->op->operands[operand].kind == VR_BENCH_OFFSETS)
        t.shape[0]++;
    if (b->op->operands[operand].kind == VR_BENCH_DISTANCES) {
        t.rank = 2;
        t.shape[1] = 2 * t.shape[0] - 1;
        t.shape[0] = 1;
    }
    const int64_t width = t.shape[t.rank - 1];
    t.bytes = vireo_dtype_row_bytes(t.dtype, width) * (size_t)(t.rank == 2 ? t.shape[0] : 1);
    return t;
}

static vireo_status make_data(op_bench *b, const int64_t *dims, vireo_error *err)
{
    for (size_t i = 0; i < VR_BENCH_OPERANDS && b->op->operands[i].kind; i++) {
        int64_t step;
        const vireo_tensor t = describe(b, i, dims, &step);
        if (!t.bytes)
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "%s: %s takes rows of a multiple of %zu elements", b->op->name,
                           vireo_dtype_name(t.dtype), vireo_dtype_block(t.dtype));
        b->data[i] = vr_alloc(NULL, t.bytes);
        if (!b->data[i])
            return vr_fail_memory(err, "operands");
        const size_t n = (size_t)(t.shape[0] * (t.rank == 2 ? t.shape[1] : 1));
        fill(b->op->operands[i].kind, t.dtype, step, n, b->data[i]);
    }
    return VIREO_OK;
}

/* `repeats` times the op; the result is the last one, or with `part` its first row. */
static vireo_status build(op_bench *b, const int64_t *dims, uint32_t repeats, bool part,
                          vireo_graph **out, vireo_error *err)
{
    static int32_t first_row;
    const int64_t one[] = {1};
    static const char *const names[VR_BENCH_OPERANDS] = {"a", "b", "c", "d", "e"};
    vireo_value v[VR_BENCH_OPERANDS], result = VIREO_NONE;
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    if (st)
        return st;
    b->n_in = 0;
    for (size_t i = 0; i < VR_BENCH_OPERANDS && b->op->operands[i].kind; i++) {
        int64_t step;
        const vireo_tensor t = describe(b, i, dims, &step);
        const vr_bench_operand kind = b->op->operands[i].kind;
        if (kind == VR_BENCH_WEIGHT || kind == VR_BENCH_VECTOR || kind == VR_BENCH_DISTANCES) {
            v[i] = vireo_graph_constant(g, names[i], &t);
            continue;
        }
        v[i] = vireo_graph_input(g, names[i], t.dtype, t.rank, t.shape, (vireo_symbol){0});
        b->in[b->n_in++] = t;
    }
    for (uint32_t i = 0; i < repeats; i++)
        result = b->op->apply(g, v, dims);
    if (part) {
        const vireo_tensor row = {VIREO_I32, 1, {1}, &first_row, sizeof first_row};
        result = vireo_gather_rows(
            g, result, vireo_graph_input(g, "row", VIREO_I32, 1, one, (vireo_symbol){0}));
        b->in[b->n_in++] = row;
    }
    vireo_graph_output(g, "result", result);
    *out = g;
    return VIREO_OK;
}

/* And runs it once. */
static vireo_status open_op(op_bench *b, op_run *r, const int64_t *dims, uint32_t repeats, bool part,
                            vireo_error *err)
{
    vireo_graph *g = NULL;
    r->of = b;
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.no_fuse = true; /* the op stays what it is */
    vireo_status st = build(b, dims, repeats, part, &g, err);
    if (!st)
        st = vireo_model_create(b->device, &g, &options, &r->model, err);
    return st ? st : vr_bench_open(r->model, b->force, b->in, b->n_in, &b->result, 1, &r->session, err);
}

static void close_op(op_run *r)
{
    vireo_session_destroy(&r->session);
    vireo_model_destroy(&r->model);
}

static vireo_status run_once(void *user, vireo_error *err)
{
    const op_run *r = user;
    op_bench *b = r->of;
    return vireo_session_run(r->session, b->in, b->n_in, &b->result, 1, err);
}

/* ---- Answers -------------------------------------------------------------------------------- */

static size_t elements_of(const vireo_tensor *t)
{
    size_t n = 1;
    for (uint32_t i = 0; i < t->rank; i++)
        n *= (size_t)t->shape[i];
    return n;
}

/* Σ (x - r)² / Σ r²; integers that differ: infinite. */
static double compare(const vireo_tensor *got, const vireo_tensor *want)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < elements_of(want); i++) {
        if (want->dtype == VIREO_I32) {
            if (((int32_t *)got->data)[i] != ((int32_t *)want->data)[i])
                return INFINITY;
            continue;
        }
        const double r = (double)((float *)want->data)[i], x = (double)((float *)got->data)[i];
        error += (x - r) * (x - r);
        size += r * r;
    }
    if (size > 0)
        return error / size;
    return error == 0 ? 0 : INFINITY; /* also where one of them is no number */
}

/* The op's event of the run that has just ended. */
static void read_work(const op_bench *b, vr_op_bench *o)
{
    vireo_profile p;
    vireo_profile_event e = {.op = "", .kernel = ""};
    vireo_device_get_profile(b->device, &p);
    if (p.events)
        vireo_device_get_profile_event(b->device, p.events - 1, &e);
    o->op = e.op;
    o->kernel = e.kernel;
    o->flops = e.flops;
    o->bytes = e.bytes;
}

/* All of the result on the device; of the reference as many rows as it may take. */
static vireo_status check(op_bench *b, vr_op_bench *o, size_t bytes, vireo_error *err)
{
    int64_t dims[VR_BENCH_DIMS];
    vireo_tensor got = {.data = b->out[0], .bytes = bytes}, want = {.data = b->out[1], .bytes = bytes};
    vireo_graph *g = NULL;
    vireo_device_set_profile(b->device, true);
    b->result = got;
    vireo_status st = open_op(b, &b->one, o->dims, 1, false, err);
    vireo_device_set_profile(b->device, false);
    got = b->result;
    if (!st)
        read_work(b, o);
    close_op(&b->one);
    if (st)
        return st;
    memcpy(dims, o->dims, sizeof dims);
    if (!b->op->by_rows && o->flops > MOST_WHOLE * reference_flops)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: %.2g operations, of which the reference would take all, one by one; at most "
                       "%.2g are measured",
                       b->op->name, o->flops, MOST_WHOLE * reference_flops);
    if (b->op->by_rows && o->flops > reference_flops)
        dims[0] = (int64_t)((double)dims[0] * reference_flops / o->flops) + 1;
    o->checked = dims[0];
    st = build(b, dims, 1, false, &g, err);
    if (!st)
        st = vireo_graph_run_reference(g, b->in, b->n_in, &want, 1, err);
    vireo_graph_destroy(&g);
    if (st)
        return st;
    o->nmse = compare(&got, &want);
    if (o->nmse <= most_nmse)
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_DEVICE,
                   "%s/%s: wrong: NMSE %.3g, allowed %.3g; nothing is timed", b->op->name, o->kernel,
                   o->nmse, most_nmse);
}

/* ---- Time ----------------------------------------------------------------------------------- */

/* Of many in one submission, less a submission of one: copies and waits are not the op's. part: the result
 * has rows, of which one is read. */
static vireo_status time_op(op_bench *b, vr_op_bench *o, bool part, size_t bytes, vireo_error *err)
{
    vr_timing one = {.runs = 0};
    vireo_plan_info plan = {0};
    b->result = (vireo_tensor){.data = b->out[0], .bytes = bytes};
    vireo_status st = open_op(b, &b->one, o->dims, 1, part, err);
    if (!st)
        st = vr_bench_time_few(run_once, &b->one, FEW_RUNS, &one, err);
    if (st)
        return st;
    const double wanted = MOST_MS / one.ms.median;
    o->repeats = wanted > MOST_REPEATS - 3 ? MOST_REPEATS : (uint32_t)wanted + 3;
    st = open_op(b, &b->many, o->dims, o->repeats, part, err);
    if (!st)
        st = vireo_session_get_plan(b->many.session, &plan, err);
    if (!st && plan.dispatches < o->repeats)
        st = vr_fail(err, VIREO_ERROR_DEVICE,
                     "%s: %zu dispatches for %u repeats: of these sizes it is a view, nothing is computed",
                     b->op->name, plan.dispatches, o->repeats);
    return st ? st : vr_bench_time_further(run_once, (void *[]){&b->one, &b->many}, o->repeats - 1, LEAST_RUNS,
                                           NULL, &o->time, err);
}

vireo_status vr_bench_op_time(vireo_device *device, const vr_bench_op *op, vireo_dtype dtype,
                              vr_op_bench *o, vireo_error *err)
{
    op_bench b = {.device = device, .op = op, .dtype = dtype, .force = o->force};
    int64_t sizes[VIREO_MAX_RANK], none;
    size_t bytes = sizeof(float);
    const uint32_t rank = vr_bench_sizes(op, op->result, o->dims, sizes, &none);
    for (uint32_t i = 0; i < rank; i++)
        bytes *= (size_t)sizes[i];
    vireo_status st = make_data(&b, o->dims, err);
    b.out[0] = vr_alloc(NULL, bytes);
    b.out[1] = vr_alloc(NULL, bytes);
    if (!st && (!b.out[0] || !b.out[1]))
        st = vr_fail_memory(err, "results");
    if (!st)
        st = check(&b, o, bytes, err);
    if (!st)
        st = time_op(&b, o, rank > 1, bytes, err);
    close_op(&b.one);
    close_op(&b.many);
    for (size_t i = 0; i < VR_BENCH_OPERANDS; i++)
        vr_free(NULL, b.data[i]);
    vr_free(NULL, b.out[0]);
    vr_free(NULL, b.out[1]);
    return st;
}
