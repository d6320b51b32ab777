/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokenizer.h"
#include <stdio.h>
#include <string.h>

vireo_status vr_tokenizer_reserve(vireo_tokenizer *t, size_t count, size_t largest,
                                  vireo_error *err)
{
    t->tokens = vr_arena_array(&t->arena, largest + 1, sizeof *t->tokens);
    if (!t->tokens || !vr_map_reserve(&t->wordpiece.vocabulary, count))
        return vr_fail_memory(err, "vocabulary");
    t->n_tokens = largest + 1;
    return VIREO_OK;
}

int vr_tokenizer_shown(const char *name)
{
    size_t bytes = 0;
    while (bytes <= 64 && name[bytes])
        bytes++;
    if (bytes > 64)
        for (bytes = 64; ((unsigned char)name[bytes] & 0xC0) == 0x80 && bytes > 60;)
            bytes--;
    return (int)bytes;
}

/* What is wrong with a token, after "FILE: line N: " or "FILE: model.vocab["TOKEN"]: ". */
static vireo_status bad_token(const char *file, size_t line, const char *token, const char *what,
                              vireo_error *err)
{
    if (line)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: line %zu: %s (VOCAB)", file, line, what);
    return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                      "%s: model.vocab[\"%.*s\"]: %s (VOCAB)", file, vr_tokenizer_shown(token),
                      token, what);
}

vireo_status vr_tokenizer_add_token(vireo_tokenizer *t, const char *content, size_t bytes,
                                    int32_t id, const char *file, size_t line, vireo_error *err)
{
    char what[256];
    if (bytes > VR_TOKENIZER_MAX_TOKEN) {
        snprintf(what, sizeof what, "token of %zu bytes, at most %d are allowed", bytes,
                 VR_TOKENIZER_MAX_TOKEN);
        return bad_token(file, line, content, what, err);
    }
    const char *known = t->tokens[id];
    if (known) {
        snprintf(what, sizeof what,
                 "id %d stands for \"%.*s\" and for \"%.*s\", each id may stand for one token", id,
                 vr_tokenizer_shown(known), known, vr_tokenizer_shown(content), content);
        return bad_token(file, line, content, what, err);
    }
    uint32_t value = (uint32_t)id;
    bool added = true;
    if (bytes && !vr_map_put(&t->wordpiece.vocabulary, content, bytes, &value, &added))
        return vr_fail_memory(err, "vocabulary");
    if (!added) {
        snprintf(what, sizeof what, "token \"%.*s\" has the ids %u and %d, each may stand once",
                 vr_tokenizer_shown(content), content, value, id);
        return bad_token(file, line, content, what, err);
    }
    t->tokens[id] = content;
    if (bytes > t->wordpiece.max_token_bytes)
        t->wordpiece.max_token_bytes = bytes;
    return VIREO_OK;
}

/* The pattern of a token that is looked for in normalised text. */
static vireo_status normalized_pattern(vireo_tokenizer *t, size_t index, const char *file,
                                       vr_added_pattern *pattern, vireo_error *err)
{
    const vr_added_token *a = &t->added[index];
    vr_str out;
    vr_str_init(&out, t->allocator);
    vr_normalize(&t->normalizer, a->content, a->bytes, &out);
    vireo_status st = VIREO_OK;
    char *copy = NULL;
    if (out.failed)
        st = vr_fail_memory(err, "added tokens");
    else if (!out.length || out.length > VR_ADDED_MAX_BYTES)
        st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                        "%s: added_tokens[%zu].content: \"normalized\" is true and its normal form "
                        "has %zu bytes, 1 to %d are allowed (VOCAB)",
                        file, index, out.length, VR_ADDED_MAX_BYTES);
    else if (!(copy = vr_arena_strndup(&t->arena, out.data, out.length)))
        st = vr_fail_memory(err, "added tokens");
    *pattern = (vr_added_pattern){.text = copy, .bytes = (uint32_t)out.length, .token = a};
    vr_str_deinit(&out);
    return st;
}

vireo_status vr_tokenizer_build_added(vireo_tokenizer *t, const char *file, vireo_error *err)
{
    size_t n_normalized = 0;
    for (size_t i = 0; i < t->n_added; i++)
        n_normalized += t->added[i].normalized;
    if (!vr_added_set_reserve(&t->raw, &t->arena, t->n_added - n_normalized) ||
        !vr_added_set_reserve(&t->normalized, &t->arena, n_normalized))
        return vr_fail_memory(err, "added tokens");
    for (int special = 1; special >= 0; special--) { /* of equal patterns a special token wins */
        for (size_t i = 0; i < t->n_added; i++) {
            const vr_added_token *a = &t->added[i];
            vr_added_pattern pattern = {
                .text = a->content, .bytes = (uint32_t)a->bytes, .token = a};
            vireo_status st = VIREO_OK;
            if (a->special != (special == 1))
                continue;
            if (a->normalized)
                st = normalized_pattern(t, i, file, &pattern, err);
            if (st)
                return st;
            vr_added_set_add(a->normalized ? &t->normalized : &t->raw, pattern);
        }
    }
    vr_added_set_finish(&t->raw);
    vr_added_set_finish(&t->normalized);
    return VIREO_OK;
}

