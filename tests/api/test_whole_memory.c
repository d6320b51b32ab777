/* SPDX-License-Identifier: Apache-2.0
 * Every allocation from a device to a recommendation fails once, alone or with all that follow: device,
 * source, model, session, runs in two buckets, tokenizer and embedder, vectors, store, recommender. Each
 * time the step answers that memory is exhausted, it succeeds when it is called again with the same
 * objects, the rest goes on as if nothing had happened, and nothing is left over. */
#include "bert_folder.h"
#include "base/file.h"
#include "tests/counted_allocator.h"
#include "vireo/recommend.h"

enum { WIDTH = 20, TEXTS = 4, MOST_TOKENS = 40 };
static const char *const texts[TEXTS] = {"sea", "", "the dark sea of the night", "a robot"};

/* What the steps make, each from what those before it have made. */
typedef struct world {
    vireo_allocator a;
    const char *cache_dir;
    vireo_device *device, *lent; /* lent: of the test, used if it is not NULL */
    bool first;                  /* on the lent one, which keeps the programs it makes */
    size_t steps;                /* how many are taken; 0: all */
    vireo_source *source;
    vireo_model *model;
    vireo_session *session;
    vireo_embedder *embedder;
    vireo_store *store;
    vireo_recommender *recommender;
    float vectors[TEXTS][WIDTH], ran[2][WIDTH];
    uint32_t first_item;
} world;

static bert_folder folder;
static char store_path[96];
static world wanted; /* results of a world in which nothing failed */
static bool know_wanted;

static vireo_status open_device(world *w, vireo_error *err)
{
    vireo_device_options o = test_device_options();
    o.allocator = &w->a;
    o.cache_dir = w->cache_dir;
    if (w->lent) {
        w->device = w->lent;
        return VIREO_OK;
    }
    return vireo_device_create(&o, &w->device, err);
}

static vireo_status open_source(world *w, vireo_error *err)
{
    return vireo_source_open(folder.path, &w->a, &w->source, err);
}

static vireo_status load_model(world *w, vireo_error *err)
{
    return vireo_model_load_source(w->device, w->source, NULL, &w->model, err);
}

static vireo_status open_session(world *w, vireo_error *err)
{
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.deterministic = true;
    o.largest = 64;
    o.force_kernel = "pool/storage";
    return vireo_session_create(w->model, &o, &w->session, err);
}

static vireo_status run(world *w, int64_t tokens, float *out, vireo_error *err)
{
    int32_t ids[MOST_TOKENS], positions[MOST_TOKENS], offsets[2] = {0, (int32_t)tokens};
    for (int32_t i = 0; i < MOST_TOKENS; i++) {
        ids[i] = i * 7 % 40;
        positions[i] = i % 16;
    }
    const vireo_tensor in[] = {{VIREO_I32, 1, {tokens}, ids, sizeof ids},
                               {VIREO_I32, 1, {tokens}, positions, sizeof positions},
                               {VIREO_I32, 1, {2}, offsets, sizeof offsets}};
    vireo_tensor result = {.data = out, .bytes = WIDTH * sizeof *out};
    return vireo_session_run(w->session, in, 3, &result, 1, err);
}

static vireo_status run_small(world *w, vireo_error *err)
{
    return run(w, 5, w->ran[0], err);
}

static vireo_status run_large(world *w, vireo_error *err)
{
    return run(w, MOST_TOKENS, w->ran[1], err);
}

static vireo_status open_embedder(world *w, vireo_error *err)
{
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    o.batch = 3; /* two runs, the second prepared while the first is in flight */
    return vireo_embedder_create(w->model, w->source, &o, &w->embedder, err);
}

static vireo_status embed(world *w, vireo_error *err)
{
    return vireo_embed(w->embedder, texts, TEXTS, &w->vectors[0][0], NULL, NULL, err);
}

static vireo_status open_store(world *w, vireo_error *err)
{
    return vireo_store_open(store_path, VIREO_STORE_READ, &w->a, &w->store, err);
}

static vireo_status open_recommender(world *w, vireo_error *err)
{
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.embedder = w->embedder;
    o.model_key = "key";
    return vireo_recommender_create(w->device, w->store, &o, &w->recommender, err);
}

