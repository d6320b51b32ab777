/* SPDX-License-Identifier: Apache-2.0
 * The embedder over sessions of ours: what is packed into which run, in which order, with which
 * limits. A vector here is (number of tokens, sum of ids, sum of positions). */
#include "text_test.h"

enum { WIDTH = 3, MAX_RUNS = 64 };

/* ---- The sessions -------------------------------------------------------------------------- */

typedef struct flight {
    size_t texts;
    float vectors[300][WIDTH];
} flight;
struct vireo_session {
    flight flights[2]; /* the oldest first */
    size_t n_flights;
};
static struct {
    size_t n, texts[MAX_RUNS], tokens[MAX_RUNS];
    size_t fail_submit, fail_wait; /* number of the run, from 1; 0: none */
    size_t waits, most_in_flight;
    bool tells; /* of its parts, as a session of long runs does */
} runs;

static vireo_session_options session_options; /* of the last one */

vireo_status vireo_session_create(vireo_model *m, const vireo_session_options *o,
                                  vireo_session **out, vireo_error *err)
{
    (void)m, (void)err;
    session_options = *o;
    *out = calloc(1, sizeof **out);
    return *out ? VIREO_OK : VIREO_ERROR_OUT_OF_MEMORY;
}

void vireo_session_destroy(vireo_session **s)
{
    if (*s)
        assert_int_equal((*s)->n_flights, 0);
    free(*s);
    *s = NULL;
}

vireo_status vireo_session_submit(vireo_session *s, const vireo_tensor *in, size_t n_in,
                                  vireo_error *err)
{
    (void)err;
    assert_true(s->n_flights < 2);
    flight *f = &s->flights[s->n_flights];
    assert_int_equal(n_in, 3);
    const int32_t *ids = in[0].data, *positions = in[1].data, *offsets = in[2].data;
    for (size_t i = 0; i < n_in; i++) {
        assert_int_equal(in[i].dtype, VIREO_I32);
        assert_int_equal(in[i].rank, 1);
        assert_int_equal(in[i].bytes, (size_t)in[i].shape[0] * sizeof(int32_t));
    }
    assert_int_equal(in[0].shape[0], in[1].shape[0]);
    f->texts = (size_t)in[2].shape[0] - 1;
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[f->texts], in[0].shape[0]);
    for (size_t t = 0; t < f->texts; t++) {
        float *v = f->vectors[t];
        memset(v, 0, sizeof f->vectors[t]);
        for (int32_t i = offsets[t]; i < offsets[t + 1]; i++) {
            v[0] += 1;
            v[1] += (float)ids[i];
            v[2] += (float)positions[i];
        }
    }
    assert_true(runs.n < MAX_RUNS);
    runs.texts[runs.n] = f->texts;
    runs.tokens[runs.n] = (size_t)in[0].shape[0];
    runs.n++;
    if (runs.n == runs.fail_submit)
        return VIREO_ERROR_DEVICE;
    s->n_flights++;
    if (s->n_flights > runs.most_in_flight)
        runs.most_in_flight = s->n_flights;
    return VIREO_OK;
}

vireo_status vireo_session_wait(vireo_session *s, vireo_tensor *out, size_t n_out, vireo_error *err)
{
    (void)err;
    assert_true(s->n_flights > 0);
    const flight f = s->flights[0];
    assert_int_equal(n_out, 1);
    const bool cancelled =
        runs.tells && session_options.progress(session_options.progress_user, "run", 1, 2);
    assert_int_equal(out->bytes, f.texts * sizeof *f.vectors);
    s->flights[0] = s->flights[1];
    s->n_flights--;
    if (++runs.waits == runs.fail_wait)
        return VIREO_ERROR_DEVICE_LOST;
    if (cancelled)
        return VIREO_ERROR_CANCELLED;
    memcpy(out->data, f.vectors, out->bytes);
    return VIREO_OK;
}

/* ---- The model folder ---------------------------------------------------------------------- */

static const char tokenizer[] =
    "{\"added_tokens\":[],\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":"
    "\"BertPreTokenizer\"},\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",2],"
    "\"cls\":[\"[CLS]\",1]},\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0,\"[CLS]\":1,"
    "\"[SEP]\":2,\"a\":3,\"b\":4}}}";