vireo_status vr_tokenizer_create(const vireo_allocator *allocator, vireo_tokenizer **out,
                                 vireo_error *err)
{
    vireo_tokenizer *t = vr_calloc(allocator, 1, sizeof *t);
    if (!t)
        return vr_fail_memory(err, "tokenizer");
    if (allocator) {
        t->hook = *allocator;
        t->allocator = &t->hook;
    }
    vr_arena_init(&t->arena, t->allocator);
    vr_map_init(&t->wordpiece.vocabulary, t->allocator);
    *out = t;
    return VIREO_OK;
}

void vireo_tokenizer_destroy(vireo_tokenizer **t)
{
    if (!t || !*t)
        return;
    vr_map_deinit(&(*t)->wordpiece.vocabulary);
    vr_arena_deinit(&(*t)->arena);
    vireo_allocator hook = (*t)->hook;
    vr_free((*t)->allocator ? &hook : NULL, *t);
    *t = NULL;
}

const char *vireo_tokenizer_kind(const vireo_tokenizer *t)
{
    (void)t;
    return "WordPiece";
}

size_t vireo_tokenizer_vocab_size(const vireo_tokenizer *t)
{
    return t->n_tokens;
}

const char *vireo_tokenizer_token(const vireo_tokenizer *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->n_tokens ? t->tokens[id] : NULL;
}

size_t vireo_tokenizer_special_count(const vireo_tokenizer *t)
{
    return t->n_before + t->n_after;
}

static void add_words(const vireo_tokenizer *t, const char *text, size_t length, vr_id_list *ids)
{
    size_t at = 0, bytes;
    const char *word;
    while (!ids->failed && vr_next_word(text, length, &at, &word, &bytes))
        vr_wordpiece_word(&t->wordpiece, word, bytes, ids);
}

/* A piece of raw text without raw added tokens. scratch: for its normal form. */
static void add_text(const vireo_tokenizer *t, const char *text, size_t length, vr_str *scratch,
                     vr_id_list *ids)
{
    vr_str_clear(scratch);
    vr_normalize(&t->normalizer, text, length, scratch);
    if (scratch->failed) {
        ids->failed = true;
        return;
    }
    if (!scratch->length)
        return;
    vr_added_scan scan = vr_added_scan_begin(&t->normalized, scratch->data, scratch->length);
    vr_added_piece piece;
    while (!ids->failed && vr_added_scan_next(&scan, &piece)) {
        if (piece.token)
            vr_id_list_add(t->allocator, ids, piece.token->id);
        else
            add_words(t, piece.text, piece.bytes, ids);
    }
}

vireo_status vireo_tokenize(const vireo_tokenizer *t, const char *text, size_t length, bool special,
                            size_t max_ids, vireo_ids *out, vireo_error *err)
{
    if (!t || (!text && length) || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_tokenize: tokenizer, text and out must not be NULL");
    size_t before = special ? t->n_before : 0, after = special ? t->n_after : 0;
    if (max_ids && max_ids < before + after)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_tokenize: max_ids is %zu, the special tokens alone are %zu", max_ids,
                       before + after);
    vr_id_list ids = {.limit = max_ids ? max_ids - after : SIZE_MAX};
    for (size_t i = 0; i < before; i++)
        vr_id_list_add(t->allocator, &ids, t->around[i]);

    vr_str scratch;
    vr_str_init(&scratch, t->allocator);
    vr_added_scan scan = vr_added_scan_begin(&t->raw, text, length);
    vr_added_piece piece;
    while (!ids.failed && vr_added_scan_next(&scan, &piece)) {
        if (piece.token)
            vr_id_list_add(t->allocator, &ids, piece.token->id);
        else
            add_text(t, piece.text, piece.bytes, &scratch, &ids);
    }
    vr_str_deinit(&scratch);

    ids.limit = SIZE_MAX;
    for (size_t i = 0; i < after; i++)
        vr_id_list_add(t->allocator, &ids, t->around[t->n_before + i]);
    if (ids.failed) {
        vr_free(t->allocator, ids.ids);
        return vr_fail_memory(err, "token ids");
    }
    *out = (vireo_ids){ids.ids, ids.count, ids.total};
    return VIREO_OK;
}

void vireo_ids_free(const vireo_tokenizer *t, vireo_ids *ids)
{
    if (!ids)
        return;
    vr_free(t ? t->allocator : NULL, ids->ids);
    *ids = (vireo_ids){0};
}
