/* SPDX-License-Identifier: Apache-2.0 */
#include "op_classes.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_RESULTS = 64, BESIDE = 64 /* columns on either side of a view; 256 bytes */ };
static const double default_nmse = 1e-10, max_error = 1e-5;

/* A case at work: its model, the operands of the current run, the expected results. */
typedef struct work {
    const op_cases *cases;
    const op_case *c;
    size_t index;
    const vr_op *op;
    vireo_model *model;
    bool forced;
    size_t times; /* not 0: as often with the same inputs, kernels chosen once for all runs */
    vireo_session *sessions[OP_MAX_KERNELS]; /* by kernel; one if none is forced */
    bool refused[OP_MAX_KERNELS];
    double *in[VR_MAX_IN];
    void *data[VR_MAX_IN]; /* in their own dtype */
    float *wide[VR_MAX_IN]; /* what views are cut from */
    vireo_tensor tensors[VR_MAX_IN];
    size_t n_tensors;
    vr_value values[VR_MAX_IN + VR_MAX_OUT];
    vr_call call; /* of the graph as it was built: the model may lay weights out anew */
    double *expected[VR_MAX_OUT], *scale[VR_MAX_OUT];
    void *got[2][VR_MAX_OUT];
    size_t elements[VR_MAX_OUT]; /* of this run */
    size_t run, failures;
    op_table *table;
    vr_hash128 *bits; /* of the results of a case that is repeated */
} work;

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static void fault(work *w, size_t kernel, const char *text)
{
    char shapes[400] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (w->call.in[i] && n + 100 < sizeof shapes) {
            vr_value_text(w->call.in[i], shapes + n, 100);
            n += strlen(shapes + n);
            shapes[n++] = ' ';
            shapes[n] = '\0';
        }
    printf("FAILED %s/%s%s, case %zu, run %zu (counts %lld, %lld), %s: %s\n", w->op->name,
           kernel < w->op->n_kernels ? w->op->kernels[kernel].name : "reference",
           w->forced ? "" : " (as chosen)", w->index, w->run,
           (long long)w->c->counts[w->run][0], (long long)w->c->counts[w->run][1], shapes, text);
    w->failures++;
}

static size_t elements_of(const op_case *c, const op_operand *o, size_t run, bool capacity)
{
    size_t n = 1;
    for (uint32_t d = 0; d < o->rank; d++)
        n *= d > 0 || !o->symbol ? (size_t)o->shape[d]
             : capacity          ? (size_t)c->symbols[o->symbol - 1]
                                 : (size_t)c->counts[run][o->symbol - 1];
    return n;
}

static int64_t width_of(const op_operand *o)
{
    return o->rank ? o->shape[o->rank - 1] : 1;
}

static void widen(const op_operand *o, int64_t *shape)
{
    memcpy(shape, o->shape, sizeof o->shape);
    if (o->view)
        shape[o->rank - 1] += 2 * BESIDE;
}

/* Rows of a view among NaNs. */
static void fill_wide(work *w, uint32_t i)
{
    const size_t width = (size_t)width_of(&w->c->in[i]), pitch = width + 2 * BESIDE;
    const size_t n = elements_of(w->c, &w->c->in[i], w->run, false), rows = width ? n / width : 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < pitch; j++)
            w->wide[i][r * pitch + j] = j < BESIDE || j >= BESIDE + width
                                            ? NAN
                                            : ((float *)w->data[i])[r * width + j - BESIDE];
}

static int64_t rows_of(const op_case *c, uint32_t operand, size_t run)
{
    const op_operand *o = &c->in[operand];
    return o->symbol ? c->counts[run][o->symbol - 1] : o->shape[0];
}

/* Draws operand i for run w->run. */
static void fill(work *w, uint32_t i)
{
    const op_operand *o = &w->c->in[i];
    size_t n = elements_of(w->c, o, w->run, false);
    op_fill_data(w->c, i, w->run, rows_of(w->c, o->of, w->run), w->in[i], n);
    op_encode(o, w->in[i], n, w->data[i]);
    if (o->view)
        fill_wide(w, i);
}

