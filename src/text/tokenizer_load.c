/* SPDX-License-Identifier: Apache-2.0
 * The files of a model's folder that make its tokenizer. */
#include "base/file.h"
#include "text/tokenizer.h"

/* folder/name, if it is there; out->file is the caller's to free, and out->text. */
static vireo_status read_text(const vireo_tokenizer *t, const char *folder, const char *name,
                              size_t limit, vr_tokenizer_text *out, vireo_error *err)
{
    char *path = vr_path_join(t->allocator, folder, name);
    if (!path)
        return vr_fail_memory(err, "path");
    out->file = path;
    if (!vr_file_exists(path))
        return VIREO_OK;
    vireo_status st = vr_file_read(t->allocator, path, limit, &out->text, &out->bytes, err);
    if (st == VIREO_ERROR_LIMIT && err)
        err->reason = VR_TOKENIZER_LIMIT;
    return st;
}

static void free_text(const vireo_tokenizer *t, vr_tokenizer_text *text)
{
    vr_free(t->allocator, (void *)(uintptr_t)text->file);
    vr_free(t->allocator, text->text);
}

static vireo_status read_folder(vireo_tokenizer *t, const char *folder, vireo_error *err)
{
    vr_tokenizer_text json = {0}, vocab = {0}, config = {0};
    vireo_status st = vr_need_folder(folder, err);
    if (!st)
        st = read_text(t, folder, "tokenizer.json", VR_TOKENIZER_MAX_FILE, &json, err);
    if (!st && !json.text)
        st = read_text(t, folder, "vocab.txt", VR_TOKENIZER_MAX_VOCAB, &vocab, err);
    if (!st && vocab.text)
        st = read_text(t, folder, "tokenizer_config.json", VR_TOKENIZER_MAX_CONFIG, &config, err);
    if (!st && json.text)
        st = vr_tokenizer_parse_json(t, &json, err);
    else if (!st && vocab.text)
        st = vr_tokenizer_parse_vocab(t, &vocab, &config, err);
    else if (!st)
        st = vr_fail(err, VIREO_ERROR_NOT_FOUND,
                     "%s: no tokenizer, tokenizer.json or vocab.txt is needed", folder);
    free_text(t, &config);
    free_text(t, &vocab);
    free_text(t, &json);
    return st;
}

vireo_status vireo_tokenizer_load(const char *folder, const vireo_allocator *allocator,
                                  vireo_tokenizer **out, vireo_error *err)
{
    if (!folder || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_tokenizer_load: folder and out must not be NULL");
    vireo_tokenizer *t = NULL;
    vireo_status st = vr_tokenizer_create(allocator, &t, err);
    if (!st)
        st = read_folder(t, folder, err);
    if (st)
        vireo_tokenizer_destroy(&t);
    else
        *out = t;
    return st;
}
