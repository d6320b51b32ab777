/* SPDX-License-Identifier: Apache-2.0
 * A small catalogue with histories, and a text model whose vectors can be worked out by hand: the
 * mean of its words' rows. Failures end the test. */
#ifndef REC_FIXTURE_H
#define REC_FIXTURE_H
#include "tests/device_test.h"
#include "vireo/graph.h"
#include "vireo/recommend.h"

enum { FIXTURE_WIDTH = 24, FIXTURE_WORDS = 40 };

typedef struct fixture {
    char folder[64];
    vireo_device *device;
    vireo_source *source;
    vireo_model *model;
    vireo_embedder *embedder;
    float table[FIXTURE_WORDS][FIXTURE_WIDTH]; /* the model's rows */
    const char *key;                           /* of its vectors */
} fixture;

int fixture_setup(void **state); /* *state: a fixture, with "store.db" of the small catalogue */
int fixture_setup_least(void **state); /* the same on test_least_device */
int fixture_teardown(void **state);

char *fixture_path(const fixture *, const char *name); /* free() */
void fixture_write(const fixture *, const char *name, const char *text);
vireo_store *fixture_store(const fixture *, vireo_store_mode);
/* Imports RecBole files, NULL for none, into the store of this name. */
void fixture_import(const fixture *, const char *store, const char *interactions, const char *items,
                    const char *users);
vireo_recommender *fixture_recommender(const fixture *, bool content);

/* The independent side, in double precision. Scores (n_items) of one history. */
typedef struct expected {
    const vireo_dataset *d;
    double *cosines; /* (n_items, n_items) of neighbours, 0 on the diagonal */
    double *vectors; /* (n_items, FIXTURE_WIDTH) */
    double *counts;  /* (n_items) events */
    double span;     /* of the ratings */
} expected;
/* drop: how many of the last events of users with two or more are left out. */
expected expected_make(const fixture *, const vireo_dataset *, size_t drop);
void expected_free(expected *);
typedef enum expected_part { NEIGHBOURS = 1, CONTENT = 2, BLEND = 3 } expected_part;
/* terms (n events, n_items): what each event adds to each item's score. */
double *expected_terms(const expected *, expected_part, const vireo_event *, size_t n, bool rated);
double *expected_scores(const expected *, expected_part, const vireo_event *, size_t n, bool rated);
void expected_vector(const fixture *, const char *text, double *out); /* not centred */

uint32_t fixture_random(uint32_t *state, uint32_t below);
#endif
