/* SPDX-License-Identifier: Apache-2.0 */
#include "movielens.h"
#include "tests/model_folder.h"
#include <unistd.h>

int movielens_setup(void **state)
{
    static movielens m = {.folder = "/tmp/vireo-ml-XXXXXX"};
    vireo_error err = {0};
    vireo_import_report report;
    char data[400], files[3][500];
    static const char *const names[] = {"inter", "item", "user"};
    test_model_folder("ml-100k", data, sizeof data);
    for (int i = 0; i < 3; i++) {
        snprintf(files[i], sizeof files[i], "%s/ml-100k.%s", data, names[i]);
        if (access(files[i], R_OK)) {
            printf("SKIPPED: %s is not there: sh models/fetch.sh ml-100k\n", files[i]);
            exit(77);
        }
    }
    m.device = test_device_create();
    assert_non_null(mkdtemp(m.folder));
    snprintf(m.path, sizeof m.path, "%s/ml.db", m.folder);
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    o.interactions = files[0];
    o.items = files[1];
    o.users = files[2];
    if (vireo_store_open(m.path, VIREO_STORE_CREATE, NULL, &m.store, &err) ||
        vireo_import(m.store, &o, &report, &err))
        fail_msg("%s", err.message);
    vireo_import_report_free(&report);
    *state = &m;
    return 0;
}

int movielens_teardown(void **state)
{
    movielens *m = *state;
    if (!m)
        return 0;
    vireo_store_close(&m->store);
    test_device_destroy(&m->device);
    unlink(m->path);
    rmdir(m->folder);
    return 0;
}

vireo_metrics movielens_measure(vireo_recommender *r, vireo_method method)
{
    vireo_metrics m;
    vireo_error err = {0};
    if (vireo_evaluate(r, method, 10, &m, &err))
        fail_msg("%s", err.message);
    printf("%s: HR@10 %.4f NDCG@10 %.4f\n", vireo_method_name(method), m.hr, m.ndcg);
    assert_int_equal(m.users, 943);
    return m;
}
