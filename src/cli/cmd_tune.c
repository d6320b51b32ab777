/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <string.h>

enum { DEFAULT_SECONDS = 30, MOST_SECONDS = 3600, MOST_TEXTS = 1 << 16 };

typedef struct tune_args {
    const char *model, *input, *import, *export;
    uint32_t budget;
    bool allow_nonfinite, json;
} tune_args;

/* What an encoder is asked for most: full runs, then single texts and what lies between. */
static const uint32_t sizes[] = {512, 16, 32, 64, 128, 256}; /* tokens */
static const char sentence[] = "A quiet film about a lighthouse keeper and the sea";

static vireo_status embed(vireo_embedder *e, const char *const *texts, size_t n, vireo_error *err)
{
    float *vectors = vr_calloc(NULL, n * vireo_embedder_width(e), sizeof *vectors);
    if (!vectors)
        return vr_fail_memory(err, "vectors");
    vireo_status st = vireo_embed(e, texts, n, vectors, NULL, NULL, err);
    vr_free(NULL, vectors);
    return st;
}

/* Runs of about so many tokens each. */
static vireo_status embed_sizes(vireo_embedder *e, vireo_error *err)
{
    const vireo_tokenizer *t = vireo_embedder_get_tokenizer(e);
    const char *texts[512];
    vireo_ids ids;
    vireo_status st = vireo_tokenize(t, sentence, strlen(sentence), true,
                                     vireo_embedder_max_tokens(e), &ids, err);
    if (st)
        return st;
    const size_t each = ids.count ? ids.count : 1;
    vireo_ids_free(t, &ids);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        texts[i] = sentence;
    for (size_t i = 0; !st && i < sizeof sizes / sizeof *sizes; i++)
        st = embed(e, texts, sizes[i] > each ? sizes[i] / each : 1, err);
    return st;
}

static vireo_status embed_file(vireo_embedder *e, const char *path, vireo_error *err)
{
    vr_texts texts = {0};
    vireo_status st = vr_texts_read(&texts, path, MOST_TEXTS, err);
    if (!st)
        st = embed(e, (const char *const *)texts.list, texts.n, err);
    vr_texts_free(&texts);
    return st;
}

static int measure(vr_engine *e, const tune_args *a)
{
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    options.progress = vr_progress;
    options.tune_ms = 1000 * (a->budget ? a->budget : DEFAULT_SECONDS);
    const int status = vr_engine_open_embedder(e, a->model, &options);
    if (status)
        return status;
    const uint64_t start = vr_now_ns();
    vireo_status st = a->input ? embed_file(e->embedder, a->input, &e->error)
                               : embed_sizes(e->embedder, &e->error);
    e->ns_run = vr_now_ns() - start;
    return st ? vr_engine_fail(e, st, NULL) : 0;
}

/* ---- What is known -------------------------------------------------------------------------- */

static void write_json(const vr_engine *e, vr_json_out *j)
{
    vireo_tuned t;
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "device", vr_engine_device_name(e));
    vr_out_number(j, "seconds", (double)e->ns_run / 1e9);
    vr_out_begin(j, "choices", '[');
    for (size_t i = 0; vireo_device_get_tuned(e->device, i, &t); i++) {
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "call", t.call);
        vr_out_text(j, "kernel", t.kernel);
        vr_out_bool(j, "pinned", t.pinned);
        if (!t.pinned) {
            vr_out_text(j, "usual", t.usual);
            vr_out_number(j, "us", t.us);
            vr_out_number(j, "usual_us", t.usual_us);
        }
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void add_row(vr_table *table, const vireo_tuned *t)
{
    vr_table_add(table, t->call);
    vr_table_add(table, t->kernel);
    if (t->pinned) {
        vr_table_add(table, "");
        vr_table_add(table, "");
        vr_table_add(table, "");
        vr_table_add(table, "pinned");
        return;
    }
    vr_table_addf(table, "%.0f", t->us);
    vr_table_add(table, t->usual);
    vr_table_addf(table, "%.0f", t->usual_us);
    if (strcmp(t->kernel, t->usual) == 0)
        vr_table_add(table, "");
    else
        vr_table_addf(table, "%.2fx", t->us > 0 ? t->usual_us / t->us : 1.0);
}

