/* SPDX-License-Identifier: Apache-2.0
 * Where models/fetch.sh keeps a model or data set. A program whose test needs one that is not there exits
 * with 77 (skipped) and says why. */
#ifndef MODEL_FOLDER_H
#define MODEL_FOLDER_H
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"

static inline void test_model_folder(const char *name, char *out, size_t size)
{
    const char *models = getenv("VIREO_MODELS"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (models && *models)
        snprintf(out, size, "%s/%s", models, name);
    else if (cache && *cache)
        snprintf(out, size, "%s/vireo/models/%s", cache, name);
    else
        snprintf(out, size, "%s/.cache/vireo/models/%s", home ? home : "", name);
    if (vr_is_folder(out))
        return;
    printf("SKIPPED: %s is missing, run models/fetch.sh %s\n", out, name);
    exit(77);
}
#endif
