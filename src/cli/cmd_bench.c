/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/bench.h"
#include "cli/json_out.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/table.h"
#include <string.h>

enum { MAX_TEXTS = 1 << 20, MODEL_RUNS = 3, MAX_SIZE = 1 << 15, MAX_K = 1024, MAX_ROWS = 1 << 28 };
static const uint64_t most_elements = 1 << 29; /* of a table */

typedef struct bench_args {
    const char *model, *input, *shapes, *output;
    uint32_t m, n, k, dtype, batch_tokens, runs, threshold, rows, dim, queries;
    bool plain_b, allow_nonfinite, quick, json;
} bench_args;

enum { DEVICE, MATMUL, MODEL, OP, SEARCH, SUITE, COMPARE, KINDS };
static const struct {
    const char *name, *operands;
    size_t n; /* of operands, itself among them */
} kinds[KINDS] = {{"device", "", 1},
                  {"matmul", "", 1},
                  {"model", "", 1},
                  {"op", " NAME, or \"all\"", 2},
                  {"search", "", 1},
                  {"suite", "", 1},
                  {"compare", " two files of \"vireo bench suite\"", 3}};
enum { DEFAULT_THRESHOLD = 5 };

typedef struct model_bench {
    vireo_embedder *embedder;
    char **texts; /* (n), owned */
    size_t n, capacity;
    float *vectors;
    uint32_t *tokens;
    vr_timing all, one;
    uint64_t total_tokens;
} model_bench;

/* What was measured, in the order of printing. */
typedef struct row {
    const char *key;
    enum { ROW_TEXT, ROW_NUMBER, ROW_COUNT, ROW_FLAG, ROW_TIMING } kind;
    const char *text;
    double number;
    uint64_t count;
    const vr_timing *timing; /* of the report */
} row;
typedef struct report {
    row rows[16];
    size_t n;
    vr_timing timings[2];
    size_t n_timings;
} report;

static void add_text(report *r, const char *key, const char *text)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_TEXT, .text = text};
}

static void add_number(report *r, const char *key, double number)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_NUMBER, .number = number};
}

static void add_count(report *r, const char *key, uint64_t count)
{
    r->rows[r->n++] = (row){.key = key, .kind = ROW_COUNT, .count = count};
}

static void add_timing(report *r, const char *key, const vr_timing *timing)
{
    vr_timing *kept = &r->timings[r->n_timings++];
    *kept = *timing;
    r->rows[r->n++] = (row){.key = key, .kind = ROW_TIMING, .timing = kept};
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
        else if (w->kind == ROW_NUMBER)
            vr_table_addf(&t, "%.4g", w->number);
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
    add_number(r, "gflops", b->gflops);
    add_timing(r, "ms", &b->time);
    add_count(r, "runs", b->time.runs);
    add_count(r, "repeats", b->repeats);
}