static void allocate_operands(work *w)
{
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        size_t n = elements_of(w->c, &w->c->in[i], 0, true) + 1;
        if (w->c->in[i].source == OP_ABSENT)
            continue;
        w->in[i] = must(calloc(n, sizeof(double)));
        w->data[i] = must(calloc(n, 4));
        if (w->c->in[i].view) {
            op_operand wide = w->c->in[i];
            widen(&w->c->in[i], wide.shape);
            w->wide[i] = must(calloc(elements_of(w->c, &wide, 0, true) + 1, 4));
        }
        fill(w, i);
    }
}

static void copy_call(work *w, const vireo_graph *g)
{
    const vr_node *node = &g->nodes[g->n_nodes - 1];
    vr_node_call(g, node, NULL, NULL, &w->call);
    for (uint32_t i = 0; i < VR_MAX_IN + VR_MAX_OUT; i++) {
        uint32_t id = i < VR_MAX_IN ? node->in[i] : node->out[i - VR_MAX_IN];
        w->values[i] = g->values[id].v;
        if (!id)
            w->values[i].symbol = VR_NO_SYMBOL;
        else if (i < VR_MAX_IN)
            w->call.in[i] = &w->values[i];
        else
            w->call.out[i - VR_MAX_IN] = &w->values[i];
    }
}

static vireo_value add_input(vireo_graph *g, const char *name, const op_operand *o,
                             vireo_symbol symbol)
{
    int64_t shape[VIREO_MAX_RANK];
    widen(o, shape);
    vireo_value v = vireo_graph_input(g, name, o->dtype, o->rank, shape, symbol);
    return o->view ? vireo_slice(g, v, o->rank - 1, BESIDE, width_of(o)) : v;
}

static vireo_status make_model(work *w, vireo_device *device, vireo_error *err)
{
    static const char *const names[] = {"in0", "in1", "in2",
                                               "in3", "in4", "in5"};
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    if (st)
        return st;
    vireo_symbol symbols[OP_MAX_SYMBOLS] = {{0}};
    for (size_t i = 0; i < OP_MAX_SYMBOLS && w->c->n_runs && w->c->symbols[i]; i++)
        symbols[i] = vireo_graph_symbol(g, i ? "second" : "first", w->c->symbols[i]);
    vireo_value in[VR_MAX_IN] = {{0}}, out[VR_MAX_OUT] = {{0}};
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        const op_operand *o = &w->c->in[i];
        if (o->source == OP_INPUT) {
            in[i] = add_input(g, names[i], o,
                              o->symbol ? symbols[o->symbol - 1] : (vireo_symbol){0});
        } else if (o->source == OP_CONSTANT) {
            vireo_tensor t = {.dtype = o->dtype, .rank = o->rank, .data = w->data[i]};
            memcpy(t.shape, o->shape, sizeof t.shape);
            t.bytes = op_bytes(o, elements_of(w->c, o, 0, true));
            in[i] = vireo_graph_constant(g, names[i], &t);
        }
    }
    w->cases->build(g, w->c, in, out);
    for (size_t i = 0; i < w->op->n_out; i++)
        vireo_graph_output(g, i ? "out1" : "out0", out[i]);
    if (!vireo_graph_check(g, NULL))
        copy_call(w, g);
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.keep_layout = w->c->keep_layout;
    return vireo_model_create(device, &g, &options, &w->model, err);
}

/* Sets the counts of w->values to those of this run. */
static void set_counts(work *w)
{
    const vireo_graph *g = w->model->graph;
    int64_t counts[VR_MAX_SYMBOLS + 1] = {0};
    for (uint32_t i = 1; i < g->n_symbols; i++) {
        const vr_graph_symbol *y = &g->symbols[i];
        int64_t n = y->base ? counts[y->base] + y->add : w->c->counts[w->run][i - 1];
        counts[i] = n > 0 ? n : 0;
    }
    for (uint32_t i = 0; i < VR_MAX_IN + VR_MAX_OUT; i++)
        if (w->values[i].symbol != VR_NO_SYMBOL)
            w->values[i].count = counts[w->values[i].symbol];
}

