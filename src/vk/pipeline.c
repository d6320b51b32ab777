/* SPDX-License-Identifier: Apache-2.0
 * Two locks: build_lock is held by whoever compiles (in parallel, for one caller at a time, so that
 * no program is compiled twice); table_lock only around the table, so that finding what is there
 * never waits for a compiler. build_lock is taken first. */
#include "vk/pipeline.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/map.h"
#include "vk/cache.h"
#include "vk/program_needs.h"
#include <string.h>

typedef struct entry {
    vr_hash128 key;
    vr_pipeline pipeline;
} entry;

struct vr_pipeline_store {
    vr_mutex build_lock, table_lock;
    vr_map index; /* key → entries */
    entry **entries;
    size_t n, capacity;
    VkPipelineCache cache;
    size_t saved_bytes; /* of the cache when it was last read or written */
};

typedef struct job {
    const vr_program_desc *desc;
    char *text; /* expanded */
    vr_hash128 key;
    entry *made;
    vireo_status st;
    vireo_error err;
} job;

typedef struct batch {
    vireo_device *device;
    job *jobs;
    size_t *todo; /* indices of jobs */
} batch;

static const vr_pipeline *find(struct vr_pipeline_store *s, const vr_hash128 *key)
{
    uint32_t at;
    vr_mutex_lock(&s->table_lock);
    bool found = vr_map_get(&s->index, (const char *)key, sizeof *key, &at);
    const vr_pipeline *pipeline = found ? &s->entries[at]->pipeline : NULL;
    vr_mutex_unlock(&s->table_lock);
    return pipeline;
}

static bool insert(vireo_device *d, entry *made)
{
    struct vr_pipeline_store *s = d->pipelines;
    vr_mutex_lock(&s->table_lock);
    uint32_t at = (uint32_t)s->n;
    bool ok =
        vr_grow(d->allocator, (void **)&s->entries, &s->capacity, s->n + 1, sizeof *s->entries) &&
        vr_map_put(&s->index, (const char *)&made->key, sizeof made->key, &at, NULL);
    if (ok)
        s->entries[s->n++] = made;
    vr_mutex_unlock(&s->table_lock);
    return ok;
}

static void destroy_entry(vireo_device *d, entry *e)
{
    vr_pipeline *p = &e->pipeline;
    if (p->handle)
        d->fn.vkDestroyPipeline(d->handle, p->handle, NULL);
    if (p->layout)
        d->fn.vkDestroyPipelineLayout(d->handle, p->layout, NULL);
    if (p->set_layout)
        d->fn.vkDestroyDescriptorSetLayout(d->handle, p->set_layout, NULL);
    vr_free(d->allocator, e);
}

static vireo_status create_layouts(vireo_device *d, vr_pipeline *p, const char *name,
                                   vireo_error *err)
{
    static const VkDescriptorType types[] = {
        [VR_BIND_STORAGE] = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        [VR_BIND_TEXEL] = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
        [VR_BIND_UNIFORM] = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER};
    VkDescriptorSetLayoutBinding bindings[VR_MAX_BINDINGS];
    for (uint32_t i = 0; i < p->n_bindings; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = types[p->bindings[i]],
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    VkDescriptorSetLayoutCreateInfo set = {.sType =
                                               VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                           .bindingCount = p->n_bindings,
                                           .pBindings = bindings};
    VkResult result = d->fn.vkCreateDescriptorSetLayout(d->handle, &set, NULL, &p->set_layout);
    if (result)
        return vr_vk_check(d, result, name, err);
    VkPushConstantRange push = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = p->push_bytes};
    VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                         .setLayoutCount = 1,
                                         .pSetLayouts = &p->set_layout,
                                         .pushConstantRangeCount = p->push_bytes ? 1 : 0,
                                         .pPushConstantRanges = &push};
    result = d->fn.vkCreatePipelineLayout(d->handle, &layout, NULL, &p->layout);
    return vr_vk_check(d, result, name, err);
}

