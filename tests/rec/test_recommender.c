/* SPDX-License-Identifier: Apache-2.0
 * Methods' names, bad requests, vectors kept in the store, empty stores, exhausted memory. */
#include "rec_fixture.h"
#include "rec/co_occurrence.h"

static void test_methods(void **state)
{
    static const char *const names[] = {"auto", "content", "neighbours", "popular"};
    vireo_method m;
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_string_equal(vireo_method_name((vireo_method)i), names[i]);
        assert_true(vireo_method_parse(names[i], &m));
        assert_int_equal(m, i);
    }
    assert_false(vireo_method_parse("Auto", &m));
    assert_false(vireo_method_parse("", &m));
    assert_false(vireo_method_parse(NULL, &m));
    assert_string_equal(vireo_method_name((vireo_method)4), "?");
}

static const uint32_t beyond[] = {1, 37}, bare = 34; /* bare: an item without text */
static const char *const empty_genre[] = {"Drama", ""};
static const struct {
    bool content;
    vireo_request q;
    const char *message; /* part of it */
} bad[] = {
    {false, {.user = "u1", .k = 1025}, "k is 1025, 1 to 1024"},
    {false, {.user = "u1", .method = (vireo_method)7}, "method 7"},
    {false, {.k = 3}, "none of user, history, query and similar_to"},
    {false, {.user = "u1", .history = beyond, .n_history = 1}, "2 of user, history"},
    {true, {.user = "u1", .query = "war", .similar_to = beyond}, "3 of user, history"},
    {false, {.history = beyond, .n_history = 2}, "history: item 37 does not exist"},
    {false, {.user = "u1", .deny = beyond, .n_deny = 2}, "deny: item 37 does not exist"},
    {false, {.user = "u1", .n_deny = 2}, "a list is NULL"},
    {false, {.user = "u1", .genres = empty_genre, .n_genres = 2}, "genres[1] is empty"},
    {true, {.similar_to = &beyond[1]}, "similar_to: item 37 does not exist"},
    {true, {.similar_to = &bare}, "has no title"},
    {false, {.similar_to = beyond}, "needs a text model"},
    {false, {.query = "war"}, "needs a text model"},
    {false, {.user = "u1", .method = VIREO_METHOD_CONTENT}, "needs a text model"},
    {true, {.query = "war", .method = VIREO_METHOD_NEIGHBOURS}, "not neighbours"},
    {true, {.query = " \t"}, "the query is empty"},
};

static void test_bad_requests(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r[2] = {fixture_recommender(f, false), fixture_recommender(f, true)};
    const vireo_dataset *d = vireo_recommender_get_dataset(r[0]);
    assert_int_equal(d->n_items, 37);
    assert_int_equal(vireo_item_text(&d->items[bare], NULL, 0), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        vireo_recommendations out = {.count = 99};
        vireo_error err = {0};
        vireo_request q = bad[i].q;
        q.struct_size = sizeof q;
        assert_int_equal(vireo_recommend(r[bad[i].content], &q, &out, &err),
                         VIREO_ERROR_INVALID_ARGUMENT);
        if (!strstr(err.message, bad[i].message))
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(out.count, 99);
    }
    vireo_recommender_destroy(&r[1]);
    vireo_recommender_destroy(&r[0]);
}

typedef struct seen {
    uint64_t done, total;
    size_t calls;
} seen;

static int count_vectors(void *user, const char *what, uint64_t done, uint64_t total)
{
    seen *s = user;
    assert_string_equal(what, "item vectors");
    s->done = done;
    s->total = total;
    s->calls++;
    return 0;
}

static seen open_and_count(const fixture *f, vireo_store_mode mode)
{
    seen s = {0};
    vireo_recommender *r = NULL;
    vireo_error err = {0};
    vireo_store *store = fixture_store(f, mode);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.embedder = f->embedder;
    o.model_key = f->key;
    o.progress = count_vectors;
    o.progress_user = &s;
    if (vireo_recommender_create(f->device, store, &o, &r, &err))
        fail_msg("%s", err.message);
    vireo_recommender_destroy(&r);
    vireo_store_close(&store);
    return s;
}

