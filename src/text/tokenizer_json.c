/* SPDX-License-Identifier: Apache-2.0
 * tokenizer.json of Hugging Face's tokenizers. What is not known is refused by name, since a part
 * that is passed over gives other ids. Read in place: a tree of it would be many times the file. */
#include "text/fields.h"
#include <stdio.h>
#include <string.h>

static size_t count_of(vr_json_slice container)
{
    vr_json_slice value;
    vr_json_walk walk = vr_json_walk_begin(container);
    size_t n = 0;
    while (vr_json_walk_next(&walk, NULL, &value))
        n++;
    return n;
}

static vireo_status read_normalizer(const vr_fields *r, vr_json_slice n)
{
    vr_normalizer *out = &r->t->normalizer;
    vr_json_slice clean, chinese, lowercase, strip;
    if (!n.kind || n.kind == 'n')
        return VIREO_OK;
    if (!vr_field_has_type(n, "BertNormalizer"))
        return vr_fields_unsupported(r, "normalizer", n, "BertNormalizer, null");
    vr_fields_pick(n,
                   (const vr_field[]){{"clean_text", &clean},
                                      {"handle_chinese_chars", &chinese},
                                      {"lowercase", &lowercase},
                                      {"strip_accents", &strip}},
                   4);
    *out = (vr_normalizer){true, true, false, true};
    vireo_status st = vr_fields_bool(r, clean, "normalizer.clean_text", &out->clean_text);
    if (!st)
        st = vr_fields_bool(r, chinese, "normalizer.handle_chinese_chars", &out->split_chinese);
    if (!st)
        st = vr_fields_bool(r, lowercase, "normalizer.lowercase", &out->lowercase);
    out->strip_accents = out->lowercase; /* when null or absent */
    if (!st && strip.kind != 'n')
        st = vr_fields_bool(r, strip, "normalizer.strip_accents", &out->strip_accents);
    return st;
}

typedef struct model_parts {
    vr_json_slice type, vocab, unk, prefix, chars;
} model_parts;

static vireo_status read_limits(const vr_fields *r, const model_parts *m)
{
    vr_wordpiece *wp = &r->t->wordpiece;
    int32_t chars = 100;
    wp->prefix = "##";
    wp->prefix_bytes = 2;
    if (m->prefix.kind && m->prefix.kind != '"')
        return vr_fields_wrong_type(r, "model.continuing_subword_prefix", m->prefix, "a string");
    if (m->prefix.kind && !(wp->prefix = vr_fields_keep(r, m->prefix, &wp->prefix_bytes)))
        return vr_fail_memory(r->err, "vocabulary");
    if (wp->prefix_bytes > VR_TOKENIZER_MAX_TOKEN)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.continuing_subword_prefix: %zu bytes, at most %d are allowed "
                          "(VOCAB)",
                          r->file, wp->prefix_bytes, VR_TOKENIZER_MAX_TOKEN);
    if (m->chars.kind && m->chars.kind != '0')
        return vr_fields_wrong_type(r, "model.max_input_chars_per_word", m->chars, "an integer");
    if (m->chars.kind && !vr_field_int(m->chars, 1, VR_TOKENIZER_MAX_WORD, &chars))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_TYPE, 0,
                          "%s: model.max_input_chars_per_word: %.*s, integers from 1 to %d are "
                          "allowed (TYPE)",
                          r->file, (int)m->chars.bytes, m->chars.at, VR_TOKENIZER_MAX_WORD);
    wp->max_word_chars = (size_t)chars;
    return VIREO_OK;
}

/* Number of tokens and largest id of vocabulary and added tokens; all ids are checked on the way.
 */
static vireo_status find_largest(const vr_fields *r, vr_json_slice vocab, vr_json_slice added,
                                 size_t *count, size_t *largest)
{
    int32_t max = -1, id = 0;
    vr_json_slice key, value;
    vr_json_walk walk = vr_json_walk_begin(vocab);
    for (*count = 0; vr_json_walk_next(&walk, &key, &value); ++*count) {
        if (!vr_field_int(value, 0, VR_TOKENIZER_MAX_ID, &id)) {
            char where[160]; /* made only for the message: there are many entries */
            snprintf(where, sizeof where, "model.vocab[\"%.*s\"]", vr_field_shown(key), key.at + 1);
            return vr_fields_id(r, value, where, &id);
        }
        max = id > max ? id : max;
    }
    if (!*count || *count > VR_TOKENIZER_MAX_TOKENS)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.vocab: %zu tokens, 1 to %d are allowed (VOCAB)", r->file,
                          *count, VR_TOKENIZER_MAX_TOKENS);
    size_t i = 0;
    if (added.kind)
        walk = vr_json_walk_begin(added);
    while (added.kind && vr_json_walk_next(&walk, NULL, &value)) {
        char where[64];
        snprintf(where, sizeof where, "added_tokens[%zu].id", i++);
        vireo_status st = vr_fields_id(r, vr_field_get(value, "id"), where, &id);
        if (st)
            return st;
        max = id > max ? id : max;
    }
    *largest = (size_t)max;
    return VIREO_OK;
}

