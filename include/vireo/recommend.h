/* SPDX-License-Identifier: Apache-2.0
 *
 * Interactions, catalogue, recommenders and metrics. */
#ifndef VIREO_RECOMMEND_H
#define VIREO_RECOMMEND_H
#include "vireo/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Store --------------------------------------------------------------------------------- */

/* An SQLite file holding users, items, interactions and item vectors. One thread at a time; several
 * processes may read one file, one writes. */
typedef struct vireo_store vireo_store;
typedef enum vireo_store_mode { VIREO_STORE_READ, VIREO_STORE_CREATE } vireo_store_mode;
/* READ: the file must exist and be a store of this version. CREATE: made if missing. */
vireo_status vireo_store_open(const char *path, vireo_store_mode, const vireo_allocator *,
                              vireo_store **out, vireo_error *);
void vireo_store_close(vireo_store **);
const char *vireo_store_path(const vireo_store *);

/* What an import read, and what became of it. A note a kind of fault and table, in the order of first
 * appearance: e.g. {"interactions", "dropped", "rating is not a number", 3, 17, "abc"}. */
typedef struct vireo_import_note {
    char table[16];   /* interactions, items, users */
    char action[16];  /* dropped, mended */
    char reason[96];
    uint64_t count;
    uint64_t first_line; /* of the first such row, 1 = the header */
    char example[96];    /* what was found there, shortened to valid UTF-8 */
} vireo_import_note;
typedef struct vireo_import_table {
    uint64_t read, added, known, mended, dropped; /* rows; known: already in the store */
} vireo_import_table;
typedef struct vireo_import_report {
    vireo_import_table interactions, items, users;
    vireo_import_note *notes;
    size_t n_notes;
} vireo_import_report;
typedef struct vireo_import_options {
    size_t struct_size;
    const char *interactions; /* RecBole atomic file .inter: user_id:token item_id:token
                                 [rating:float] [timestamp:float] */
    const char *items;        /* .item, or NULL */
    const char *users;        /* .user, or NULL */
    vireo_progress_fn progress;
    void *progress_user;
} vireo_import_options;
/* Reads tab-separated atomic files with a typed header (recbole.io/docs/user_guide/data/atomic_files)
 * in one transaction: all or nothing. Texts are cleaned: HTML to text, control characters, white
 * space, NFKC. */
vireo_status vireo_import(vireo_store *, const vireo_import_options *, vireo_import_report *out,
                          vireo_error *);
void vireo_import_report_free(vireo_import_report *);

/* ---- Catalogue and histories, read from a store -------------------------------------------- */

typedef struct vireo_item {
    const char *id;     /* the file's own token */
    const char *title;  /* "" if unknown */
    int32_t year;       /* 0 if unknown */
    const char *genres; /* space-separated, "" if unknown */
} vireo_item;
typedef struct vireo_event {
    uint32_t item;    /* index into the dataset's items */
    float rating;     /* 0 if the file has none: see has_ratings */
    double timestamp; /* seconds; 0 if the file has none */
} vireo_event;
/* A snapshot in memory. Items and users stand in the order of first import; items that only occur in
 * interactions are there too. Immutable. */
typedef struct vireo_dataset {
    size_t n_items, n_users, n_events;
    const vireo_item *items;       /* (n_items) */
    const char *const *users;      /* (n_users) ids */
    const size_t *user_offsets;    /* (n_users + 1) into events */
    const vireo_event *events;     /* (n_events), a user's by timestamp, then file order */
    const uint32_t *item_counts;   /* (n_items) interactions of each item */
    bool has_ratings;
} vireo_dataset;
vireo_status vireo_dataset_load(vireo_store *, vireo_dataset **out, vireo_error *);
void vireo_dataset_destroy(vireo_dataset **);
bool vireo_dataset_find_item(const vireo_dataset *, const char *id, uint32_t *index);
bool vireo_dataset_find_user(const vireo_dataset *, const char *id, uint32_t *index);
/* "title (year). genres" as far as known, "" if nothing is. Returns the length it needs (snprintf). */
size_t vireo_item_text(const vireo_item *, char *buffer, size_t size);

/* Vectors kept beside the items, by model: key is the model's hash (vireo_source_hash).
 * load: fills rows of vectors (n_items, width) that are stored for this key and whose text has not
 * changed (text_hash), and sets present[i]. save: stores the rows named by items[0..n) in one
 * transaction. */
vireo_status vireo_store_load_vectors(vireo_store *, const vireo_dataset *, const char *key,
                                      uint32_t width, float *vectors, bool *present, vireo_error *);