/* Nothing is kept by a reader; a writer computes once; a new item and a changed title, those alone.
 */
static void test_vectors_are_kept(void **state)
{
    const fixture *f = *state;
    assert_int_equal(open_and_count(f, VIREO_STORE_READ).total, 34);
    assert_int_equal(open_and_count(f, VIREO_STORE_READ).total, 34);
    assert_int_equal(open_and_count(f, VIREO_STORE_CREATE).total, 34);
    assert_int_equal(open_and_count(f, VIREO_STORE_CREATE).calls, 0);
    assert_int_equal(open_and_count(f, VIREO_STORE_READ).calls, 0);
    fixture_write(f, "more.inter", "user_id:token\titem_id:token\nu1\tfresh\n");
    fixture_write(f, "more.item",
                  "item_id:token\ttitle:token_seq\nfresh\tblue storm\ni36\tred star\n");
    char *inter = fixture_path(f, "more.inter"), *item = fixture_path(f, "more.item");
    fixture_import(f, "store.db", inter, item, NULL);
    free(item);
    free(inter);
    seen s = open_and_count(f, VIREO_STORE_CREATE);
    assert_int_equal(s.total, 2);
    assert_int_equal(s.done, 2);
    assert_int_equal(open_and_count(f, VIREO_STORE_CREATE).calls, 0);
}

