/* SPDX-License-Identifier: Apache-2.0
 * Snapshots, item texts and vectors. */
#include "builder.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INTER "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
#define ITEM "item_id:token\ttitle:token_seq\tyear:token\tgenres:token_seq\n"

static void import_ok(const char *interactions, const char *items)
{
    vireo_import_report r = {0};
    vireo_error err = {0};
    vireo_status st = builder_import(interactions, items, NULL, &r, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(st, VIREO_OK);
    vireo_import_report_free(&r);
}

static void orders_and_counts(void **state)
{
    (void)state;
    unlink(builder_path("store.db"));
    /* Ties in time keep the order of the file; a later import comes after. */
    import_ok(INTER "z\tq\t1\t50\nz\tb\t2\t10\ny\tb\t3\t7\nz\ta\t4\t10\nz\tc\t5\t10\n",
              ITEM "a\tA\t1990\tDrama\nb\tB\t\t\n");
    import_ok(INTER "z\tb\t1.5\t20\ny\ta\t2.5\t7\n", NULL);
    vireo_dataset *d = builder_dataset();
    char text[256] = "";
    size_t n = 0;
    assert_int_equal(d->n_items, 4);
    assert_int_equal(d->n_users, 2);
    assert_int_equal(d->n_events, 7);
    assert_true(d->has_ratings);
    for (size_t u = 0; u < d->n_users; u++) {
        n += (size_t)sprintf(text + n, "%s:", d->users[u]);
        for (size_t e = d->user_offsets[u]; e < d->user_offsets[u + 1]; e++)
            n += (size_t)sprintf(text + n, " %s/%g/%g", d->items[d->events[e].item].id,
                                 (double)d->events[e].rating, d->events[e].timestamp);
        n += (size_t)sprintf(text + n, "; ");
    }
    assert_string_equal(text, "z: b/2/10 a/4/10 c/5/10 b/1.5/20 q/1/50; y: b/3/7 a/2.5/7; ");
    static const char *const ids[] = {"a", "b", "q", "c"};
    static const uint32_t counts[] = {2, 3, 1, 1};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t found = 99;
        assert_string_equal(d->items[i].id, ids[i]);
        assert_int_equal(d->item_counts[i], counts[i]);
        assert_true(vireo_dataset_find_item(d, ids[i], &found));
        assert_int_equal(found, i);
    }
    uint32_t user = 99;
    assert_true(vireo_dataset_find_user(d, "y", &user));
    assert_int_equal(user, 1);
    assert_false(vireo_dataset_find_user(d, "a", &user));
    assert_false(vireo_dataset_find_item(d, "", &user));
    vireo_dataset_destroy(&d);
    assert_null(d);
    vireo_dataset_destroy(NULL);
}

static void works_without_ratings_and_times(void **state)
{
    (void)state;
    unlink(builder_path("store.db"));
    import_ok("item_id:token\tuser_id:token\nb\t1\na\t1\nb\t1\n", NULL);
    vireo_dataset *d = builder_dataset();
    assert_false(d->has_ratings);
    assert_int_equal(d->n_events, 2);
    assert_string_equal(d->items[d->events[0].item].id, "b");
    assert_true(d->events[0].timestamp == 0.0 && d->events[0].rating == 0.0f);
    vireo_dataset_destroy(&d);
}

static void loads_an_empty_store(void **state)
{
    (void)state;
    unlink(builder_path("store.db"));
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    vireo_store_close(&store);
    vireo_dataset *d = builder_dataset();
    assert_int_equal(d->n_items + d->n_users + d->n_events, 0);
    assert_int_equal(d->user_offsets[0], 0);
    vireo_dataset_destroy(&d);
}