static vireo_status create_pipeline(vireo_device *d, vr_pipeline *p, const uint32_t *words,
                                    size_t n_words, const char *name, vireo_error *err)
{
    VkShaderModuleCreateInfo module_info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                            .codeSize = n_words * sizeof *words,
                                            .pCode = words};
    VkShaderModule module;
    VkResult result = d->fn.vkCreateShaderModule(d->handle, &module_info, NULL, &module);
    if (result)
        return vr_vk_check(d, result, name, err);
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = p->layout};
    uint64_t start = vr_now_ns();
    VkPipeline handle = VK_NULL_HANDLE;
    result =
        d->fn.vkCreateComputePipelines(d->handle, d->pipelines->cache, 1, &info, NULL, &handle);
    d->counters.ns_pipeline += vr_now_ns() - start;
    d->fn.vkDestroyShaderModule(d->handle, module, NULL);
    if (result)
        return vr_vk_check(d, result, name, err);
    p->handle = handle;
    d->counters.pipelines_created++;
    return VIREO_OK;
}

/* From the cache folder, else from glslang. */
static vireo_status get_words(vireo_device *d, const job *j, uint32_t **words, size_t *n_words,
                              vireo_error *err)
{
    const char *version = vr_glsl_version();
    vr_hash128 key =
        vr_hash_join(vr_hash(j->text, strlen(j->text)), vr_hash(version, strlen(version)));
    void *data;
    size_t bytes;
    if (vr_cache_load(d, "spirv", key, vr_spirv_fault, NULL, &data, &bytes)) {
        *words = data;
        *n_words = bytes / sizeof **words;
        d->counters.shaders_cached++;
        return VIREO_OK;
    }
    uint64_t start = vr_now_ns();
    vireo_status st = vr_glsl_compile(d->allocator, j->desc->name, j->desc->defines, j->text, words,
                                      n_words, err);
    if (st)
        return st;
    d->counters.ns_glslang += vr_now_ns() - start;
    d->counters.shaders_compiled++;
    vr_cache_store(d, "spirv", key, *words, *n_words * sizeof **words);
    return VIREO_OK;
}

/* A driver given more than it allows need not say so. */
static vireo_status check_needs(const vireo_device *d, const char *name, const uint32_t *words,
                                size_t n_words, vireo_error *err)
{
    vr_program_needs needs;
    vireo_status st = vr_program_needs_read(d->allocator, words, n_words, &needs, err);
    if (st)
        return st;
    if (needs.invocations > d->info.max_workgroup_invocations)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: workgroups of %u invocations; at most %u are allowed on %s", name,
                       needs.invocations, d->info.max_workgroup_invocations, d->info.name);
    if (needs.shared_bytes > d->info.max_shared_bytes)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: %u bytes of shared memory in a workgroup; at most %u are allowed on %s",
                       name, needs.shared_bytes, d->info.max_shared_bytes, d->info.name);
    return VIREO_OK;
}

static vireo_status build(vireo_device *d, job *j, vireo_error *err)
{
    uint32_t *words = NULL;
    size_t n_words = 0;
    entry *e = NULL;
    vireo_status st = get_words(d, j, &words, &n_words, err);
    if (st)
        return st;
    st = check_needs(d, j->desc->name, words, n_words, err);
    if (st)
        goto done;
    e = vr_calloc(d->allocator, 1, sizeof *e);
    if (!e) {
        st = vr_fail_memory(err, "pipeline");
        goto done;
    }
    e->key = j->key;
    vr_pipeline *p = &e->pipeline;
    p->n_bindings = j->desc->n_bindings;
    memcpy(p->bindings, j->desc->bindings, sizeof p->bindings);
    p->push_bytes = j->desc->push_bytes;
    st = create_layouts(d, p, j->desc->name, err);
    if (!st)
        st = create_pipeline(d, p, words, n_words, j->desc->name, err);
    if (st)
        destroy_entry(d, e);
    else
        j->made = e;
done:
    vr_free(d->allocator, words);
    return st;
}

static void work(void *user, size_t index)
{
    batch *b = user;
    job *j = &b->jobs[b->todo[index]];
    j->st = build(b->device, j, &j->err);
}