static vireo_status bench_device(vr_engine *e, report *r)
{
    vr_device_bench b = {0};
    vireo_status st = vr_bench_device(e->device, &b, &e->error);
    if (st)
        return st;
    add_text(r, "device", vr_engine_device_name(e));
    add_number(r, "submit_us", b.submit_us);
    add_number(r, "dispatch_us", b.dispatch_us);
    add_number(r, "memory_gb_per_s", b.memory_gb_per_s);
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

static vireo_status read_texts(model_bench *b, const char *path, vireo_error *err)
{
    vr_lines lines = {0};
    vr_str line;
    bool more = true;
    vr_str_init(&line, NULL);
    vireo_status st = vr_lines_open(&lines, path, err);
    while (!st && more) {
        st = vr_lines_next(&lines, &line, &more, err);
        if (st || !more)
            continue;
        if (b->n == MAX_TEXTS) {
            st = vr_fail(err, VIREO_ERROR_LIMIT,
                         "%s: more than %d lines, at most that many are "
                         "measured",
                         path, MAX_TEXTS);
        } else if (!vr_grow(NULL, (void **)&b->texts, &b->capacity, b->n + 1, sizeof *b->texts) ||
                   !(b->texts[b->n] = vr_strdup(NULL, line.data))) {
            st = vr_fail_memory(err, path);
        } else {
            b->n++;
        }
    }
    if (!st && b->n == 0)
        st = vr_fail(err, VIREO_ERROR_FORMAT, "%s: no lines; texts are needed, one a line", path);
    vr_lines_close(&lines);
    vr_str_deinit(&line);
    return st;
}

static vireo_status embed_all(void *user, vireo_error *err)
{
    model_bench *b = user;
    return vireo_embed(b->embedder, (const char *const *)b->texts, b->n, b->vectors, b->tokens,
                       NULL, err);
}

static vireo_status embed_one(void *user, vireo_error *err)
{
    model_bench *b = user;
    return vireo_embed(b->embedder, (const char *const *)b->texts, 1, b->vectors, NULL, NULL, err);
}

static vireo_status time_model(model_bench *b, const bench_args *a, vireo_error *err)
{
    size_t width = vireo_embedder_width(b->embedder);
    b->vectors = vr_calloc(NULL, b->n * width, sizeof *b->vectors);
    b->tokens = vr_calloc(NULL, b->n, sizeof *b->tokens);
    if (!b->vectors || !b->tokens)
        return vr_fail_memory(err, "vectors");
    vireo_status st = vr_bench_time(embed_one, b, 5, &b->one, err);
    if (!st)
        st = vr_bench_time(embed_all, b, a->runs ? a->runs : MODEL_RUNS, &b->all, err);
    for (size_t i = 0; i < b->n && !st; i++)
        b->total_tokens += b->tokens[i];
    return st;
}

static void free_model(model_bench *b)
{
    for (size_t i = 0; i < b->n; i++)
        vr_free(NULL, b->texts[i]);
    vr_free(NULL, b->texts);
    vr_free(NULL, b->vectors);
    vr_free(NULL, b->tokens);
}

static void add_model(const vr_engine *e, report *r, const model_bench *b)
{
    double seconds = b->all.ms.median / 1e3;
    add_text(r, "device", vr_engine_device_name(e));
    add_count(r, "texts", b->n);
    add_count(r, "tokens", b->total_tokens);
    add_number(r, "texts_per_second", (double)b->n / seconds);
    add_number(r, "tokens_per_second", (double)b->total_tokens / seconds);
    add_timing(r, "ms", &b->all);
    add_timing(r, "one_text_ms", &b->one);
    add_count(r, "runs", b->all.runs);
}

/* The texts are read before the device is opened: a wrong file is told at once. */
static int bench_model(vr_engine *e, const vr_cli *cli, const bench_args *a, report *r)
{
    model_bench b = {0};
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    vireo_status st = read_texts(&b, a->input, &e->error);
    int status = st ? vr_engine_fail(e, st, NULL) : vr_engine_open_source(e, cli, a->model);
    options.batch_tokens = a->batch_tokens;
    options.progress = vr_progress;
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (!status)
        status = vr_engine_open_embedder(e, a->model, &options);
    if (!status) {
        b.embedder = e->embedder;
        st = time_model(&b, a, &e->error);
        if (st)
            status = vr_engine_fail(e, st, NULL);
        else
            add_model(e, r, &b);
    }
    free_model(&b);
    return status;
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
                {"--shapes", 1 << OP}};
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
    if (n > kinds[kind].n)
        return vr_usage_error(c, "unexpected argument \"%s\" after \"%s\"", operands[kinds[kind].n],
                              operands[kinds[kind].n - 1]);
    if (n < kinds[kind].n)
        return vr_usage_error(c, "%s needs%s", name, kinds[kind].operands);
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
    if (kind == MODEL && (!a->model || !a->input))
        return vr_usage_error(c, "model needs --model and --input");
    return 0;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const bench_args *a = data;
    vr_engine e = {.cli = cli, .allow_nonfinite = a->allow_nonfinite};
    report r = {0};
    size_t kind = 0;
    while (kind < KINDS && strcmp(kinds[kind].name, operands[0]) != 0)
        kind++;
    int status = check(cli, a, kind, operands, n_operands);
    if (status)
        return status;
    if (kind == OP) {
        const vr_bench_op_args o = {operands[1], a->shapes, a->dtype, a->json};
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
    if (kind == SUITE)
        return vr_engine_close(&e, vr_bench_suite_command(&e, cli, a->output, a->quick));
    if (kind == MODEL) {
        status = bench_model(&e, cli, a, &r);
    } else {
        status = vr_engine_open_device(&e, cli);
        if (!status) {
            vireo_status st = kind == MATMUL ? bench_matmul(&e, a, &r) : bench_device(&e, &r);
            status = st ? vr_engine_fail(&e, st, NULL) : 0;
        }
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
    {.name = "--plain-b",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, plain_b),
     .help = "matmul: it is kept as (k, n); else as (n, k), as weights are"},
    {.name = "--quick",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, quick),
     .help = "suite: one shape of each op"},
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
     .help = "model: a text encoder"},
    {.name = "--input",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(bench_args, input),
     .help = "model: one text a line"},
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
     .help = "model: runs over the file at least (3); search: searches (5)"},
    VR_ALLOW_NONFINITE(bench_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(bench_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo bench matmul --m 128 --n 1536 --k 384",
                                       "vireo bench op matmul --shapes 512x384x1536 --dtype q8_0"};

const vr_command vr_command_bench = {
    .name = "bench",
    .summary = "Measures the device, products, ops, search or a model; compares measurements",
    .operand = "device|matmul|model|op NAME|search|suite|compare A B",
    .min_operands = 1,
    .max_operands = 3,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(bench_args),
    .examples = examples,
    .notes =
        "Medians after one run that is not counted; \"noisy\": their intervals are wide.\n"
        "JSON: device, matmul: {\"device\", \"gflops\", \"ms\", \"m\", \"n\", \"k\", \"dtype\",\n"
        "  \"transpose_b\", \"kernel\", \"runs\", \"repeats\"}; device (512 x 512 x 512) also has\n"
        "  \"submit_us\", \"dispatch_us\", \"memory_gb_per_s\".\n"
        "  model: {\"device\", \"texts\", \"tokens\", \"texts_per_second\", \"tokens_per_second\",\n"
        "  \"ms\", \"one_text_ms\", \"runs\"}\n"
        "  op (NAME, or all): {\"device\", \"results\": [{\"op\", \"shape\", \"model\", \"dtype\",\n"
        "  \"kernel\", \"ms\", \"runs\", \"repeats\", \"gflops\", \"gb_per_s\", \"nmse\",\n"
        "  \"rows_checked\"}]};\n"
        "  each is compared with double precision first, not timed if it is wrong\n"
        "  search: {\"device\", \"rows\", \"dim\", \"queries\", \"k\", \"dtype\", \"kernels\", \"ms\",\n"
        "  \"runs\", \"gb_per_s\", \"ids\", \"scores\"}, the last two a list a query; rows with the\n"
        "  largest inner products, exact; docs/CLI.md says how the table is made\n"
        "  suite: docs/bench.schema.json; compare: {\"results\": [{\"name\", \"before_ms\",\n"
        "  \"after_ms\", \"ratio\", \"low\", \"high\", \"verdict\"}], \"slower\", \"noisy\"}; its exit\n"
        "  status is 1 if any is slower, and the intervals leave no doubt\n"
        "  ms: {\"min\", \"median\", \"max\", \"low\", \"high\", \"noisy\"}",
    .uses_device = true,
    .run = run,
};
