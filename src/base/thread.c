/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

void vr_mutex_init(vr_mutex *mutex)
{
    pthread_mutex_init(mutex, NULL);
}

void vr_mutex_deinit(vr_mutex *mutex)
{
    pthread_mutex_destroy(mutex);
}

void vr_mutex_lock(vr_mutex *mutex)
{
    pthread_mutex_lock(mutex);
}

void vr_mutex_unlock(vr_mutex *mutex)
{
    pthread_mutex_unlock(mutex);
}

typedef struct work_queue {
    atomic_size_t next;
    size_t count;
    void (*work)(void *user, size_t index);
    void *user;
} work_queue;

static void *drain(void *argument)
{
    work_queue *queue = argument;
    size_t i;
    while ((i = atomic_fetch_add(&queue->next, 1)) < queue->count)
        queue->work(queue->user, i);
    return NULL;
}

void vr_parallel_for(size_t count, void (*work)(void *user, size_t index), void *user)
{
    work_queue queue = {.count = count, .work = work, .user = user};
    atomic_init(&queue.next, 0);
    size_t wanted = vr_cpu_count();
    if (wanted > MAX_THREADS)
        wanted = MAX_THREADS;
    if (wanted > count)
        wanted = count;
    pthread_t threads[MAX_THREADS];
    size_t started = 0;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, drain, &queue) == 0)
        started++;
    drain(&queue);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

size_t vr_cpu_count(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

uint64_t vr_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
