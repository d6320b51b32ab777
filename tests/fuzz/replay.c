/* SPDX-License-Identifier: Apache-2.0
 * replay FOLDER-OR-FILE...: runs the fuzz target it is linked with over every file, without
 * libFuzzer. Each input is a block of its own size, so a sanitizer sees a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return 1;
}

static int run_file(const char *path, size_t bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail(path, "cannot be opened");
    uint8_t *data = malloc(bytes ? bytes : 1);
    size_t got = data ? fread(data, 1, bytes, f) : 0;
    fclose(f);
    if (data && got == bytes) {
        fprintf(stderr, "%s\n", path); /* the last line names what crashed */
        LLVMFuzzerTestOneInput(data, bytes);
    }
    free(data);
    return data && got == bytes ? 0 : fail(path, "cannot be read");
}

static int run_path(const char *path, size_t *count)
{
    struct stat st;
    struct dirent **entries = NULL;
    int failed = 0;
    if (stat(path, &st))
        return fail(path, "is not there");
    if (!S_ISDIR(st.st_mode)) {
        (*count)++;
        return run_file(path, (size_t)st.st_size);
    }
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0)
        return fail(path, "cannot be listed");
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            size_t size = strlen(path) + strlen(entries[i]->d_name) + 2;
            char *inner = malloc(size);
            if (inner)
                snprintf(inner, size, "%s/%s", path, entries[i]->d_name);
            failed |= inner ? run_path(inner, count) : fail(path, "no memory");
            free(inner);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    int failed = 0;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        failed |= run_path(argv[i], &count);
    printf("%zu inputs\n", count);
    return failed || !count;
}