static void make_tensors(work *w)
{
    w->n_tensors = 0;
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        const op_operand *o = &w->c->in[i];
        if (o->source != OP_INPUT)
            continue;
        vireo_tensor *t = &w->tensors[w->n_tensors++];
        *t = (vireo_tensor){.dtype = o->dtype, .rank = o->rank,
                            .data = o->view ? w->wide[i] : w->data[i]};
        widen(o, t->shape);
        if (o->symbol)
            t->shape[0] = w->c->counts[w->run][o->symbol - 1];
        t->bytes = vireo_dtype_bytes(o->dtype);
        for (uint32_t d = 0; d < t->rank; d++)
            t->bytes *= (size_t)t->shape[d];
    }
}

static bool has_absolute_scale(const work *w)
{
    bool cancels = w->cases->absolute_scale;
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        cancels = cancels || w->c->in[i].fill == FILL_CANCEL_ROWS;
    return cancels;
}

/* The largest magnitude of the result, or each result of the absolute values of the operands. */
static void set_scale(work *w)
{
    double largest = 0;
    for (size_t i = 0; i < w->elements[0]; i++)
        if (isfinite(w->expected[0][i]))
            largest = fmax(largest, fabs(w->expected[0][i]));
    for (size_t i = 0; i < w->elements[0]; i++)
        w->scale[0][i] = largest;
    if (!has_absolute_scale(w))
        return;
    vr_call call = w->call;
    if (call.op == VR_OP_MATMUL)
        call.at.matmul.activation = VIREO_IDENTITY;
    vr_ref_args args = {.call = &call, .out = {w->scale[0], w->scale[1]}};
    double *copies[VR_MAX_IN] = {NULL};
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        if (!w->in[i])
            continue;
        size_t n = elements_of(w->c, &w->c->in[i], w->run, false);
        copies[i] = must(calloc(n + 1, sizeof(double)));
        for (size_t j = 0; j < n; j++)
            copies[i][j] = fabs(w->in[i][j]);
        args.in[i] = copies[i];
    }
    w->op->reference(&args);
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        free(copies[i]);
}

static void set_expected(work *w)
{
    for (uint32_t i = 0; i < w->op->n_out; i++) {
        const vr_value *v = w->call.out[i];
        w->elements[i] =
            v->rank == 1 ? (size_t)v->count : (size_t)(vr_value_rows_now(v) * vr_value_width(v));
        size_t n = w->elements[i] + 1;
        w->expected[i] = must(realloc(w->expected[i], n * sizeof(double)));
        w->scale[i] = must(realloc(w->scale[i], n * sizeof(double)));
        for (int j = 0; j < 2; j++)
            w->got[j][i] = must(realloc(w->got[j][i], n * 4));
        for (size_t j = 0; j < w->elements[i]; j++)
            w->expected[i][j] = NAN; /* the reference must write all */
    }
    vr_ref_args args = {.call = &w->call, .out = {w->expected[0], w->expected[1]}};
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        args.in[i] = w->in[i];
    w->op->reference(&args);
    set_scale(w);
}

/* Whether o is r bit by bit. Drivers may change which NaN it is, and those of GPUs may flush a denormal
 * number to either zero; software drivers move it as it is. */
static bool is_copy(const work *w, float o, double r)
{
    const bool flushes = w->model->device->info.type != VIREO_DEVICE_CPU;
    const float f = (float)r;
    return memcmp(&o, &f, sizeof f) == 0 || (isnan(o) && isnan(f)) ||
           (flushes && f != 0 && fabsf(f) < FLT_MIN && o == 0);
}