static void write_text(const vr_engine *e, vr_str *s)
{
    static const vr_column columns[] = {
        {.title = "call", .shrinks = true}, {.title = "kernel"},
        {.title = "us", .right = true},     {.title = "usual"},
        {.title = "us", .right = true},     {.title = "gain", .right = true}};
    vr_table t;
    vireo_tuned tuned;
    size_t n = 0, changed = 0;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (; vireo_device_get_tuned(e->device, n, &tuned); n++) {
        add_row(&t, &tuned);
        changed += tuned.usual[0] && strcmp(tuned.kernel, tuned.usual) != 0;
    }
    if (n)
        vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
    vr_str_addf(s, "%s%zu calls are known on %s, %zu of them run another kernel than usual\n",
                n ? "\n" : "", n, vr_engine_device_name(e), changed);
}

static int print(const vr_engine *e, const tune_args *a)
{
    vr_json_out out;
    vr_out_init(&out);
    if (a->json)
        write_json(e, &out);
    else
        write_text(e, &out.text);
    const int status = vr_cli_print(e->cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

static int import(vr_engine *e, const char *path)
{
    size_t taken = 0, skipped = 0;
    vireo_status st = vireo_device_import_tuned(e->device, path, &taken, &skipped, &e->error);
    if (st)
        return vr_engine_fail(e, st, "\"vireo tune --export FILE\" writes such a file");
    vr_cli_note("%s: %zu choices taken, %zu of other devices or drivers skipped", path, taken,
                skipped);
    return 0;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const tune_args *a = data;
    vr_engine e = {.cli = cli, .allow_nonfinite = a->allow_nonfinite};
    (void)operands;
    (void)n_operands;
    if (!a->model && (a->input || a->budget))
        return vr_usage_error(cli->command, "%s needs --model", a->input ? "--input" : "--budget");
    int status = a->model ? vr_engine_open_source(&e, cli, a->model) : 0;
    if (!status)
        status = vr_engine_open_device(&e, cli);
    if (!status && a->import)
        status = import(&e, a->import);
    if (!status && a->model)
        status = measure(&e, a);
    if (!status && a->export) {
        vireo_status st = vireo_device_export_tuned(e.device, a->export, &e.error);
        status = st ? vr_engine_fail(&e, st, NULL) : 0;
    }
    if (!status)
        status = print(&e, a);
    return vr_engine_close(&e, status);
}

static const vr_option options[] = {
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(tune_args, model),
     .help = "a text encoder, whose calls are measured"},
    {.name = "--input",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(tune_args, input),
     .help = "texts to run, one a line (runs of 16 to 512 tokens)"},
    {.name = "--budget",
     .value = "SECONDS",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = MOST_SECONDS,
     .target = offsetof(tune_args, budget),
     .help = "for measuring; what is compiling is waited for (30)"},
    {.name = "--import",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(tune_args, import),
     .help = "takes what another machine has measured, first"},
    {.name = "--export",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(tune_args, export),
     .help = "writes what is known of this device, at the end"},
    VR_ALLOW_NONFINITE(tune_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(tune_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo tune --model minilm --budget 60",
                                       "vireo tune --import fleet.json"};

const vr_command vr_command_tune = {
    .name = "tune",
    .summary = "Measures which kernels are the fastest here, for the calls of a model",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(tune_args),
    .examples = examples,
    .notes =
        "Each size of run has half of the budget that is left; a larger budget measures more.\n"
        "Every kernel's results are compared with the usual one's. What is found is kept in the\n"
        "cache folder, in tuned.json, by device, driver and kernel source; all commands follow "
        "it.\n"
        "There, \"pinned\": true makes a choice yours. With --deterministic only kernels that sum "
        "in\n"
        "the same order are tried. Without options: what is known.\n"
        "JSON: {\"device\", \"seconds\", \"choices\": [{\"call\", \"kernel\", \"pinned\", "
        "\"usual\",\n"
        "  \"us\", \"usual_us\"}]}",
    .uses_device = true,
    .run = run,
};
