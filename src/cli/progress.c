/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "base/thread.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, DELAY_MS = 1000, NAMED_DELAY_MS = 200, EVERY_MS = 100, WIDEST = 79, MOST_NAMES = 256 };

static struct {
    vr_mutex lock; /* messages may come from any thread */
    char what[32], names[MOST_NAMES]; /* the step, and what the line names; "": a bar */
    uint64_t started, drawn;          /* ns */
    bool shown;
} bar = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void clear(void)
{
    if (bar.shown)
        fputs("\r\033[K", stderr);
    bar.shown = false;
    bar.names[0] = '\0';
}

void vr_progress_clear(void)
{
    vr_mutex_lock(&bar.lock);
    clear();
    vr_mutex_unlock(&bar.lock);
}

/* Seconds of work that has so many milliseconds; what was begun in them may take longer. */
static void write_left(uint64_t done, uint64_t total, char out[32])
{
    if (total - done > 1)
        snprintf(out, 32, "%.0f s left", (double)(total - done) / 1e3);
    else
        snprintf(out, 32, "time is over");
}

/* What is at work stands in the place of the bar: how long it takes differs too much for one. */
static void draw_name(const char *name, uint64_t done, uint64_t total, bool timed)
{
    char line[WIDEST + 1], left[32];
    write_left(done, total, left);
    if (timed)
        snprintf(line, sizeof line, "%s, %s%s", bar.what, left, name);
    else
        snprintf(line, sizeof line, "%s, %llu of %llu%s", bar.what, (unsigned long long)done + 1,
                 (unsigned long long)total, name);
    fprintf(stderr, "\r\033[K%s", line);
}

static void draw_bar(uint64_t now, uint64_t done, uint64_t total, bool timed)
{
    char cells[BAR + 1], left[32];
    double part = total ? (double)done / (double)total : 0.0;
    size_t filled = (size_t)(part * BAR);
    memset(cells, '.', BAR);
    memset(cells, '#', filled < BAR ? filled : BAR);
    cells[BAR] = '\0';
    fprintf(stderr, "\r\033[K%-12s [%s] %3.0f%%", bar.what, cells, part * 100.0);
    if (timed) {
        write_left(done, total, left);
        fprintf(stderr, "  %s", left);
        return;
    }
    fprintf(stderr, "  %llu/%llu", (unsigned long long)done, (unsigned long long)total);
    if (part > 0.02) {
        double seconds = (double)(now - bar.started) / 1e9;
        fprintf(stderr, "  %.0f s left", seconds / part - seconds);
    }
}

/* A name that is new is drawn at once: what it is of may say no more for seconds. */
static void draw(const char *name, uint64_t done, uint64_t total, bool timed)
{
    const uint64_t now = vr_now_ns(), shown_after = *name ? NAMED_DELAY_MS : DELAY_MS;
    const bool is_new = *name && strncmp(name, bar.names, MOST_NAMES - 1) != 0;
    if (now - bar.started <= shown_after * UINT64_C(1000000) ||
        (!is_new && now - bar.drawn <= EVERY_MS * UINT64_C(1000000)))
        return;
    if (*name)
        draw_name(name, done, total, timed);
    else
        draw_bar(now, done, total, timed);
    fflush(stderr);
    snprintf(bar.names, sizeof bar.names, "%s", name);
    bar.shown = true;
    bar.drawn = now;
}

int vr_progress_inner(void *user, const char *what, uint64_t done, uint64_t total)
{
    if (strchr(what, ':'))
        return vr_progress(user, what, done, total);
    vr_mutex_lock(&bar.lock);
    if (bar.names[0])
        clear();
    vr_mutex_unlock(&bar.lock);
    return vr_interrupted();
}

static int show(const char *what, uint64_t done, uint64_t total, bool timed)
{
    const size_t length = strcspn(what, ":");
    if (!isatty(STDERR_FILENO))
        return vr_interrupted();
    vr_mutex_lock(&bar.lock);
    if (strlen(bar.what) != length || strncmp(bar.what, what, length) != 0) {
        clear();
        snprintf(bar.what, sizeof bar.what, "%.*s", (int)length, what);
        bar.started = vr_now_ns();
    }
    if (done < total) {
        draw(what + length, done, total, timed);
    } else {
        clear();
        bar.what[0] = '\0';
    }
    vr_mutex_unlock(&bar.lock);
    return vr_interrupted();
}

int vr_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    return show(what, done, total, false);
}

int vr_progress_timed(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    return show(what, done, total, true);
}
