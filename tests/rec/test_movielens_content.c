/* SPDX-License-Identifier: Apache-2.0
 * What content adds on MovieLens-100K, with the model of models/fetch.sh minilm. The vectors take
 * half a minute of lavapipe and longer elsewhere: before the full tier only lavapipe makes them. */
#include "movielens.h"
#include "tests/model_folder.h"
#include "vireo/text.h"

static void leave_out(void)
{
    const char *tier = getenv("VIREO_TIER"), *driver = getenv("VIREO_TEST_DRIVER");
    if (tier && !strcmp(tier, "fast")) {
        printf("SKIPPED: not in this tier\n");
        exit(77);
    }
    if (driver && strcmp(driver, "lavapipe") && !(tier && !strcmp(tier, "full"))) {
        printf("SKIPPED: not in this tier on %s, only in the full one\n", driver);
        exit(77);
    }
}

static void test_content(void **state)
{
    const movielens *f = *state;
    const char *key = NULL;
    char path[400];
    vireo_error err = {0};
    vireo_source *source = NULL;
    vireo_model *model = NULL;
    vireo_recommender *r = NULL;
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    test_model_folder("minilm", path, sizeof path);
    if (vireo_source_open(path, NULL, &source, &err) || vireo_source_hash(source, &key, &err) ||
        vireo_model_load_source(f->device, source, NULL, &model, &err) ||
        vireo_embedder_create(model, source, NULL, &o.embedder, &err))
        fail_msg("%s", err.message);
    o.model_key = key;
    if (vireo_recommender_create(f->device, f->store, &o, &r, &err))
        fail_msg("%s", err.message);
    vireo_metrics content = movielens_measure(r, VIREO_METHOD_CONTENT);
    assert_true(content.ndcg > 0.025); /* by itself weak: titles and genres say little */
    vireo_metrics blended = movielens_measure(r, VIREO_METHOD_AUTO);
    assert_true(blended.ndcg >= 0.085);
    vireo_recommender_destroy(&r);
    vireo_embedder_destroy(&o.embedder);
    vireo_model_destroy(&model);
    vireo_source_close(&source);
}

int main(void)
{
    char path[400];
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_content)};
    leave_out();
    test_model_folder("minilm", path, sizeof path); /* or a skip, before anything is opened */
    return cmocka_run_group_tests(tests, movielens_setup, movielens_teardown);
}
