/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <string.h>

enum { DEFAULT_SECONDS = 30, MOST_SECONDS = 3600, LEAST_MS = 1000, MOST_TEXTS = 1 << 16 };

typedef struct tune_args {
    const char *model, *input, *import, *export;
    uint32_t budget;
    bool allow_nonfinite, json;
} tune_args;

/* The largest first: what its kernels compile the others have, and, as each size has half of what is left,
 * the budget goes with what runs of that size take. */
static const uint32_t sizes[] = {512, 256, 128, 64, 32, 16}; /* tokens */
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

/* One text of so many sentences: attention runs other sizes than for a batch of them. */
static vireo_status embed_long(vireo_embedder *e, size_t sentences, vireo_error *err)
{
    vr_str text;
    vr_str_init(&text, NULL);
    for (size_t i = 0; i < sentences; i++)
        vr_str_addf(&text, "%s%s", i ? " " : "", sentence);
    const char *const texts[] = {text.data};
    vireo_status st = text.failed ? vr_fail_memory(err, "text") : embed(e, texts, 1, err);
    vr_str_deinit(&text);
    return st;
}

/* Runs of about so many tokens each: of sentences, and then of one text, where the model takes such. Of the
 * latter all calls but attention's and the pooling's are those of the former. */
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
    for (int is_long = 0; is_long < 2; is_long++)
        for (size_t i = 0; !st && i < sizeof sizes / sizeof *sizes; i++) {
            const size_t n = sizes[i] > each ? sizes[i] / each : 1;
            if (!is_long)
                st = embed(e, texts, n, err);
            else if (sizes[i] <= vireo_embedder_max_tokens(e))
                st = embed_long(e, n, err);
        }
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

static bool is_open(const vireo_tuned *t, bool met_alone)
{
    return t->open && !t->stale && !t->pinned && (t->met || !met_alone);
}

/* met_alone: of the calls that were run here. */
static size_t count_open(const vr_engine *e, bool met_alone)
{
    vireo_tuned t;
    size_t n = 0;
    for (size_t i = 0; vireo_device_get_tuned(e->device, i, &t); i++)
        n += is_open(&t, met_alone);
    return n;
}

/* Before anything is measured or taken: fails where the commands would not find it again. to_write: it is to
 * be kept. */
static int need_file(vr_engine *e, bool to_write)
{
    static const char folder[] = "name a folder that can be written: --cache-dir DIR";
    vireo_status st = vireo_device_check_tuned(e->device, &e->error);
    if (st && e->cache_dir) {
        vr_str next;
        vr_str_init(&next, NULL);
        vr_str_addf(&next, "mend or delete %s/tuned.json", e->cache_dir);
        const int status = vr_engine_fail(e, st, next.failed ? NULL : next.data);
        vr_str_deinit(&next);
        return status;
    }
    if (!st && to_write)
        st = vireo_device_keep_tuned(e->device, &e->error);
    return st ? vr_engine_fail(e, st, folder) : 0;
}

typedef struct tune_clock {
    uint64_t start;   /* ns */
    uint64_t left_ms; /* of the budget, as tuning has told */
} tune_clock;

/* The line counts the whole command's time; what runs between tuning costs the budget nothing. */
static int tell(void *user, const char *what, uint64_t done, uint64_t total)
{
    tune_clock *c = user;
    const char *names = strchr(what, ':');
    char line[256];
    if (!strncmp(what, "tune", 4))
        c->left_ms = total - done;
    const uint64_t gone_ms = (vr_now_ns() - c->start) / 1000000;
    snprintf(line, sizeof line, "tune%s", names ? names : "");
    return vr_progress_timed(NULL, line, gone_ms, gone_ms + c->left_ms + 1);
}

