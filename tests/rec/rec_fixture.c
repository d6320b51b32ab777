/* SPDX-License-Identifier: Apache-2.0 */
#include "rec_fixture.h"
#include <dirent.h>
#include <unistd.h>

enum { ITEMS = 37, USERS = 23, POSITIONS = 32, TOKENS = 512, TEXTS = 64 };

static const char *const words[] = {"red",   "blue",  "old",   "night", "war", "love",
                                    "space", "river", "house", "king",  "dog", "train",
                                    "star",  "storm", "glass", "stone"};
#define N_WORDS (sizeof words / sizeof *words)
static const char *const genres[] = {"Drama", "Comedy", "Sci-Fi", "Film-Noir", "War"};

uint32_t fixture_random(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)*state * below) >> 32);
}

char *fixture_path(const fixture *f, const char *name)
{
    size_t size = strlen(f->folder) + strlen(name) + 2;
    char *path = malloc(size);
    assert_non_null(path);
    snprintf(path, size, "%s/%s", f->folder, name);
    return path;
}

static void write_bytes(const fixture *f, const char *name, const void *data, size_t bytes)
{
    char *path = fixture_path(f, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    free(path);
}

void fixture_write(const fixture *f, const char *name, const char *text)
{
    write_bytes(f, name, text, strlen(text));
}

vireo_store *fixture_store(const fixture *f, vireo_store_mode mode)
{
    vireo_store *store = NULL;
    vireo_error err = {0};
    char *path = fixture_path(f, "store.db");
    if (vireo_store_open(path, mode, NULL, &store, &err))
        fail_msg("%s", err.message);
    free(path);
    return store;
}

void fixture_import(const fixture *f, const char *store, const char *interactions,
                    const char *items, const char *users)
{
    vireo_store *s = NULL;
    vireo_error err = {0};
    vireo_import_report report;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    char *path = fixture_path(f, store);
    o.interactions = interactions;
    o.items = items;
    o.users = users;
    if (vireo_store_open(path, VIREO_STORE_CREATE, NULL, &s, &err) ||
        vireo_import(s, &o, &report, &err))
        fail_msg("%s", err.message);
    vireo_import_report_free(&report);
    vireo_store_close(&s);
    free(path);
}

vireo_recommender *fixture_recommender(const fixture *f, bool content)
{
    vireo_recommender *r = NULL;
    vireo_error err = {0};
    vireo_store *store = fixture_store(f, VIREO_STORE_CREATE);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    if (content) {
        o.embedder = f->embedder;
        o.model_key = f->key;
    }
    if (vireo_recommender_create(f->device, store, &o, &r, &err))
        fail_msg("%s", err.message);
    vireo_store_close(&store);
    return r;
}

/* Items i0... with titles of two words; the last three stand in no items file. Users u0...; "quiet"
 * has no events. Item numbers are drawn twice and the lower one is taken, so some are popular; a
 * user may meet an item again. */
static void make_store(fixture *f)
{
    uint32_t random = 7;
    char text[32768], *path[3];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "item_id:token\ttitle:token_seq\tyear:token\tgenre:token_seq\n");
    for (uint32_t i = 0; i < ITEMS - 3; i++)
        n += (size_t)snprintf(
            text + n, sizeof text - n, "i%u\t%s %s\t%u\t%s %s\n", i,
            words[fixture_random(&random, N_WORDS)], words[fixture_random(&random, N_WORDS)],
            1950 + i, genres[fixture_random(&random, 3)], genres[2 + fixture_random(&random, 3)]);
    fixture_write(f, "t.item", text);
    n = (size_t)snprintf(text, sizeof text,
                         "user_id:token\titem_id:token\trating:float\ttimestamp:float\n");
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t e = 0; e < 1 + u; e++) {
            uint32_t a = fixture_random(&random, ITEMS), b = fixture_random(&random, ITEMS);
            n += (size_t)snprintf(text + n, sizeof text - n, "u%u\ti%u\t%u\t%u\n", u,
                                  e == 0 && u < 3 ? ITEMS - 1 - u : (a < b ? a : b),
                                  1 + fixture_random(&random, 5), 1000 + 10 * e + u);
        }
    assert_true(n < sizeof text);
    fixture_write(f, "t.inter", text);
    fixture_write(f, "t.user", "user_id:token\nu0\nquiet\n");
    path[0] = fixture_path(f, "t.inter");
    path[1] = fixture_path(f, "t.item");
    path[2] = fixture_path(f, "t.user");
    fixture_import(f, "store.db", path[0], path[1], path[2]);
    for (int i = 0; i < 3; i++)
        free(path[i]);
}

