/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/cache.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include <stdatomic.h>
#include <string.h>

#define LIMIT ((size_t)256 << 20)

/* In the byte order of the machine: another one's file fails at version. No padding, so that every
 * byte is checked. */
typedef struct header {
    char magic[8];
    char kind[16];
    uint64_t version;
    vr_hash128 key;
    uint64_t bytes;
    vr_hash128 hash; /* of the bytes after the header */
} header;
_Static_assert(sizeof(header) == 72, "header has padding");

static header make_header(const char *kind, vr_hash128 key, const void *data, size_t bytes)
{
    header h = {.magic = "vireo\r\n\x1a", .version = 1, .key = key, .bytes = bytes};
    memcpy(h.kind, kind, strnlen(kind, sizeof h.kind));
    h.hash = vr_hash(data, bytes);
    return h;
}

static char *file_path(const vireo_device *d, const char *kind, vr_hash128 key)
{
    char hex[33];
    vr_hash_hex(key, hex);
    vr_str path;
    vr_str_init(&path, d->allocator);
    vr_str_addf(&path, "%s/%s-%s", d->cache_dir, kind, hex);
    char *taken = vr_str_take(&path);
    vr_str_deinit(&path);
    return taken;
}

bool vr_cache_load(vireo_device *d, const char *kind, vr_hash128 key, void **data, size_t *bytes)
{
    char *contents = NULL;
    size_t n = 0;
    if (!d->cache_dir)
        return false;
    char *path = file_path(d, kind, key);
    bool hit = path && !vr_is_link(path) &&
               vr_file_read(d->allocator, path, LIMIT, &contents, &n, NULL) == VIREO_OK &&
               n >= sizeof(header);
    if (hit) {
        header expected = make_header(kind, key, contents + sizeof expected, n - sizeof expected);
        hit = memcmp(contents, &expected, sizeof expected) == 0;
        if (!hit)
            vr_logf(&d->log, VIREO_LOG_INFO, "cache: %s is damaged or foreign; ignored", path);
    }
    vr_free(d->allocator, path);
    if (!hit) {
        vr_free(d->allocator, contents);
        return false;
    }
    *bytes = n - sizeof(header);
    memmove(contents, contents + sizeof(header), *bytes);
    *data = contents;
    return true;
}

static vireo_status store(vireo_device *d, const char *path, const header *h, const void *data,
                          size_t bytes, vireo_error *err)
{
    vr_writer writer;
    if (vr_is_link(path))
        return vr_fail(err, VIREO_ERROR_IO, "%s: a symbolic link", path);
    vireo_status st = vr_make_folders(d->allocator, d->cache_dir, err);
    if (st)
        return st;
    st = vr_writer_open(&writer, d->allocator, path, err);
    if (st)
        return st;
    st = vr_writer_put(&writer, h, sizeof *h, err);
    if (!st)
        st = vr_writer_put(&writer, data, bytes, err);
    if (!st)
        st = vr_writer_commit(&writer, err);
    vr_writer_abort(&writer);
    return st;
}

void vr_cache_store(vireo_device *d, const char *kind, vr_hash128 key, const void *data,
                    size_t bytes)
{
    if (!d->cache_dir || bytes > LIMIT - sizeof(header))
        return;
    char *path = file_path(d, kind, key);
    if (!path)
        return;
    header h = make_header(kind, key, data, bytes);
    vireo_error err = {0};
    if (store(d, path, &h, data, bytes, &err) && !atomic_exchange(&d->cache_warned, true))
        vr_logf(&d->log, VIREO_LOG_WARN, "nothing is kept in the cache folder: %s", err.message);
    vr_free(d->allocator, path);
}