static vireo_status read_vocab(const vr_fields *r, vr_json_slice vocab)
{
    vr_json_slice key, value;
    vr_json_walk walk = vr_json_walk_begin(vocab);
    while (vr_json_walk_next(&walk, &key, &value)) {
        int32_t id = 0;
        size_t bytes = 0;
        char *content = vr_fields_keep(r, key, &bytes);
        if (!content)
            return vr_fail_memory(r->err, "vocabulary");
        vr_field_int(value, 0, VR_TOKENIZER_MAX_ID, &id);
        vireo_status st = vr_tokenizer_add_token(r->t, content, bytes, id, r->file, 0, r->err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status check_added_size(const vr_fields *r, vr_json_slice added)
{
    if (added.kind && added.kind != '[')
        return vr_fields_wrong_type(r, "added_tokens", added, "an array");
    size_t n = added.kind ? count_of(added) : 0;
    if (n > VR_TOKENIZER_MAX_ADDED)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_LIMIT, 0,
                          "%s: added_tokens: %zu entries, at most %d are allowed (LIMIT)", r->file,
                          n, VR_TOKENIZER_MAX_ADDED);
    return VIREO_OK;
}

static vireo_status read_unknown(const vr_fields *r, const model_parts *m)
{
    size_t bytes = 5;
    const char *name = "[UNK]";
    if (m->unk.kind && !(name = vr_fields_keep(r, m->unk, &bytes)))
        return vr_fail_memory(r->err, "vocabulary");
    if (!vr_map_get(&r->t->wordpiece.vocabulary, name, bytes, &r->t->wordpiece.unknown))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: model.unk_token: \"%.*s\" is not in model.vocab (VOCAB)", r->file,
                          vr_tokenizer_shown(name), name);
    return VIREO_OK;
}

static vireo_status read_model(const vr_fields *r, const model_parts *m, vr_json_slice added)
{
    size_t count = 0, largest = 0;
    if (m->vocab.kind != '{')
        return vr_fields_wrong_type(r, "model.vocab", m->vocab, "an object");
    if (m->vocab.bytes > VR_TOKENIZER_MAX_VOCAB)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_LIMIT, 0,
                          "%s: model.vocab: %zu bytes, at most %d are allowed (LIMIT)", r->file,
                          m->vocab.bytes, VR_TOKENIZER_MAX_VOCAB);
    if (m->unk.kind && m->unk.kind != '"')
        return vr_fields_wrong_type(r, "model.unk_token", m->unk, "a string");
    vireo_status st = check_added_size(r, added);
    if (!st)
        st = read_limits(r, m);
    if (!st)
        st = find_largest(r, m->vocab, added, &count, &largest);
    if (!st)
        st = vr_tokenizer_reserve(r->t, count, largest, r->err);
    if (!st)
        st = read_vocab(r, m->vocab);
    return st ? st : read_unknown(r, m);
}

/* Its id in the table. A token beyond the model's vocabulary stays out of WordPiece's map, which
 * would find it inside of words. */
static vireo_status place_added(const vr_fields *r, const char *where, vr_added_token *a)
{
    const char *known = r->t->tokens[a->id];
    uint32_t other;
    if (known && strcmp(known, a->content))
        return vr_fail_at(
            r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
            "%s: %s.id: id %d stands for \"%.*s\" and for \"%.*s\", each id may stand "
            "for one token (VOCAB)",
            r->file, where, a->id, vr_tokenizer_shown(known), known, vr_tokenizer_shown(a->content),
            a->content);
    if (!known && vr_map_get(&r->t->wordpiece.vocabulary, a->content, a->bytes, &other))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s.id: token \"%.*s\" has the ids %u and %d, each may stand once "
                          "(VOCAB)",
                          r->file, where, vr_tokenizer_shown(a->content), a->content, other, a->id);
    r->t->tokens[a->id] = a->content;
    return VIREO_OK;
}