static vireo_status check_desc(const vireo_device *d, const vr_program_desc *desc, vireo_error *err)
{
    if (desc->n_bindings > VR_MAX_BINDINGS)
        return vr_fail(err, VIREO_ERROR_LIMIT, "%s: %u bindings; at most %d are allowed",
                       desc->name, desc->n_bindings, VR_MAX_BINDINGS);
    if (desc->push_bytes > d->info.max_push_bytes || desc->push_bytes % 4)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s: %u bytes of push constants; at most %u are allowed, in words of 4",
                       desc->name, desc->push_bytes, d->info.max_push_bytes);
    return VIREO_OK;
}

/* Two descriptions are the same program if the compiler would see the same text and the layouts are
 * equal. */
static vireo_status prepare(vireo_device *d, const vr_program_desc *desc, job *j, vireo_error *err)
{
    uint32_t layout[2 + VR_MAX_BINDINGS] = {0};
    vireo_status st = check_desc(d, desc, err);
    if (st)
        return st;
    st = vr_glsl_expand(d->allocator, desc->name, desc->source, desc->defines, desc->include,
                        &j->text, err);
    if (st)
        return st;
    layout[0] = desc->n_bindings;
    layout[1] = desc->push_bytes;
    for (uint32_t i = 0; i < desc->n_bindings; i++)
        layout[2 + i] = (uint32_t)desc->bindings[i];
    j->desc = desc;
    j->key = vr_hash_join(vr_hash(j->text, strlen(j->text)), vr_hash(layout, sizeof layout));
    return VIREO_OK;
}

/* build_lock is held. What could be built is kept even if another program of the batch fails. */
static vireo_status build_missing(vireo_device *d, job *jobs, size_t n, const vr_pipeline **out,
                                  vireo_error *err)
{
    vireo_status st = VIREO_OK;
    size_t missing = 0;
    size_t *todo = vr_calloc(d->allocator, n, sizeof *todo);
    if (!todo)
        return vr_fail_memory(err, "pipelines");
    for (size_t i = 0; i < n; i++) {
        bool known = out[i] || (out[i] = find(d->pipelines, &jobs[i].key));
        for (size_t k = 0; k < missing && !known; k++)
            known = memcmp(&jobs[todo[k]].key, &jobs[i].key, sizeof jobs[i].key) == 0;
        if (!known)
            todo[missing++] = i;
    }
    for (size_t k = 0; k < missing; k++)
        vr_logf(&d->log, VIREO_LOG_DEBUG, "compiling %s", jobs[todo[k]].desc->name);
    batch b = {d, jobs, todo};
    vr_parallel_for(missing, work, &b);
    for (size_t k = 0; k < missing; k++) {
        job *j = &jobs[todo[k]];
        if (j->made && !insert(d, j->made)) {
            destroy_entry(d, j->made);
            j->st = vr_fail_memory(&j->err, "pipelines");
        }
        if (j->st && !st) {
            st = j->st;
            vr_fail(err, st, "%s", j->err.message);
        }
    }
    for (size_t i = 0; i < n && !st; i++)
        if (!out[i])
            out[i] = find(d->pipelines, &jobs[i].key);
    vr_free(d->allocator, todo);
    return st;
}

static vireo_status get(vireo_device *d, const vr_program_desc *descs, size_t n, job *jobs,
                        const vr_pipeline **found, vireo_error *err)
{
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        vireo_status st = prepare(d, &descs[i], &jobs[i], err);
        if (st)
            return st;
        found[i] = find(d->pipelines, &jobs[i].key);
        all = all && found[i];
    }
    if (all)
        return VIREO_OK;
    vr_mutex_lock(&d->pipelines->build_lock);
    vireo_status st = build_missing(d, jobs, n, found, err);
    vr_mutex_unlock(&d->pipelines->build_lock);
    return st;
}