/* Compares result 0 or 1 with what is expected; *nmse is raised. */
static void compare(work *w, size_t kernel, uint32_t out, double *worst)
{
    const bool ints = w->call.out[out]->dtype == VIREO_I32;
    const bool copies = !ints && (w->cases->exact || w->c->exact);
    double square = 0, error = 0;
    char text[160];
    for (size_t i = 0; i < w->elements[out]; i++) {
        double r = w->expected[out][i], o = ints ? (double)((int32_t *)w->got[0][out])[i]
                                                 : (double)((float *)w->got[0][out])[i];
        double d = fabs(o - r);
        if (o == r || (isnan(o) && isnan(r)) || (isinf(o) && fabs(r) > FLT_MAX && o * r > 0))
            d = 0;
        if (copies ? !is_copy(w, (float)o, r)
                   : d != 0 && (ints || !(d <= max_error * w->scale[out][i] + 1e-37))) {
            snprintf(text, sizeof text, "result %u, element %zu is %.9g, expected %.9g (scale %g)",
                     out, i, o, r, copies || ints ? 0 : w->scale[out][i]);
            fault(w, kernel, text);
            return;
        }
        square += isfinite(r) && fabs(r) <= FLT_MAX ? r * r : 0;
        error += d * d;
    }
    if (copies || ints || error < 1e-74) /* denormals may be flushed: each is off by 1e-37 at most */
        return;
    /* Of few sums whose terms cancel, the squares say nothing; the largest error was checked. */
    if (has_absolute_scale(w) && w->elements[out] < FEW_RESULTS)
        return;
    double nmse = error / square, most = w->c->nmse > 0 ? w->c->nmse : default_nmse;
    *worst = fmax(*worst, nmse);
    if (!(nmse <= most)) {
        snprintf(text, sizeof text, "NMSE %g, allowed %g", nmse, most);
        fault(w, kernel, text);
    }
}

/* Fills what the kernel is to write, and its scratch, so that what it leaves out is seen. */
static void poison(work *w, const vireo_session *s)
{
    vireo_error err = {0};
    for (size_t i = 0; i < s->n_buckets; i++) {
        if (vr_bucket_spoil(s->buckets[i], 0x7f, &err))
            fault(w, SIZE_MAX, err.message);
    }
}

/* The bucket that ran last. */
static const vr_bucket *last_bucket(const vireo_session *s)
{
    const vr_bucket *b = s->buckets[0];
    for (size_t i = 1; i < s->n_buckets; i++)
        if (s->buckets[i]->used > b->used)
            b = s->buckets[i];
    return b;
}

static void check_padding(work *w, const vireo_session *s, size_t kernel)
{
    const vireo_graph *g = s->model->graph;
    const vr_bucket *b = last_bucket(s);
    for (size_t o = 0; o < g->n_outputs; o++) {
        const vr_value *v = &b->values[g->outputs[o].value];
        const uint32_t *words =
            (const void *)(b->slots[0].output_data + b->places[g->outputs[o].value].offset);
        size_t rows = w->elements[o] ? (size_t)vr_value_rows_now(v) : 0, pitch = vr_value_pitch(v);
        size_t width = (size_t)(v->rank == 1 ? v->count : vr_value_width(v));
        size_t end = v->rank == 1 ? (width + 3) / 4 * 4 : pitch;
        for (size_t r = 0; r < rows; r++)
            for (size_t i = width; i < end; i++)
                if (words[r * pitch + i] != 0) {
                    char text[100];
                    snprintf(text, sizeof text, "result %zu, row %zu: padding is %08x, not zero", o,
                             r, (unsigned)words[r * pitch + i]);
                    fault(w, kernel, text);
                    return;
                }
    }
}

