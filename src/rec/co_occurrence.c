/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/co_occurrence.h"
#include "data/split.h"
#include <math.h>

static const vireo_event *events_of(const vireo_dataset *d, uint32_t user, bool held_out, size_t *n)
{
    if (held_out)
        return vr_split_history(d, user, n);
    *n = d->user_offsets[user + 1] - d->user_offsets[user];
    return d->events + d->user_offsets[user];
}

/* Users come in rising order, so an item's list is sorted and a repeated event of one user is the
 * list's last entry. With lists NULL only counts[i] is raised; last[i]: 1 + the user last seen. */
static void walk(const vireo_dataset *d, bool held_out, uint32_t *last, size_t *counts,
                 const size_t *offsets, uint32_t *lists)
{
    for (uint32_t u = 0; u < d->n_users; u++) {
        size_t n;
        const vireo_event *events = events_of(d, u, held_out, &n);
        for (size_t e = 0; e < n; e++) {
            uint32_t item = events[e].item;
            if (last[item] == u + 1)
                continue;
            last[item] = u + 1;
            if (lists)
                lists[offsets[item] + counts[item]] = u;
            counts[item]++;
        }
    }
}

vireo_status vr_co_occurrence_init(vr_co_occurrence *out, const vireo_dataset *d, bool held_out,
                                   const vireo_allocator *allocator, vireo_error *err)
{
    vr_co_occurrence c = {.allocator = allocator, .n_items = d->n_items, .n_users = d->n_users};
    vireo_status st = VIREO_OK;
    uint32_t *last = vr_calloc(allocator, d->n_items, sizeof *last);
    size_t *counts = vr_calloc(allocator, d->n_items, sizeof *counts);
    c.offsets = vr_calloc(allocator, d->n_items + 1, sizeof *c.offsets);
    c.users = vr_calloc(allocator, d->n_events, sizeof *c.users);
    if (!last || !counts || !c.offsets || !c.users) {
        st = vr_fail_memory(err, "co-occurrence");
        goto done;
    }
    walk(d, held_out, last, counts, NULL, NULL);
    for (size_t i = 0; i < d->n_items; i++) {
        c.offsets[i + 1] = c.offsets[i] + counts[i];
        counts[i] = 0;
        last[i] = 0;
    }
    walk(d, held_out, last, counts, c.offsets, c.users);
done:
    vr_free(allocator, counts);
    vr_free(allocator, last);
    if (st)
        vr_co_occurrence_deinit(&c);
    else
        *out = c;
    return st;
}

void vr_co_occurrence_deinit(vr_co_occurrence *c)
{
    vr_free(c->allocator, c->users);
    vr_free(c->allocator, c->offsets);
    *c = (vr_co_occurrence){0};
}

double vr_co_occurrence_cosine(const vr_co_occurrence *c, uint32_t i, uint32_t j)
{
    size_t a = c->offsets[i], a_end = c->offsets[i + 1];
    size_t b = c->offsets[j], b_end = c->offsets[j + 1];
    const double norm = sqrt((double)(a_end - a) * (double)(b_end - b));
    size_t common = 0;
    while (a < a_end && b < b_end) {
        uint32_t x = c->users[a], y = c->users[b];
        common += x == y;
        a += x <= y;
        b += y <= x;
    }
    return norm > 0 ? (double)common / norm : 0;
}

vireo_status vr_co_occurrence_dense(const vr_co_occurrence *c, uint64_t limit, float **out,
                                    vireo_error *err)
{
    size_t cells, bytes;
    if (!vr_size_mul(c->n_items, c->n_users, &cells) ||
        !vr_size_mul(cells, sizeof(float), &bytes) || bytes > limit)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "neighbours: the matrix of %zu items and %zu users needs %.0f bytes, this "
                       "device takes at most %llu",
                       c->n_items, c->n_users, 4.0 * (double)c->n_items * (double)c->n_users,
                       (unsigned long long)limit);
    float *f = vr_calloc(c->allocator, cells, sizeof *f);
    if (!f)
        return vr_fail_memory(err, "neighbours");
    for (size_t i = 0; i < c->n_items; i++) {
        const double users = (double)(c->offsets[i + 1] - c->offsets[i]);
        for (size_t u = c->offsets[i]; u < c->offsets[i + 1]; u++)
            f[i * c->n_users + c->users[u]] = (float)(1.0 / sqrt(users));
    }
    *out = f;
    return VIREO_OK;
}
