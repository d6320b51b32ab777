/* SPDX-License-Identifier: Apache-2.0
 * tokenizer.json of Hugging Face's tokenizers. What is not known is refused by name, since a part
 * that is passed over gives other ids. */
#include "io/json.h"
#include "text/tokenizer.h"
#include <stdio.h>
#include <string.h>

typedef struct reader {
    vireo_tokenizer *t;
    const char *file;
    vireo_error *err;
} reader;

static vireo_status wrong_type(const reader *r, const char *where, const cJSON *found,
                               const char *allowed)
{
    const char *type = !found                  ? "missing"
                       : cJSON_IsNull(found)   ? "null"
                       : cJSON_IsBool(found)   ? "true or false"
                       : cJSON_IsNumber(found) ? "a number"
                       : cJSON_IsString(found) ? "a string"
                       : cJSON_IsArray(found)  ? "an array"
                                               : "an object";
    return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_TYPE, 0,
                      "%s: %s: %s, %s is allowed "
                      "(TYPE)",
                      r->file, where, type, allowed);
}

/* A member that is true, false or absent (then *out stays). */
static vireo_status read_bool(const reader *r, const cJSON *object, const char *where,
                              const char *name, bool *out)
{
    const cJSON *v = vr_json_get(object, name);
    if (!v)
        return VIREO_OK;
    if (!cJSON_IsBool(v)) {
        char path[160];
        snprintf(path, sizeof path, "%s.%s", where, name);
        return wrong_type(r, path, v, "true or false");
    }
    *out = cJSON_IsTrue(v);
    return VIREO_OK;
}

static vireo_status read_id(const reader *r, const cJSON *value, const char *where, int32_t *out)
{
    int64_t id;
    if (!cJSON_IsNumber(value))
        return wrong_type(r, where, value, "an integer");
    if (!vr_json_int(value, &id) || id < 0 || id > VR_TOKENIZER_MAX_ID)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: id %.17g, integers from 0 to %d are allowed (VOCAB)", r->file,
                          where, value->valuedouble, VR_TOKENIZER_MAX_ID);
    *out = (int32_t)id;
    return VIREO_OK;
}

/* An object with one of the types in `allowed` (which names them for the message). */
static vireo_status unsupported(const reader *r, const char *where, const cJSON *component,
                                const char *allowed)
{
    const cJSON *type = vr_json_get(component, "type");
    const char *found = "null";
    if (cJSON_IsString(type))
        found = type->valuestring;
    else if (component && !cJSON_IsNull(component))
        found = "";
    return vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                      "%s: %s.type is \"%.*s\", supported: %s (COMPONENT)", r->file, where,
                      vr_tokenizer_shown(found), found, allowed);
}

static bool has_type(const cJSON *component, const char *name)
{
    const cJSON *type = vr_json_get(component, "type");
    return cJSON_IsString(type) && !strcmp(type->valuestring, name);
}

static vireo_status read_normalizer(const reader *r, const cJSON *n)
{
    vr_normalizer *out = &r->t->normalizer;
    if (!n || cJSON_IsNull(n))
        return VIREO_OK;
    if (!has_type(n, "BertNormalizer"))
        return unsupported(r, "normalizer", n, "BertNormalizer, null");
    *out = (vr_normalizer){true, true, false, true};
    vireo_status st = read_bool(r, n, "normalizer", "clean_text", &out->clean_text);
    if (!st)
        st = read_bool(r, n, "normalizer", "handle_chinese_chars", &out->split_chinese);
    if (!st)
        st = read_bool(r, n, "normalizer", "lowercase", &out->lowercase);
    out->strip_accents = out->lowercase; /* when null or absent */
    const cJSON *strip = vr_json_get(n, "strip_accents");
    if (!st && strip && !cJSON_IsNull(strip))
        st = read_bool(r, n, "normalizer", "strip_accents", &out->strip_accents);
    return st;
}

