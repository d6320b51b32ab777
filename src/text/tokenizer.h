/* SPDX-License-Identifier: Apache-2.0
 * Inside of vireo_tokenizer, and what fills it. */
#ifndef VR_TEXT_TOKENIZER_H
#define VR_TEXT_TOKENIZER_H
#include "base/arena.h"
#include "base/error.h"
#include "text/added.h"
#include "text/normalize.h"
#include "text/wordpiece.h"
#include "vireo/text.h"

/* vireo_error.reason of a tokenizer's files; JSON's own are in io/json.h. */
typedef enum vr_tokenizer_reason {
    VR_TOKENIZER_TYPE = 100, /* JSON type, or a value out of range */
    VR_TOKENIZER_VOCAB,      /* ids, tokens, special tokens */
    VR_TOKENIZER_COMPONENT,  /* a component that is not supported */
} vr_tokenizer_reason;

enum {
    VR_TOKENIZER_MAX_FILE = 64 << 20,
    VR_TOKENIZER_MAX_ID = (1 << 22) - 1,
    VR_TOKENIZER_MAX_TOKEN = 1024, /* bytes */
    VR_TOKENIZER_MAX_WORD = 10000, /* max_input_chars_per_word */
    VR_TOKENIZER_MAX_ADDED = 65536,
    VR_TOKENIZER_MAX_AROUND = 64, /* special tokens around one text */
};

struct vireo_tokenizer {
    vireo_allocator hook; /* copied; allocator points to it or is NULL */
    const vireo_allocator *allocator;
    vr_arena arena; /* strings and arrays below */
    vr_normalizer normalizer;
    vr_wordpiece wordpiece;
    const char **tokens; /* (n_tokens) by id, NULL: no such id */
    size_t n_tokens;
    vr_added_token *added; /* (n_added) */
    size_t n_added;
    vr_added_set raw, normalized;
    int32_t *around; /* (n_before + n_after) ids of the special tokens around one text */
    size_t n_before, n_after;
};

/* Fill a tokenizer of which only allocator, arena, sets and the vocabulary map are initialised. */
vireo_status vr_tokenizer_read_json(vireo_tokenizer *, const char *path, vireo_error *);
/* config: path of tokenizer_config.json, which need not exist. */
vireo_status vr_tokenizer_read_vocab(vireo_tokenizer *, const char *path, const char *config,
                                     vireo_error *);

/* For both: room for ids up to `largest`; a token of the model's vocabulary (content is copied);
 * line: of vocab.txt, for messages, 0 for model.vocab. */
vireo_status vr_tokenizer_reserve(vireo_tokenizer *, size_t largest, vireo_error *);
vireo_status vr_tokenizer_add_token(vireo_tokenizer *, const char *content, size_t bytes,
                                    int32_t id, const char *file, size_t line, vireo_error *);
/* After all tokens and t->added are there: the two sets. */
vireo_status vr_tokenizer_build_added(vireo_tokenizer *, const char *file, vireo_error *);

/* How many bytes of a name from a file a message shows ("%.*s"): whole characters, at most 64. */
int vr_tokenizer_shown(const char *name);
#endif
