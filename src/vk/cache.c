/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/cache.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include <stdatomic.h>
#include <string.h>

#define LIMIT ((size_t)256 << 20)

_Static_assert(sizeof(vr_cache_header) == 72, "header has padding");

vr_cache_header vr_cache_header_of(const char *kind, vr_hash128 key, const void *data, size_t bytes)
{
    vr_cache_header h = {.magic = "vireo\r\n\x1a", .version = 1, .key = key, .bytes = bytes};
    memcpy(h.kind, kind, strnlen(kind, sizeof h.kind));
    h.hash = vr_hash(data, bytes);
    return h;
}

const char *vr_cache_fault(const char *kind, vr_hash128 key, const void *file, size_t bytes)
{
    vr_cache_header h;
    if (bytes < sizeof h)
        return "it is shorter than its header";
    memcpy(&h, file, sizeof h);
    const vr_cache_header good =
        vr_cache_header_of(kind, key, (const char *)file + sizeof h, bytes - sizeof h);
    if (memcmp(h.magic, good.magic, sizeof h.magic))
        return "it is no cache file";
    if (h.version != good.version)
        return "it is of another version";
    if (memcmp(h.kind, good.kind, sizeof h.kind) || memcmp(&h.key, &good.key, sizeof h.key))
        return "it is of another program, device or driver";
    if (h.bytes != good.bytes)
        return "its length is not the one it names";
    if (memcmp(&h.hash, &good.hash, sizeof h.hash))
        return "its contents are damaged";
    return NULL;
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

/* The whole file, or why there is none to be used; *contents is the caller's. */
static const char *read_file(vireo_device *d, const char *path, char **contents, size_t *bytes,
                             vireo_error *err)
{
    if (vr_is_link(path))
        return "it is a symbolic link";
    return vr_file_read(d->allocator, path, LIMIT, contents, bytes, err) ? err->message : NULL;
}

bool vr_cache_load(vireo_device *d, const char *kind, vr_hash128 key, vr_cache_judge judge,
                   const void *user, void **data, size_t *bytes)
{
    const size_t head = sizeof(vr_cache_header);
    char *contents = NULL;
    size_t n = 0;
    vireo_error err = {0};
    if (!d->cache_dir)
        return false;
    char *path = file_path(d, kind, key);
    if (!path)
        return false;
    const char *fault = read_file(d, path, &contents, &n, &err);
    if (!fault)
        fault = vr_cache_fault(kind, key, contents, n);
    if (!fault)
        fault = judge(user, contents + head, n - head);
    if (fault && err.status != VIREO_ERROR_NOT_FOUND)
        vr_logf(&d->log, VIREO_LOG_INFO, "cache: %s ignored: %s", path, fault);
    vr_free(d->allocator, path);
    if (fault) {
        vr_free(d->allocator, contents);
        return false;
    }
    *bytes = n - head;
    memmove(contents, contents + head, *bytes);
    *data = contents;
    return true;
}

/* h: NULL, or what stands before the data. data: NULL: it is only tried. */
static vireo_status store(vireo_device *d, const char *path, const vr_cache_header *h,
                          const void *data, size_t bytes, vireo_error *err)
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
    st = h ? vr_writer_put(&writer, h, sizeof *h, err) : VIREO_OK;
    if (!st && data)
        st = vr_writer_put(&writer, data, bytes, err);
    if (!st && data)
        st = vr_writer_commit(&writer, err);
    vr_writer_abort(&writer);
    return st;
}

/* Whether it worked; the first failure of a device is a warning. */
static bool try_store(vireo_device *d, const char *path, const vr_cache_header *h, const void *data,
                      size_t bytes)
{
    vireo_error err = {0};
    if (!store(d, path, h, data, bytes, &err))
        return true;
    if (!atomic_exchange(&d->cache_warned, true))
        vr_logf(&d->log, VIREO_LOG_WARN, "nothing is kept in the cache folder: %s", err.message);
    return false;
}

void vr_cache_store(vireo_device *d, const char *kind, vr_hash128 key, const void *data,
                    size_t bytes)
{
    if (!d->cache_dir || bytes > LIMIT - sizeof(vr_cache_header))
        return;
    char *path = file_path(d, kind, key);
    if (!path)
        return;
    vr_cache_header h = vr_cache_header_of(kind, key, data, bytes);
    try_store(d, path, &h, data, bytes);
    vr_free(d->allocator, path);
}

vireo_status vr_cache_put(vireo_device *d, const char *path, const void *data, size_t bytes,
                          vireo_error *err)
{
    return store(d, path, NULL, data, bytes, err);
}

bool vr_cache_write(vireo_device *d, const char *name, const void *data, size_t bytes, char **path)
{
    *path = d->cache_dir ? vr_path_join(d->allocator, d->cache_dir, name) : NULL;
    return *path && try_store(d, *path, NULL, data, bytes);
}