static vireo_status read_flags(const vr_fields *r, vr_json_slice entry, const char *where,
                               vr_added_token *a)
{
    enum { SPECIAL, NORMALIZED, FLAGS = 5 };
    static const char *const names[FLAGS] = {"special", "normalized", "single_word", "lstrip",
                                             "rstrip"};
    bool *const out[FLAGS] = {&a->special, &a->normalized, &a->single_word, &a->lstrip, &a->rstrip};
    vr_json_slice v[FLAGS];
    vr_field fields[FLAGS];
    for (size_t i = 0; i < FLAGS; i++)
        fields[i] = (vr_field){names[i], &v[i]};
    vr_fields_pick(entry, fields, FLAGS);
    for (size_t i = 0; i < FLAGS; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s.%s", where, names[i]);
        if (i == NORMALIZED)
            a->normalized = !a->special; /* if it is missing */
        vireo_status st = vr_fields_bool(r, v[i], path, out[i]);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status read_added_token(const vr_fields *r, vr_json_slice entry, size_t index,
                                     bool *seen)
{
    char where[64], path[80];
    vr_json_slice id, content;
    vr_added_token a = {0};
    vr_fields_pick(entry, (const vr_field[]){{"id", &id}, {"content", &content}}, 2);
    snprintf(where, sizeof where, "added_tokens[%zu]", index);
    snprintf(path, sizeof path, "%s.content", where);
    vr_field_int(id, 0, VR_TOKENIZER_MAX_ID, &a.id); /* find_largest has checked it */
    if (content.kind != '"')
        return vr_fields_wrong_type(r, path, content, "a string");
    if (!(a.content = vr_fields_keep(r, content, &a.bytes)))
        return vr_fail_memory(r->err, "added tokens");
    if (!a.bytes || a.bytes > VR_ADDED_MAX_BYTES)
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: %zu bytes, 1 to %d are allowed (VOCAB)", r->file, path, a.bytes,
                          VR_ADDED_MAX_BYTES);
    if (seen[a.id])
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s.id: id %d stands twice in added_tokens (VOCAB)", r->file, where,
                          a.id);
    seen[a.id] = true;
    vireo_status st = read_flags(r, entry, where, &a);
    if (!st)
        st = place_added(r, where, &a);
    if (!st)
        r->t->added[r->t->n_added++] = a;
    return st;
}

static vireo_status read_added(const vr_fields *r, vr_json_slice added)
{
    size_t count = added.kind ? count_of(added) : 0, i = 0;
    r->t->added = vr_arena_array(&r->t->arena, count ? count : 1, sizeof *r->t->added);
    bool *seen = vr_calloc(r->t->allocator, r->t->n_tokens, sizeof *seen);
    vireo_status st = VIREO_OK;
    if (!r->t->added || !seen)
        st = vr_fail_memory(r->err, "added tokens");
    vr_json_slice entry;
    vr_json_walk walk = {0};
    if (added.kind)
        walk = vr_json_walk_begin(added);
    while (!st && i < count && vr_json_walk_next(&walk, NULL, &entry))
        st = read_added_token(r, entry, i++, seen);
    vr_free(r->t->allocator, seen);
    return st;
}

static vireo_status read_root(const vr_fields *r, vr_json_slice root)
{
    vr_json_slice model, words, normalizer, added, post;
    model_parts m;
    vr_fields_pick(root,
                   (const vr_field[]){{"model", &model},
                                      {"pre_tokenizer", &words},
                                      {"normalizer", &normalizer},
                                      {"added_tokens", &added},
                                      {"post_processor", &post}},
                   5);
    vr_fields_pick(model,
                   (const vr_field[]){{"type", &m.type},
                                      {"vocab", &m.vocab},
                                      {"unk_token", &m.unk},
                                      {"continuing_subword_prefix", &m.prefix},
                                      {"max_input_chars_per_word", &m.chars}},
                   5);
    if (added.kind == 'n')
        added.kind = 0;
    /* Files written before tokenizers 0.9 do not name the model's type. */
    if (!vr_field_is(m.type, "WordPiece") && (m.type.kind || !m.chars.kind))
        return vr_fields_unsupported(r, "model", model, "WordPiece");
    if (!vr_field_has_type(words, "BertPreTokenizer"))
        return vr_fields_unsupported(r, "pre_tokenizer", words, "BertPreTokenizer");
    vireo_status st = read_normalizer(r, normalizer);
    if (!st)
        st = read_model(r, &m, added);
    if (!st)
        st = read_added(r, added);
    if (!st)
        st = vr_tokenizer_read_post_processor(r, post);
    return st ? st : vr_tokenizer_build_added(r->t, r->file, r->err);
}

vireo_status vr_tokenizer_parse_json(vireo_tokenizer *t, const vr_tokenizer_text *json,
                                     vireo_error *err)
{
    const vr_fields r = {t, json->file, err};
    vr_json_slice root;
    vireo_status st = vr_fields_root(&r, json->text, json->bytes, &root);
    return st ? st : read_root(&r, root);
}
