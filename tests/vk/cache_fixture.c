/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/cache_fixture.h"
#include <stdio.h>
#include <stdlib.h>

static void listen(void *user, vireo_log_level level, const char *message)
{
    cache_fixture *f = user;
    f->warnings += level == VIREO_LOG_WARN;
    f->infos += level == VIREO_LOG_INFO;
    snprintf(f->last, sizeof f->last, "%s", message);
}

int cache_set_up(void **state)
{
    cache_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    scratch_init(&f->folder);
    f->device.cache_dir = f->folder.path;
    f->device.log = (vr_log){listen, f, VIREO_LOG_INFO};
    *state = f;
    return 0;
}

int cache_tear_down(void **state)
{
    cache_fixture *f = *state;
    scratch_deinit(&f->folder);
    free(f);
    return 0;
}

const char *cache_any(const void *user, const void *data, size_t bytes)
{
    (void)user;
    (void)data;
    (void)bytes;
    return NULL;
}
