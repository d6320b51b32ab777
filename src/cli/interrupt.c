/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t received; /* the signal's number */
static char guarded[4096];             /* a copy: the owner may free its own at any moment */
static volatile sig_atomic_t have_guarded;
static timer_t grace;
static bool have_timer;

/* Only calls that are allowed in a handler (POSIX.1-2008, 2.4.3) from here on. */
static void end_now(int number)
{
    if (have_guarded)
        unlink(guarded);
    signal(number, SIG_DFL);
    raise(number);
}

static void on_signal(int number)
{
    if (received) {
        end_now(number);
        return;
    }
    received = number;
    if (have_timer) {
        struct itimerspec when = {
            .it_value = {.tv_sec = VR_GRACE_MS / 1000, .tv_nsec = VR_GRACE_MS % 1000 * 1000000L}};
        timer_settime(grace, 0, &when, NULL);
    }
}

static void on_timer(int number)
{
    static const char message[] = "vireo: interrupted\n";
    (void)number;
    if (!received)
        return;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        have_timer = false; /* there is nobody to tell */
    end_now(received);
}

static void install(int number, void (*handler)(int))
{
    struct sigaction old, action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return; /* nohup, or a shell's background job */
    sigaction(number, &action, NULL);
}

void vr_interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_timer};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    have_timer = timer_create(CLOCK_MONOTONIC, &event, &grace) == 0;
    install(SIGINT, on_signal);
    install(SIGTERM, on_signal);
    install(SIGHUP, on_signal);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL); /* a closed pipe is an error of write() */
}

bool vr_interrupted(void)
{
    return received != 0;
}

void vr_interrupt_finish(void)
{
    if (received)
        end_now(received);
}

void vr_interrupt_guard(const char *path)
{
    have_guarded = 0;
    if (!path || strlen(path) >= sizeof guarded)
        return;
    memcpy(guarded, path, strlen(path) + 1);
    have_guarded = 1;
}
