/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_model.h"
#include "cli/bench_roof.h"
#include "cli/table.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZE = 1 << 15, MAX_K = 1024, MAX_ROWS = 1 << 28 };
static const uint64_t most_elements = 1 << 29; /* of a table */
static const char default_batches[] = "1,8,32,128,256";

typedef struct bench_args {
    const char *model, *input, *golden, *batches, *shapes, *output;
    uint32_t m, n, k, dtype, batch_tokens, runs, threshold, rows, dim, queries, seconds;
    bool plain_b, kernels, allow_nonfinite, quick, throughput, json;
} bench_args;

enum { DEVICE, MATMUL, MODEL, OP, SEARCH, SUITE, COMPARE, KINDS };
static const struct {
    const char *name, *operands;
    size_t n, most; /* of operands, itself among them */
} kinds[KINDS] = {{"device", "", 1, 1},
                  {"matmul", "", 1, 1},
                  {"model", "", 1, 2}, /* the model, as --model */
                  {"op", " NAME, or \"all\"", 2, 2},
                  {"search", "", 1, 1},
                  {"suite", "", 1, 1},
                  {"compare", " two files of \"vireo bench suite\"", 3, 3}};
enum { DEFAULT_THRESHOLD = 5 };

/* What was measured, in the order of printing. */
typedef struct row {
    const char *key;
    enum { ROW_TEXT, ROW_NUMBER, ROW_COUNT, ROW_FLAG, ROW_TIMING } kind;
    const char *text;
    double number;
    uint64_t count;
    bool noisy; /* what the number was computed from */
    const vr_timing *timing; /* of the report */
} row;
typedef struct report {
    row rows[16 + 2 * VR_ROOF_ROWS];
    size_t n;
    vr_timing timing; /* what the row of it points to */
} report;

static void add_text(report *r, const char *key, const char *text)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_TEXT, .text = text};
}

/* A figure, and the timing that it is computed from. */
static void add_figure(report *r, const char *key, double figure, const vr_timing *t)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_NUMBER, .number = figure,
                            .noisy = !isnan(figure) && t->ms.noisy};
}

static void add_count(report *r, const char *key, uint64_t count)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_COUNT, .count = count};
}

static void add_timing(report *r, const char *key, const vr_timing *timing)
{
    r->timing = *timing;
    r->rows[r->n++] = (row){.key = key, .kind = ROW_TIMING, .timing = &r->timing};
}

