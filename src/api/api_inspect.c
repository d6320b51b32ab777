/* SPDX-License-Identifier: Apache-2.0 */
#include "vireo/inspect.h"
#include "io/json.h"
#include "run/session.h"
#include "vk/compiler.h"

const char *vireo_glslang_version(void)
{
    return vr_glslang_version();
}

vireo_status vireo_json_check(const char *path, const char *text, size_t bytes, vireo_error *err)
{
    if (!path || !text)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_json_check: path or text is NULL");
    return vr_json_check(NULL, path, text, bytes, NULL, err);
}

void vireo_device_get_counters(const vireo_device *d, vireo_counters *out)
{
    const vr_counters *c = &d->counters;
    *out = (vireo_counters){
        .validation_messages = c->validation_messages, .shaders_compiled = c->shaders_compiled,
        .shaders_cached = c->shaders_cached, .pipelines_created = c->pipelines_created,
        .commands_recorded = c->commands_recorded, .submits = c->submits,
        .dispatches = c->dispatches, .groups = c->groups, .ns_glslang = c->ns_glslang,
        .ns_pipeline = c->ns_pipeline, .ns_upload = c->ns_upload,
        .memory_bytes = c->memory_bytes, .memory_peak_bytes = c->memory_peak_bytes};
}

const char *vireo_op_name(size_t op)
{
    return op < VR_OP_COUNT ? vr_ops[op]->name : NULL;
}

const char *vireo_kernel_name(size_t op, size_t kernel)
{
    if (op >= VR_OP_COUNT || kernel >= vr_ops[op]->n_kernels)
        return NULL;
    return vr_ops[op]->kernels[kernel].name;
}

static const vr_bucket *last_bucket(const vireo_session *s)
{
    const vr_bucket *last = NULL;
    for (size_t i = 0; i < s->n_buckets; i++)
        if (!last || s->buckets[i]->used > last->used)
            last = s->buckets[i];
    return last;
}

vireo_status vireo_session_get_plan(const vireo_session *s, vireo_plan_info *out, vireo_error *err)
{
    const vr_bucket *b = last_bucket(s);
    if (!b)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "the session has not run yet");
    *out = (vireo_plan_info){.arena_bytes = b->arena_bytes, .lower_bound_bytes = b->lower_bound,
                             .nodes = s->model->graph->n_nodes,
                             .dispatches = b->launches.count, .buckets = s->n_buckets,
                             .submissions = b->slots[0].n_segments};
    return VIREO_OK;
}

const char *vireo_session_get_kernel(const vireo_session *s, size_t node, const char **op)
{
    const vr_bucket *b = last_bucket(s);
    if (!b || node >= s->model->graph->n_nodes)
        return NULL;
    *op = vr_ops[s->model->graph->nodes[node].op]->name;
    return b->nodes[node].kernel ? b->nodes[node].kernel->name : "view";
}