static void test_options(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r = NULL;
    vireo_error err = {0};
    vireo_store *store = fixture_store(f, VIREO_STORE_READ);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.embedder = f->embedder;
    assert_int_equal(vireo_recommender_create(f->device, store, &o, &r, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "model_key"));
    assert_int_equal(vireo_recommender_create(f->device, NULL, NULL, &r, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_null(r);
    vireo_recommender_destroy(&r);
    vireo_recommender_destroy(NULL);
    vireo_recommendations_free(NULL);
    vireo_store_close(&store);
}

static void test_empty_store(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r = NULL;
    vireo_error err = {0};
    vireo_store *store = NULL;
    char *path = fixture_path(f, "empty.db");
    assert_int_equal(vireo_store_open(path, VIREO_STORE_CREATE, NULL, &store, &err), VIREO_OK);
    free(path);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.embedder = f->embedder;
    o.model_key = f->key;
    if (vireo_recommender_create(f->device, store, &o, &r, &err))
        fail_msg("%s", err.message);
    vireo_store_close(&store);
    static const struct {
        const char *user, *query;
    } rows[] = {{"u1", NULL}, {NULL, "war"}};
    for (size_t i = 0; i < 2; i++) {
        vireo_recommendations out;
        vireo_request q = VIREO_OPTIONS(vireo_request);
        q.user = rows[i].user;
        q.query = rows[i].query;
        if (vireo_recommend(r, &q, &out, &err))
            fail_msg("%s", err.message);
        assert_int_equal(out.count, 0);
        vireo_recommendations_free(&out);
    }
    vireo_metrics m;
    assert_int_equal(vireo_evaluate(r, VIREO_METHOD_AUTO, 10, &m, &err), VIREO_OK);
    assert_int_equal(m.users, 0);
    vireo_recommender_destroy(&r);
}

/* Items but no events: content still answers a history, neighbours fall back on popularity. */
static void test_no_events(void **state)
{
    const fixture *f = *state;
    static const uint32_t history[] = {2};
    vireo_error err = {0};
    vireo_store *store = NULL;
    vireo_recommender *r = NULL;
    char *path = fixture_path(f, "bare.db");
    char *inter = fixture_path(f, "none.inter"), *item = fixture_path(f, "t.item");
    fixture_write(f, "none.inter", "user_id:token\titem_id:token\n");
    fixture_import(f, "bare.db", inter, item, NULL);
    assert_int_equal(vireo_store_open(path, VIREO_STORE_CREATE, NULL, &store, &err), VIREO_OK);
    free(item);
    free(inter);
    free(path);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.embedder = f->embedder;
    o.model_key = f->key;
    if (vireo_recommender_create(f->device, store, &o, &r, &err))
        fail_msg("%s", err.message);
    vireo_store_close(&store);
    static const vireo_method asked[] = {VIREO_METHOD_AUTO, VIREO_METHOD_NEIGHBOURS};
    static const vireo_method answered[] = {VIREO_METHOD_CONTENT, VIREO_METHOD_POPULAR};
    for (size_t i = 0; i < 2; i++) {
        vireo_recommendations out;
        vireo_request q = VIREO_OPTIONS(vireo_request);
        q.history = history;
        q.n_history = 1;
        q.method = asked[i];
        if (vireo_recommend(r, &q, &out, &err))
            fail_msg("%s", err.message);
        assert_int_equal(out.method, answered[i]);
        assert_int_equal(out.count, 10);
        vireo_recommendations_free(&out);
    }
    vireo_recommender_destroy(&r);
}

static void test_limit(void **state)
{
    const fixture *f = *state;
    vireo_error err = {0};
    vireo_recommender *r = fixture_recommender(f, false);
    const vireo_dataset *d = vireo_recommender_get_dataset(r);
    const size_t bytes = d->n_items * d->n_users * sizeof(float);
    vr_co_occurrence c;
    float *dense = NULL;
    char found[32];
    assert_int_equal(vr_co_occurrence_init(&c, d, false, NULL, &err), VIREO_OK);
    assert_int_equal(vr_co_occurrence_dense(&c, bytes - 1, &dense, &err), VIREO_ERROR_LIMIT);
    snprintf(found, sizeof found, "needs %zu bytes", bytes);
    assert_non_null(strstr(err.message, found));
    assert_null(dense);
    assert_int_equal(vr_co_occurrence_dense(&c, bytes, &dense, &err), VIREO_OK);
    free(dense);
    vr_co_occurrence_deinit(&c);
    vireo_recommender_destroy(&r);
}

typedef struct failing {
    size_t left; /* allocations until the first that fails; all later ones fail too */
    size_t live;
} failing;

static void *failing_reallocate(void *user, void *old, size_t bytes)
{
    failing *a = user;
    if (a->left == 0)
        return NULL;
    a->left--;
    void *p = realloc(old, bytes);
    a->live += p && !old;
    return p;
}

static void *failing_allocate(void *user, size_t bytes)
{
    return failing_reallocate(user, NULL, bytes);
}

static void failing_release(void *user, void *old)
{
    failing *a = user;
    a->live -= old != NULL;
    free(old);
}

/* With memory for 0, 1, 2, ... allocations every call fails cleanly, until one succeeds. */
static void test_exhausted(void **state)
{
    const fixture *f = *state;
    failing a = {0};
    const vireo_allocator hook = {failing_allocate, failing_reallocate, failing_release, &a};
    char *path = fixture_path(f, "store.db");
    bool made = false, answered = false, evaluated = false;
    for (size_t limit = 0; !evaluated && limit < 1000; limit++) {
        vireo_store *store = NULL;
        vireo_recommender *r = NULL;
        vireo_recommendations out = {0};
        vireo_metrics m;
        vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
        o.embedder = f->embedder;
        o.model_key = f->key;
        a.left = SIZE_MAX;
        assert_int_equal(vireo_store_open(path, VIREO_STORE_READ, &hook, &store, NULL), VIREO_OK);
        a.left = limit;
        vireo_status st = vireo_recommender_create(f->device, store, &o, &r, NULL);
        if (!st) {
            made = true;
            vireo_request q = VIREO_OPTIONS(vireo_request);
            q.user = "u9";
            st = vireo_recommend(r, &q, &out, NULL);
        }
        if (!st) {
            answered = true;
            st = vireo_evaluate(r, VIREO_METHOD_NEIGHBOURS, 10, &m, NULL);
        }
        evaluated = !st;
        assert_true(!st || st == VIREO_ERROR_OUT_OF_MEMORY);
        vireo_recommendations_free(&out);
        vireo_recommender_destroy(&r);
        vireo_store_close(&store);
        assert_int_equal(a.live, 0);
    }
    assert_true(made && answered && evaluated);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_empty_store),
        cmocka_unit_test(test_no_events),
        cmocka_unit_test_setup_teardown(test_vectors_are_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_exhausted),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