/* Passes over all sizes: what one of them leaves of its half, a pass more gives to those that are open. */
static int measure(vr_engine *e, const tune_args *a)
{
    const uint64_t budget = (a->budget ? a->budget : DEFAULT_SECONDS) * UINT64_C(1000000000);
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    tune_clock clock = {.left_ms = budget / 1000000};
    options.progress = tell;
    options.progress_user = &clock;
    options.deterministic = e->cli->global.deterministic;
    options.tune_ms = (uint32_t)(budget / 1000000);
    const int status = vr_engine_open_embedder(e, a->model, &options);
    if (status)
        return status;
    const uint64_t start = clock.start = vr_now_ns();
    vireo_status st = VIREO_OK;
    do {
        if (!e->embedder)
            st = vireo_embedder_create(e->model, e->source, &options, &e->embedder, &e->error);
        if (!st)
            st = a->input ? embed_file(e->embedder, a->input, &e->error)
                          : embed_sizes(e->embedder, &e->error);
        vireo_embedder_destroy(&e->embedder);
        e->ns_run = vr_now_ns() - start;
        options.tune_ms = e->ns_run < budget ? (uint32_t)((budget - e->ns_run) / 1000000) : 0;
    } while (!st && options.tune_ms >= LEAST_MS && count_open(e, true));
    return st ? vr_engine_fail(e, st, NULL) : need_file(e, true);
}

/* ---- What is known -------------------------------------------------------------------------- */

/* What becomes of the choice. */
static const char *state_of(const vireo_tuned *t)
{
    return t->refused  ? "refused"
           : t->pinned ? "pinned"
           : t->stale  ? "stale"
           : t->open   ? "open"
                       : "decided";
}

static bool is_changed(const vireo_tuned *t)
{
    return !t->refused && !t->stale && t->usual[0] && strcmp(t->kernel, t->usual) != 0;
}

static void write_json(const vr_engine *e, bool measured, vr_json_out *j)
{
    vireo_tuned t;
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "device", vr_engine_device_name(e));
    vr_out_number(j, "seconds", (double)e->ns_run / 1e9);
    vr_out_number(j, "open", (double)count_open(e, measured));
    vr_out_begin(j, "choices", '[');
    for (size_t i = 0; vireo_device_get_tuned(e->device, i, &t); i++) {
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "call", t.call);
        vr_out_text(j, "kernel", t.kernel);
        vr_out_text(j, "state", state_of(&t));
        vr_out_bool(j, "pinned", t.pinned);
        if (!t.pinned || t.usual_us > 0) {
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
    if (t->usual_us > 0) {
        vr_table_addf(table, "%.0f", t->us);
        vr_table_add(table, t->usual);
        vr_table_addf(table, "%.0f", t->usual_us);
    } else {
        vr_table_add(table, "");
        vr_table_add(table, t->usual);
        vr_table_add(table, "");
    }
    if (is_changed(t) && t->us > 0)
        vr_table_addf(table, "%.2fx", t->usual_us / t->us);
    else
        vr_table_add(table, "");
    vr_table_add(table, strcmp(state_of(t), "decided") == 0 ? "" : state_of(t));
}

/* What is left to do. */
static void write_next(const vr_engine *e, bool measured, size_t known, vr_str *s)
{
    const size_t n = count_open(e, measured);
    if (n)
        vr_str_addf(s,
                    "%zu calls are open: kernels are left to be timed;\n"
                    "run %s again, or with a larger --budget\n",
                    n, measured ? "this" : "\"vireo tune --model MODEL\"");
    else if (measured)
        vr_str_add(s, "no call is open: all are decided\n");
    else if (!known)
        vr_str_add(s, "run \"vireo tune --model MODEL\" to measure those of a model\n");
}

static void write_text(const vr_engine *e, bool measured, vr_str *s)
{
    static const vr_column columns[] = {
        {.title = "call", .shrinks = true}, {.title = "kernel"},
        {.title = "us", .right = true},     {.title = "usual"},
        {.title = "us", .right = true},     {.title = "gain", .right = true}, {.title = ""}};
    vr_table t;
    vireo_tuned tuned;
    size_t n = 0, known = 0, changed = 0;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (; vireo_device_get_tuned(e->device, n, &tuned); n++) {
        add_row(&t, &tuned);
        known += !tuned.stale && !tuned.refused && (tuned.pinned || tuned.usual_us > 0);
        changed += is_changed(&tuned);
    }
    if (n)
        vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
    vr_str_addf(s, "%s%zu calls are known on %s", n ? "\n" : "", known, vr_engine_device_name(e));
    if (known)
        vr_str_addf(s, ",\n%zu of them run another kernel than usual", changed);
    vr_str_add(s, "\n");
    write_next(e, measured, known, s);
}

