/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "temp_folder.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

temp_folder temp_make(void)
{
    const char *base = getenv("TMPDIR");
    temp_folder t;
    snprintf(t.path, sizeof t.path, "%s/vireo-test-XXXXXX", base && *base ? base : "/tmp");
    need(mkdtemp(t.path) != NULL, t.path);
    return t;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info, (void)flag, (void)ftw;
    return remove(path);
}

void temp_remove(temp_folder *t)
{
    nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *temp_path(const temp_folder *t, const char *name)
{
    size_t size = strlen(t->path) + strlen(name) + 2;
    char *path = malloc(size);
    need(path != NULL, name);
    snprintf(path, size, "%s/%s", t->path, name);
    return path;
}

char *temp_put(const temp_folder *t, const char *name, const void *data, size_t bytes)
{
    char *path = temp_path(t, name);
    for (char *at = strchr(path + strlen(t->path) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *f = fopen(path, "wb");
    need(f != NULL, path);
    need(fwrite(data, 1, bytes, f) == bytes, path);
    need(fclose(f) == 0, path);
    return path;
}

/* nftw passes nothing on. */
static uint64_t mark;
static size_t mark_bytes;

static void mix(uint64_t value)
{
    mark = (mark ^ value) * 1099511628211u;
}

static int mark_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)flag, (void)ftw;
    for (const char *c = path; *c; c++)
        mix((unsigned char)*c);
    mix((uint64_t)info->st_size);
    mix((uint64_t)info->st_mtim.tv_sec);
    mix((uint64_t)info->st_mtim.tv_nsec);
    if (S_ISREG(info->st_mode) && info->st_size < 200 << 20)
        mark_bytes += (size_t)info->st_size;
    return 0;
}

uint64_t temp_mark(const char *folder, size_t *bytes)
{
    mark = 14695981039346656037u;
    mark_bytes = 0;
    mix(nftw(folder, mark_one, 16, FTW_PHYS) == 0); /* a folder that is not there has to stay so */
    if (bytes)
        *bytes = mark_bytes;
    return mark;
}
