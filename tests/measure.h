/* SPDX-License-Identifier: Apache-2.0
 * What a malformed input may cost: processor time of this process, and its resident memory's peak.
 *     measure m = measure_begin();
 *     ...
 *     measure_end(&m, "row", MEASURE_MS, input_bytes + MEASURE_SLACK);
 * Sanitizers keep freed memory for a while and slow everything down: more of both is allowed there.
 * The peak is the kernel's for the whole process, set back to what is resident (proc(5),
 * clear_refs); where that is not allowed only the time is judged. */
#ifndef MEASURE_H
#define MEASURE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURE_FACTOR 20
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(undefined_behavior_sanitizer)
#define MEASURE_FACTOR 20
#endif
#endif
#ifndef MEASURE_FACTOR
#define MEASURE_FACTOR 1
#endif

enum { MEASURE_MS = 100, MEASURE_SLACK = 64 << 20 };

typedef struct measure {
    double seconds;
    size_t resident; /* 0: not known */
} measure;

static inline double measure_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Bytes of a line of /proc/self/status ("VmHWM:"); 0: not there. */
static inline size_t measure_status(const char *name)
{
    char line[128];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name)) && sscanf(line + strlen(name), "%zu", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib << 10;
}

static inline measure measure_begin(void)
{
    measure m = {0};
#ifdef __GLIBC__
    malloc_trim(0); /* what the test itself has freed would hide what is allocated now */
#endif
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        int put = fputs("5", f);
        if (fclose(f) == 0 && put >= 0)
            m.resident = measure_status("VmRSS:");
    }
    m.seconds = measure_seconds();
    return m;
}

static inline bool measure_in_time(const measure *m, size_t ms)
{
    return (measure_seconds() - m->seconds) * 1e3 <= (double)(ms * MEASURE_FACTOR);
}

static inline void measure_end(const measure *m, const char *what, size_t ms, size_t bytes)
{
    double took = (measure_seconds() - m->seconds) * 1e3;
    size_t peak = m->resident ? measure_status("VmHWM:") : 0;
    size_t grown = peak > m->resident ? peak - m->resident : 0;
    if (took > (double)(ms * MEASURE_FACTOR))
        fail_msg("%s: %.1f ms, at most %zu are allowed", what, took, ms * MEASURE_FACTOR);
    if (grown > bytes * MEASURE_FACTOR)
        fail_msg("%s: %zu bytes, at most %zu are allowed", what, grown, bytes * MEASURE_FACTOR);
}
#endif