static vireo_status recommend(world *w, vireo_error *err)
{
    vireo_request request = VIREO_OPTIONS(vireo_request);
    vireo_recommendations got = {0};
    request.user = "u1";
    request.k = 2;
    vireo_status st = vireo_recommend(w->recommender, &request, &got, err);
    if (!st) {
        assert_int_equal(got.count, 2);
        w->first_item = got.items[0].item;
        vireo_recommendations_free(&got);
    }
    return st;
}

static const struct {
    const char *name;
    vireo_status (*make)(world *, vireo_error *);
} steps[] = {
    {"device", open_device},     {"source", open_source},   {"model", load_model},
    {"session", open_session},   {"small run", run_small},  {"large run", run_large},
    {"embedder", open_embedder}, {"embedding", embed},      {"store", open_store},
    {"recommender", open_recommender},                      {"recommendation", recommend},
};
enum { STEPS = sizeof steps / sizeof *steps, RUN_STEPS = 6 /* to the large run: what is compiled */ };

static void end_world(world *w)
{
    vireo_recommender_destroy(&w->recommender);
    vireo_store_close(&w->store);
    vireo_embedder_destroy(&w->embedder);
    vireo_session_destroy(&w->session);
    vireo_model_destroy(&w->model);
    vireo_source_close(&w->source);
    if (!w->lent)
        vireo_device_destroy(&w->device);
}

/* One world; request c->fail_at fails in one step, which is then taken again. Whether one did. */
static bool live(counted *c, world *w)
{
    const size_t before = c->live, fail_at = c->fail_at;
    bool failed = false;
    w->a = counted_allocator(c);
    c->made = 0;
    for (size_t i = 0; i < (w->steps ? w->steps : STEPS); i++) {
        vireo_error err = {0};
        vireo_status st = steps[i].make(w, &err);
        if (!st)
            continue;
        if (st == VIREO_ERROR_NO_DEVICE) {
            printf("SKIPPED: %s\n", err.message);
            exit(77);
        }
        if (failed || st != VIREO_ERROR_OUT_OF_MEMORY || err.status != st ||
            !strstr(err.message, "out of memory"))
            fail_msg("%s, request %zu: %s: %s", steps[i].name, fail_at, vireo_status_text(st),
                     err.message);
        failed = true;
        c->fail_at = 0;
        st = steps[i].make(w, &err);
        if (st)
            fail_msg("%s again after request %zu: %s", steps[i].name, fail_at, err.message);
    }
    c->fail_at = 0;
    if (know_wanted)
        assert_memory_equal(w->ran, wanted.ran, sizeof w->ran);
    if (know_wanted && !w->steps) {
        assert_memory_equal(w->vectors, wanted.vectors, sizeof w->vectors);
        assert_int_equal(w->first_item, wanted.first_item);
    }
    end_world(w);
    if (c->live != before && !w->first)
        fail_msg("request %zu: %zu allocations are left", fail_at, c->live - before);
    return failed;
}

static void write_file(const char *name, const char *text)
{
    vireo_error err = {0};
    char path[sizeof folder.files[0]];
    snprintf(path, sizeof path, "%s/%s", folder.path, name);
    memcpy(folder.files[folder.n_files++], path, sizeof path);
    if (vr_file_write(NULL, path, text, strlen(text), &err))
        fail_msg("%s", err.message);
}

static void make_store(void)
{
    static const char interactions[] =
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        "u1\ti1\t4\t1\nu1\ti2\t5\t2\nu2\ti2\t3\t1\nu2\ti3\t4\t2\nu3\ti1\t2\t1\nu3\ti4\t5\t2\n"
        "u3\ti3\t5\t3\n";
    static const char items[] = "item_id:token\tmovie_title:token_seq\n"
                                "i1\tThe sea\ni2\tThe dark\ni3\tA robot\ni4\tNight of the sea\n";
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report report;
    vireo_store *store = NULL;
    vireo_error err = {0};
    write_file("t.inter", interactions);
    write_file("t.item", items);
    o.interactions = folder.files[folder.n_files - 2];
    o.items = folder.files[folder.n_files - 1];
    snprintf(store_path, sizeof store_path, "%s/t.db", folder.path);
    memcpy(folder.files[folder.n_files++], store_path, sizeof store_path);
    if (vireo_store_open(store_path, VIREO_STORE_CREATE, NULL, &store, &err) ||
        vireo_import(store, &o, &report, &err))
        fail_msg("%s", err.message);
    vireo_import_report_free(&report);
    vireo_store_close(&store);
}

