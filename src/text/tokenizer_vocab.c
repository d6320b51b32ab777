/* SPDX-License-Identifier: Apache-2.0
 * vocab.txt: a token a line, the line's number (from 0) is its id; the other half of BERT's
 * tokenizer is by convention, as BertTokenizer of Hugging Face's transformers has it. */
#include "text/fields.h"
#include <string.h>

/* In tokenizer_config.json null is as good as absent. */
static vr_json_slice option(vr_json_slice config, const char *name)
{
    vr_json_slice v = vr_field_get(config, name);
    return v.kind == 'n' ? (vr_json_slice){0} : v;
}

static vireo_status read_normalizer(const vr_fields *r, vr_json_slice config)
{
    vr_normalizer *n = &r->t->normalizer;
    bool basic = true;
    *n = (vr_normalizer){true, true, false, true};
    vireo_status st =
        vr_fields_bool(r, option(config, "do_lower_case"), "do_lower_case", &n->lowercase);
    n->strip_accents = n->lowercase;
    if (!st)
        st = vr_fields_bool(r, option(config, "strip_accents"), "strip_accents", &n->strip_accents);
    if (!st)
        st = vr_fields_bool(r, option(config, "tokenize_chinese_chars"), "tokenize_chinese_chars",
                            &n->split_chinese);
    if (!st)
        st = vr_fields_bool(r, option(config, "do_basic_tokenize"), "do_basic_tokenize", &basic);
    if (!st && !basic)
        st = vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                        "%s: do_basic_tokenize is false, supported: true (COMPONENT)", r->file);
    return st;
}

static vireo_status read_lines(vireo_tokenizer *t, const vr_tokenizer_text *vocab, vireo_error *err)
{
    const char *path = vocab->file, *text = vocab->text;
    size_t bytes = vocab->bytes;
    size_t lines = 0, bad = vr_utf8_check(text, bytes);
    const char *nul = memchr(text, '\0', bytes);
    if (nul && (size_t)(nul - text) < bad)
        bad = (size_t)(nul - text);
    if (bad < bytes)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, bad,
                          "%s: byte %zu is %s (VOCAB)", path, bad,
                          text[bad] ? "not UTF-8" : "a NUL, which no token may hold");
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    lines += bytes && text[bytes - 1] != '\n';
    if (!lines || lines > VR_TOKENIZER_MAX_TOKENS)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %zu tokens, 1 to %d are allowed (VOCAB)", path, lines,
                          VR_TOKENIZER_MAX_TOKENS);
    vireo_status st = vr_tokenizer_reserve(t, lines, lines - 1, err);
    const char *at = text;
    for (size_t i = 0; !st && i < lines; i++) {
        size_t left = bytes - (size_t)(at - text);
        const char *end = memchr(at, '\n', left);
        size_t length = end ? (size_t)(end - at) : left, used = length + (end != NULL);
        if (length && at[length - 1] == '\r')
            length--;
        char *token = vr_arena_strndup(&t->arena, at, length);
        st = token ? vr_tokenizer_add_token(t, token, length, (int32_t)i, path, i + 1, err)
                   : vr_fail_memory(err, "vocabulary");
        at += used;
    }
    return st;
}

/* The content of one of the five special tokens: a string, or an object with "content". */
static vireo_status special_name(const vr_fields *r, vr_json_slice config, const char *key,
                                 const char **name, size_t *bytes)
{
    vr_json_slice v = option(config, key);
    if (!v.kind)
        return VIREO_OK;
    vr_json_slice content = v.kind == '{' ? vr_field_get(v, "content") : v;
    if (content.kind != '"')
        return vr_fields_wrong_type(r, key, v, "a string or an object with a string \"content\"");
    if (!(*name = vr_fields_keep(r, content, bytes)))
        return vr_fail_memory(r->err, "special tokens");
    if (!*bytes || *bytes > VR_ADDED_MAX_BYTES)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: %zu bytes, 1 to %d are allowed (VOCAB)", r->file, key, *bytes,
                          VR_ADDED_MAX_BYTES);
    return VIREO_OK;
}

enum { UNK, CLS, SEP, PAD, MASK, SPECIALS };

static vireo_status read_special(const vr_fields *r, vr_json_slice config, const char *path)
{
    static const struct {
        const char *key, *name;
    } specials[SPECIALS] = {{"unk_token", "[UNK]"},
                            {"cls_token", "[CLS]"},
                            {"sep_token", "[SEP]"},
                            {"pad_token", "[PAD]"},
                            {"mask_token", "[MASK]"}};
    vireo_tokenizer *t = r->t;
    uint32_t ids[SPECIALS] = {0};
    t->added = vr_arena_array(&t->arena, SPECIALS, sizeof *t->added);
    t->around = vr_arena_array(&t->arena, 2, sizeof *t->around);
    if (!t->added || !t->around)
        return vr_fail_memory(r->err, "special tokens");
    for (size_t i = 0; i < SPECIALS; i++) {
        const char *name = specials[i].name;
        size_t bytes = strlen(name);
        vireo_status st = special_name(r, config, specials[i].key, &name, &bytes);
        if (st)
            return st;
        if (vr_map_get(&t->wordpiece.vocabulary, name, bytes, &ids[i]))
            t->added[t->n_added++] = (vr_added_token){.content = t->tokens[ids[i]],
                                                      .bytes = bytes,
                                                      .id = (int32_t)ids[i],
                                                      .special = true};
        else if (i <= SEP) /* the others do not occur in what is encoded */
            return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                              "%s: special token \"%.*s\" (%s) is not among the lines (VOCAB)",
                              path, vr_tokenizer_shown(name), name, specials[i].key);
    }
    t->wordpiece.unknown = ids[UNK];
    t->around[0] = (int32_t)ids[CLS];
    t->around[1] = (int32_t)ids[SEP];
    t->n_before = t->n_after = 1;
    return vr_tokenizer_build_added(t, path, r->err);
}

vireo_status vr_tokenizer_parse_vocab(vireo_tokenizer *t, const vr_tokenizer_text *vocab,
                                      const vr_tokenizer_text *config, vireo_error *err)
{
    const vr_fields r = {t, config->file, err};
    vr_json_slice root = {0};
    vireo_status st = VIREO_OK;
    t->wordpiece.prefix = "##";
    t->wordpiece.prefix_bytes = 2;
    t->wordpiece.max_word_chars = 100;
    if (config->text)
        st = vr_fields_root(&r, config->text, config->bytes, &root);
    if (!st)
        st = read_normalizer(&r, root);
    if (!st)
        st = read_lines(t, vocab, err);
    if (!st)
        st = read_special(&r, root, vocab->file);
    return st;
}