static void write_json(vr_json_out *j, const report *r)
{
    vr_out_begin(j, NULL, '{');
    for (size_t i = 0; i < r->n; i++) {
        const row *w = &r->rows[i];
        if (w->kind == ROW_TEXT) {
            vr_out_text(j, w->key, w->text);
        } else if (w->kind == ROW_NUMBER) {
            vr_out_number(j, w->key, w->number);
        } else if (w->kind == ROW_COUNT) {
            vr_out_uint(j, w->key, w->count);
        } else if (w->kind == ROW_FLAG) {
            vr_out_bool(j, w->key, w->count != 0);
        } else {
            vr_out_timing(j, w->key, w->timing);
        }
    }
    vr_out_begin(j, "noisy", '[');
    for (size_t i = 0; i < r->n; i++)
        if (r->rows[i].noisy)
            vr_out_text(j, NULL, r->rows[i].key);
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void write_text(vr_str *s, const report *r)
{
    static const vr_column columns[] = {{.title = "what"}, {.title = "value", .shrinks = true}};
    vr_table t;
    vr_table_init(&t, columns, 2);
    for (size_t i = 0; i < r->n; i++) {
        const row *w = &r->rows[i];
        vr_table_add(&t, w->key);
        if (w->kind == ROW_TEXT)
            vr_table_add(&t, w->text);
        else if (w->kind == ROW_NUMBER && isnan(w->number))
            vr_table_add(&t, "not offered");
        else if (w->kind == ROW_NUMBER)
            vr_table_addf(&t, "%.4g%s", w->number, w->noisy ? " noisy" : "");
        else if (w->kind == ROW_COUNT)
            vr_table_addf(&t, "%llu", (unsigned long long)w->count);
        else if (w->kind == ROW_FLAG)
            vr_table_add(&t, w->count ? "yes" : "no");
        else
            vr_table_addf(&t, "%.4g (%.4g to %.4g)%s", w->timing->ms.median, w->timing->ms.min,
                          w->timing->ms.max, w->timing->ms.noisy ? " noisy" : "");
    }
    vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
}

static int print(const vr_engine *e, const bench_args *a, const report *r)
{
    vr_json_out out;
    vr_out_init(&out);
    if (a->json)
        write_json(&out, r);
    else
        write_text(&out.text, r);
    int status = vr_cli_print(e->cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

static void add_matmul(report *r, const vr_matmul_bench *b)
{
    add_count(r, "m", b->m);
    add_count(r, "n", b->n);
    add_count(r, "k", b->k);
    add_text(r, "dtype", b->f16 ? "f16" : "f32");
    r->rows[r->n++] = (row){.key = "transpose_b", .kind = ROW_FLAG, .count = !b->plain_b};
    add_text(r, "kernel", b->kernel);
    add_figure(r, "gflops", b->gflops, &b->time);
    add_timing(r, "ms", &b->time);
    add_count(r, "runs", b->time.runs);
    add_count(r, "repeats", b->repeats);
}

static vireo_status bench_device(vr_engine *e, report *r)
{
    vr_device_bench b = {0};
    vr_roof_row roof[VR_ROOF_ROWS];
    vireo_status st = vr_bench_device(e->device, &b, &e->error);
    if (!st)
        st = vr_bench_roof(e, roof, &e->error);
    if (st)
        return st;
    add_text(r, "device", vr_engine_device_name(e));
    add_figure(r, "submit_us", b.submit_us, &b.submit);
    add_figure(r, "dispatch_us", b.dispatch_us, &b.dispatch);
    add_figure(r, "memory_gb_per_s", b.memory_gb_per_s, &b.memory);
    for (size_t i = 0; i < VR_ROOF_ROWS; i++) {
        add_figure(r, roof[i].key, vr_roof_figure(&roof[i]), &roof[i].time);
        if (roof[i].by_key)
            add_text(r, roof[i].by_key, roof[i].by);
    }
    add_matmul(r, &b.matmul);
    return VIREO_OK;
}

static vireo_status bench_matmul(vr_engine *e, const bench_args *a, report *r)
{
    vr_matmul_bench b = {
        .m = a->m, .n = a->n, .k = a->k, .plain_b = a->plain_b, .f16 = a->dtype == 1};
    vireo_status st = vr_bench_matmul(e->device, &b, &e->error);
    if (st)
        return st;
    add_text(r, "device", vr_engine_device_name(e));
    add_matmul(r, &b);
    return VIREO_OK;
}

static int bench_model(vr_engine *e, const vr_cli *cli, const vr_model_args *m, bool json)
{
    vr_json_out out;
    vr_model_bench *b = vr_calloc(NULL, 1, sizeof *b);
    if (!b)
        return vr_cli_fail(cli, vr_fail_memory(&e->error, "bench"), &e->error, NULL);
    int status = vr_bench_model(e, cli, m, b);
    if (!status) {
        vr_out_init(&out);
        if (json)
            vr_model_json(&out, e, m, b);
        else
            vr_model_text(&out.text, e, b);
        status = vr_cli_print(cli, &out.text);
        vr_out_deinit(&out);
    }
    vr_free(NULL, b);
    return status;
}

/* "1,8,32" */
static int read_batches(const vr_cli *cli, const char *text, vr_model_args *out)
{
    while (*text) {
        char *end;
        const bool digit = *text >= '0' && *text <= '9';
        const unsigned long n = digit ? strtoul(text, &end, 10) : 0;
        if (n < 1 || n > VR_MOST_BATCH || (*end && (*end != ',' || !end[1])) ||
            out->n_batches == VR_MOST_BATCHES)
            return vr_usage_error(cli->command,
                                  "--batches: at \"%s\"; allowed: at most %d numbers of texts from 1 to "
                                  "%d, with commas between",
                                  text, VR_MOST_BATCHES, VR_MOST_BATCH);
        out->batches[out->n_batches++] = (uint32_t)n;
        text = *end ? end + 1 : end;
    }
    return 0;
}

/* With --throughput nothing but the pass over all texts. */
static int read_model_args(const vr_cli *cli, const bench_args *a, vr_model_args *out)
{
    *out = (vr_model_args){.path = a->model, .input = a->input, .golden = a->golden, .runs = a->runs,
                           .batch_tokens = a->batch_tokens, .starts = !a->throughput, .whole = true};
    if (a->throughput)
        return a->batches ? vr_usage_error(cli->command,
                                           "--batches and --throughput cannot be used together")
                          : 0;
    return read_batches(cli, a->batches ? a->batches : default_batches, out);
}

/* What options are of, as bits; those not named are the model's. */
static bool is_own(const char *option, size_t kind)
{
    static const struct {
        const char *option;
        unsigned kinds;
    } rows[] = {{"--json", ~(1u << SUITE)},
                {"--output", 1 << SUITE},
                {"--quick", 1 << SUITE},
                {"--seconds", 1 << SUITE},
                {"--threshold", 1 << COMPARE},
                {"--m", 1 << MATMUL},
                {"--n", 1 << MATMUL},
                {"--k", 1 << MATMUL | 1 << SEARCH},
                {"--rows", 1 << SEARCH},
                {"--dim", 1 << SEARCH},
                {"--queries", 1 << SEARCH},
                {"--runs", 1 << MODEL | 1 << SEARCH},
                {"--plain-b", 1 << MATMUL},
                {"--dtype", 1 << MATMUL | 1 << OP | 1 << SEARCH},
                {"--shapes", 1 << OP},
                {"--kernels", 1 << OP},
                {"--model", 1 << MODEL | 1 << SUITE},
                {"--input", 1 << MODEL | 1 << SUITE},
                {"--golden", 1 << MODEL | 1 << SUITE},
                {"--allow-nonfinite", 1 << MODEL | 1 << SUITE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(option, rows[i].option))
            return rows[i].kinds >> kind & 1;
    return kind == MODEL;
}

static int check(const vr_cli *cli, const bench_args *a, size_t kind, char **operands, size_t n)
{
    const vr_command *c = cli->command;
    const char *name = operands[0];
    if (kind == KINDS)
        return vr_usage_error(c, "\"%s\" cannot be measured; allowed: device, matmul, model, op, "
                                 "search, suite, compare",
                              name);
    if (n > kinds[kind].most)
        return vr_usage_error(c, "unexpected argument \"%s\" after \"%s\"", operands[kinds[kind].most],
                              operands[kinds[kind].most - 1]);
    if (kind == MODEL && n > 1 && a->model)
        return vr_usage_error(c, "two models: \"%s\" and --model \"%s\"", operands[1], a->model);
    if (n < kinds[kind].n) {
        const int status = vr_usage_error(c, "%s needs%s", name, kinds[kind].operands);
        if (kind == OP)
            vr_bench_op_names();
        return status;
    }
    for (size_t i = 0; i < c->n_options; i++)
        if (cli->given >> i & 1 && !is_own(c->options[i].name, kind))
            return vr_usage_error(c, "%s and %s cannot be used together", name, c->options[i].name);
    if ((kind == OP || kind == SUITE) && cli->global.profile)
        return vr_usage_error(c, "%s and --profile cannot be used together", name);
    if (kind == MATMUL && (!a->m || !a->n || !a->k))
        return vr_usage_error(c, "matmul needs --m, --n and --k");
    if (kind == MATMUL && a->dtype > 1)
        return vr_usage_error(c, "matmul takes --dtype f32 or f16; \"bench op matmul\" all of them");
    if (kind == SEARCH && (!a->rows || !a->dim))
        return vr_usage_error(c, "search needs --rows and --dim");
    if (kind == SEARCH && (uint64_t)a->rows * a->dim > most_elements)
        return vr_usage_error(c, "--rows times --dim is %llu; at most 2^29 elements are measured",
                              (unsigned long long)a->rows * a->dim);
    if (kind == SEARCH && a->k > MAX_K)
        return vr_usage_error(c, "--k is %u; search finds at most %d", a->k, MAX_K);
    if (kind == SEARCH && a->dtype > 1)
        return vr_usage_error(c, "search takes --dtype f32 or f16");
    return 0;
}

/* A model and texts go together. */
static int check_model(const vr_cli *cli, const bench_args *a, size_t kind)
{
    const vr_command *c = cli->command;
    const char *name = kinds[kind].name;
    if (kind == MODEL && !a->model)
        return vr_usage_error(c, "%s needs a model: vireo bench model MODEL", name);
    if ((a->input || a->golden || a->allow_nonfinite) && !a->model)
        return vr_usage_error(c, "%s needs --model", name);
    if (a->model && !a->input && !a->golden)
        return vr_usage_error(c, "%s needs --input or --golden with %s: texts", name,
                              kind == MODEL ? "a model" : "--model");
    return 0;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    bench_args *a = data;
    vr_engine e = {.cli = cli, .allow_nonfinite = a->allow_nonfinite};
    report r = {0};
    vr_model_args m = {0};
    size_t kind = 0;
    while (kind < KINDS && strcmp(kinds[kind].name, operands[0]) != 0)
        kind++;
    int status = check(cli, a, kind, operands, n_operands);
    if (!status && kind == MODEL && n_operands > 1)
        a->model = operands[1];
    if (!status)
        status = check_model(cli, a, kind);
    if (!status && a->model)
        status = read_model_args(cli, a, &m);
    if (status)
        return status;
    if (kind == OP) {
        const vr_bench_op_args o = {operands[1], a->shapes, a->dtype, a->kernels, a->json};
        return vr_engine_close(&e, vr_bench_op_command(&e, cli, &o));
    }
    if (kind == SEARCH) {
        const vr_bench_search_args s = {.rows = a->rows,
                                        .dim = a->dim,
                                        .queries = a->queries,
                                        .k = a->k,
                                        .dtype = a->dtype ? VIREO_F16 : VIREO_F32,
                                        .runs = a->runs,
                                        .json = a->json};
        return vr_engine_close(&e, vr_bench_search_command(&e, cli, &s));
    }
    if (kind == COMPARE) {
        const uint32_t percent = a->threshold ? a->threshold : DEFAULT_THRESHOLD;
        return vr_bench_compare_command(cli, operands + 1, percent, a->json);
    }
    if (kind == SUITE) {
        const vr_suite_args s = {a->output, a->quick, a->seconds, a->model ? &m : NULL};
        return vr_engine_close(&e, vr_bench_suite_command(&e, cli, &s));
    }
    if (kind == MODEL)
        return vr_engine_close(&e, bench_model(&e, cli, &m, a->json));
    status = vr_engine_open_device(&e, cli);
    if (!status) {
        vireo_status st = kind == MATMUL ? bench_matmul(&e, a, &r) : bench_device(&e, &r);
        status = st ? vr_engine_fail(&e, st, NULL) : 0;
    }
    if (!status)
        status = print(&e, a, &r);
    return vr_engine_close(&e, status);
}

#define SIZE(field, most, text)                                                                    \
    {                                                                                              \
        .name = "--" #field, .value = "N", .kind = VR_OPTION_NUMBER, .min = 1, .max = (most),      \
        .target = offsetof(bench_args, field), .help = (text)                                      \
    }
static const vr_option options[] = {
    SIZE(m, MAX_SIZE, "matmul: (m, k) times (k, n)"),
    SIZE(n, MAX_SIZE, "matmul: (m, k) times (k, n)"),
    SIZE(k, MAX_SIZE, "matmul: (m, k) times (k, n); search: the first k (10)"),
    SIZE(rows, MAX_ROWS, "search: of the table"),
    SIZE(dim, MAX_SIZE, "search: elements of a row"),
    SIZE(queries, MAX_K, "search: how many at a time (1)"),
    {.name = "--dtype",
     .value = "TYPE",
     .kind = VR_OPTION_CHOICE,
     .choices = "f32 f16 bf16 q8_0 q4_0",
     .target = offsetof(bench_args, dtype),
     .help = "f32 or f16, of matmul's second matrix, search's table; op: weights (f32)"},
    {.name = "--shapes",
     .value = "AxB,...",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, shapes),
     .help = "op: sizes of its dimensions (those that models have)"},
    {.name = "--kernels",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, kernels),
     .help = "op: each kernel that can run, the usual one first"},
    {.name = "--plain-b",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, plain_b),
     .help = "matmul: it is kept as (k, n); else as (n, k), as weights are"},
    {.name = "--quick",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, quick),
     .help = "suite: one shape of each op; batches up to 32"},
    {.name = "--seconds",
     .value = "N",
     .kind = VR_OPTION_SECONDS,
     .min = 30,
     .max = 86400,
     .why = "the device and its roof, which are always measured, take about 20",
     .target = offsetof(bench_args, seconds),
     .help = "suite: what it may take, at least 30, or 90s, 2m; it names what it leaves out (600, quick 120)"},
    {.name = "--output",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, output),
     .help = "suite: the JSON goes here (standard output)"},
    {.name = "--threshold",
     .value = "PERCENT",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 99,
     .target = offsetof(bench_args, threshold),
     .help = "compare: what may be slower and pass (5)"},
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, model),
     .help = "model, suite: a text encoder"},
    {.name = "--input",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, input),
     .help = "model, suite: one text a line (those of --golden)"},
    {.name = "--golden",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, golden),
     .help = "model, suite: texts and right vectors; others void all"},
    {.name = "--batches",
     .value = "N,...",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, batches),
     .help = "model: texts a call, 1 to 256 (1,8,32,128,256)"},
    {.name = "--throughput",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, throughput),
     .help = "model: only all texts in one call, no batches, no starts"},
    {.name = "--batch-tokens",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1 << 20,
     .target = offsetof(bench_args, batch_tokens),
     .help = "model: tokens a run at most (512)"},
    {.name = "--runs",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = VR_TIMING_RUNS,
     .target = offsetof(bench_args, runs),
     .help = "model: passes over all texts at least (3); search: searches (5)"},
    VR_ALLOW_NONFINITE(bench_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo bench device",
                                       "vireo bench op matmul --shapes 512x384x1536 --dtype q8_0",
                                       "vireo bench model minilm --golden golden.json",
                                       "vireo bench suite --quick --output a.json",
                                       "vireo bench compare a.json b.json", NULL};

