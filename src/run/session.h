/* SPDX-License-Identifier: Apache-2.0
 * A session: the buckets of one user of a model. One thread at a time. */
#ifndef VR_RUN_SESSION_H
#define VR_RUN_SESSION_H
#include <assert.h>
#include "run/bucket.h"

#define VR_MAX_BUCKETS 8
static_assert(VR_MAX_BUCKETS > VR_SLOTS, "a bucket in flight is not replaced");

/* A run on its way. Its segments are submitted in order, few at a time. */
typedef struct vr_flight {
    vr_bucket *bucket;
    vr_slot *slot;
    int64_t counts[VR_MAX_SYMBOLS + 1]; /* [symbol id] */
    size_t submitted, finished;         /* segments; of finished submissions */
    vireo_error fault; /* why no more of it is submitted; status VIREO_OK: none */
} vr_flight;

struct vireo_session {
    vireo_model *model;
    char *force;
    uint32_t patience; /* seconds a submission may take */
    vr_progress_hook progress;
    int64_t largest; /* no symbol may be larger; 0: their own maxima */
    const vr_kernel **fixed; /* [node index], for all buckets; NULL: each bucket has its own choice */
    bool untuned, timed, whole; /* vr_bucket_options; the tuner's own sessions */
    const bool *kept;           /* the same */
    uint64_t tune_ns;           /* what is left for tuning */
    uint64_t tuned_ns;          /* spent on it, also what is not taken from that */
    void (*keep)(vireo_device *); /* writes down what was tuned; NULL: nobody does */
    vr_bucket *buckets[VR_MAX_BUCKETS]; /* the least recently used one makes room */
    size_t n_buckets;
    uint64_t clock;
    vr_flight flights[VR_SLOTS]; /* submitted, not yet waited for; the oldest first */
    size_t n_flights;
    vr_launches launches; /* of this run */
    uint64_t finished_ns; /* when the last submission was seen to be done */
    uint64_t profiled_ns; /* where the last run's profile ends */
};

vireo_status vr_session_create(vireo_model *, const vireo_session_options *, vireo_session **out,
                               vireo_error *);
void vr_session_destroy(vireo_session **);
vireo_status vr_session_submit(vireo_session *, const vireo_tensor *in, size_t n_in, vireo_error *);
vireo_status vr_session_wait(vireo_session *, vireo_tensor *out, size_t n_out, vireo_error *);

/* Submits what may be at work of the flights. A fault is kept in its flight. */
void vr_flights_advance(vireo_session *);
/* Waits for what is submitted of the oldest flight, and all that is to follow. */
vireo_status vr_flight_finish(vireo_session *, vireo_error *);
#endif
