/* SPDX-License-Identifier: Apache-2.0
 * Texts are tokenised ahead on the host's threads while the device runs those before them. A run is
 * a concatenation: ids and positions of all its tokens, and where each text begins. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/thread.h"
#include "io/source.h"
#include "vireo/text.h"
#include <string.h>

enum { DEFAULT_BATCH = 256, DEFAULT_BATCH_TOKENS = 512, MAX_BATCH = 1 << 20 };

struct vireo_embedder {
    vireo_allocator hook; /* copied; allocator points to it or is NULL */
    const vireo_allocator *allocator;
    vireo_session *session;
    vireo_tokenizer *tokenizer;
    uint32_t width, max_tokens, batch, batch_tokens;
    uint32_t largest_run; /* deterministic: tokens, and texts */
    vireo_progress_fn progress;
    void *progress_user;
    uint64_t done, total;     /* texts of the call at hand */
    size_t most_flying;       /* runs at one time: while the session may tune, one */
    bool stopped;             /* it has failed, or was cancelled: nobody is asked any more */
    uint64_t n_texts, n_cut;  /* of all calls that succeeded */
    int32_t *ids, *positions; /* (max(batch_tokens, max_tokens)) */
    int32_t *offsets;         /* (batch + 1) */
};

typedef struct pending {
    vireo_ids ids;
    bool failed;
} pending;

typedef struct run {
    size_t first, texts;
} run;

typedef struct job {
    vireo_embedder *e;
    const char *const *texts;
    size_t n;
    float *vectors;
    uint32_t *tokens;
    pending *pending;            /* (batch): tokenised, not yet run */
    size_t n_pending, n_read;    /* n_read: texts tokenised so far */
    size_t fresh;                /* where in pending the threads begin */
    run next;                    /* the run being prepared */
    run flying[2];               /* on the device, the oldest first */
    size_t n_flying;
    size_t cut;
} job;

static vireo_status read_size(const vireo_source *source, const char *key, uint32_t *out,
                              vireo_error *err)
{
    int64_t value;
    if (!vireo_source_int(source, key, &value) || value < 1 || value > INT32_MAX)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: config.json: %s must be an integer from 1 to %d",
                       vireo_source_path(source), key, INT32_MAX);
    *out = (uint32_t)value;
    return VIREO_OK;
}

/* sentence_bert_config.json's max_seq_length, if it is there and lower. */
static vireo_status read_sentence_limit(vireo_embedder *e, const vireo_source *source,
                                        vireo_error *err)
{
    static const char key[] = "sentence_bert_config.max_seq_length";
    int64_t limit;
    double number;
    bool flag;
    const char *text;
    if (vireo_source_int(source, key, &limit)) {
        if (limit < 1)
            return vr_fail(err, VIREO_ERROR_FORMAT,
                           "%s: sentence_bert_config.json: max_seq_length is %lld, at least 1 is "
                           "allowed",
                           vireo_source_path(source), (long long)limit);
        if (limit < (int64_t)e->max_tokens)
            e->max_tokens = (uint32_t)limit;
    } else if (vireo_source_float(source, key, &number) || vireo_source_bool(source, key, &flag) ||
               vireo_source_string(source, key, &text)) {
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: sentence_bert_config.json: max_seq_length must be an integer",
                       vireo_source_path(source));
    }
    return VIREO_OK;
}

static vireo_status read_limits(vireo_embedder *e, const vireo_source *source,
                                const vireo_embedder_options *o, vireo_error *err)
{
    uint32_t positions = 0, vocabulary = 0, special;
    vireo_status st = read_size(source, "hidden_size", &e->width, err);
    if (!st)
        st = read_size(source, "max_position_embeddings", &positions, err);
    if (!st)
        st = read_size(source, "vocab_size", &vocabulary, err);
    if (st)
        return st;
    const char *path = vireo_source_path(source);
    if (o->max_tokens > positions)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "max_tokens is %u, but %s has max_position_embeddings %u: at most that many "
                       "are allowed",
                       o->max_tokens, path, positions);
    e->max_tokens = o->max_tokens ? o->max_tokens : positions;
    if (!o->max_tokens)
        st = read_sentence_limit(e, source, err);
    if (st)
        return st;
    special = (uint32_t)vireo_tokenizer_special_count(e->tokenizer);
    if (e->max_tokens < special)
        return vr_fail(
            err, VIREO_ERROR_INVALID_ARGUMENT,
            "max_tokens is %u, but the special tokens around a text of %s are already %u",
            e->max_tokens, path, special);
    if (vireo_tokenizer_vocab_size(e->tokenizer) > vocabulary)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: the tokenizer's largest id is %zu, but config.json's vocab_size is %u",
                       path, vireo_tokenizer_vocab_size(e->tokenizer) - 1, vocabulary);
    if (o->batch > MAX_BATCH || o->batch_tokens > MAX_BATCH)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "batch is %u and batch_tokens %u, at most %d are allowed", o->batch,
                       o->batch_tokens, MAX_BATCH);
    e->batch = o->batch ? o->batch : DEFAULT_BATCH;
    e->batch_tokens = o->batch_tokens ? o->batch_tokens : DEFAULT_BATCH_TOKENS;
    e->largest_run = positions > DEFAULT_BATCH_TOKENS ? positions : DEFAULT_BATCH_TOKENS;
    return VIREO_OK;
}

