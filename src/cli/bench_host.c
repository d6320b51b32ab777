/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/bench_roof.h"

enum { CHUNKS = 64, WORDS = VR_HOST_BYTES / 8 / CHUNKS };

static void copy_chunk(void *user, size_t chunk)
{
    const vr_host_loop *l = user;
    const uint64_t *restrict from = l->from + chunk * WORDS;
    uint64_t *restrict to = l->to + chunk * WORDS;
    for (size_t i = 0; i < WORDS; i++)
        to[i] = from[i];
}

static void sum_chunk(void *user, size_t chunk)
{
    vr_host_loop *l = user;
    const uint64_t *from = l->from + chunk * WORDS;
    uint64_t sum = 0;
    for (size_t i = 0; i < WORDS; i++)
        sum += from[i];
    l->sums[chunk] = sum;
}

vireo_status vr_host_loop_init(vr_host_loop *l, bool copies, vireo_error *err)
{
    *l = (vr_host_loop){.copies = copies};
    l->from = vr_alloc(NULL, VR_HOST_BYTES);
    l->to = copies ? vr_calloc(NULL, VR_HOST_BYTES, 1) : NULL;
    if (!l->from || (copies && !l->to))
        return vr_fail_memory(err, "arrays to copy");
    for (size_t i = 0; i < VR_HOST_BYTES / 8; i++)
        l->from[i] = i;
    return VIREO_OK;
}

void vr_host_loop_deinit(vr_host_loop *l)
{
    vr_free(NULL, l->from);
    vr_free(NULL, l->to);
    *l = (vr_host_loop){0};
}

vireo_status vr_host_loop_run(void *loop, vireo_error *err)
{
    vr_host_loop *l = loop;
    (void)err;
    vr_parallel_for(CHUNKS, l->copies ? copy_chunk : sum_chunk, l);
    return VIREO_OK;
}

vireo_status vr_host_loop_check(const vr_host_loop *l, vireo_error *err)
{
    bool right = true;
    for (uint64_t chunk = 0; chunk < CHUNKS && right; chunk++) {
        const uint64_t first = chunk * WORDS;
        if (!l->copies)
            right = l->sums[chunk] == (2 * first + WORDS - 1) * WORDS / 2;
        for (size_t i = 0; l->copies && right && i < WORDS; i++)
            right = l->to[first + i] == first + i;
    }
    return right ? VIREO_OK : vr_fail(err, VIREO_ERROR_DEVICE, "the host's own memory is wrong");
}