static vireo_source *open_source(const char *config, const char *sentence)
{
    static const unsigned char empty[] = "\x08\0\0\0\0\0\0\0{}      ";
    test_folder f = test_folder_make();
    test_folder_put(&f, "tokenizer.json", tokenizer, sizeof tokenizer - 1);
    test_folder_put(&f, "config.json", config, strlen(config));
    test_folder_put(&f, "model.safetensors", empty, sizeof empty - 1);
    if (sentence)
        test_folder_put(&f, "sentence_bert_config.json", sentence, strlen(sentence));
    vireo_source *source = NULL;
    vireo_error err = {0};
    if (vireo_source_open(f.path, NULL, &source, &err))
        fail_msg("%s", err.message);
    return source;
}

static void close_source(vireo_source **source)
{
    test_folder f;
    snprintf(f.path, sizeof f.path, "%s", vireo_source_path(*source));
    vireo_source_close(source);
    test_folder_remove(&f);
}

#define CONFIG(positions)                                                                          \
    "{\"model_type\":\"bert\",\"hidden_size\":3,\"vocab_size\":5,\"max_position_"                  \
    "embeddings\":" positions "}"
static vireo_model *const model = (vireo_model *)&runs; /* only handed on */

static vireo_embedder *create(const char *sentence, const vireo_embedder_options *o)
{
    vireo_source *source = open_source(CONFIG("10"), sentence);
    vireo_embedder *e = NULL;
    vireo_error err = {0};
    if (vireo_embedder_create(model, source, o, &e, &err))
        fail_msg("%s", err.message);
    close_source(&source);
    memset(&runs, 0, sizeof runs);
    return e;
}

/* ---- Tests --------------------------------------------------------------------------------- */

static const char *const texts[] = {"a", "", "a b a", "b b b b b b b b b b b b", "b", "a a", "x"};
enum { TEXTS = sizeof texts / sizeof *texts };

static void check_vectors(float (*vectors)[WIDTH])
{
    static const float expected[TEXTS][WIDTH] = {{3, 6, 3}, {2, 3, 1}, {5, 13, 10}, {10, 35, 45},
                                                 {3, 7, 3}, {4, 9, 6}, {3, 3, 3}};
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t k = 0; k < WIDTH; k++)
            assert_true(vectors[i][k] == expected[i][k]);
}

static void runs_are_packed(void **state)
{
    (void)state;
    static const struct {
        uint32_t batch, batch_tokens;
        size_t n, texts[TEXTS], tokens[TEXTS];
    } rows[] = {
        {0, 0, 1, {7}, {30}},
        {0, 10, 3, {3, 1, 3}, {10, 10, 10}},
        {2, 0, 4, {2, 2, 2, 1}, {5, 15, 7, 3}},
        {1, 1, 7, {1, 1, 1, 1, 1, 1, 1}, {3, 2, 5, 10, 3, 4, 3}},
        {3, 9, 5, {2, 1, 1, 2, 1}, {5, 5, 10, 7, 3}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
        o.batch = rows[i].batch;
        o.batch_tokens = rows[i].batch_tokens;
        vireo_embedder *e = create(NULL, &o);
        float vectors[TEXTS][WIDTH];
        uint32_t tokens[TEXTS];
        size_t cut = 99;
        assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, tokens, &cut, NULL), VIREO_OK);
        check_vectors(vectors);
        assert_int_equal(cut, 1);
        for (size_t k = 0; k < TEXTS; k++)
            assert_int_equal(tokens[k], (uint32_t)vectors[k][0]);
        assert_int_equal(runs.n, rows[i].n);
        assert_int_equal(runs.most_in_flight, rows[i].n > 1 ? 2 : 1);
        for (size_t k = 0; k < rows[i].n; k++) {
            assert_int_equal(runs.texts[k], rows[i].texts[k]);
            assert_int_equal(runs.tokens[k], rows[i].tokens[k]);
        }
        assert_int_equal(vireo_embed(e, NULL, 0, NULL, NULL, &cut, NULL), VIREO_OK);
        assert_int_equal(cut, 0);
        vireo_embedder_destroy(&e);
        assert_null(e);
    }
}