/* What the session tells: of a run no more than that texts are embedded. */
static int forward(void *user, const char *what, uint64_t done, uint64_t total)
{
    const vireo_embedder *e = user;
    if (e->stopped)
        return 1;
    if (!strcmp(what, "run"))
        return e->progress(e->progress_user, "embed", e->done, e->total);
    return e->progress(e->progress_user, what, done, total);
}

/* The largest run decides on the kernels, so it may depend on nothing but the model. */
static vireo_status open_session(vireo_embedder *e, vireo_model *model,
                                 const vireo_embedder_options *given, vireo_error *err)
{
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.tune_ms = given->tune_ms;
    o.progress = e->progress ? forward : NULL;
    o.progress_user = e;
    if (given->deterministic) {
        o.deterministic = true;
        o.largest = (int64_t)e->largest_run + 1; /* of offsets, one more than texts */
        if (e->batch > e->largest_run)
            e->batch = e->largest_run;
        if (e->batch_tokens > e->largest_run)
            e->batch_tokens = e->largest_run;
    }
    return vireo_session_create(model, &o, &e->session, err);
}

static vireo_status make_buffers(vireo_embedder *e, vireo_error *err)
{
    size_t tokens = e->batch_tokens > e->max_tokens ? e->batch_tokens : e->max_tokens;
    e->ids = vr_calloc(e->allocator, tokens, sizeof *e->ids);
    e->positions = vr_calloc(e->allocator, tokens, sizeof *e->positions);
    e->offsets = vr_calloc(e->allocator, (size_t)e->batch + 1, sizeof *e->offsets);
    return e->ids && e->positions && e->offsets ? VIREO_OK : vr_fail_memory(err, "embedder");
}

