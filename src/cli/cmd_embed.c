/* SPDX-License-Identifier: Apache-2.0
 * Texts to vectors in constant memory: read a chunk, embed it, write it. */
#include "cli/embed_output.h"
#include "cli/engine.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "base/thread.h"
#include <cjson/cJSON.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_TEXTS = 1024, CHUNK_BYTES = 8 << 20 };

typedef struct embed_args {
    const char *model, *input, *key, *output;
    uint32_t format, batch, max_tokens;
    bool allow_nonfinite;
} embed_args;

/* Where texts come from: operands or lines. */
typedef struct feed {
    const embed_args *args;
    char **operands;
    size_t n_operands, next;
    vr_lines lines;
    vr_str line;
    char *texts[CHUNK_TEXTS]; /* (n), owned */
    size_t n, bytes;
    bool more;
} feed;

static vireo_status fail_line(const feed *f, vireo_error *err, const char *what)
{
    return vr_fail(err, VIREO_ERROR_FORMAT, "%s: line %llu: %s", vr_lines_name(&f->lines),
                   (unsigned long long)f->lines.number, what);
}

/* What cJSON lets pass and would change or cut the text without a word. */
static const char *json_fault(const char *line, size_t n)
{
    bool quoted = false;
    if (vr_utf8_check(line, n) != n)
        return "not valid UTF-8";
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if (quoted && c < 0x20)
            return "not valid JSON: a control character in a string, allowed: its \\u escape";
        if (quoted && c == '\\') {
            if (n - i > 5 && memcmp(line + i, "\\u0000", 6) == 0)
                return "a NUL character (\\u0000); texts are UTF-8 without it";
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        }
    }
    return NULL;
}

static size_t occurrences(const cJSON *object, const char *key)
{
    size_t n = 0;
    for (const cJSON *member = object->child; member; member = member->next)
        n += member->string && strcmp(member->string, key) == 0;
    return n;
}

static vireo_status text_of_json(feed *f, char **out, vireo_error *err)
{
    const char *fault = json_fault(f->line.data, f->line.length), *end = f->line.data;
    const cJSON *value = NULL;
    char what[256];
    vireo_status st = VIREO_OK;
    what[0] = '\0';
    if (fault)
        return fail_line(f, err, fault);
    cJSON *root = cJSON_ParseWithLengthOpts(f->line.data, f->line.length + 1, &end, true);
    if (!root)
        snprintf(what, sizeof what, "not valid JSON at byte %td; a line is one object",
                 end - f->line.data);
    else if (!cJSON_IsObject(root))
        snprintf(what, sizeof what, "not a JSON object; a line is one object with the key \"%s\"",
                 f->args->key);
    else if (!(value = cJSON_GetObjectItemCaseSensitive(root, f->args->key)))
        snprintf(what, sizeof what, "no key \"%s\" in the object (--jsonl-key)", f->args->key);
    else if (occurrences(root, f->args->key) > 1)
        snprintf(what, sizeof what, "the key \"%s\" stands there more than once", f->args->key);
    else if (!cJSON_IsString(value))
        snprintf(what, sizeof what, "\"%s\" is not a string, only strings are embedded",
                 f->args->key);
    else if (!(*out = vr_strdup(NULL, value->valuestring)))
        st = vr_fail_memory(err, "texts");
    if (what[0])
        st = fail_line(f, err, what);
    cJSON_Delete(root);
    return st;
}

static vireo_status next_text(feed *f, char **out, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    if (!f->args->input) {
        f->more = f->next < f->n_operands;
        *out = f->more ? vr_strdup(NULL, f->operands[f->next++]) : NULL;
        return f->more && !*out ? vr_fail_memory(err, "texts") : VIREO_OK;
    }
    st = vr_lines_next(&f->lines, &f->line, &f->more, err);
    if (st || !f->more)
        return st;
    if (f->args->key)
        return text_of_json(f, out, err);
    *out = vr_strdup(NULL, f->line.data ? f->line.data : "");
    return *out ? VIREO_OK : vr_fail_memory(err, "texts");
}

static void drop_texts(feed *f)
{
    for (size_t i = 0; i < f->n; i++)
        vr_free(NULL, f->texts[i]);
    f->n = f->bytes = 0;
}

static vireo_status fill(feed *f, vireo_error *err)
{
    drop_texts(f);
    while (f->n < CHUNK_TEXTS && f->bytes < CHUNK_BYTES) {
        char *text = NULL;
        vireo_status st = next_text(f, &text, err);
        if (st || !f->more)
            return st;
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): text where there is more */
        f->bytes += strlen(text);
        f->texts[f->n++] = text;
    }
    return VIREO_OK;
}

