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
    VR_TOKENIZER_LIMIT,      /* larger than is read */
} vr_tokenizer_reason;

enum {
    /* Bytes; the largest WordPiece vocabulary in use, LaBSE's, has 501,153 tokens and half of that.
     */
    VR_TOKENIZER_MAX_FILE = 64 << 20,
    VR_TOKENIZER_MAX_VOCAB = 12 << 20, /* of it: model.vocab; vocab.txt */
    VR_TOKENIZER_MAX_CONFIG = 16 << 20,
    VR_TOKENIZER_MAX_PROCESSOR = 1 << 16,
    VR_TOKENIZER_MAX_TOKENS = 1 << 19,
    VR_TOKENIZER_MAX_ID = (1 << 20) - 1,
    VR_TOKENIZER_MAX_TOKEN = 256,  /* bytes; bounds the search at each character */
    VR_TOKENIZER_MAX_WORD = 10000, /* max_input_chars_per_word */
    VR_TOKENIZER_MAX_ADDED = 16384,
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

/* One without tokens, for the parsers below. */
vireo_status vr_tokenizer_create(const vireo_allocator *, vireo_tokenizer **out, vireo_error *);

typedef struct vr_tokenizer_text {
    const char *file; /* for messages */
    char *text;       /* NULL: there is no such file */
    size_t bytes;
} vr_tokenizer_text;
/* They borrow nothing. After a fault the tokenizer can only be destroyed. */
vireo_status vr_tokenizer_parse_json(vireo_tokenizer *, const vr_tokenizer_text *, vireo_error *);
vireo_status vr_tokenizer_parse_vocab(vireo_tokenizer *, const vr_tokenizer_text *vocab,
                                      const vr_tokenizer_text *config, vireo_error *);

struct vr_fields;
struct vr_json_slice;
vireo_status vr_tokenizer_read_post_processor(const struct vr_fields *, struct vr_json_slice);

/* For both: room for `count` tokens with ids up to `largest`; a token of the model's vocabulary
 * (content is in the arena); line: of vocab.txt, for messages, 0 for model.vocab. */
vireo_status vr_tokenizer_reserve(vireo_tokenizer *, size_t count, size_t largest, vireo_error *);
vireo_status vr_tokenizer_add_token(vireo_tokenizer *, const char *content, size_t bytes,
                                    int32_t id, const char *file, size_t line, vireo_error *);
/* After all tokens and t->added are there: the two sets. */
vireo_status vr_tokenizer_build_added(vireo_tokenizer *, const char *file, vireo_error *);

/* How many bytes of a name from a file a message shows ("%.*s"): whole characters, at most 64. */
int vr_tokenizer_shown(const char *name);
#endif