static int setup(void **state)
{
    (void)state;
    const bert_options plain = {0};
    cJSON *golden = bert_golden();
    folder = bert_folder_make(vr_json_get(golden, "encoders")->child, &plain);
    cJSON_Delete(golden);
    write_file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nsea\ndark\nnight\nof\na\nrobot\n");
    make_store();
    counted c = {0};
    live(&c, &wanted);
    know_wanted = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bert_folder_remove(&folder);
    return 0;
}

/* How many requests apart the failures are, to have `most` of them; `full` in the full tier. */
static size_t stride(size_t requests, size_t most, size_t full)
{
    const char *tier = getenv("VIREO_TIER");
    if (tier && !strcmp(tier, "full"))
        return full;
    return requests / (tier && !strcmp(tier, "fast") ? most / 4 + 1 : most) + 1;
}

/* Its programs are at hand: no compiler between the failures, so there can be many. */
static void on_a_device_that_lives(void **state)
{
    (void)state;
    counted c = {0};
    world w = {.a = counted_allocator(&c)};
    vireo_error err = {0};
    if (open_device(&w, &err))
        fail_msg("%s", err.message);
    world first = {.lent = w.device, .first = true}, second = {.lent = w.device};
    assert_false(live(&c, &first));
    assert_false(live(&c, &second));
    const size_t requests = c.made;
    size_t failures = 0;
    for (size_t i = 1; i <= requests; i += stride(requests, 80, 1)) {
        world again = {.lent = w.device};
        c.fail_at = i;
        c.stays = i / stride(requests, 80, 1) % 2;
        if (!live(&c, &again))
            fail_msg("request %zu of %zu failed, and no step said so", i, requests);
        failures++;
    }
    print_message("%zu of %zu requests failed\n", failures, requests);
    assert_true(failures > 15 && requests > 300);
    test_device_destroy(&w.device);
    assert_int_equal(c.live, 0);
}

/* Compiling for each takes minutes if all requests are to fail, so a third does in the full tier. */
static void on_fresh_devices(void **state)
{
    (void)state;
    counted c = {0};
    world first = {.steps = RUN_STEPS};
    size_t failures = 0;
    assert_false(live(&c, &first));
    const size_t requests = c.made;
    for (size_t i = 1; i <= requests; i += stride(requests, 10, 3)) {
        world w = {.steps = RUN_STEPS};
        c.fail_at = i;
        c.stays = i / stride(requests, 10, 3) % 2;
        if (!live(&c, &w))
            fail_msg("request %zu of %zu failed, and no step said so", i, requests);
        assert_int_equal(c.live, 0);
        failures++;
    }
    print_message("%zu of %zu requests failed\n", failures, requests);
    assert_true(failures > 2);
}

/* What cannot be read from the cache or kept in it is compiled and used all the same. */
static void with_a_cache_folder(void **state)
{
    (void)state;
    char cache[] = "/tmp/vireo-memory-XXXXXX", command[64];
    counted c = {0};
    size_t failures = 0, tries = 0;
    assert_non_null(mkdtemp(cache));
    world first = {.cache_dir = cache, .steps = RUN_STEPS}, second = first;
    assert_false(live(&c, &first));
    assert_false(live(&c, &second));
    const size_t requests = c.made;
    for (size_t i = 1; i <= requests; i += stride(requests, 10, 7), tries++) {
        world w = {.cache_dir = cache, .steps = RUN_STEPS};
        c.fail_at = i;
        c.stays = false;
        failures += live(&c, &w);
        assert_int_equal(c.live, 0);
    }
    print_message("%zu of %zu requests failed, %zu of them a step\n", tries, requests, failures);
    assert_true(failures > 0);
    snprintf(command, sizeof command, "rm -r %s", cache);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_device_that_lives),
        cmocka_unit_test(on_fresh_devices),
        cmocka_unit_test(with_a_cache_folder),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
