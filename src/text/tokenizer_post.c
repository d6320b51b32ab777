/* SPDX-License-Identifier: Apache-2.0
 * post_processor of tokenizer.json: the special tokens around a text. */
#include "text/fields.h"
#include <stdio.h>
#include <string.h>

/* One more special token, before the text or after it. */
static vireo_status add_around(const vr_fields *r, vr_json_slice value, const char *where,
                               bool after)
{
    int32_t id = 0;
    vireo_status st = vr_fields_id(r, value, where, &id);
    if (st)
        return st;
    if (!vireo_tokenizer_token(r->t, id))
        return vr_fail_at(r->err, VIREO_ERROR_FORMAT, VR_TOKENIZER_VOCAB, 0,
                          "%s: %s: id %d is neither in model.vocab nor in added_tokens (VOCAB)",
                          r->file, where, id);
    size_t n = r->t->n_before + r->t->n_after;
    if (n == VR_TOKENIZER_MAX_AROUND)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_LIMIT, 0,
                          "%s: %s: more than %d special tokens around a text (LIMIT)", r->file,
                          where, VR_TOKENIZER_MAX_AROUND);
    r->t->around[n] = id;
    *(after ? &r->t->n_after : &r->t->n_before) += 1;
    return VIREO_OK;
}

/* The ids of post_processor.special_tokens under a piece's name, which is compared as written. */
static vr_json_slice ids_of(vr_json_slice special_tokens, vr_json_slice name)
{
    vr_json_slice key, value;
    if (special_tokens.kind != '{')
        return (vr_json_slice){0};
    vr_json_walk walk = vr_json_walk_begin(special_tokens);
    while (vr_json_walk_next(&walk, &key, &value))
        if (key.bytes == name.bytes && !memcmp(key.at, name.at, key.bytes))
            return vr_field_get(value, "ids");
    return (vr_json_slice){0};
}

static vireo_status read_special_piece(const vr_fields *r, vr_json_slice special_tokens,
                                       vr_json_slice piece, size_t index, bool after)
{
    char where[160];
    vr_json_slice name = vr_field_get(piece, "id"), id;
    if (name.kind != '"') {
        snprintf(where, sizeof where, "post_processor.single[%zu].SpecialToken.id", index);
        return vr_fields_wrong_type(r, where, name, "a string");
    }
    vr_json_slice ids = ids_of(special_tokens, name);
    snprintf(where, sizeof where, "post_processor.special_tokens[\"%.*s\"].ids",
             vr_field_shown(name), name.at + 1);
    if (ids.kind != '[')
        return vr_fields_wrong_type(r, where, ids, "an array of ids");
    vr_json_walk walk = vr_json_walk_begin(ids);
    while (vr_json_walk_next(&walk, NULL, &id)) {
        vireo_status st = add_around(r, id, where, after);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status read_piece(const vr_fields *r, vr_json_slice special_tokens,
                               vr_json_slice piece, size_t index, size_t *sequences)
{
    char where[64];
    int32_t zero = 0;
    vr_json_slice special, sequence;
    vr_fields_pick(piece, (const vr_field[]){{"SpecialToken", &special}, {"Sequence", &sequence}},
                   2);
    vr_json_slice type_id = vr_field_get(special.kind ? special : sequence, "type_id");
    if (type_id.kind && !vr_field_int(type_id, 0, 0, &zero))
        return vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                          "%s: post_processor.single[%zu].type_id: not 0, supported: 0 (COMPONENT)",
                          r->file, index);
    if (special.kind)
        return read_special_piece(r, special_tokens, special, index, *sequences > 0);
    if (!vr_field_is(vr_field_get(sequence, "id"), "A")) {
        snprintf(where, sizeof where, "post_processor.single[%zu]", index);
        return vr_fields_wrong_type(r, where, piece, "a SpecialToken or the Sequence A");
    }
    ++*sequences;
    return VIREO_OK;
}

static vireo_status read_template(const vr_fields *r, vr_json_slice processor)
{
    vr_json_slice single, special_tokens, piece;
    size_t index = 0, sequences = 0;
    vr_fields_pick(processor,
                   (const vr_field[]){{"single", &single}, {"special_tokens", &special_tokens}}, 2);
    if (single.kind != '[')
        return vr_fields_wrong_type(r, "post_processor.single", single, "an array");
    vr_json_walk walk = vr_json_walk_begin(single);
    while (vr_json_walk_next(&walk, NULL, &piece)) {
        vireo_status st = read_piece(r, special_tokens, piece, index++, &sequences);
        if (st)
            return st;
    }
    if (sequences != 1)
        return vr_fail_at(r->err, VIREO_ERROR_UNSUPPORTED, VR_TOKENIZER_COMPONENT, 0,
                          "%s: post_processor.single: the Sequence A stands %zu times, supported: "
                          "once (COMPONENT)",
                          r->file, sequences);
    return VIREO_OK;
}

/* BertProcessing's ["[CLS]", 2]. */
static vireo_status read_pair(const vr_fields *r, vr_json_slice pair, const char *where, bool after)
{
    char path[64];
    vr_json_slice name = {0}, id = {0}, more;
    if (pair.kind == '[') {
        vr_json_walk walk = vr_json_walk_begin(pair);
        if (!vr_json_walk_next(&walk, NULL, &name) || !vr_json_walk_next(&walk, NULL, &id) ||
            vr_json_walk_next(&walk, NULL, &more))
            name.kind = 0;
    }
    if (name.kind != '"')
        return vr_fields_wrong_type(r, where, pair, "the array [token, id]");
    snprintf(path, sizeof path, "%s[1]", where);
    return add_around(r, id, path, after);
}

vireo_status vr_tokenizer_read_post_processor(const vr_fields *r, vr_json_slice p)
{
    vr_json_slice cls, sep;
    r->t->around = vr_arena_array(&r->t->arena, VR_TOKENIZER_MAX_AROUND, sizeof *r->t->around);
    if (!r->t->around)
        return vr_fail_memory(r->err, "special tokens");
    if (!p.kind || p.kind == 'n')
        return VIREO_OK;
    if (p.bytes > VR_TOKENIZER_MAX_PROCESSOR)
        return vr_fail_at(r->err, VIREO_ERROR_LIMIT, VR_TOKENIZER_LIMIT, 0,
                          "%s: post_processor: %zu bytes, at most %d are allowed (LIMIT)", r->file,
                          p.bytes, VR_TOKENIZER_MAX_PROCESSOR);
    if (vr_field_has_type(p, "TemplateProcessing"))
        return read_template(r, p);
    if (!vr_field_has_type(p, "BertProcessing"))
        return vr_fields_unsupported(r, "post_processor", p,
                                     "TemplateProcessing, BertProcessing, null");
    vr_fields_pick(p, (const vr_field[]){{"cls", &cls}, {"sep", &sep}}, 2);
    vireo_status st = read_pair(r, cls, "post_processor.cls", false);
    return st ? st : read_pair(r, sep, "post_processor.sep", true);
}
