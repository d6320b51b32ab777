/* SPDX-License-Identifier: Apache-2.0
 * Threads, mutual exclusion and the monotonic clock. */
#ifndef VR_BASE_THREAD_H
#define VR_BASE_THREAD_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

typedef pthread_mutex_t vr_mutex;
void vr_mutex_init(vr_mutex *);
void vr_mutex_deinit(vr_mutex *);
void vr_mutex_lock(vr_mutex *);
void vr_mutex_unlock(vr_mutex *);

/* Calls work(user, i) for i in [0, count), on up to vr_cpu_count() threads, this one included, and
 * returns when all are done. Falls back to fewer threads when none can be started. */
void vr_parallel_for(size_t count, void (*work)(void *user, size_t index), void *user);
size_t vr_cpu_count(void);
uint64_t vr_now_ns(void); /* monotonic */
#endif
