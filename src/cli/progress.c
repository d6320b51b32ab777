/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "base/thread.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, DELAY_MS = 1000, EVERY_MS = 100 };

static struct {
    vr_mutex lock; /* messages may come from any thread */
    char what[32];
    uint64_t started, drawn; /* ns */
    bool shown;
} bar = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void clear(void)
{
    if (bar.shown)
        fputs("\r\033[K", stderr);
    bar.shown = false;
}

void vr_progress_clear(void)
{
    vr_mutex_lock(&bar.lock);
    clear();
    vr_mutex_unlock(&bar.lock);
}

static void draw(uint64_t now, uint64_t done, uint64_t total)
{
    char cells[BAR + 1];
    double part = total ? (double)done / (double)total : 0.0;
    size_t filled = (size_t)(part * BAR);
    memset(cells, '.', BAR);
    memset(cells, '#', filled < BAR ? filled : BAR);
    cells[BAR] = '\0';
    fprintf(stderr, "\r\033[K%-12s [%s] %3.0f%%  %llu/%llu", bar.what, cells, part * 100.0,
            (unsigned long long)done, (unsigned long long)total);
    if (part > 0.02) {
        double seconds = (double)(now - bar.started) / 1e9;
        fprintf(stderr, "  %.0f s left", seconds / part - seconds);
    }
    fflush(stderr);
    bar.shown = true;
    bar.drawn = now;
}

int vr_progress_quiet(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    (void)what;
    (void)done;
    (void)total;
    return vr_interrupted();
}

int vr_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    uint64_t now = vr_now_ns();
    (void)user;
    if (!isatty(STDERR_FILENO))
        return vr_interrupted();
    vr_mutex_lock(&bar.lock);
    if (strncmp(bar.what, what, sizeof bar.what - 1) != 0) {
        clear();
        snprintf(bar.what, sizeof bar.what, "%s", what);
        bar.started = now;
    }
    if (done >= total)
        clear();
    else if (now - bar.started > DELAY_MS * UINT64_C(1000000) &&
             now - bar.drawn > EVERY_MS * UINT64_C(1000000))
        draw(now, done, total);
    if (done >= total)
        bar.what[0] = '\0';
    vr_mutex_unlock(&bar.lock);
    return vr_interrupted();
}