/* Kernels are chosen for the largest run there may be, and that depends on the model alone. */
static void deterministic(void **state)
{
    (void)state;
    enum { MANY = 600 };
    static const struct {
        const char *config;
        uint32_t batch, batch_tokens;
        int64_t largest;
        size_t runs, texts; /* of the first run */
    } rows[] = {
        {CONFIG("10"), 0, 0, 513, 3, 256},  {CONFIG("10"), 4096, 4096, 513, 3, 256},
        {CONFIG("10"), 100, 4096, 513, 6, 100}, {CONFIG("514"), 4096, 4096, 515, 3, 257},
    };
    const char *empty[MANY];
    static float vectors[MANY][WIDTH];
    for (size_t i = 0; i < MANY; i++)
        empty[i] = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_source *source = open_source(rows[i].config, NULL);
        vireo_embedder *e = NULL;
        vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
        o.deterministic = true;
        o.batch = rows[i].batch;
        o.batch_tokens = rows[i].batch_tokens;
        assert_int_equal(vireo_embedder_create(model, source, &o, &e, NULL), VIREO_OK);
        assert_true(session_options.deterministic);
        assert_int_equal(session_options.largest, rows[i].largest);
        memset(&runs, 0, sizeof runs);
        assert_int_equal(vireo_embed(e, empty, MANY, *vectors, NULL, NULL, NULL), VIREO_OK);
        assert_int_equal(runs.n, rows[i].runs);
        assert_int_equal(runs.texts[0], rows[i].texts);
        vireo_embedder_destroy(&e);
        close_source(&source);
    }
    vireo_embedder *e = create(NULL, NULL);
    assert_false(session_options.deterministic);
    assert_int_equal(session_options.largest, 0);
    vireo_embedder_destroy(&e);
}

static void limits(void **state)
{
    (void)state;
    static const struct {
        const char *config, *sentence;
        uint32_t option, limit;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {CONFIG("10"), NULL, 0, 10, NULL},
        {CONFIG("10"), NULL, 4, 4, NULL},
        {CONFIG("10"), "{\"max_seq_length\":7}", 0, 7, NULL},
        {CONFIG("10"), "{\"max_seq_length\":7}", 9, 9, NULL},
        {CONFIG("10"), "{\"max_seq_length\":70}", 0, 10, NULL},
        {CONFIG("10"), "{\"max_seq_length\":0}", 0, 0,
         "max_seq_length is 0, at least 1 is allowed"},
        {CONFIG("10"), "{\"max_seq_length\":-5}", 0, 0,
         "max_seq_length is -5, at least 1 is allowed"},
        {CONFIG("10"), "{\"max_seq_length\":1e18}", 0, 0, "max_seq_length must be an integer"},
        {CONFIG("10"), "{\"max_seq_length\":2.5}", 0, 0, "max_seq_length must be an integer"},
        {CONFIG("10"), "{\"max_seq_length\":\"7\"}", 0, 0, "max_seq_length must be an integer"},
        {CONFIG("10"), "{\"max_seq_length\":true}", 0, 0, "max_seq_length must be an integer"},
        {CONFIG("10"), "{\"max_seq_length\":null}", 0, 10, NULL},
        {CONFIG("10"), "{\"max_seq_length\":2}", 0, 2, NULL},
        {CONFIG("10"), "{\"max_seq_length\":1}", 0, 0,
         "max_tokens is 1, but the special tokens around a text of "},
        {CONFIG("10"), NULL, 11, 0, "max_tokens is 11, but "},
        {CONFIG("10"), NULL, 11, 0,
         "has max_position_embeddings 10: at most that many are allowed"},
        {CONFIG("10"), NULL, 1, 0, "the special tokens around a text of "},
        {CONFIG("0"), NULL, 0, 0,
         "max_position_embeddings must be an integer from 1 to 2147483647"},
        {CONFIG("2147483648"), NULL, 0, 0,
         "max_position_embeddings must be an integer from 1 to 2147483647"},
        {CONFIG("-1"), NULL, 0, 0,
         "max_position_embeddings must be an integer from 1 to 2147483647"},
        {"{\"hidden_size\":3,\"vocab_size\":4,\"max_position_embeddings\":8}", NULL, 0, 0,
         "the tokenizer's largest id is 4, but config.json's vocab_size is 4"},
        {"{\"vocab_size\":5,\"max_position_embeddings\":8}", NULL, 0, 0,
         "config.json: hidden_size must be an integer from 1 to 2147483647"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_source *source = open_source(rows[i].config, rows[i].sentence);
        vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
        o.max_tokens = rows[i].option;
        vireo_embedder *e = NULL;
        vireo_error err = {0};
        vireo_status st = vireo_embedder_create(model, source, &o, &e, &err);
        if (rows[i].message) {
            assert_int_not_equal(st, VIREO_OK);
            assert_null(e);
            if (!strstr(err.message, rows[i].message))
                fail_msg("row %zu: %s", i, err.message);
        } else {
            assert_int_equal(st, VIREO_OK);
            assert_int_equal(vireo_embedder_max_tokens(e), rows[i].limit);
            assert_int_equal(vireo_embedder_width(e), WIDTH);
            assert_int_equal(vireo_tokenizer_vocab_size(vireo_embedder_get_tokenizer(e)), 5);
        }
        vireo_embedder_destroy(&e);
        close_source(&source);
    }
}

static int count_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    uint64_t *seen = user;
    assert_string_equal(what, "embed");
    assert_int_equal(total, TEXTS);
    assert_true(done > seen[0]);
    seen[0] = done;
    return done >= seen[1];
}

