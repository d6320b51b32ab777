/* SPDX-License-Identifier: Apache-2.0
 * vocab.txt: a token a line, the line's number (from 0) is its id; the other half of BERT's
 * tokenizer is by convention, as BertTokenizer of Hugging Face's transformers has it. */
#include "base/file.h"
#include "io/json.h"
#include "text/tokenizer.h"
#include <string.h>

static vireo_status config_bool(const cJSON *config, const char *path, const char *name, bool *out,
                                vireo_error *err)
{
    const cJSON *v = vr_json_get(config, name);
    if (!v || cJSON_IsNull(v))
        return VIREO_OK;
    if (!cJSON_IsBool(v))
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_TYPE, 0,
                          "%s: %s: neither true, false nor null (TYPE)", path, name);
    *out = cJSON_IsTrue(v);
    return VIREO_OK;
}

static vireo_status read_normalizer(vireo_tokenizer *t, const cJSON *config, const char *path,
                                    vireo_error *err)
{
    vr_normalizer *n = &t->normalizer;
    *n = (vr_normalizer){true, true, false, true};
    vireo_status st = config_bool(config, path, "do_lower_case", &n->lowercase, err);
    n->strip_accents = n->lowercase;
    if (!st)
        st = config_bool(config, path, "strip_accents", &n->strip_accents, err);
    if (!st)
        st = config_bool(config, path, "tokenize_chinese_chars", &n->split_chinese, err);
    return st;
}

static vireo_status read_lines(vireo_tokenizer *t, const char *path, const char *text, size_t bytes,
                               vireo_error *err)
{
    size_t lines = 0, bad = vr_utf8_check(text, bytes);
    if (bad < bytes)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, bad,
                          "%s: byte %zu is not UTF-8 (VOCAB)", path, bad);
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    lines += bytes && text[bytes - 1] != '\n';
    if (!lines || lines > (size_t)VR_TOKENIZER_MAX_ID + 1)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %zu tokens, 1 to %d are allowed (VOCAB)", path, lines,
                          VR_TOKENIZER_MAX_ID + 1);
    vireo_status st = vr_tokenizer_reserve(t, lines - 1, err);
    const char *at = text;
    for (size_t i = 0; !st && i < lines; i++) {
        size_t left = bytes - (size_t)(at - text);
        const char *end = memchr(at, '\n', left);
        size_t length = end ? (size_t)(end - at) : left, used = length + (end != NULL);
        if (length && at[length - 1] == '\r')
            length--;
        st = vr_tokenizer_add_token(t, at, length, (int32_t)i, path, i + 1, err);
        at += used;
    }
    return st;
}

/* Name of one of the five special tokens: a string, or an object with "content". */
static const char *special_name(const cJSON *config, const char *key, const char *standard)
{
    const cJSON *v = vr_json_get(config, key);
    if (cJSON_IsObject(v))
        v = vr_json_get(v, "content");
    return cJSON_IsString(v) ? v->valuestring : standard;
}

static vireo_status read_special(vireo_tokenizer *t, const cJSON *config, const char *path,
                                 vireo_error *err)
{
    enum { UNK, CLS, SEP, PAD, MASK, COUNT };
    static const struct {
        const char *key, *name;
    } specials[COUNT] = {{"unk_token", "[UNK]"},
                         {"cls_token", "[CLS]"},
                         {"sep_token", "[SEP]"},
                         {"pad_token", "[PAD]"},
                         {"mask_token", "[MASK]"}};
    uint32_t ids[COUNT] = {0};
    t->added = vr_arena_array(&t->arena, COUNT, sizeof *t->added);
    t->around = vr_arena_array(&t->arena, 2, sizeof *t->around);
    if (!t->added || !t->around)
        return vr_fail_memory(err, "special tokens");
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = special_name(config, specials[i].key, specials[i].name);
        size_t bytes = strlen(name);
        if (!bytes || bytes > VR_ADDED_MAX_BYTES)
            return vr_fail_at(
                err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                "%s: %s of tokenizer_config.json: %zu bytes, 1 to %d are allowed (VOCAB)", path,
                specials[i].key, bytes, VR_ADDED_MAX_BYTES);
        if (vr_map_get(&t->wordpiece.vocabulary, name, bytes, &ids[i]))
            t->added[t->n_added++] = (vr_added_token){.content = t->tokens[ids[i]],
                                                      .bytes = bytes,
                                                      .id = (int32_t)ids[i],
                                                      .special = true};
        else if (i <= SEP) /* the others do not occur in what is encoded */
            return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                              "%s: special token \"%.*s\" (%s) is not among the lines (VOCAB)",
                              path, vr_tokenizer_shown(name), name, specials[i].key);
    }
    t->wordpiece.unknown = ids[UNK];
    t->around[0] = (int32_t)ids[CLS];
    t->around[1] = (int32_t)ids[SEP];
    t->n_before = t->n_after = 1;
    return vr_tokenizer_build_added(t, path, err);
}

vireo_status vr_tokenizer_read_vocab(vireo_tokenizer *t, const char *path, const char *config_path,
                                     vireo_error *err)
{
    cJSON *config = NULL;
    char *text = NULL;
    size_t bytes = 0;
    vireo_status st = VIREO_OK;
    t->wordpiece.prefix = "##";
    t->wordpiece.prefix_bytes = 2;
    t->wordpiece.max_word_chars = 100;
    if (vr_file_exists(config_path))
        st = vr_json_read(t->allocator, config_path, NULL, &config, err);
    if (!st)
        st = read_normalizer(t, config, config_path, err);
    if (!st)
        st = vr_file_read(t->allocator, path, VR_TOKENIZER_MAX_FILE, &text, &bytes, err);
    if (!st)
        st = read_lines(t, path, text, bytes, err);
    if (!st)
        st = read_special(t, config, path, err);
    vr_free(t->allocator, text);
    cJSON_Delete(config);
    return st;
}