static vireo_status read_limits(const reader *r, const cJSON *model)
{
    vr_wordpiece *wp = &r->t->wordpiece;
    const cJSON *prefix = vr_json_get(model, "continuing_subword_prefix");
    if (prefix && !cJSON_IsString(prefix))
        return wrong_type(r, "model.continuing_subword_prefix", prefix, "a string");
    const char *text = prefix ? prefix->valuestring : "##";
    wp->prefix_bytes = strlen(text);
    if (wp->prefix_bytes > VR_TOKENIZER_MAX_TOKEN)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.continuing_subword_prefix: %zu bytes, at most %d are allowed "
                          "(VOCAB)",
                          r->file, wp->prefix_bytes, VR_TOKENIZER_MAX_TOKEN);
    if (!(wp->prefix = vr_arena_strdup(&r->t->arena, text)))
        return vr_fail_memory(r->err, "vocabulary");
    const cJSON *chars = vr_json_get(model, "max_input_chars_per_word");
    int64_t limit = 100;
    if (chars && (!vr_json_int(chars, &limit) || limit < 1 || limit > VR_TOKENIZER_MAX_WORD))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_TYPE, 0,
                          "%s: model.max_input_chars_per_word: %.17g, integers from 1 to %d are "
                          "allowed (TYPE)",
                          r->file, cJSON_IsNumber(chars) ? chars->valuedouble : 0.0,
                          VR_TOKENIZER_MAX_WORD);
    wp->max_word_chars = (size_t)limit;
    return VIREO_OK;
}

/* Largest id of vocabulary and added tokens; all of them are checked on the way. */
static vireo_status find_largest(const reader *r, const cJSON *vocab, const cJSON *added,
                                 size_t *largest)
{
    int32_t max = -1, id = 0;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, vocab)
    {
        int64_t value;
        if (!vr_json_int(entry, &value) || value < 0 || value > VR_TOKENIZER_MAX_ID) {
            char where[160]; /* made only for the message: there are many entries */
            snprintf(where, sizeof where, "model.vocab[\"%.*s\"]",
                     vr_tokenizer_shown(entry->string), entry->string);
            return read_id(r, entry, where, &id);
        }
        id = (int32_t)value;
        max = id > max ? id : max;
    }
    size_t i = 0;
    cJSON_ArrayForEach(entry, added)
    {
        char where[64];
        snprintf(where, sizeof where, "added_tokens[%zu].id", i++);
        vireo_status st = read_id(r, vr_json_get(entry, "id"), where, &id);
        if (st)
            return st;
        max = id > max ? id : max;
    }
    if (max < 0)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.vocab: no tokens (VOCAB)", r->file);
    if (i > VR_TOKENIZER_MAX_ADDED)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_VOCAB, 0,
                          "%s: added_tokens: %zu entries, at most %d are allowed (VOCAB)", r->file,
                          i, VR_TOKENIZER_MAX_ADDED);
    *largest = (size_t)max;
    return VIREO_OK;
}

static vireo_status read_vocab(const reader *r, const cJSON *vocab)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, vocab)
    {
        vireo_status st = vr_tokenizer_add_token(r->t, entry->string, strlen(entry->string),
                                                 (int32_t)entry->valuedouble, r->file, 0, r->err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status read_model(const reader *r, const cJSON *model, const cJSON *added)
{
    /* Files written before tokenizers 0.9 do not name the type. */
    bool unnamed = !vr_json_get(model, "type") && vr_json_get(model, "max_input_chars_per_word");
    if (!unnamed && !has_type(model, "WordPiece"))
        return unsupported(r, "model", model, "WordPiece");
    const cJSON *vocab = vr_json_get(model, "vocab"), *unk = vr_json_get(model, "unk_token");
    if (!cJSON_IsObject(vocab))
        return wrong_type(r, "model.vocab", vocab, "an object");
    if (unk && !cJSON_IsString(unk))
        return wrong_type(r, "model.unk_token", unk, "a string");
    if (added && !cJSON_IsArray(added))
        return wrong_type(r, "added_tokens", added, "an array");
    size_t largest = 0;
    vireo_status st = read_limits(r, model);
    if (!st)
        st = find_largest(r, vocab, added, &largest);
    if (!st)
        st = vr_tokenizer_reserve(r->t, largest, r->err);
    if (!st)
        st = read_vocab(r, vocab);
    if (st)
        return st;
    const char *name = unk ? unk->valuestring : "[UNK]";
    if (!vr_map_get(&r->t->wordpiece.vocabulary, name, strlen(name), &r->t->wordpiece.unknown))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.unk_token: \"%.*s\" is not in model.vocab (VOCAB)", r->file,
                          vr_tokenizer_shown(name), name);
    return VIREO_OK;
}

static vireo_status read_flags(const reader *r, const cJSON *entry, const char *where,
                               vr_added_token *a)
{
    vireo_status st = read_bool(r, entry, where, "special", &a->special);
    a->normalized = !a->special;
    if (!st)
        st = read_bool(r, entry, where, "single_word", &a->single_word);
    if (!st)
        st = read_bool(r, entry, where, "lstrip", &a->lstrip);
    if (!st)
        st = read_bool(r, entry, where, "rstrip", &a->rstrip);
    if (!st)
        st = read_bool(r, entry, where, "normalized", &a->normalized);
    return st;
}

/* Its id in the table. A token beyond the model's vocabulary stays out of WordPiece's map, which
 * would find it inside of words. */
static vireo_status place_added(const reader *r, const char *where, const char *content,
                                vr_added_token *a)
{
    const char *known = r->t->tokens[a->id];
    uint32_t other;
    if (known && strcmp(known, content))
        return vr_fail_at(
            r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
            "%s: %s.id: id %d stands for \"%.*s\" and for \"%.*s\", each id may stand "
            "for one token (VOCAB)",
            r->file, where, a->id, vr_tokenizer_shown(known), known, vr_tokenizer_shown(content),
            content);
    if (!known && vr_map_get(&r->t->wordpiece.vocabulary, content, a->bytes, &other))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s.id: token \"%.*s\" has the ids %u and %d, each may stand once "
                          "(VOCAB)",
                          r->file, where, vr_tokenizer_shown(content), content, other, a->id);
    if (!known && !(known = vr_arena_strdup(&r->t->arena, content)))
        return vr_fail_memory(r->err, "added tokens");
    r->t->tokens[a->id] = known;
    a->content = known;
    return VIREO_OK;
}

