/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "base/thread.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, DELAY_MS = 1000, NAMED_DELAY_MS = 200, EVERY_MS = 100, WIDEST = 79 };

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

/* What is at work stands in the place of the bar: how long it takes differs too much for one. */
static void draw_name(const char *name, uint64_t done, uint64_t total)
{
    char line[WIDEST + 1];
    snprintf(line, sizeof line, "%s, %llu of %llu%s", bar.what, (unsigned long long)done + 1,
             (unsigned long long)total, name);
    fprintf(stderr, "\r\033[K%s", line);
}

static void draw_bar(uint64_t now, uint64_t done, uint64_t total)
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
}

static void draw(const char *name, uint64_t done, uint64_t total)
{
    const uint64_t now = vr_now_ns(), shown_after = *name ? NAMED_DELAY_MS : DELAY_MS;
    if (now - bar.started <= shown_after * UINT64_C(1000000) ||
        now - bar.drawn <= EVERY_MS * UINT64_C(1000000))
        return;
    if (*name)
        draw_name(name, done, total);
    else
        draw_bar(now, done, total);
    fflush(stderr);
    bar.shown = true;
    bar.drawn = now;
}

int vr_progress_inner(void *user, const char *what, uint64_t done, uint64_t total)
{
    return strchr(what, ':') ? vr_progress(user, what, done, total) : vr_interrupted();
}

int vr_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    const size_t length = strcspn(what, ":");
    (void)user;
    if (!isatty(STDERR_FILENO))
        return vr_interrupted();
    vr_mutex_lock(&bar.lock);
    if (strlen(bar.what) != length || strncmp(bar.what, what, length) != 0) {
        clear();
        snprintf(bar.what, sizeof bar.what, "%.*s", (int)length, what);
        bar.started = vr_now_ns();
    }
    if (done < total) {
        draw(what + length, done, total);
    } else {
        clear();
        bar.what[0] = '\0';
    }
    vr_mutex_unlock(&bar.lock);
    return vr_interrupted();
}