static int print(const vr_engine *e, const tune_args *a)
{
    vr_json_out out;
    vr_out_init(&out);
    if (a->json)
        write_json(e, a->model != NULL, &out);
    else
        write_text(e, a->model != NULL, &out.text);
    const int status = vr_cli_print(e->cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

/* Whose the file is, and that this device is another. */
static void add_names(const vr_engine *e, const vireo_tuned_import *found, vr_str *s)
{
    const vireo_device_info *own = vireo_device_get_info(e->device);
    vr_str_addf(s, "of \"%s\" with driver \"%s\"; this is \"%s\" with \"%s%s%s\"", found->device_name,
                found->driver_name, own->name, own->driver, vr_gap(own->driver_info), own->driver_info);
}

/* Each reason that there is, with its count. */
static void add_skipped(const vr_engine *e, const vireo_tuned_import *found, vr_str *s)
{
    const struct {
        size_t n;
        const char *why;
    } rows[] = {{found->foreign, "of other devices or drivers"},
                {found->pinned, "pinned here"},
                {found->unmeasured, "neither pinned nor measured"}};
    const char *before = "; skipped: ";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].n)
            continue;
        vr_str_addf(s, "%s%zu %s", before, rows[i].n, rows[i].why);
        before = ", ";
    }
    if (found->foreign && !found->taken) {
        vr_str_add(s, ", ");
        add_names(e, found, s);
    }
}

static int import(vr_engine *e, const char *path)
{
    vireo_tuned_import found;
    vr_str text;
    vireo_status st = vireo_device_import_tuned(e->device, path, &found, &e->error);
    if (st)
        return vr_engine_fail(e, st, "\"vireo tune --export FILE\" writes such a file");
    vr_str_init(&text, NULL);
    vr_str_addf(&text, "%s: %zu choices taken", path, found.taken);
    add_skipped(e, &found, &text);
    if (text.failed)
        st = vr_fail_memory(&e->error, path);
    else if (found.foreign && !found.taken && !found.pinned)
        st = vr_fail(&e->error, VIREO_ERROR_UNSUPPORTED, "%s", text.data);
    else
        vr_cli_note("%s", text.data);
    vr_str_deinit(&text);
    return st ? vr_engine_fail(e, st, "export it on a device of this name with this version of the driver") : 0;
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
    if (!status)
        status = need_file(&e, a->model || a->import);
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
     .kind = VR_OPTION_SECONDS,
     .min = 1,
     .max = MOST_SECONDS,
     .target = offsetof(tune_args, budget),
     .help = "90, 90s or 2m; what is compiling is waited for (30)"},
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
static const char *const examples[] = {"vireo tune --model minilm --budget 2m --export fleet.json",
                                       "vireo tune --import fleet.json", NULL};

const vr_command vr_command_tune = {
    .name = "tune",
    .summary = "Measures which kernels are the fastest here, for the calls of a model",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(tune_args),
    .examples = examples,
    .notes =
        "Each size of run has half of the budget that is left, the largest first; what\n"
        "is left then goes to the calls that are open: where kernels were not timed yet.\n"
        "Another run goes on from there. Every kernel's results are compared with the\n"
        "usual one's. What is found is kept in the cache folder, in tuned.json, by\n"
        "device, driver and kernel source; all commands follow it. There, \"pinned\": true\n"
        "makes a choice yours; one that cannot run is \"refused\". What was measured with\n"
        "other kernel sources is \"stale\" and counts no more. With --deterministic only\n"
        "kernels that sum in the same order are tried, and pins to others refused.\n"
        "Without options: what is known.\n"
        "JSON: {\"device\", \"seconds\", \"open\", \"choices\": [{\"call\", \"kernel\", \"state\",\n"
        "  \"pinned\", \"usual\", \"us\", \"usual_us\"}]}; state: decided, open, stale, pinned,\n"
        "  refused",
    .uses_device = true,
    .run = run,
};