static vireo_status read_added_token(const reader *r, const cJSON *entry, size_t index, bool *seen)
{
    char where[64];
    snprintf(where, sizeof where, "added_tokens[%zu]", index);
    vr_added_token a = {.id = (int32_t)vr_json_get(entry, "id")->valuedouble};
    const cJSON *content = vr_json_get(entry, "content");
    if (!cJSON_IsString(content)) {
        snprintf(where, sizeof where, "added_tokens[%zu].content", index);
        return wrong_type(r, where, content, "a string");
    }
    a.bytes = strlen(content->valuestring);
    if (!a.bytes || a.bytes > VR_ADDED_MAX_BYTES)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s.content: %zu bytes, 1 to %d are allowed (VOCAB)", r->file, where,
                          a.bytes, VR_ADDED_MAX_BYTES);
    if (seen[a.id])
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s.id: id %d stands twice in added_tokens (VOCAB)", r->file, where,
                          a.id);
    seen[a.id] = true;
    vireo_status st = read_flags(r, entry, where, &a);
    if (!st)
        st = place_added(r, where, content->valuestring, &a);
    if (!st)
        r->t->added[r->t->n_added++] = a;
    return st;
}

static vireo_status read_added(const reader *r, const cJSON *added)
{
    size_t count = added ? (size_t)cJSON_GetArraySize(added) : 0, i = 0;
    r->t->added = vr_arena_array(&r->t->arena, count ? count : 1, sizeof *r->t->added);
    bool *seen = vr_calloc(r->t->allocator, r->t->n_tokens, sizeof *seen);
    vireo_status st = VIREO_OK;
    if (!r->t->added || !seen)
        st = vr_fail_memory(r->err, "added tokens");
    const cJSON *entry = added ? added->child : NULL;
    for (; !st && entry; entry = entry->next)
        st = read_added_token(r, entry, i++, seen);
    vr_free(r->t->allocator, seen);
    return st ? st : vr_tokenizer_build_added(r->t, r->file, r->err);
}

/* One more special token, before the text or after it. */
static vireo_status add_around(const reader *r, const cJSON *value, const char *where, bool after)
{
    int32_t id = 0;
    vireo_status st = read_id(r, value, where, &id);
    if (st)
        return st;
    if (!vireo_tokenizer_token(r->t, id))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: id %d is neither in model.vocab nor in added_tokens (VOCAB)",
                          r->file, where, id);
    size_t n = r->t->n_before + r->t->n_after;
    if (n == VR_TOKENIZER_MAX_AROUND)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: more than %d special tokens around a text (VOCAB)", r->file,
                          where, VR_TOKENIZER_MAX_AROUND);
    r->t->around[n] = id;
    *(after ? &r->t->n_after : &r->t->n_before) += 1;
    return VIREO_OK;
}