static vireo_status run_once(work *w, vireo_session *s, int which, vireo_error *err)
{
    vireo_tensor out[VR_MAX_OUT] = {{0}};
    for (uint32_t i = 0; i < w->op->n_out; i++) {
        out[i].data = w->got[which][i];
        out[i].bytes = w->elements[i] * 4;
    }
    vireo_status st = vireo_session_run(s, w->tensors, w->n_tensors, out, w->op->n_out, err);
    for (uint32_t i = 0; !st && i < w->op->n_out; i++)
        if (out[i].rank != w->call.out[i]->rank ||
            (out[i].rank && out[i].shape[0] != w->call.out[i]->count))
            return vr_fail(err, VIREO_ERROR_DEVICE, "result %u has another shape", i);
    return st;
}

static vireo_status open_session(work *w, size_t kernel, vireo_error *err)
{
    char force[64];
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    if (w->sessions[kernel])
        return VIREO_OK;
    snprintf(force, sizeof force, "%s/%s", w->op->name, w->op->kernels[kernel].name);
    options.force_kernel = w->forced ? force : NULL;
    options.deterministic = w->times > 0;
    return vireo_session_create(w->model, &options, &w->sessions[kernel], err);
}

/* Which kernel the session's last run used. */
static size_t kernel_used(const work *w, const vireo_session *s)
{
    const vr_kernel *k = last_bucket(s)->nodes[s->model->graph->n_nodes - 1].kernel;
    return k ? (size_t)(k - w->op->kernels) : w->op->n_kernels;
}

static void count(const work *w, const vireo_session *s, op_tally *tally)
{
    const uint32_t classes = op_classes_of(w->c, &w->call, s, last_bucket(s));
    tally->ran++;
    for (uint32_t i = 0; i < OP_N_CLASSES; i++)
        tally->classes[i] += classes >> i & 1;
}

static void run_kernel(work *w, size_t kernel)
{
    const vireo_dtype dtype = op_case_dtype(w->c);
    vireo_error err = {0};
    vireo_status st = open_session(w, kernel, &err);
    vireo_session *s = w->sessions[kernel];
    if (!st)
        st = run_once(w, s, 0, &err);
    /* A forced kernel that cannot cut an operand may meet the limits. */
    if (w->forced && (st == VIREO_ERROR_UNSUPPORTED ||
                      (st == VIREO_ERROR_LIMIT && (w->c->device == OP_DEVICE_LOW || w->c->heavy)))) {
        w->refused[kernel] = true;
        w->table->of[kernel][dtype].not_applicable++;
        return;
    }
    if (!st) {
        poison(w, s);
        st = run_once(w, s, 1, &err);
    }
    if (st) {
        fault(w, kernel, err.message);
        return;
    }
    const size_t used = kernel_used(w, s);
    op_tally *tally = &w->table->of[used < w->op->n_kernels ? used : 0][dtype];
    count(w, s, tally);
    if (!op_kernel_runs(w->op, used, &s->model->device->info))
        fault(w, used, "the device has not what the kernel needs");
    for (uint32_t i = 0; i < w->op->n_out; i++) {
        compare(w, used, i, &tally->worst);
        if (memcmp(w->got[0][i], w->got[1][i], w->elements[i] * 4) != 0)
            fault(w, used, "a second run gave other bits");
    }
    check_padding(w, s, used);
}

/* All buckets run one program of one kernel. */
static void check_programs(work *w, const vireo_session *s)
{
    const size_t node = s->model->graph->n_nodes - 1;
    const vr_step_node *a = &s->buckets[0]->nodes[node];
    for (size_t i = 1; i < s->n_buckets; i++) {
        const vr_step_node *b = &s->buckets[i]->nodes[node];
        if (!a->kernel || !b->kernel) /* a view; empty values may be none */
            continue;
        if (a->kernel != b->kernel || strcmp(a->programs[0].defines, b->programs[0].defines) != 0 ||
            (a->kernel->second &&
             strcmp(a->programs[1].defines, b->programs[1].defines) != 0))
            fault(w, (size_t)(a->kernel - w->op->kernels), "two buckets run two programs");
    }
}