vireo_status vr_pipelines_get(vireo_device *d, const vr_program_desc *descs, size_t n,
                              const vr_pipeline **out, vireo_error *err)
{
    vireo_status st = vr_device_check(d, err);
    if (st || n == 0)
        return st;
    job *jobs = vr_calloc(d->allocator, n, sizeof *jobs);
    const vr_pipeline **found = vr_calloc(d->allocator, n, sizeof *found);
    st = jobs && found ? get(d, descs, n, jobs, found, err) : vr_fail_memory(err, "pipelines");
    if (!st)
        memcpy(out, found, n * sizeof *found);
    for (size_t i = 0; jobs && i < n; i++)
        vr_free(d->allocator, jobs[i].text);
    vr_free(d->allocator, found);
    vr_free(d->allocator, jobs);
    return st;
}

/* ---- The store and the driver's cache ------------------------------------------------------ */

static vr_hash128 cache_key(const vireo_device *d, VkPhysicalDeviceProperties *properties)
{
    vkGetPhysicalDeviceProperties(d->physical, properties);
    const uint32_t numbers[3] = {d->info.vendor_id, d->info.device_id, d->info.driver_version};
    vr_hash128 key =
        vr_hash_join(vr_hash(d->info.uuid, strlen(d->info.uuid)), vr_hash(numbers, sizeof numbers));
    return vr_hash_join(key, vr_hash(properties->pipelineCacheUUID, VK_UUID_SIZE));
}

vireo_status vr_pipeline_store_create(vireo_device *d, vireo_error *err)
{
    struct vr_pipeline_store *s = vr_calloc(d->allocator, 1, sizeof *s);
    void *data = NULL;
    size_t bytes = 0;
    VkPhysicalDeviceProperties properties;
    if (!s)
        return vr_fail_memory(err, "pipelines");
    vr_hash128 key = cache_key(d, &properties);
    if (!vr_cache_load(d, "pipelines", key, vr_pipelines_fault, &properties, &data, &bytes))
        bytes = 0;
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                      .initialDataSize = bytes,
                                      .pInitialData = bytes ? data : NULL};
    VkResult result = d->fn.vkCreatePipelineCache(d->handle, &info, NULL, &s->cache);
    if (result && bytes) {
        info.initialDataSize = bytes = 0;
        info.pInitialData = NULL;
        result = d->fn.vkCreatePipelineCache(d->handle, &info, NULL, &s->cache);
    }
    vr_free(d->allocator, data);
    if (result) {
        vr_free(d->allocator, s);
        return vr_vk_check(d, result, "pipeline cache", err);
    }
    s->saved_bytes = bytes;
    vr_mutex_init(&s->build_lock);
    vr_mutex_init(&s->table_lock);
    vr_map_init(&s->index, d->allocator);
    d->pipelines = s;
    return VIREO_OK;
}

void vr_pipeline_store_save(vireo_device *d)
{
    struct vr_pipeline_store *s = d->pipelines;
    size_t bytes = 0;
    VkPhysicalDeviceProperties properties;
    if (!d->cache_dir || d->lost)
        return;
    vr_mutex_lock(&s->build_lock);
    VkResult result = d->fn.vkGetPipelineCacheData(d->handle, s->cache, &bytes, NULL);
    if (result == VK_SUCCESS && bytes > s->saved_bytes && s->n > 0) {
        void *data = vr_alloc(d->allocator, bytes);
        if (data && d->fn.vkGetPipelineCacheData(d->handle, s->cache, &bytes, data) == VK_SUCCESS) {
            vr_cache_store(d, "pipelines", cache_key(d, &properties), data, bytes);
            s->saved_bytes = bytes;
        }
        vr_free(d->allocator, data);
    }
    vr_mutex_unlock(&s->build_lock);
}

void vr_pipeline_store_destroy(vireo_device *d)
{
    struct vr_pipeline_store *s = d->pipelines;
    if (!s)
        return;
    vr_pipeline_store_save(d);
    for (size_t i = 0; i < s->n; i++)
        destroy_entry(d, s->entries[i]);
    d->fn.vkDestroyPipelineCache(d->handle, s->cache, NULL);
    vr_free(d->allocator, s->entries);
    vr_map_deinit(&s->index);
    vr_mutex_deinit(&s->table_lock);
    vr_mutex_deinit(&s->build_lock);
    vr_free(d->allocator, s);
    d->pipelines = NULL;
}