static vireo_status embed_all(vr_engine *e, feed *f, vr_embed_output *out)
{
    size_t width = vireo_embedder_width(e->embedder);
    float *vectors = vr_alloc(NULL, CHUNK_TEXTS * width * sizeof *vectors);
    uint32_t tokens[CHUNK_TEXTS];
    vireo_status st = vectors ? VIREO_OK : vr_fail_memory(&e->error, "vectors");
    f->more = true;
    while (!st) {
        uint64_t start;
        st = fill(f, &e->error);
        if (st || f->n == 0)
            break;
        start = vr_now_ns();
        st = vireo_embed(e->embedder, (const char *const *)f->texts, f->n, vectors, tokens, NULL,
                         &e->error);
        e->ns_run += vr_now_ns() - start;
        if (!st)
            st = vr_embed_output_rows(out, vectors, tokens, f->n, &e->error);
        if (!st && vr_interrupted())
            st = vr_fail(&e->error, VIREO_ERROR_CANCELLED, "interrupted");
    }
    if (!st)
        st = vr_embed_output_finish(out, &e->error);
    vr_free(NULL, vectors);
    return st;
}

static int check(const vr_cli *cli, const embed_args *a, size_t n_operands)
{
    if (a->input && n_operands)
        return vr_usage_error(cli->command, "--input and TEXT cannot be used together");
    if (!a->input && !n_operands)
        return vr_usage_error(cli->command, "one of --input and TEXT is needed");
    if (a->key && !a->input)
        return vr_usage_error(cli->command, "--jsonl-key needs --input");
    if (vr_same_file(a->input, a->output))
        return vr_usage_error(cli->command, "--input and %s are the same file, \"%s\"",
                              a->output ? "--output" : "standard output", a->input);
    if (vr_replaces_inside(a->output, a->model))
        return vr_usage_error(cli->command, "--output is a file of --model, \"%s\"", a->output);
    if (a->format == VR_EMBED_NPY && (!a->output || !strcmp(a->output, "-")) &&
        isatty(STDOUT_FILENO))
        return vr_usage_error(cli->command,
                              "--format npy is binary and not for a terminal; use --output FILE");
    return 0;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const embed_args *a = data;
    vr_engine e = {.cli = cli,
                   .allow_nonfinite = a->allow_nonfinite,
                   .tells_cut = true,
                   .cut_option = "--max-tokens"};
    vr_embed_output out = {0};
    feed f = {.args = a, .operands = operands, .n_operands = n_operands};
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    vr_str_init(&f.line, NULL);
    int status = check(cli, a, n_operands);
    if (status)
        return status;
    vireo_status st = vr_output_check(a->output, &e.error);
    if (!st && a->input)
        st = vr_lines_open(&f.lines, a->input, &e.error);
    status = st ? vr_engine_fail(&e, st, NULL) : vr_engine_open_source(&e, cli, a->model);
    if (!status)
        status = vr_engine_open_device(&e, cli);
    options.batch = a->batch;
    options.max_tokens = a->max_tokens;
    options.progress = vr_progress;
    if (!status)
        status = vr_engine_open_embedder(&e, a->model, &options);
    if (!status) {
        st = vr_embed_output_open(&out, a->output, (vr_embed_format)a->format,
                                  vireo_embedder_width(e.embedder), &e.error);
        if (!st)
            st = embed_all(&e, &f, &out);
        status = st ? vr_engine_fail(&e, st, NULL) : VR_EXIT_OK;
    }
    vr_embed_output_close(&out);
    drop_texts(&f);
    vr_lines_close(&f.lines);
    vr_str_deinit(&f.line);
    return vr_engine_close(&e, status);
}

static const vr_option options[] = {
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(embed_args, model),
     .help = "folder of the model"},
    {.name = "--input",
     .value = "FILE|-",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(embed_args, input),
     .help = "one text a line; - is standard input"},
    {.name = "--jsonl-key",
     .value = "K",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(embed_args, key),
     .help = "lines are JSON objects, the text is under K"},
    {.name = "--output",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(embed_args, output),
     .help = "written whole or not at all (- or none: stdout)"},
    {.name = "--format",
     .value = "FORMAT",
     .kind = VR_OPTION_CHOICE,
     .choices = "jsonl npy",
     .target = offsetof(embed_args, format),
     .help = "jsonl or npy (jsonl)"},
    {.name = "--batch",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1 << 20,
     .target = offsetof(embed_args, batch),
     .help = "texts a run at most (256)"},
    {.name = "--max-tokens",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1 << 20,
     .target = offsetof(embed_args, max_tokens),
     .help = "tokens a text at most (the model's own limit)"},
    VR_ALLOW_NONFINITE(embed_args),
};
static const char *const examples[] = {
    "vireo embed --model minilm \"A film about the sea\"",
    "vireo embed --model minilm --input films.txt --output films.npy --format npy", NULL};

const vr_command vr_command_embed = {
    .name = "embed",
    .summary = "Turns texts into vectors",
    .operand = "[TEXT...]",
    .max_operands = SIZE_MAX,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(embed_args),
    .examples = examples,
    .notes =
        "A line of jsonl: {\"index\": 0, \"tokens\": 12, \"embedding\": [...]}, in the order of\n"
        "the input.\n"
        "npy: one float32 array (texts, width).",
    .uses_device = true,
    .run = run,
};
