/* SPDX-License-Identifier: Apache-2.0 */
#include "data/split.h"

const vireo_event *vr_split_history(const vireo_dataset *d, uint32_t user, size_t *n)
{
    size_t count = d->user_offsets[user + 1] - d->user_offsets[user];
    *n = count >= 2 ? count - 1 : count;
    return d->events + d->user_offsets[user];
}

vireo_status vr_split_init(vr_split *out, const vireo_dataset *d, const vireo_allocator *allocator,
                           vireo_error *err)
{
    vr_split s = {.allocator = allocator};
    s.users = vr_calloc(allocator, d->n_users, sizeof *s.users);
    s.targets = vr_calloc(allocator, d->n_users, sizeof *s.targets);
    s.counts = vr_calloc(allocator, d->n_items, sizeof *s.counts);
    if (!s.users || !s.targets || !s.counts) {
        vr_split_deinit(&s);
        return vr_fail_memory(err, "split");
    }
    for (uint32_t user = 0; user < d->n_users; user++) {
        size_t n;
        const vireo_event *history = vr_split_history(d, user, &n);
        for (size_t i = 0; i < n; i++)
            s.counts[history[i].item]++;
        if (n == d->user_offsets[user + 1] - d->user_offsets[user])
            continue;
        s.users[s.n] = user;
        s.targets[s.n++] = history[n].item;
    }
    *out = s;
    return VIREO_OK;
}

void vr_split_deinit(vr_split *s)
{
    vr_free(s->allocator, s->counts);
    vr_free(s->allocator, s->targets);
    vr_free(s->allocator, s->users);
    *s = (vr_split){0};
}
