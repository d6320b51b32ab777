/* SPDX-License-Identifier: Apache-2.0
 * vireo bench op: one op or all, of shapes that models have or that are given. */
#include "cli/bench.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GIVEN = 16 };
static const double most_elements = 1 << 29; /* of an operand: 2 GiB */

typedef struct op_list {
    vr_json_out json;
    vr_table table;
    bool as_json, kernels;
    const char *dtype;
    vireo_dtype weights;
} op_list;

/* Op, shape and kernel are what rows are told apart by. */
static const vr_column columns[] = {
    {.title = "op"},
    {.title = "shape"},
    {.title = "of", .spare = 2},
    {.title = "kernel"},
    {.title = "ms", .right = true},
    {.title = "GFLOPS", .right = true, .spare = 4},
    {.title = "GB/s", .right = true, .spare = 3},
    {.title = "NMSE", .right = true, .spare = 1}};

static bool has_weights(const vr_bench_op *op)
{
    for (size_t i = 0; i < VR_BENCH_OPERANDS; i++)
        if (op->operands[i].kind == VR_BENCH_WEIGHT)
            return true;
    return false;
}

/* "512x384x1536": as many sizes as the op has dimensions. */
static bool read_dims(const vr_bench_op *op, const char *text, size_t length, int64_t *dims)
{
    const size_t n = strlen(op->dims);
    for (size_t i = 0; i < n; i++) {
        const size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 9 || digits > length)
            return false;
        dims[i] = strtoll(text, NULL, 10);
        text += digits;
        length -= digits;
        if (dims[i] < 1 || (i + 1 < n ? *text != 'x' : length != 0))
            return false;
        text += i + 1 < n;
        length -= i + 1 < n;
    }
    return true;
}

/* Each operand and the result stay below the limit. */
static bool are_held(const vr_bench_op *op, const int64_t *dims)
{
    int64_t sizes[VIREO_MAX_RANK], none;
    for (size_t i = 0; i <= VR_BENCH_OPERANDS; i++) {
        const char *letters = i < VR_BENCH_OPERANDS ? op->operands[i].letters : op->result;
        double product = 1;
        const uint32_t rank = letters ? vr_bench_sizes(op, letters, dims, sizes, &none) : 0;
        for (uint32_t j = 0; j < rank; j++)
            product *= (double)sizes[j];
        if (product > most_elements)
            return false;
    }
    return true;
}

static int read_shapes(const vr_cli *cli, const vr_bench_op *op, const char *text,
                       vr_bench_shape *out, size_t *n)
{
    for (*n = 0; *text; (*n)++) {
        const size_t length = strcspn(text, ",");
        if (*n == MOST_GIVEN)
            return vr_usage_error(cli->command, "--shapes has more than %d shapes", MOST_GIVEN);
        out[*n].model = "given";
        if (!read_dims(op, text, length, out[*n].dims) || !are_held(op, out[*n].dims))
            return vr_usage_error(cli->command,
                                  "--shapes: \"%.*s\" is no shape of %s; allowed: %zu sizes with x "
                                  "between (%s), operands of at most 2^29 elements",
                                  (int)length, text, op->name, strlen(op->dims), op->meaning);
        text += length;
        if (*text == ',' && !text[1])
            return vr_usage_error(cli->command, "--shapes: nothing follows the last comma");
        text += *text == ',';
    }
    return 0;
}

/* What it is: the beginning of a row, or of an object. */
static void add_name(op_list *l, const vr_bench_op *op, const char *model, const int64_t *dims,
                     const char *kernel)
{
    char shape[64];
    vr_bench_shape_text(op, dims, shape, sizeof shape);
    if (!l->as_json) {
        vr_table_add(&l->table, op->name);
        vr_table_add(&l->table, shape);
        vr_table_add(&l->table, model);
        vr_table_add(&l->table, kernel);
        return;
    }
    vr_json_out *j = &l->json;
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "op", op->name);
    vr_out_text(j, "shape", shape);
    vr_out_text(j, "model", model);
    vr_out_text(j, "dtype", has_weights(op) ? l->dtype : "f32");
    vr_out_text(j, "kernel", kernel);
}

static void add_refused(op_list *l, const char *why)
{
    if (l->as_json) {
        vr_out_text(&l->json, "not_run", why);
        vr_out_end(&l->json, '}');
    }
    for (int column = 0; column < 4 && !l->as_json; column++)
        vr_table_add(&l->table, "-");
}

void vr_bench_add_ms(vr_table *t, const vr_timing *time)
{
    vr_table_addf(t, "%.3g%s", time->ms.median, time->ms.noisy ? " noisy" : "");
}

static void add(op_list *l, const vr_op_bench *o)
{
    const double ns = o->time.ms.median * 1e6, gflops = o->flops / ns, bytes = o->bytes / ns;
    if (!l->as_json) {
        vr_bench_add_ms(&l->table, &o->time);
        vr_table_addf(&l->table, "%.3g", gflops);
        vr_table_addf(&l->table, "%.3g", bytes);
        vr_table_addf(&l->table, "%.1g", o->nmse);
        return;
    }
    vr_json_out *j = &l->json;
    vr_out_timing(j, "ms", &o->time);
    vr_out_uint(j, "runs", o->time.runs);
    vr_out_uint(j, "repeats", o->repeats);
    vr_out_number(j, "gflops", gflops);
    vr_out_number(j, "gb_per_s", bytes);
    vr_out_number(j, "nmse", o->nmse);
    vr_out_int(j, "rows_checked", o->checked);
    vr_out_end(j, '}');
}

