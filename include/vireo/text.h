/* SPDX-License-Identifier: Apache-2.0
 *
 * Text: tokenizers and sentence embeddings. */
#ifndef VIREO_TEXT_H
#define VIREO_TEXT_H
#include "vireo/vireo.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tokenizer ----------------------------------------------------------------------------- */

/* From a model folder: tokenizer.json, else vocab.txt (one token a line, BERT defaults with
 * tokenizer_config.json's do_lower_case). Today: WordPiece with BertNormalizer and BertPreTokenizer,
 * token for token what Hugging Face's tokenizers give (Devlin et al. 2019; Wu et al. 2016).
 * tokenizer.json's own truncation and padding are not applied. Files are not trusted: what is not known,
 * not as it should be, or too large (a file of 64 MiB, 524,288 tokens, a token of 256 bytes, 16,384 added
 * tokens) is refused by its place and name. Thread-safety: immutable. */
typedef struct vireo_tokenizer vireo_tokenizer;
vireo_status vireo_tokenizer_load(const char *folder, const vireo_allocator *, vireo_tokenizer **out,
                                  vireo_error *);
void vireo_tokenizer_destroy(vireo_tokenizer **);
const char *vireo_tokenizer_kind(const vireo_tokenizer *); /* "WordPiece" */
size_t vireo_tokenizer_vocab_size(const vireo_tokenizer *); /* largest id + 1 */
/* Token of an id, borrowed; NULL if there is none. */
const char *vireo_tokenizer_token(const vireo_tokenizer *, int32_t id);
size_t vireo_tokenizer_special_count(const vireo_tokenizer *); /* tokens added around one text */

typedef struct vireo_ids {
    int32_t *ids;
    size_t count;     /* after the cut */
    size_t uncut;     /* number of ids the whole text has, special tokens included */
} vireo_ids;
/* text: `length` bytes; bytes that are not UTF-8 are read as U+FFFD. special: add [CLS] and [SEP].
 * max_ids: 0, no limit; otherwise the text's own tokens are cut from the right so that count ≤ max_ids
 * with the special tokens kept (max_ids below the special tokens' number is an invalid argument).
 * Time and memory are linear in length. */
vireo_status vireo_tokenize(const vireo_tokenizer *, const char *text, size_t length, bool special,
                            size_t max_ids, vireo_ids *out, vireo_error *);
void vireo_ids_free(const vireo_tokenizer *, vireo_ids *); /* nulls it */

/* ---- Sentence embeddings ------------------------------------------------------------------- */

/* Texts to vectors: tokenizer, model, pooling and normalisation as the model's folder says
 * (Reimers and Gurevych 2019). One thread at a time. */
typedef struct vireo_embedder vireo_embedder;
typedef struct vireo_embedder_options {
    size_t struct_size;
    uint32_t max_tokens;   /* a text; 0: sentence_bert_config's max_seq_length, else the positions */
    uint32_t batch;        /* texts a run at most; 0: 256 */
    uint32_t batch_tokens; /* tokens a run at most; 0: 512 */
    vireo_progress_fn progress; /* of "embed", in texts; "compile" and "first run" (vireo_session_options)
                                   where a run has a new size */
    void *progress_user;
    bool deterministic;    /* vireo_session_options: a text has the same bits whatever it is embedded
                              with, and whatever batch and batch_tokens are. A run then has at most as
                              many tokens, and texts, as the model has positions, or 512 */
    uint32_t tune_ms;      /* vireo_session_options */
} vireo_embedder_options;

/* model (borrowed) was loaded from source (borrowed during the call). */
vireo_status vireo_embedder_create(vireo_model *, const vireo_source *,
                                   const vireo_embedder_options *, vireo_embedder **out,
                                   vireo_error *);
void vireo_embedder_destroy(vireo_embedder **);
uint32_t vireo_embedder_width(const vireo_embedder *);      /* floats a vector */
uint32_t vireo_embedder_max_tokens(const vireo_embedder *); /* the limit in force */
/* Since it was created, of calls that succeeded: texts embedded, and how many of them were longer than
 * the limit and were cut. Either may be NULL. */
void vireo_embedder_counts(const vireo_embedder *, uint64_t *texts, uint64_t *cut);
const vireo_tokenizer *vireo_embedder_get_tokenizer(const vireo_embedder *);

/* vectors: (n, width) f32. tokens (may be NULL): (n), ids used for each text. *cut (may be NULL): how
 * many texts were longer than the limit. Texts are run in order, concatenated, never padded. */
vireo_status vireo_embed(vireo_embedder *, const char *const *texts, size_t n, float *vectors,
                         uint32_t *tokens, size_t *cut, vireo_error *);

#ifdef __cplusplus
}
#endif
#endif