vireo_status vireo_store_save_vectors(vireo_store *, const vireo_dataset *, const char *key,
                                      uint32_t width, const float *vectors, const uint32_t *items,
                                      size_t n, vireo_error *);

/* ---- Recommender --------------------------------------------------------------------------- */

typedef enum vireo_method {
    VIREO_METHOD_AUTO,
    VIREO_METHOD_CONTENT,
    VIREO_METHOD_NEIGHBOURS,
    VIREO_METHOD_POPULAR,
} vireo_method;
const char *vireo_method_name(vireo_method);               /* "auto", ... */
bool vireo_method_parse(const char *name, vireo_method *out);

typedef struct vireo_recommender vireo_recommender;
typedef struct vireo_recommender_options {
    size_t struct_size;
    vireo_embedder *embedder; /* NULL: no content, no queries; auto is then neighbours alone */
    const char *model_key;    /* vireo_source_hash of the embedder's model; needed with it */
    vireo_progress_fn progress; /* of "item vectors", in texts, while it is created, and "users" of an
                                   evaluation; "compile" and "first run" (vireo_session_options) of what it
                                   runs itself. The embedder has its own */
    void *progress_user;
    bool deterministic; /* vireo_session_options, of what it runs itself; the embedder has its own */
    bool no_fuse;       /* vireo_model_options, of the same */
} vireo_recommender_options;
/* Loads the store into memory; with an embedder also computes the vectors of items that have none yet
 * (or whose text changed) and saves them into the store. A store opened with VIREO_STORE_READ is not
 * written: the vectors serve this recommender only. What a method needs on the device is put there
 * when the method is first used; neighbours needs items x users floats (VIREO_ERROR_LIMIT says how
 * many bytes if that is more than a binding of the device, or 1 GiB). store is borrowed during the
 * call, device and embedder until the recommender is destroyed. Memory comes from the store's
 * allocator. One thread at a time. */
vireo_status vireo_recommender_create(vireo_device *, vireo_store *,
                                      const vireo_recommender_options *, vireo_recommender **out,
                                      vireo_error *);
void vireo_recommender_destroy(vireo_recommender **);
const vireo_dataset *vireo_recommender_get_dataset(const vireo_recommender *);

typedef struct vireo_request {
    size_t struct_size;
    vireo_method method;
    uint32_t k;                   /* 1..1024; 0: 10 */
    const char *user;             /* one of user, history, query, similar_to; popular: or none */
    const uint32_t *history;      /* item indices, oldest first */
    size_t n_history;
    const char *query;            /* free text: content search (method auto or content) */
    const uint32_t *similar_to;   /* one item: content neighbours, itself left out */
    const char *const *genres;    /* only items that have one of them; ASCII in any case */
    size_t n_genres;
    const uint32_t *deny;         /* item indices never to be shown */
    size_t n_deny;
    bool include_seen;
} vireo_request;

typedef struct vireo_reason {
    uint32_t item; /* of the history */
    float share;   /* of the score: score = sum of all shares * score; exact, as the score is linear */
} vireo_reason;
typedef struct vireo_recommendation {
    uint32_t item;
    float score;
    vireo_reason why[3]; /* largest first, only what raises the score */
    uint32_t n_why;      /* 0 for popular items, queries, and scores that are not above 0 */
} vireo_recommendation;
typedef struct vireo_recommendations {
    vireo_method method;   /* what answered: auto is resolved; POPULAR for a user without events */
    bool blended;          /* auto: neighbours blended with content */
    bool known_user;       /* false: the user is not in the store */
    vireo_recommendation *items;
    size_t count;
} vireo_recommendations;
vireo_status vireo_recommend(vireo_recommender *, const vireo_request *, vireo_recommendations *out,
                             vireo_error *);
void vireo_recommendations_free(vireo_recommendations *);

/* ---- Evaluation ---------------------------------------------------------------------------- */

/* Leave-one-out (last event of every user with at least 2), full ranking over all items that were not
 * seen before it (the last event's own item keeps its place even if it was); HR@k and NDCG@k =
 * 1/log2(rank + 1), ties to the lower item index. Whatever scores is rebuilt without the last events. */
typedef struct vireo_metrics {
    size_t users;
    uint32_t at;
    double hr, ndcg;
} vireo_metrics;
vireo_status vireo_evaluate(vireo_recommender *, vireo_method, uint32_t at, vireo_metrics *out,
                            vireo_error *);

#ifdef __cplusplus
}
#endif
#endif
