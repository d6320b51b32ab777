/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bad_model.h"
#include "base/str.h"
#include "io/source.h"

enum { MEMORY_KIB = 64 << 10, MILLISECONDS = 100 };
/* Sanitizers keep freed memory and check every access; an unoptimised build is several times
 * slower. */
#ifndef __has_feature /* clang says what gcc defines */
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SLACK_TIME = 20, SLACK_MEMORY = 8 };
#elif defined(__OPTIMIZE__)
enum { SLACK_TIME = 1, SLACK_MEMORY = 1 };
#else
enum { SLACK_TIME = 5, SLACK_MEMORY = 1 };
#endif

typedef struct outcome {
    vireo_status status;
    vireo_error err;
    long milliseconds, kib;
} outcome;

static vireo_status open_only(const char *folder, vireo_error *err)
{
    vireo_source *s = NULL;
    vireo_status st = vireo_source_open(folder, NULL, &s, err);
    vireo_source_close(&s);
    return st;
}

static vireo_status open_and_check(const char *folder, vireo_error *err)
{
    vireo_source *s = NULL;
    vireo_status st = vireo_source_open(folder, NULL, &s, err);
    if (!st)
        st = vr_source_check_hyper(s, err);
    vireo_source_close(&s);
    return st;
}

long bad_model_resident_kib(void)
{
    long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A fork's peak starts at what is resident at that moment. */
static void measure(const char *folder, bad_model_reader *reader, outcome *out)
{
    struct timespec before, after;
    struct rusage usage;
    const long resident = bad_model_resident_kib();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    out->status = reader(folder, &out->err);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    getrusage(RUSAGE_SELF, &usage);
    out->milliseconds =
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    out->kib = usage.ru_maxrss - resident;
}

static outcome in_child(const char *folder, bad_model_reader *reader)
{
    int ends[2];
    outcome o;
    malloc_trim(0);
    memset(&o, 0, sizeof o);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        measure(folder, reader, &o);
        _exit(write(ends[1], &o, sizeof o) == sizeof o ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = 0, n = 0;
    while ((n = read(ends[0], (char *)&o + got, sizeof o - (size_t)got)) > 0)
        got += n;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0 || got != sizeof o)
        fail_msg("the child ended with %d", status);
    return o;
}

static void expect(const char *folder, const char *row, bad_model_reader *reader,
                   const outcome *want)
{
    outcome here;
    memset(&here, 0, sizeof here);
    size_t bytes;
    const uint64_t mark = temp_mark(folder, &bytes);
    /* First: no free memory of ours is there to be used again. */
    outcome child = in_child(folder, reader);
    here.status = reader(folder, &here.err);
    if (temp_mark(folder, NULL) != mark)
        fail_msg("%s: the folder has changed", row);
    if (here.status != want->status || strcmp(here.err.message, want->err.message) != 0)
        fail_msg("%s: %s: \"%s\", expected %s: \"%s\"", row, vireo_status_text(here.status),
                 here.err.message, vireo_status_text(want->status), want->err.message);
    if (here.err.reason != want->err.reason || here.err.offset != want->err.offset)
        fail_msg("%s: reason %u, byte %llu", row, here.err.reason,
                 (unsigned long long)here.err.offset);
    assert_int_equal(here.err.status, here.status);
    assert_int_equal(vr_utf8_check(here.err.message, strlen(here.err.message)),
                     strlen(here.err.message));
    assert_int_equal(child.status, here.status);
    assert_string_equal(child.err.message, here.err.message);
    const long most = (long)(bytes >> 10) + MEMORY_KIB;
    /* Other processes may have taken the caches away. */
    for (int tries = 2; tries && child.milliseconds > MILLISECONDS * SLACK_TIME; tries--)
        child.milliseconds = in_child(folder, reader).milliseconds;
    if (child.milliseconds > MILLISECONDS * SLACK_TIME || child.kib > most * SLACK_MEMORY)
        fail_msg("%s: %ld ms, %ld KiB", row, child.milliseconds, child.kib);
}

void bad_model_read(const char *folder, const char *row, bad_model_reader *reader,
                    vireo_status status, uint32_t reason, uint64_t offset, const char *message)
{
    outcome want = {.status = status, .err = {.reason = reason, .offset = offset}};
    if (status)
        snprintf(want.err.message, sizeof want.err.message, "%s%s", folder, message);
    expect(folder, row, reader, &want);
}

void bad_model_open(const temp_folder *t, const char *row, vireo_status status, uint32_t reason,
                    uint64_t offset, const char *message)
{
    bad_model_read(t->path, row, open_only, status, reason, offset, message);
}

void bad_model_hyper(const temp_folder *t, const char *row, vireo_status status, uint32_t reason,
                     const char *message)
{
    bad_model_read(t->path, row, open_and_check, status, reason, 0, message);
}
