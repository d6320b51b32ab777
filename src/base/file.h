/* SPDX-License-Identifier: Apache-2.0
 * Every file call of ours goes through here. Errors name the path and the system's reason. */
#ifndef VR_BASE_FILE_H
#define VR_BASE_FILE_H
#include "base/alloc.h"
#include "base/error.h"

/* Whole regular file of at most `limit` bytes; *data (vr_free) has a NUL after its *bytes bytes. A
 * folder, FIFO or device is refused; what is too big is refused by its size, not read. */
vireo_status vr_file_read(const vireo_allocator *, const char *path, size_t limit, char **data,
                          size_t *bytes, vireo_error *);

/* A regular file held open and read by position, from any thread. One that became shorter since it
 * was opened is an error, where touching a mapping of it would end the process (SIGBUS). */
typedef struct vr_file {
    int fd;
    const char *path; /* the caller's; for messages */
    size_t bytes;     /* when it was opened */
} vr_file;
vireo_status vr_file_open(vr_file *out, const char *path, vireo_error *);
void vr_file_close(vr_file *); /* a zeroed one and a closed one are fine */
/* Exactly bytes [offset, offset + bytes) into `to`. Too short: VIREO_ERROR_IO, err->offset is the
 * first byte that is missing, "PATH: PART: byte N ..."; part ("tensor x") may be NULL. */
vireo_status vr_file_read_at(const vr_file *, const char *part, uint64_t offset, void *to,
                             size_t bytes, vireo_error *);

/* A file that appears at `path` whole or not at all: written to a temporary name beside it, synced,
 * renamed. Between open and commit, abort removes the temporary. The writer buffers. */
typedef struct vr_writer {
    int fd;
    char *path, *temporary;
    char *buffer;
    size_t used;
    const vireo_allocator *allocator;
} vr_writer;
vireo_status vr_writer_open(vr_writer *, const vireo_allocator *, const char *path, vireo_error *);
vireo_status vr_writer_put(vr_writer *, const void *data, size_t bytes, vireo_error *);
vireo_status vr_writer_commit(vr_writer *, vireo_error *); /* on failure the temporary is removed */
void vr_writer_abort(vr_writer *);                         /* also fine after commit */
vireo_status vr_file_write(const vireo_allocator *, const char *path, const void *data,
                           size_t bytes, vireo_error *);

bool vr_file_exists(const char *path);
bool vr_is_folder(const char *path);
/* Fails if nothing stands there, or something that is no folder (NOT_FILE). */
vireo_status vr_need_folder(const char *path, vireo_error *);
bool vr_is_link(const char *path); /* itself a symbolic link, wherever it leads */
vireo_status vr_make_folders(const vireo_allocator *, const char *path,
                             vireo_error *); /* mkdir -p, 0700 */
/* Fails if something other than a regular file stands there, told by its name alone: opening and
 * closing a file drops the locks this process holds on it. */
vireo_status vr_file_regular_or_absent(const char *path, vireo_error *);
/* a/b; result freed with vr_free, NULL: exhausted. */
char *vr_path_join(const vireo_allocator *, const char *a, const char *b);

/* A regular file read from front to back, as long as it was when it was opened: one that became
 * shorter is an error, what was appended is not read. Unlike a mapping it cannot end in a signal.
 */
typedef struct vr_reader {
    vr_file file;
    size_t at;
} vr_reader;
vireo_status vr_reader_open(vr_reader *, const char *path, vireo_error *);
/* The next min(most, bytes - at) bytes. */
vireo_status vr_reader_get(vr_reader *, void *data, size_t most, size_t *got, vireo_error *);
void vr_reader_close(vr_reader *); /* a zeroed one is fine */
#endif