static void makes_item_texts(void **state)
{
    (void)state;
    static const struct {
        vireo_item item;
        const char *text;
    } rows[] = {
        {{"1", "Toy Story", 1995, "Animation Comedy"}, "Toy Story (1995). Animation Comedy"},
        {{"1", "Toy Story", 0, "Comedy"}, "Toy Story. Comedy"},
        {{"1", "Toy Story", 1995, ""}, "Toy Story (1995)"},
        {{"1", "Toy Story", 0, ""}, "Toy Story"},
        {{"1", "", 1995, "Comedy"}, "(1995). Comedy"},
        {{"1", "", 1995, ""}, "(1995)"},
        {{"1", "", 0, "Comedy Drama"}, "Comedy Drama"},
        {{"1", "", 0, ""}, ""},
        {{"1", "100% %s", 0, ""}, "100% %s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        size_t length = strlen(rows[i].text);
        assert_int_equal(vireo_item_text(&rows[i].item, NULL, 0), length);
        assert_int_equal(vireo_item_text(&rows[i].item, text, sizeof text), length);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(vireo_item_text(&rows[i].item, text, 4), length);
        assert_true(strlen(text) == (length < 3 ? length : 3));
    }
}

static void keeps_vectors(void **state)
{
    (void)state;
    const uint32_t some[] = {0, 2};
    const float saved[6] = {1, 2, 3, 4, 5, 6};
    float loaded[6] = {0};
    bool present[3];
    vireo_error err = {0};
    unlink(builder_path("store.db"));
    import_ok(INTER "1\tb\t1\t1\n1\tc\t1\t2\n", ITEM "a\tA\t1990\tDrama\n");
    vireo_dataset *d = builder_dataset();
    vireo_store *store = builder_store(VIREO_STORE_READ);
    assert_int_equal(vireo_store_load_vectors(store, d, "m", 2, loaded, present, &err), VIREO_OK);
    assert_false(present[0] || present[1] || present[2]);
    assert_int_equal(vireo_store_save_vectors(store, d, "m", 2, saved, some, 2, &err), VIREO_OK);
    assert_int_equal(vireo_store_save_vectors(store, d, "m", 2, saved, some, 1, &err), VIREO_OK);
    assert_int_equal(vireo_store_load_vectors(store, d, "m", 2, loaded, present, &err), VIREO_OK);
    assert_true(present[0] && !present[1] && present[2]);
    assert_true(loaded[0] == 1 && loaded[1] == 2 && loaded[2] == 0 && loaded[5] == 6);
    /* Another model, another width: nothing. */
    assert_int_equal(vireo_store_load_vectors(store, d, "n", 2, loaded, present, &err), VIREO_OK);
    assert_false(present[0] || present[1] || present[2]);
    assert_int_equal(vireo_store_load_vectors(store, d, "m", 1, loaded, present, &err), VIREO_OK);
    assert_false(present[0] || present[1] || present[2]);
    const uint32_t wrong = 3;
    assert_int_equal(vireo_store_save_vectors(store, d, "m", 2, saved, &wrong, 1, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "vireo_store_save_vectors: item 3 of 3");
    vireo_dataset_destroy(&d);
    vireo_store_close(&store);
    /* An item whose text has changed has no vector; the others keep theirs. */
    import_ok(NULL, ITEM "c\tC\t1992\t\n");
    d = builder_dataset();
    store = builder_store(VIREO_STORE_READ);
    assert_int_equal(vireo_store_load_vectors(store, d, "m", 2, loaded, present, &err), VIREO_OK);
    assert_true(present[0] && !present[1] && !present[2]);
    assert_int_equal(vireo_store_save_vectors(store, d, "m", 2, saved, some, 2, &err), VIREO_OK);
    assert_int_equal(vireo_store_load_vectors(store, d, "m", 2, loaded, present, &err), VIREO_OK);
    assert_true(present[0] && !present[1] && present[2]);
    vireo_dataset_destroy(&d);
    vireo_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_and_counts),    cmocka_unit_test(works_without_ratings_and_times),
        cmocka_unit_test(loads_an_empty_store), cmocka_unit_test(makes_item_texts),
        cmocka_unit_test(keeps_vectors),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
