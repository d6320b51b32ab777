/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>

enum { MAX_DTYPES = 32 };

typedef struct inspect_args {
    bool tensors, json;
} inspect_args;

/* config.json and its companions; what a model lacks is left out. */
static const char *const keys[] = {
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
    "hidden_act",
    "layer_norm_eps",
    "rms_norm_eps",
    "rope_theta",
    "position_embedding_type",
    "tie_word_embeddings",
    "torch_dtype",
    "sentence_bert_config.max_seq_length",
    "1_Pooling.word_embedding_dimension",
    "1_Pooling.pooling_mode_cls_token",
    "1_Pooling.pooling_mode_mean_tokens",
    "1_Pooling.pooling_mode_max_tokens",
    "modules.normalize",
};

typedef struct dtype_total {
    const char *name;
    uint64_t tensors, elements, bytes;
} dtype_total;

typedef struct summary {
    dtype_total dtypes[MAX_DTYPES];
    size_t n_dtypes;
    uint64_t elements, bytes;
    char missing[512];
    char tokenizer_fault[1024]; /* empty: there is one */
    const char *tokenizer_kind;
    size_t vocab_size, special;
} summary;

static uint64_t elements_of(const vireo_source_tensor *t)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < t->rank; i++)
        n *= (uint64_t)t->shape[i];
    return n;
}

static void add_tensor(summary *s, const vireo_source_tensor *t)
{
    size_t i = 0;
    while (i < s->n_dtypes && strcmp(s->dtypes[i].name, t->stored_dtype) != 0)
        i++;
    if (i == MAX_DTYPES)
        return; /* the formats have fewer kinds */
    if (i == s->n_dtypes)
        s->dtypes[s->n_dtypes++].name = t->stored_dtype;
    s->dtypes[i].tensors++;
    s->dtypes[i].elements += elements_of(t);
    s->dtypes[i].bytes += t->bytes;
    s->elements += elements_of(t);
    s->bytes += t->bytes;
}

static void summarize(const vireo_source *source, vireo_tokenizer **tokenizer, summary *s)
{
    vireo_error err = {0};
    vireo_source_tensor t;
    for (size_t i = 0; i < vireo_source_tensor_count(source); i++)
        if (vireo_source_tensor_at(source, i, &t) == VIREO_OK)
            add_tensor(s, &t);
    vireo_source_check(source, s->missing, sizeof s->missing);
    if (vireo_tokenizer_load(vireo_source_path(source), NULL, tokenizer, &err) == VIREO_OK) {
        s->tokenizer_kind = vireo_tokenizer_kind(*tokenizer);
        s->vocab_size = vireo_tokenizer_vocab_size(*tokenizer);
        s->special = vireo_tokenizer_special_count(*tokenizer);
    } else {
        memcpy(s->tokenizer_fault, err.message, sizeof err.message);
    }
}

static void write_parameter(vr_json_out *j, const vireo_source *source, const char *key)
{
    int64_t integer;
    double number;
    bool flag;
    const char *text;
    if (vireo_source_int(source, key, &integer))
        vr_out_int(j, key, integer);
    else if (vireo_source_float(source, key, &number))
        vr_out_number(j, key, number);
    else if (vireo_source_bool(source, key, &flag))
        vr_out_bool(j, key, flag);
    else if (vireo_source_string(source, key, &text))
        vr_out_text(j, key, text);
}

static void write_tensors_json(vr_json_out *j, const vireo_source *source)
{
    vireo_source_tensor t;
    vr_out_begin(j, "tensors", '[');
    for (size_t i = 0; i < vireo_source_tensor_count(source); i++) {
        if (vireo_source_tensor_at(source, i, &t) != VIREO_OK)
            continue;
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "name", t.name);
        vr_out_text(j, "dtype", t.stored_dtype);
        vr_out_begin(j, "shape", '[');
        for (uint32_t k = 0; k < t.rank; k++)
            vr_out_int(j, NULL, t.shape[k]);
        vr_out_end(j, ']');
        vr_out_uint(j, "bytes", t.bytes);
        vr_out_bool(j, "supported", t.supported);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
}

static void write_json(vr_json_out *j, const vireo_source *source, const summary *s, bool tensors)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "path", vireo_source_path(source));
    vr_out_text(j, "architecture", vireo_source_architecture(source));
    vr_out_bool(j, "supported", !s->missing[0]);
    vr_out_text(j, "missing", s->missing);
    vr_out_begin(j, "hyper_parameters", '{');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        write_parameter(j, source, keys[i]);
    vr_out_end(j, '}');
    vr_out_uint(j, "parameters", s->elements);
    vr_out_uint(j, "bytes", s->bytes);
    vr_out_begin(j, "dtypes", '{');
    for (size_t i = 0; i < s->n_dtypes; i++) {
        vr_out_begin(j, s->dtypes[i].name, '{');
        vr_out_uint(j, "tensors", s->dtypes[i].tensors);
        vr_out_uint(j, "parameters", s->dtypes[i].elements);
        vr_out_uint(j, "bytes", s->dtypes[i].bytes);
        vr_out_end(j, '}');
    }
    vr_out_end(j, '}');
    vr_out_begin(j, "tokenizer", '{');
    vr_out_text(j, "kind", s->tokenizer_kind);
    vr_out_uint(j, "vocab_size", s->vocab_size);
    vr_out_uint(j, "special_tokens", s->special);
    vr_out_text(j, "missing", s->tokenizer_fault);
    vr_out_end(j, '}');
    if (tensors)
        write_tensors_json(j, source);
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void add_row(vr_table *t, const char *name, const char *value)
{
    vr_table_add(t, name);
    vr_table_add(t, value);
}

