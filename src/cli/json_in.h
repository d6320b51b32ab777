/* SPDX-License-Identifier: Apache-2.0
 * JSON files that a command is given. */
#ifndef VR_CLI_JSON_IN_H
#define VR_CLI_JSON_IN_H
#include "base/error.h"
#include <cjson/cJSON.h>

/* The whole file, checked strictly (vireo_json_check). *out: cJSON_Delete. */
vireo_status vr_json_in(const char *path, cJSON **out, vireo_error *);
/* A member by exact name; NAN, "": there is none of that type. */
double vr_in_number(const cJSON *object, const char *key);
const char *vr_in_text(const cJSON *object, const char *key);
#endif