typedef struct once {
    size_t calls, cancel_at;
    uint64_t done;
} once;

static int cancel_once(void *user, const char *what, uint64_t done, uint64_t total)
{
    once *o = user;
    assert_string_equal(what, "embed");
    assert_int_equal(total, TEXTS);
    assert_true(done >= o->done && done <= total);
    o->done = done;
    return ++o->calls == o->cancel_at;
}

/* Between the parts of a run too; who has cancelled is not asked again, and the run that is still in flight
 * is cancelled with it. */
static void cancelled_in_a_run(void **state)
{
    (void)state;
    once o = {0};
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    options.batch = 2;
    options.progress = cancel_once;
    options.progress_user = &o;
    vireo_embedder *e = create(NULL, &options);
    float vectors[TEXTS][WIDTH];
    runs.tells = true;
    assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, NULL), VIREO_OK);
    check_vectors(vectors);
    const size_t calls = o.calls;
    assert_int_equal(calls, 8); /* four runs: in each, and after it */
    for (size_t at = 1; at <= calls; at++) {
        o = (once){.cancel_at = at};
        assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, NULL),
                         VIREO_ERROR_CANCELLED);
        assert_int_equal(o.calls, at);
    }
    o = (once){0};
    assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, NULL), VIREO_OK);
    check_vectors(vectors);
    vireo_embedder_destroy(&e);
}

static void progress_and_faults(void **state)
{
    (void)state;
    uint64_t seen[2] = {0, 100}; /* seen so far; from where on to cancel */
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    o.batch = 2;
    o.progress = count_progress;
    o.progress_user = seen;
    vireo_embedder *e = create(NULL, &o);
    float vectors[TEXTS][WIDTH];
    vireo_error err = {0};
    assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, &err), VIREO_OK);
    check_vectors(vectors);
    assert_int_equal(seen[0], TEXTS);

    memset(seen, 0, sizeof seen);
    seen[1] = 3;
    assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, &err),
                     VIREO_ERROR_CANCELLED);
    assert_string_equal(err.message, "cancelled after 4 of 7 texts");

    for (size_t run = 1; run <= 4; run++) { /* after a fault the next call works */
        for (int submit = 0; submit < 2; submit++) {
            memset(&runs, 0, sizeof runs);
            *(submit ? &runs.fail_submit : &runs.fail_wait) = run;
            seen[0] = 0;
            seen[1] = 100;
            assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, &err),
                             submit ? VIREO_ERROR_DEVICE : VIREO_ERROR_DEVICE_LOST);
            memset(&runs, 0, sizeof runs);
            seen[0] = 0;
            assert_int_equal(vireo_embed(e, texts, TEXTS, *vectors, NULL, NULL, &err), VIREO_OK);
            check_vectors(vectors);
        }
    }
    const char *const holed[] = {"a", NULL};
    assert_int_equal(vireo_embed(e, holed, 2, *vectors, NULL, NULL, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "vireo_embed: texts[1] is NULL");
    vireo_embedder_destroy(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_packed),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(limits),
        cmocka_unit_test(progress_and_faults),
        cmocka_unit_test(cancelled_in_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