static void add_parameters(vr_table *t, const vireo_source *source)
{
    vr_json_out value;
    vr_out_init(&value);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        vr_str_clear(&value.text);
        value.comma = false;
        write_parameter(&value, source, keys[i]);
        if (value.text.length) /* "key":value */
            add_row(t, keys[i], value.text.data + strlen(keys[i]) + 3);
    }
    t->failed = t->failed || value.text.failed;
    vr_out_deinit(&value);
}

static void write_tensors_text(vr_str *out, const vireo_source *source)
{
    static const vr_column columns[] = {{.title = "tensor", .shrinks = true},
                                        {.title = "dtype"},
                                        {.title = "shape"},
                                        {.title = "bytes", .right = true}};
    vr_table t;
    vireo_source_tensor tensor;
    char shape[96];
    vr_str_add_n(out, "\n", 1);
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < vireo_source_tensor_count(source); i++) {
        int n = 0;
        if (vireo_source_tensor_at(source, i, &tensor) != VIREO_OK)
            continue;
        shape[0] = '\0';
        for (uint32_t k = 0; k < tensor.rank; k++)
            n += snprintf(shape + n, sizeof shape - (size_t)n, "%s%lld", k ? "x" : "",
                          (long long)tensor.shape[k]);
        vr_table_add(&t, tensor.name);
        vr_table_add(&t, tensor.stored_dtype);
        vr_table_add(&t, shape);
        vr_table_addf(&t, "%zu", tensor.bytes);
    }
    vr_table_write(&t, vr_terminal_width(), out);
    vr_table_deinit(&t);
}

static void write_text(vr_str *out, const vireo_source *source, const summary *s, bool tensors)
{
    static const vr_column columns[] = {{.title = "what"}, {.title = "value", .shrinks = true}};
    vr_table t;
    vr_table_init(&t, columns, 2);
    add_row(&t, "path", vireo_source_path(source));
    add_row(&t, "architecture", vireo_source_architecture(source));
    add_row(&t, "supported", s->missing[0] ? "no" : "yes");
    if (s->missing[0])
        add_row(&t, "missing", s->missing);
    add_parameters(&t, source);
    vr_table_add(&t, "parameters");
    vr_table_addf(&t, "%llu", (unsigned long long)s->elements);
    for (size_t i = 0; i < s->n_dtypes; i++) {
        vr_table_add(&t, s->dtypes[i].name);
        vr_table_addf(&t, "%llu bytes in %llu tensors", (unsigned long long)s->dtypes[i].bytes,
                      (unsigned long long)s->dtypes[i].tensors);
    }
    vr_table_add(&t, "tokenizer");
    if (s->tokenizer_kind)
        vr_table_addf(&t, "%s, %zu tokens", s->tokenizer_kind, s->vocab_size);
    else
        vr_table_addf(&t, "none: %s", s->tokenizer_fault);
    vr_table_write(&t, vr_terminal_width(), out);
    vr_table_deinit(&t);
    if (tensors)
        write_tensors_text(out, source);
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const inspect_args *a = data;
    vr_engine e = {.cli = cli};
    vireo_tokenizer *tokenizer = NULL;
    summary s = {0};
    (void)n_operands;
    if (!*operands[0])
        return vr_usage_error(cli->command, "MODEL is empty, a folder's name is needed");
    int status = vr_engine_open_source(&e, cli, operands[0]);
    if (!status) {
        vr_json_out out;
        vr_out_init(&out);
        summarize(e.source, &tokenizer, &s);
        if (a->json)
            write_json(&out, e.source, &s, a->tensors);
        else
            write_text(&out.text, e.source, &s, a->tensors);
        status = vr_cli_print(cli, &out.text);
        vr_out_deinit(&out);
    }
    vireo_tokenizer_destroy(&tokenizer);
    return vr_engine_close(&e, status);
}

static const vr_option options[] = {
    {.name = "--tensors",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(inspect_args, tensors),
     .help = "every tensor: name, type, shape, bytes"},
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(inspect_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo inspect minilm",
                                       "vireo inspect minilm --tensors --json", NULL};

const vr_command vr_command_inspect = {
    .name = "inspect",
    .summary = "Describes a model and says what is missing to run it; needs no device",
    .operand = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(inspect_args),
    .examples = examples,
    .notes =
        "JSON: {\"path\", \"architecture\", \"supported\", \"missing\", \"hyper_parameters\",\n"
        "  \"parameters\", \"bytes\", \"dtypes\": {\"F32\": {\"tensors\", \"parameters\", \"bytes\"}},\n"
        "  \"tokenizer\": {\"kind\", \"vocab_size\", \"special_tokens\", \"missing\"}, \"tensors\"}",
    .run = run,
};