vireo_status vireo_embedder_create(vireo_model *model, const vireo_source *source,
                                   const vireo_embedder_options *options, vireo_embedder **out,
                                   vireo_error *err)
{
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    if (!model || !source || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_embedder_create: model, source and out must not be NULL");
    if (options && options->struct_size)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    vireo_embedder *e = vr_calloc(source->allocator, 1, sizeof *e);
    if (!e)
        return vr_fail_memory(err, "embedder");
    if (source->allocator) {
        e->hook = *source->allocator;
        e->allocator = &e->hook;
    }
    e->progress = o.progress;
    e->progress_user = o.progress_user;
    e->most_flying = o.tune_ms ? 1 : 2;
    vireo_status st =
        vireo_tokenizer_load(vireo_source_path(source), e->allocator, &e->tokenizer, err);
    if (!st)
        st = read_limits(e, source, &o, err);
    if (!st)
        st = open_session(e, model, &o, err);
    if (!st)
        st = make_buffers(e, err);
    if (st)
        vireo_embedder_destroy(&e);
    else
        *out = e;
    return st;
}

void vireo_embedder_destroy(vireo_embedder **embedder)
{
    if (!embedder || !*embedder)
        return;
    vireo_embedder *e = *embedder;
    vireo_allocator hook = e->hook;
    vireo_session_destroy(&e->session);
    vr_free(e->allocator, e->offsets);
    vr_free(e->allocator, e->positions);
    vr_free(e->allocator, e->ids);
    vireo_tokenizer_destroy(&e->tokenizer);
    vr_free(e->allocator ? &hook : NULL, e);
    *embedder = NULL;
}

uint32_t vireo_embedder_width(const vireo_embedder *e)
{
    return e->width;
}

uint32_t vireo_embedder_max_tokens(const vireo_embedder *e)
{
    return e->max_tokens;
}

const vireo_tokenizer *vireo_embedder_get_tokenizer(const vireo_embedder *e)
{
    return e->tokenizer;
}

static void tokenize_one(void *user, size_t index)
{
    job *j = user;
    pending *p = &j->pending[j->fresh + index];
    const char *text = j->texts[j->n_read + index];
    p->failed = vireo_tokenize(j->e->tokenizer, text, strlen(text), true, j->e->max_tokens, &p->ids,
                               NULL) != VIREO_OK;
}

/* Tokenises until a run's worth of texts is pending. Out of memory is all that can fail. */
static vireo_status top_up(job *j, vireo_error *err)
{
    size_t count = j->e->batch - j->n_pending, left = j->n - j->n_read;
    if (count > left)
        count = left;
    j->fresh = j->n_pending;
    for (size_t i = 0; i < count; i++)
        j->pending[j->fresh + i] = (pending){0};
    vr_parallel_for(count, tokenize_one, j);
    j->n_pending += count;
    j->n_read += count;
    for (size_t i = j->fresh; i < j->n_pending; i++)
        if (j->pending[i].failed)
            return vr_fail_memory(err, "token ids");
    return VIREO_OK;
}

/* Moves the first pending texts into the embedder's buffers, as many as one run takes. */
static void pack(job *j)
{
    vireo_embedder *e = j->e;
    size_t texts = 0, tokens = 0;
    while (texts < j->n_pending) {
        vireo_ids *ids = &j->pending[texts].ids;
        if (texts && (tokens + ids->count > e->batch_tokens))
            break;
        e->offsets[texts] = (int32_t)tokens;
        for (size_t i = 0; i < ids->count; i++) {
            e->ids[tokens + i] = ids->ids[i];
            e->positions[tokens + i] = (int32_t)i;
        }
        tokens += ids->count;
        if (j->tokens)
            j->tokens[j->next.first + texts] = (uint32_t)ids->count;
        j->cut += ids->uncut > ids->count;
        vireo_ids_free(e->tokenizer, ids);
        texts++;
    }
    e->offsets[texts] = (int32_t)tokens;
    j->next.texts = texts;
    j->n_pending -= texts;
    memmove(j->pending, j->pending + texts, j->n_pending * sizeof *j->pending);
}

static vireo_status submit(job *j, vireo_error *err)
{
    vireo_embedder *e = j->e;
    int64_t tokens = e->offsets[j->next.texts], texts = (int64_t)j->next.texts;
    const vireo_tensor in[] = {
        {VIREO_I32, 1, {tokens}, e->ids, (size_t)tokens * sizeof *e->ids},
        {VIREO_I32, 1, {tokens}, e->positions, (size_t)tokens * sizeof *e->positions},
        {VIREO_I32, 1, {texts + 1}, e->offsets, (j->next.texts + 1) * sizeof *e->offsets},
    };
    vireo_status st = vireo_session_submit(e->session, in, 3, err);
    if (st)
        return st;
    j->flying[j->n_flying++] = j->next;
    j->next = (run){.first = j->next.first + j->next.texts};
    return VIREO_OK;
}

static vireo_status wait(job *j, vireo_error *err)
{
    const size_t width = j->e->width;
    const run r = j->flying[0];
    vireo_tensor out = {.dtype = VIREO_F32,
                        .rank = 2,
                        .shape = {(int64_t)r.texts, (int64_t)width},
                        .data = j->vectors + r.first * width,
                        .bytes = r.texts * width * sizeof *j->vectors};
    j->flying[0] = j->flying[1];
    j->n_flying--;
    return vireo_session_wait(j->e->session, &out, 1, err);
}

/* Two runs in flight: the device has the next while the host takes the answers of one and prepares
 * the one after. */
static vireo_status run_all(job *j, vireo_error *err)
{
    vireo_embedder *e = j->e;
    vireo_status st = VIREO_OK;
    e->done = 0;
    e->total = j->n;
    e->stopped = false;
    while (!st && (j->next.first < j->n || j->n_flying)) {
        const bool more = j->next.first < j->n;
        if (more) {
            st = top_up(j, err);
            if (!st) {
                pack(j);
                st = submit(j, err);
            }
        }
        if (st || (more && j->n_flying < e->most_flying))
            continue;
        const size_t done = j->flying[0].first + j->flying[0].texts;
        st = wait(j, err);
        e->done = st ? e->done : done;
        if (!st && e->progress && e->progress(e->progress_user, "embed", done, j->n))
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu texts", done, j->n);
    }
    e->stopped = st != VIREO_OK;
    while (j->n_flying) /* only after a fault: the session must be free for the next call */
        wait(j, NULL);
    return st;
}

vireo_status vireo_embed(vireo_embedder *e, const char *const *texts, size_t n, float *vectors,
                         uint32_t *tokens, size_t *cut, vireo_error *err)
{
    if (!e || (n && (!texts || !vectors)))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_embed: embedder, texts and vectors must not be NULL");
    for (size_t i = 0; i < n; i++)
        if (!texts[i])
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_embed: texts[%zu] is NULL", i);
    job j = {.e = e, .texts = texts, .n = n, .vectors = vectors, .tokens = tokens};
    j.pending = vr_calloc(e->allocator, e->batch, sizeof *j.pending);
    if (!j.pending)
        return vr_fail_memory(err, "pending texts");
    vireo_status st = run_all(&j, err);
    for (size_t i = 0; i < j.n_pending; i++)
        vireo_ids_free(e->tokenizer, &j.pending[i].ids);
    vr_free(e->allocator, j.pending);
    if (st)
        return st;
    e->n_texts += n;
    e->n_cut += j.cut;
    if (cut)
        *cut = j.cut;
    return VIREO_OK;
}

void vireo_embedder_counts(const vireo_embedder *e, uint64_t *texts, uint64_t *cut)
{
    if (texts)
        *texts = e->n_texts;
    if (cut)
        *cut = e->n_cut;
}