/* The folder of the text model: only what the tokenizer and the embedder read. */
static void make_source(fixture *f)
{
    char text[2048], *path = fixture_path(f, ".");
    const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  ";
    unsigned char file[8 + sizeof header - 1 + 4] = {sizeof header - 1};
    vireo_error err = {0};
    snprintf(text, sizeof text,
             "{\"model_type\":\"bert\",\"hidden_size\":%d,\"vocab_size\":%d,"
             "\"max_position_embeddings\":%d}",
             FIXTURE_WIDTH, FIXTURE_WORDS, POSITIONS);
    fixture_write(f, "config.json", text);
    size_t n = (size_t)snprintf(text, sizeof text, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
    for (size_t i = 0; i < N_WORDS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", words[i]);
    snprintf(text + n, sizeof text - n, "drama\ncomedy\nsci\nfi\nfilm\nnoir\n-\n(\n)\n.\n");
    fixture_write(f, "vocab.txt", text);
    memcpy(file + 8, header, sizeof header - 1);
    write_bytes(f, "model.safetensors", file, sizeof file);
    if (vireo_source_open(path, NULL, &f->source, &err) ||
        vireo_source_hash(f->source, &f->key, &err))
        fail_msg("%s", err.message);
    free(path);
}

/* embedding = l2_normalize(mean of the words' rows); positions count for nothing. */
static void make_model(fixture *f)
{
    uint32_t random = 3;
    vireo_graph *g = NULL;
    vireo_error err = {0};
    const int64_t none[1] = {0};
    static float zeros[POSITIONS][FIXTURE_WIDTH];
    for (size_t i = 0; i < FIXTURE_WORDS; i++)
        for (size_t x = 0; x < FIXTURE_WIDTH; x++)
            f->table[i][x] = (float)fixture_random(&random, 2001) / 1000.0f - 0.7f;
    vireo_tensor table = {VIREO_F32, 2, {FIXTURE_WORDS, FIXTURE_WIDTH}, f->table, sizeof f->table};
    vireo_tensor places = {VIREO_F32, 2, {POSITIONS, FIXTURE_WIDTH}, zeros, sizeof zeros};
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_symbol tokens = vireo_graph_symbol(g, "tokens", TOKENS);
    vireo_symbol ends = vireo_graph_symbol(g, "sequences + 1", TEXTS + 1);
    vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, none, tokens);
    vireo_value positions = vireo_graph_input(g, "positions", VIREO_I32, 1, none, tokens);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, none, ends);
    vireo_value x = vireo_binary_op(
        g, VIREO_ADD, vireo_embedding(g, vireo_graph_constant(g, "table", &table), ids),
        vireo_embedding(g, vireo_graph_constant(g, "places", &places), positions));
    x = vireo_l2_normalize(g, vireo_pool(g, VIREO_POOL_MEAN, x, offsets), 1e-12f);
    vireo_graph_output(g, "embedding", x);
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    o.batch = TEXTS;
    o.batch_tokens = TOKENS;
    if (vireo_model_create(f->device, &g, NULL, &f->model, &err) ||
        vireo_embedder_create(f->model, f->source, &o, &f->embedder, &err))
        fail_msg("%s", err.message);
}

static int set_up_on(const vr_device_override *override, void **state)
{
    const vireo_device_options options = test_device_options();
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->device = test_device_create_with(&options, override);
    snprintf(f->folder, sizeof f->folder, "/tmp/vireo-rec-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    make_store(f);
    make_source(f);
    make_model(f);
    *state = f;
    return 0;
}

int fixture_setup(void **state)
{
    return set_up_on(NULL, state);
}

int fixture_setup_least(void **state)
{
    const vr_device_override least = test_least_device();
    return set_up_on(&least, state);
}

int fixture_teardown(void **state)
{
    fixture *f = *state;
    if (!f) /* the setup failed */
        return 0;
    vireo_embedder_destroy(&f->embedder);
    vireo_model_destroy(&f->model);
    vireo_source_close(&f->source);
    test_device_destroy(&f->device);
    DIR *dir = opendir(f->folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            char *path = fixture_path(f, e->d_name);
            unlink(path);
            free(path);
        }
    if (dir)
        closedir(dir);
    rmdir(f->folder);
    free(f);
    return 0;
}