static void repeat(work *w)
{
    vireo_error err = {0};
    vireo_status st = open_session(w, 0, &err);
    for (size_t n = 0; !st && n < w->times; n++) {
        if (n == w->times / 2 && w->run == 0) { /* compiled by another session */
            vireo_session_destroy(&w->sessions[0]);
            st = open_session(w, 0, &err);
        }
        if (!st && n > 0)
            poison(w, w->sessions[0]);
        if (!st)
            st = run_once(w, w->sessions[0], n > 0, &err);
        for (uint32_t i = 0; !st && i < w->op->n_out; i++)
            if (n == 0) {
                *w->bits = vr_hash_join(*w->bits, vr_hash(w->got[0][i], w->elements[i] * 4));
            } else if (memcmp(w->got[0][i], w->got[1][i], w->elements[i] * 4) != 0) {
                fault(w, kernel_used(w, w->sessions[0]), "a later run gave other bits");
                return;
            }
    }
    if (st)
        fault(w, 0, err.message);
    else
        check_programs(w, w->sessions[0]);
}

static void run_all(work *w)
{
    size_t refused = 0;
    if (w->times) {
        repeat(w);
        return;
    }
    if (!w->forced) {
        run_kernel(w, 0);
        return;
    }
    for (size_t k = 0; k < w->op->n_kernels; k++) {
        if (w->c->only_needs && !(w->op->kernels[k].needs & w->c->only_needs))
            continue;
        if (!w->refused[k])
            run_kernel(w, k);
        refused += w->refused[k];
    }
    if (refused == w->op->n_kernels)
        fault(w, SIZE_MAX, "no kernel takes it");
}

static void set_run(work *w, size_t run)
{
    w->run = run;
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (w->c->in[i].source == OP_INPUT)
            fill(w, i);
    set_counts(w);
    make_tensors(w);
    set_expected(w);
}

static void release(work *w)
{
    for (size_t k = 0; k < OP_MAX_KERNELS; k++)
        vireo_session_destroy(&w->sessions[k]);
    vireo_model_destroy(&w->model);
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        free(w->in[i]);
        free(w->data[i]);
        free(w->wide[i]);
    }
    for (uint32_t i = 0; i < VR_MAX_OUT; i++) {
        free(w->expected[i]);
        free(w->scale[i]);
        free(w->got[0][i]);
        free(w->got[1][i]);
    }
}

static size_t run_work(vireo_device *device, work *w)
{
    vireo_error err = {0};
    allocate_operands(w);
    if (make_model(w, device, &err)) {
        fault(w, SIZE_MAX, err.message);
    } else {
        for (size_t run = 0; run < (w->c->n_runs ? w->c->n_runs : 1); run++) {
            set_run(w, run);
            run_all(w);
        }
    }
    release(w);
    return w->failures;
}

size_t op_run_case(vireo_device *device, const op_cases *cases, size_t index, const op_case *c,
                   bool forced, op_table *table)
{
    work w = {.cases = cases, .c = c, .index = index, .op = vr_ops[cases->op], .forced = forced,
              .table = table};
    return run_work(device, &w);
}

size_t op_repeat_case(vireo_device *device, const op_cases *cases, size_t index, const op_case *c,
                      size_t times, vr_hash128 *bits)
{
    work w = {.cases = cases, .c = c, .index = index, .op = vr_ops[cases->op], .times = times,
              .bits = bits};
    return run_work(device, &w);
}

vireo_status op_try_case(vireo_device *device, const op_cases *cases, const op_case *c, vireo_error *err)
{
    work w = {.cases = cases, .c = c, .op = vr_ops[cases->op]};
    allocate_operands(&w);
    vireo_status st = make_model(&w, device, err);
    if (!st) {
        set_run(&w, 0);
        st = open_session(&w, 0, err);
    }
    if (!st)
        st = run_once(&w, w.sessions[0], 0, err);
    release(&w);
    return st;
}
