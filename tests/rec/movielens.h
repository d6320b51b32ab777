/* SPDX-License-Identifier: Apache-2.0
 * MovieLens-100K as models/fetch.sh ml-100k brings it, imported into a store. What is not there
 * exits with 77 and says how to get it; any other failure ends the test. */
#ifndef MOVIELENS_H
#define MOVIELENS_H
#include "tests/device_test.h"
#include "vireo/recommend.h"

typedef struct movielens {
    vireo_device *device;
    vireo_store *store;
    char folder[32], path[64]; /* of the store */
} movielens;

int movielens_setup(void **state); /* *state: a movielens */
int movielens_teardown(void **state);
vireo_metrics movielens_measure(vireo_recommender *, vireo_method);
#endif
