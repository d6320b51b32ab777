/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/scratch.h"
#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

void scratch_init(scratch *s)
{
    strcpy(s->path, "/tmp/vireo-test-XXXXXX");
    assert_non_null(mkdtemp(s->path));
}

void scratch_deinit(scratch *s)
{
    char path[512];
    DIR *folder = opendir(s->path);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", s->path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            assert_int_equal(unlink(path), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(s->path), 0);
}

static void read_file(scratch_file *file)
{
    FILE *f = fopen(file->path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    file->bytes = (size_t)size;
    file->data = malloc(file->bytes + 1);
    assert_non_null(file->data);
    assert_int_equal(fread(file->data, 1, file->bytes, f), file->bytes);
    fclose(f);
}

size_t scratch_find(const scratch *s, const char *prefix, scratch_file *first)
{
    size_t n = 0;
    DIR *folder = opendir(s->path);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        if (n++ == 0 && first) {
            snprintf(first->path, sizeof first->path, "%s/%s", s->path, e->d_name);
            read_file(first);
        }
    }
    closedir(folder);
    return n;
}

void scratch_put(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}