/* The other kernels of the op that `usual` ran. */
static vireo_status time_kernels(vr_engine *e, op_list *l, const vr_bench_op *op, const char *model,
                                 const vr_op_bench *usual)
{
    vireo_status st = VIREO_OK;
    const char *kernel;
    size_t index = 0;
    while (vireo_op_name(index) && strcmp(vireo_op_name(index), usual->op) != 0)
        index++;
    for (size_t k = 0; !st && vireo_op_name(index) && (kernel = vireo_kernel_name(index, k)); k++) {
        char force[64];
        vr_op_bench o = {.force = force};
        if (!strcmp(kernel, usual->kernel))
            continue;
        snprintf(force, sizeof force, "%s/%s", usual->op, kernel);
        memcpy(o.dims, usual->dims, sizeof o.dims);
        st = vr_bench_op_time(e->device, op, l->weights, &o, &e->error);
        if (!st || st == VIREO_ERROR_UNSUPPORTED)
            add_name(l, op, model, o.dims, kernel);
        if (!st)
            add(l, &o);
        if (st == VIREO_ERROR_UNSUPPORTED) {
            add_refused(l, e->error.message);
            st = VIREO_OK;
        }
        if (!st && vr_interrupted())
            st = vr_fail(&e->error, VIREO_ERROR_CANCELLED, "interrupted");
    }
    return st;
}

static vireo_status time_shapes(vr_engine *e, op_list *l, const vr_bench_op *op,
                                const vr_bench_shape *shapes, size_t n)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < n && shapes[i].model; i++) {
        vr_op_bench o = {0};
        memcpy(o.dims, shapes[i].dims, sizeof o.dims);
        st = vr_bench_op_time(e->device, op, l->weights, &o, &e->error);
        if (!st) {
            add_name(l, op, shapes[i].model, o.dims, o.kernel);
            add(l, &o);
        }
        if (!st && l->kernels)
            st = time_kernels(e, l, op, shapes[i].model, &o);
        if (!st && vr_interrupted())
            st = vr_fail(&e->error, VIREO_ERROR_CANCELLED, "interrupted");
    }
    return st;
}

static int time_all(vr_engine *e, op_list *l, const vr_bench_op *only, const vr_bench_shape *given,
                    size_t n_given)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < vr_bench_op_count; i++) {
        const vr_bench_op *op = &vr_bench_ops[i];
        if (only && op != only)
            continue;
        if (!only)
            vr_progress(NULL, op->name, i, vr_bench_op_count);
        st = time_shapes(e, l, op, given ? given : op->shapes, given ? n_given : VR_BENCH_SHAPES);
    }
    vr_progress_clear();
    return st ? vr_engine_fail(e, st, NULL) : 0;
}

void vr_bench_op_names(void)
{
    fprintf(stderr, "The ops, and what sizes --shapes gives of them:\n");
    for (size_t i = 0; i < vr_bench_op_count; i++)
        vr_print_entry(stderr, VR_HELP_COLUMN, vr_bench_ops[i].name, vr_bench_ops[i].meaning);
}

static int unknown_op(const vr_cli *cli, const char *name)
{
    const char *names[64];
    if (!strcmp(name, "reshape"))
        return vr_usage_error(cli->command, "reshape is a view of the same memory: it runs nothing and "
                                            "takes no time");
    for (size_t i = 0; i < vr_bench_op_count && i < sizeof names / sizeof *names; i++)
        names[i] = vr_bench_ops[i].name;
    return vr_usage_error(cli->command, "op \"%s\" cannot be measured; the nearest is %s, all of them "
                                        "\"all\"",
                          name, vr_nearest(name, names, vr_bench_op_count));
}

int vr_bench_op_command(vr_engine *e, const vr_cli *cli, const vr_bench_op_args *a)
{
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_F16, VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
    const vr_bench_op *op = strcmp(a->name, "all") ? vr_bench_find_op(a->name) : NULL;
    vr_bench_shape given[MOST_GIVEN];
    size_t n_given = 0;
    if (!op && strcmp(a->name, "all"))
        return unknown_op(cli, a->name);
    if (op && a->dtype && !has_weights(op))
        return vr_usage_error(cli->command, "--dtype is of weights; %s has none", a->name);
    if (!op && a->shapes)
        return vr_usage_error(cli->command, "--shapes are those of one op, not of all");
    int status = a->shapes ? read_shapes(cli, op, a->shapes, given, &n_given) : 0;
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (status)
        return status;
    op_list l = {.as_json = a->json, .kernels = a->kernels, .weights = dtypes[a->dtype],
                 .dtype = vireo_dtype_name(dtypes[a->dtype])};
    vr_out_init(&l.json);
    vr_table_init(&l.table, columns, sizeof columns / sizeof *columns);
    vr_out_begin(&l.json, NULL, '{');
    vr_out_text(&l.json, "device", vr_engine_device_name(e));
    vr_out_begin(&l.json, "results", '[');
    status = time_all(e, &l, op, a->shapes ? given : NULL, n_given);
    vr_out_end(&l.json, ']');
    vr_out_end(&l.json, '}');
    vr_out_line(&l.json);
    if (!a->json) {
        vr_out_deinit(&l.json);
        vr_out_init(&l.json);
        vr_table_write(&l.table, vr_terminal_width(), &l.json.text);
    }
    if (!status)
        status = vr_cli_print(cli, &l.json.text);
    vr_table_deinit(&l.table);
    vr_out_deinit(&l.json);
    return status;
}
