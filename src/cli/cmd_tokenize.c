/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include <string.h>

typedef struct tokenize_args {
    const char *model;
    bool no_special, json;
} tokenize_args;

static void write_json(vr_json_out *j, const vireo_tokenizer *tokenizer, const vireo_ids *ids)
{
    vr_out_begin(j, NULL, '{');
    vr_out_begin(j, "ids", '[');
    for (size_t i = 0; i < ids->count; i++)
        vr_out_int(j, NULL, ids->ids[i]);
    vr_out_end(j, ']');
    vr_out_begin(j, "tokens", '[');
    for (size_t i = 0; i < ids->count; i++)
        vr_out_text(j, NULL, vireo_tokenizer_token(tokenizer, ids->ids[i]));
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void write_text(vr_str *s, const vireo_tokenizer *tokenizer, const vireo_ids *ids)
{
    static const vr_column columns[] = {{.title = "id", .right = true},
                                        {.title = "token", .shrinks = true}};
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < ids->count; i++) {
        const char *token = vireo_tokenizer_token(tokenizer, ids->ids[i]);
        vr_table_addf(&t, "%d", ids->ids[i]);
        vr_table_add(&t, token ? token : "");
    }
    vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const tokenize_args *a = data;
    vireo_tokenizer *tokenizer = NULL;
    vireo_ids ids = {0};
    vireo_error err = {0};
    vr_json_out out;
    (void)n_operands;
    vireo_status st = vireo_tokenizer_load(a->model, NULL, &tokenizer, &err);
    if (!st)
        st = vireo_tokenize(tokenizer, operands[0], strlen(operands[0]), !a->no_special, 0, &ids,
                            &err);
    if (st) {
        vireo_tokenizer_destroy(&tokenizer);
        return vr_cli_fail(cli, st, &err, st == VIREO_ERROR_NOT_FOUND ? vr_next_model : NULL);
    }
    vr_out_init(&out);
    if (a->json)
        write_json(&out, tokenizer, &ids);
    else
        write_text(&out.text, tokenizer, &ids);
    int status = vr_cli_print(cli, &out.text);
    vr_out_deinit(&out);
    vireo_ids_free(tokenizer, &ids);
    vireo_tokenizer_destroy(&tokenizer);
    return status;
}

static const vr_option options[] = {
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(tokenize_args, model),
     .help = "folder of the model"},
    {.name = "--no-special",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(tokenize_args, no_special),
     .help = "without the tokens around a text"},
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(tokenize_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo tokenize --model minilm \"A film about the sea\"",
                                       "vireo tokenize --model minilm --no-special --json sea", NULL};

const vr_command vr_command_tokenize = {
    .name = "tokenize",
    .summary = "Shows the tokens of a text; needs no device",
    .operand = "TEXT",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(tokenize_args),
    .examples = examples,
    .notes = "JSON: {\"ids\": [...], \"tokens\": [...]}",
    .run = run,
};