const vr_command vr_command_bench = {
    .name = "bench",
    .summary = "Times the device, ops, search or a model; compares measurements",
    .operand = "device|matmul|model M|op NAME|search|suite|compare A B",
    .min_operands = 1,
    .max_operands = 3,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(bench_args),
    .examples = examples,
    .notes =
        "Medians after one run that is not counted; \"noisy\": their intervals are wide.\n"
        "vireo bench op, without a NAME, lists the ops and the order of their sizes.\n"
        "JSON: device, matmul: {\"device\", \"gflops\", \"ms\", \"m\", \"n\", \"k\", \"dtype\",\n"
        "  \"transpose_b\", \"kernel\", \"runs\", \"repeats\", \"noisy\": [keys]};\n"
        "  device (512 x 512 x 512) also has \"submit_us\", \"dispatch_us\",\n"
        "  \"memory_gb_per_s\" (an addition), and the roof:\n"
        "  \"copy\", \"read\", \"gather\", \"host_copy\", \"host_read\", \"upload\", \"download\" with\n"
        "  \"_gb_per_s\" (the first three also \"_by\": \"storage\", \"texel\"), \"f32_gflops\",\n"
        "  \"f16_gflops\", \"int8_gops\" (null: not offered), and \"compile_ms\", \"glslang_ms\"\n"
        "  (in it) of a program that no cache knows\n"
        "  model: {\"device\", \"quality\", \"texts\", \"tokens\", \"texts_per_second\",\n"
        "  \"tokens_per_second\", \"ms\", \"one_text_ms\", \"runs\", \"batches\", \"memory\",\n"
        "  \"start\"}; --golden FILE: {\"cases\": [{\"text\", \"embedding\": [numbers]}]}\n"
        "  op (NAME, or all): {\"device\", \"results\": [{\"op\", \"shape\", \"model\", \"dtype\",\n"
        "  \"kernel\", \"ms\", \"runs\", \"repeats\", \"gflops\", \"gb_per_s\", \"nmse\",\n"
        "  \"rows_checked\"}]}; kernels that cannot run end with \"kernel\", \"not_run\": why;\n"
        "  each is compared with double precision first, not timed if it is wrong\n"
        "  search: {\"device\", \"rows\", \"dim\", \"queries\", \"k\", \"dtype\", \"kernels\", \"ms\",\n"
        "  \"runs\", \"gb_per_s\", \"ids\", \"scores\"}, the last two a list a query; rows with\n"
        "  the largest inner products, exact; docs/CLI.md says how the table is made\n"
        "  suite: docs/bench.schema.json; compare: {\"before\", \"after\", each a file,\n"
        "  \"differ\": [places], \"results\": [{\"name\", \"unit\", \"before\", \"after\", \"ratio\",\n"
        "  \"low\", \"high\", \"verdict\", \"noisy\"}], \"slower\",\n"
        "  \"noisy\", \"missing\", \"added\"}; its exit status is 1 if any is slower (or\n"
        "  larger) and the intervals leave no doubt, or if B lacks a result of A\n"
        "  ms: {\"min\", \"median\", \"max\", \"low\", \"high\", \"noisy\"}",
    .uses_device = true,
    .run = run,
};
