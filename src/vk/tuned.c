/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/tuned.h"
#include "base/alloc.h"
#include <string.h>

enum { MOST_TEXTS = 128, MOST_COMPILED = 64 };

struct vr_tuned {
    vr_mutex lock, file_lock;
    vr_tuned_row *rows;
    size_t count, capacity;
    bool is_read, touched, told;
    struct {
        vr_hash128 key, hash;
    } texts[MOST_TEXTS]; /* the oldest make room */
    size_t n_texts;      /* ever kept */
    struct {
        const void *kernel;
        double ns;
    } compiled[MOST_COMPILED]; /* the oldest make room */
    size_t n_compiled;         /* ever kept */
};

vireo_status vr_tuned_create(vireo_device *d, vireo_error *err)
{
    d->tuned = vr_calloc(d->allocator, 1, sizeof *d->tuned);
    if (!d->tuned)
        return vr_fail_memory(err, "tuned kernels");
    vr_mutex_init(&d->tuned->lock);
    vr_mutex_init(&d->tuned->file_lock);
    return VIREO_OK;
}

void vr_tuned_destroy(vireo_device *d)
{
    if (!d->tuned)
        return;
    vr_free(d->allocator, d->tuned->rows);
    vr_mutex_deinit(&d->tuned->file_lock);
    vr_mutex_deinit(&d->tuned->lock);
    vr_free(d->allocator, d->tuned);
    d->tuned = NULL;
}

bool vr_tuned_any(vireo_device *d)
{
    vr_mutex_lock(&d->tuned->lock);
    const bool any = d->tuned->count > 0;
    vr_mutex_unlock(&d->tuned->lock);
    return any;
}

bool vr_tuned_get(vireo_device *d, const char *call, size_t index, vr_tuned_row *out)
{
    struct vr_tuned *t = d->tuned;
    bool found = false;
    vr_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->count && !found; i++)
        if ((!call || !strcmp(t->rows[i].call, call)) && index-- == 0) {
            *out = t->rows[i];
            found = true;
        }
    vr_mutex_unlock(&t->lock);
    return found;
}

bool vr_tuned_stands_for(const vr_tuned_row *row, const vr_tuned_row *other)
{
    const bool same = !memcmp(&row->source, &other->source, sizeof row->source);
    return !strcmp(row->call, other->call) && (row->pinned || (!other->pinned && same));
}

static bool is_barred(const struct vr_tuned *t, const vr_tuned_row *new)
{
    for (size_t i = 0; i < t->count && !new->pinned; i++)
        if (t->rows[i].pinned && vr_tuned_stands_for(&t->rows[i], new))
            return true;
    return false;
}

vireo_status vr_tuned_put(vireo_device *d, const vr_tuned_row *new, bool *kept_it, vireo_error *err)
{
    struct vr_tuned *t = d->tuned;
    vireo_status st = VIREO_OK;
    vr_mutex_lock(&t->lock);
    *kept_it = !is_barred(t, new);
    if (*kept_it) {
        size_t kept = 0;
        for (size_t i = 0; i < t->count; i++)
            if (!vr_tuned_stands_for(new, &t->rows[i]))
                t->rows[kept++] = t->rows[i];
        t->count = kept;
        if (t->count == VR_MOST_TUNED)
            memmove(t->rows, t->rows + 1, --t->count * sizeof *t->rows);
        if (vr_grow(d->allocator, (void **)&t->rows, &t->capacity, t->count + 1, sizeof *t->rows))
            t->rows[t->count++] = *new;
        else
            st = vr_fail_memory(err, "tuned kernels");
    }
    vr_mutex_unlock(&t->lock);
    return st;
}

static bool is_same(const vr_tuned_row *a, const vr_tuned_row *b)
{
    return !strcmp(a->call, b->call) && !memcmp(&a->source, &b->source, sizeof a->source);
}

void vr_tuned_drop(vireo_device *d, const vr_tuned_row *row)
{
    struct vr_tuned *t = d->tuned;
    size_t kept = 0;
    vr_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->count; i++)
        if (!is_same(&t->rows[i], row))
            t->rows[kept++] = t->rows[i];
    t->count = kept;
    vr_mutex_unlock(&t->lock);
}

bool vr_tuned_note(vireo_device *d, const vr_tuned_row *row, bool refused)
{
    struct vr_tuned *t = d->tuned;
    bool is_new = true;
    vr_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->count; i++)
        if (is_same(&t->rows[i], row)) {
            is_new = !t->rows[i].refused;
            t->rows[i].met = true;
            t->rows[i].refused |= refused;
        }
    vr_mutex_unlock(&t->lock);
    return is_new;
}

double vr_tuned_compile_ns(vireo_device *d, const void *kernel, double ns)
{
    struct vr_tuned *t = d->tuned;
    vr_mutex_lock(&t->lock);
    size_t i = 0;
    while (i < MOST_COMPILED && i < t->n_compiled && t->compiled[i].kernel != kernel)
        i++;
    if (i == MOST_COMPILED || i == t->n_compiled) {
        i = t->n_compiled++ % MOST_COMPILED;
        t->compiled[i].kernel = kernel;
        t->compiled[i].ns = 0;
    }
    if (ns > t->compiled[i].ns)
        t->compiled[i].ns = ns;
    ns = t->compiled[i].ns;
    vr_mutex_unlock(&t->lock);
    return ns;
}

void vr_tuned_lock_file(vireo_device *d)
{
    vr_mutex_lock(&d->tuned->file_lock);
}

void vr_tuned_unlock_file(vireo_device *d)
{
    vr_mutex_unlock(&d->tuned->file_lock);
}

bool vr_tuned_is_read(const vireo_device *d)
{
    return d->tuned->is_read;
}

void vr_tuned_set_read(vireo_device *d)
{
    d->tuned->is_read = true;
}

void vr_tuned_touch(vireo_device *d)
{
    vr_mutex_lock(&d->tuned->lock);
    d->tuned->touched = true;
    vr_mutex_unlock(&d->tuned->lock);
}

bool vr_tuned_settle(vireo_device *d)
{
    vr_mutex_lock(&d->tuned->lock);
    const bool touched = d->tuned->touched;
    d->tuned->touched = false;
    vr_mutex_unlock(&d->tuned->lock);
    return touched;
}

bool vr_tuned_tell(vireo_device *d)
{
    vr_mutex_lock(&d->tuned->lock);
    const bool first = !d->tuned->told;
    d->tuned->told = true;
    vr_mutex_unlock(&d->tuned->lock);
    return first;
}

bool vr_tuned_text(vireo_device *d, vr_hash128 key, vr_hash128 *out)
{
    const struct vr_tuned *t = d->tuned;
    bool found = false;
    vr_mutex_lock(&d->tuned->lock);
    for (size_t i = 0; i < MOST_TEXTS && i < t->n_texts && !found; i++)
        if (!memcmp(&t->texts[i].key, &key, sizeof key)) {
            *out = t->texts[i].hash;
            found = true;
        }
    vr_mutex_unlock(&d->tuned->lock);
    return found;
}

void vr_tuned_keep_text(vireo_device *d, vr_hash128 key, vr_hash128 hash)
{
    struct vr_tuned *t = d->tuned;
    vr_mutex_lock(&t->lock);
    t->texts[t->n_texts % MOST_TEXTS].key = key;
    t->texts[t->n_texts++ % MOST_TEXTS].hash = hash;
    vr_mutex_unlock(&t->lock);
}