static vireo_status read_special_piece(const reader *r, const cJSON *special_tokens,
                                       const cJSON *piece, size_t index, bool after)
{
    char where[160];
    const cJSON *name = vr_json_get(piece, "id");
    if (!cJSON_IsString(name)) {
        snprintf(where, sizeof where, "post_processor.single[%zu].SpecialToken.id", index);
        return wrong_type(r, where, name, "a string");
    }
    const cJSON *ids = vr_json_get(vr_json_get(special_tokens, name->valuestring), "ids"), *id;
    snprintf(where, sizeof where, "post_processor.special_tokens[\"%.*s\"].ids",
             vr_tokenizer_shown(name->valuestring), name->valuestring);
    if (!cJSON_IsArray(ids))
        return wrong_type(r, where, ids, "an array of ids");
    cJSON_ArrayForEach(id, ids)
    {
        vireo_status st = add_around(r, id, where, after);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status read_template(const reader *r, const cJSON *processor)
{
    const cJSON *single = vr_json_get(processor, "single"), *piece;
    const cJSON *special_tokens = vr_json_get(processor, "special_tokens");
    if (!cJSON_IsArray(single))
        return wrong_type(r, "post_processor.single", single, "an array");
    if (cJSON_GetArraySize(single) > VR_TOKENIZER_MAX_AROUND)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_VOCAB, 0,
                          "%s: post_processor.single: %d pieces, at most %d are allowed (VOCAB)",
                          r->file, cJSON_GetArraySize(single), VR_TOKENIZER_MAX_AROUND);
    size_t index = 0, sequences = 0;
    cJSON_ArrayForEach(piece, single)
    {
        const cJSON *special = vr_json_get(piece, "SpecialToken");
        const cJSON *sequence = vr_json_get(piece, "Sequence"), *name = vr_json_get(sequence, "id");
        const cJSON *type_id = vr_json_get(special ? special : sequence, "type_id");
        int64_t type = 0;
        if (type_id && (!vr_json_int(type_id, &type) || type))
            return vr_fail_at(
                r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                "%s: post_processor.single[%zu].type_id: not 0, supported: 0 (COMPONENT)", r->file,
                index);
        if (special) {
            vireo_status st = read_special_piece(r, special_tokens, special, index, sequences > 0);
            if (st)
                return st;
        } else if (cJSON_IsString(name) && !strcmp(name->valuestring, "A")) {
            sequences++;
        } else {
            char where[64];
            snprintf(where, sizeof where, "post_processor.single[%zu]", index);
            return wrong_type(r, where, piece, "a SpecialToken or the Sequence A");
        }
        index++;
    }
    if (sequences != 1)
        return vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                          "%s: post_processor.single: the Sequence A stands %zu times, supported: "
                          "once (COMPONENT)",
                          r->file, sequences);
    return VIREO_OK;
}

static vireo_status read_post_processor(const reader *r, const cJSON *p)
{
    r->t->around = vr_arena_array(&r->t->arena, VR_TOKENIZER_MAX_AROUND, sizeof *r->t->around);
    if (!r->t->around)
        return vr_fail_memory(r->err, "special tokens");
    if (!p || cJSON_IsNull(p))
        return VIREO_OK;
    if (has_type(p, "TemplateProcessing"))
        return read_template(r, p);
    if (!has_type(p, "BertProcessing"))
        return unsupported(r, "post_processor", p, "TemplateProcessing, BertProcessing, null");
    vireo_status st =
        add_around(r, cJSON_GetArrayItem(vr_json_get(p, "cls"), 1), "post_processor.cls[1]", false);
    return st ? st
              : add_around(r, cJSON_GetArrayItem(vr_json_get(p, "sep"), 1), "post_processor.sep[1]",
                           true);
}

vireo_status vr_tokenizer_read_json(vireo_tokenizer *t, const char *path, vireo_error *err)
{
    reader r = {t, path, err};
    vr_json_limits limits = {.bytes = VR_TOKENIZER_MAX_FILE};
    cJSON *root = NULL;
    vireo_status st = vr_json_read(t->allocator, path, &limits, &root, err);
    if (st)
        return st;
    const cJSON *added = vr_json_get(root, "added_tokens"), *words;
    if (cJSON_IsNull(added))
        added = NULL;
    words = vr_json_get(root, "pre_tokenizer");
    if (!cJSON_IsObject(root))
        st = wrong_type(&r, "top level", root, "an object");
    else if (!has_type(words, "BertPreTokenizer"))
        st = unsupported(&r, "pre_tokenizer", words, "BertPreTokenizer");
    if (!st)
        st = read_normalizer(&r, vr_json_get(root, "normalizer"));
    if (!st)
        st = read_model(&r, vr_json_get(root, "model"), added);
    if (!st)
        st = read_added(&r, added);
    if (!st)
        st = read_post_processor(&r, vr_json_get(root, "post_processor"));
    cJSON_Delete(root);
    return st;
}
