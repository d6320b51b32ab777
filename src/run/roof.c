/* SPDX-License-Identifier: Apache-2.0
 * The device's roof (vireo/inspect.h). Nothing of a session is in it: programs without a step buffer, one
 * submission of equal dispatches. */
#include "base/alloc.h"
#include "run/shader_text.h"
#include "shaders/push.h"
#include "vk/pipeline.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DATA_BYTES ((uint64_t)64 << 20)
#define TIMEOUT_NS ((uint64_t)600 * 1000 * 1000 * 1000)
enum { QUAD_WORDS = 4, ROW_QUADS = 4, CHAINS = 12, STEPS = 8, MAX_SALT = 9999999 };
enum { N_WORDS = DATA_BYTES / 4, N_QUADS = N_WORDS / QUAD_WORDS, N_ROWS = N_QUADS / ROW_QUADS };
/* Chains of numbers come to 1 and stay there; those of bytes go on in sums of w · x + w_shift. */
static const struct vr_push_roof constants = {.a = 0.5f, .b = 0.5f, .w = 0x7f03fd02, .w_shift = 5};

typedef enum roof_way { ROOF_MEMORY, ROOF_ARITHMETIC, ROOF_UPLOAD, ROOF_DOWNLOAD } roof_way;
typedef struct roof_kind {
    const char *name, *defines;
    roof_way way;
    uint64_t bytes;      /* of a unit */
    uint32_t operations; /* of a step of a chain */
    bool copies, gathers, texel; /* texel: reads by views, not storage buffers */
} roof_kind;
#define COPY "#define VR_COPY 1\n"
#define READ "#define VR_COPY 0\n#define VR_GATHER 0\n"
#define GATHER "#define VR_COPY 0\n#define VR_GATHER 1\n"
#define GATHERED (DATA_BYTES + N_ROWS * sizeof(uint32_t))
static const roof_kind kinds[] = {
    {"copy", COPY, ROOF_MEMORY, 2 * DATA_BYTES, 0, true, false, false},
    {"copy_texel", COPY, ROOF_MEMORY, 2 * DATA_BYTES, 0, true, false, true},
    {"read", READ, ROOF_MEMORY, DATA_BYTES, 0, false, false, false},
    {"read_texel", READ, ROOF_MEMORY, DATA_BYTES, 0, false, false, true},
    {"gather", GATHER, ROOF_MEMORY, GATHERED, 0, false, true, false},
    {"gather_texel", GATHER, ROOF_MEMORY, GATHERED, 0, false, true, true},
    {"f32", "#define VR_INT8 0\n#define VR_F16 0\n", ROOF_ARITHMETIC, 0, 2, false, false, false},
    {"f16", "#define VR_INT8 0\n#define VR_F16 1\n", ROOF_ARITHMETIC, 0, 2, false, false, false},
    {"int8", "#define VR_INT8 1\n#define VR_F16 0\n", ROOF_ARITHMETIC, 0, 8, false, false, false},
    {"upload", "", ROOF_UPLOAD, DATA_BYTES, 0, false, false, false},
    {"download", "", ROOF_DOWNLOAD, DATA_BYTES, 0, false, false, false}};

struct vireo_roof {
    vireo_device *device;
    const roof_kind *kind;
    vireo_roof_info info;
    uint32_t wg, groups, trips;
    uint32_t *host; /* (N_WORDS) of memory, (groups · wg · QUAD_WORDS) of arithmetic, owned */
    vr_buffer from, to, ids;
    const vr_pipeline *pipeline;
    VkDescriptorPool sets;
    VkDescriptorSet set;
    VkBufferView views[2]; /* of from and ids */
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    uint32_t recorded; /* units */
};

const char *vireo_roof_name(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? kinds[index].name : NULL;
}

static uint32_t word_at(size_t i)
{
    return (uint32_t)i * 2654435761u + 1;
}

/* A permutation of the rows: each factor is odd, and what is shifted in can be taken out again. */
static uint32_t row_at(size_t i)
{
    const uint32_t mask = N_ROWS - 1;
    uint32_t x = (uint32_t)i * 0x9e3779b1u & mask;
    x ^= x >> 10;
    x = x * 0x85ebca6bu & mask;
    return x ^ x >> 10;
}

/* ---- Creating ------------------------------------------------------------------------------- */

static void fill_words(uint32_t *words)
{
    for (size_t i = 0; i < N_WORDS; i++)
        words[i] = word_at(i);
}

static vireo_status create_ids(vireo_roof *r, vireo_error *err)
{
    for (size_t i = 0; i < N_ROWS; i++)
        r->host[i] = row_at(i);
    const uint64_t bytes = N_ROWS * sizeof *r->host;
    vireo_status st = vr_buffer_create(r->device, bytes, VR_MEMORY_DEVICE, "roof ids", &r->ids, err);
    return st ? st : vr_buffer_write(r->device, &r->ids, 0, r->host, bytes, err);
}

static vireo_status create_buffers(vireo_roof *r, vireo_error *err)
{
    vireo_device *d = r->device;
    const bool moves = r->kind->copies || r->kind->way == ROOF_UPLOAD;
    const uint64_t written = r->kind->way == ROOF_DOWNLOAD ? 0
                             : moves ? DATA_BYTES
                                     : (uint64_t)r->groups * r->wg * QUAD_WORDS * sizeof *r->host;
    const bool reads = r->kind->way == ROOF_MEMORY || r->kind->way == ROOF_DOWNLOAD;
    const size_t bytes = reads || moves ? DATA_BYTES : (size_t)written;
    r->host = vr_calloc(d->allocator, bytes, 1);
    if (!r->host)
        return vr_fail_memory(err, "roof");
    vireo_status st = r->kind->gathers ? create_ids(r, err) : VIREO_OK;
    if (!st && written)
        st = vr_buffer_create(d, written, VR_MEMORY_DEVICE, "roof", &r->to, err);
    if (!st && written) /* what is right must have been put there */
        st = vr_buffer_write(d, &r->to, 0, r->host, written, err);
    if (reads || moves)
        fill_words(r->host);
    if (!st && reads)
        st = vr_buffer_create(d, DATA_BYTES, VR_MEMORY_DEVICE, "roof", &r->from, err);
    if (!st && reads)
        st = vr_buffer_write(d, &r->from, 0, r->host, DATA_BYTES, err);
    if (r->kind->way != ROOF_UPLOAD)
        memset(r->host, 0, bytes);
    return st;
}

/* Software drivers take a subgroup's width, and loops rather than lanes. */
static void choose_sizes(vireo_roof *r, uint32_t *quads)
{
    const vireo_device_info *d = &r->device->info;
    const bool cpu = d->type == VIREO_DEVICE_CPU;
    const bool narrow = cpu && d->subgroup_size >= 4 && d->subgroup_size <= 128;
    r->wg = narrow ? d->subgroup_size : 128;
    *quads = cpu ? 64 : 16;
    r->trips = 128;
    r->groups = r->kind->way == ROOF_MEMORY ? N_QUADS / (r->wg * *quads)
                                            : (cpu ? 1u << 12 : 1u << 18) / r->wg;
    r->info = (vireo_roof_info){.name = r->kind->name, .bytes = (double)r->kind->bytes,
                                .operations = (double)r->kind->operations * CHAINS * STEPS *
                                              r->trips * r->groups * r->wg};
}

static vireo_status create_program(vireo_roof *r, uint32_t quads, uint32_t salt, vireo_error *err)
{
    char defines[160];
    const bool memory = r->kind->way == ROOF_MEMORY;
    vr_program_desc desc = {.name = memory ? "roof_memory.comp" : "roof_arithmetic.comp",
                            .defines = defines, .include = vr_find_shader, .n_bindings = 3,
                            .push_bytes = memory ? 0 : sizeof constants};
    desc.source = vr_find_shader(desc.name);
    if (r->kind->texel)
        desc.bindings[0] = desc.bindings[2] = VR_BIND_TEXEL;
    snprintf(defines, sizeof defines,
             "#define WG %u\n#define VR_QUADS %uu\n#define VR_SALT %u\n#define VR_TEXEL %d\n%s",
             (unsigned)r->wg, (unsigned)quads, (unsigned)salt + 1, r->kind->texel, r->kind->defines);
    return vr_pipelines_get(r->device, &desc, 1, &r->pipeline, err);
}

/* Without ids their view, too, is of what is read. */
static vireo_status create_views(vireo_roof *r, vireo_error *err)
{
    const vr_buffer *ids = r->kind->gathers ? &r->ids : &r->from;
    vireo_status st = vr_view_create(r->device, &r->from, VK_FORMAT_R32G32B32A32_UINT, 0, DATA_BYTES,
                                     &r->views[0], err);
    return st ? st : vr_view_create(r->device, ids, VK_FORMAT_R32_UINT, 0, N_ROWS * sizeof(uint32_t),
                                    &r->views[1], err);
}

static vireo_status create_set(vireo_roof *r, vireo_error *err)
{
    vireo_device *d = r->device;
    const VkDescriptorPoolSize sizes[] = {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, r->kind->texel ? 1 : 3},
                                          {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, 2}};
    const VkDescriptorPoolCreateInfo sets = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1,
        .poolSizeCount = r->kind->texel ? 2 : 1, .pPoolSizes = sizes};
    vireo_status st = r->kind->texel ? create_views(r, err) : VIREO_OK;
    if (st)
        return st;
    VkResult result = d->fn.vkCreateDescriptorPool(d->handle, &sets, NULL, &r->sets);
    if (!result) {
        const VkDescriptorSetAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = r->sets,
            .descriptorSetCount = 1, .pSetLayouts = &r->pipeline->set_layout};
        result = d->fn.vkAllocateDescriptorSets(d->handle, &info, &r->set);
    }
    const vr_buffer *buffers[] = {&r->from, &r->to, &r->ids};
    for (uint32_t i = 0; !result && i < 3; i++) {
        const bool view = r->kind->texel && i != 1;
        /* What a program does not use is bound all the same. */
        const VkDescriptorBufferInfo range = {
            buffers[i]->handle ? buffers[i]->handle : r->to.handle, 0, VK_WHOLE_SIZE};
        const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                            .dstSet = r->set, .dstBinding = i, .descriptorCount = 1,
                                            .descriptorType = view
                                                ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER
                                                : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                            .pBufferInfo = &range,
                                            .pTexelBufferView = &r->views[i / 2]};
        d->fn.vkUpdateDescriptorSets(d->handle, 1, &write, 0, NULL);
    }
    return vr_vk_check(d, result, "roof", err);
}

static vireo_status create_commands(vireo_roof *r, vireo_error *err)
{
    vireo_device *d = r->device;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = d->queue_family};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkResult result = d->fn.vkCreateCommandPool(d->handle, &pool, NULL, &r->pool);
    if (!result) {
        const VkCommandBufferAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = r->pool,
            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
        result = d->fn.vkAllocateCommandBuffers(d->handle, &info, &r->commands);
    }
    if (!result)
        result = d->fn.vkCreateFence(d->handle, &fence, NULL, &r->fence);
    return vr_vk_check(d, result, "roof", err);
}

static bool is_offered(const roof_kind *k, const vireo_device_info *d)
{
    if (k->texel)
        return d->max_texel_elements >= N_QUADS;
    return strcmp(k->name, "f16") == 0 ? d->float16 : strcmp(k->name, "int8") == 0 ? d->int8_dot : true;
}

vireo_status vireo_roof_create(vireo_device *d, const char *name, uint32_t salt, vireo_roof **out,
                               vireo_error *err)
{
    const roof_kind *kind = NULL;
    uint32_t quads;
    for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name))
            kind = &kinds[i];
    if (!d || !out || !kind || salt > MAX_SALT)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "roof: a device, a name of vireo_roof_name and a salt of at most %d are needed",
                       MAX_SALT);
    if (!is_offered(kind, &d->info))
        return vr_fail(err, VIREO_ERROR_UNSUPPORTED, "%s does not offer what \"%s\" measures",
                       d->info.name, name);
    vireo_roof *r = vr_calloc(d->allocator, 1, sizeof *r);
    if (!r)
        return vr_fail_memory(err, "roof");
    r->device = d;
    r->kind = kind;
    choose_sizes(r, &quads);
    vireo_status st = create_buffers(r, err);
    if (!st && (kind->way == ROOF_MEMORY || kind->way == ROOF_ARITHMETIC)) {
        st = create_program(r, quads, salt, err);
        if (!st)
            st = create_set(r, err);
        if (!st)
            st = create_commands(r, err);
    }
    if (st)
        vireo_roof_destroy(&r);
    else
        *out = r;
    return st;
}

const vireo_roof_info *vireo_roof_get_info(const vireo_roof *r)
{
    return &r->info;
}

void vireo_roof_destroy(vireo_roof **roof)
{
    vireo_roof *r = roof ? *roof : NULL;
    if (!r)
        return;
    vireo_device *d = r->device;
    d->fn.vkDestroyFence(d->handle, r->fence, NULL);
    d->fn.vkDestroyCommandPool(d->handle, r->pool, NULL);
    d->fn.vkDestroyDescriptorPool(d->handle, r->sets, NULL);
    for (size_t i = 0; i < 2; i++)
        d->fn.vkDestroyBufferView(d->handle, r->views[i], NULL);
    vr_buffer_destroy(d, &r->from);
    vr_buffer_destroy(d, &r->to);
    vr_buffer_destroy(d, &r->ids);
    vr_free(d->allocator, r->host);
    vr_free(d->allocator, r);
    *roof = NULL;
}

/* ---- Running -------------------------------------------------------------------------------- */

/* After each dispatch a barrier: the next writes to the same place, the host may read it at the end. */
static VkResult record(vireo_roof *r, uint32_t units)
{
    const struct VolkDeviceTable *fn = &r->device->fn;
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT};
    struct vr_push_roof push = constants;
    push.trips = r->trips;
    r->recorded = 0;
    VkResult result = fn->vkResetCommandPool(r->device->handle, r->pool, 0);
    if (!result)
        result = fn->vkBeginCommandBuffer(r->commands, &begin);
    if (result)
        return result;
    fn->vkCmdBindPipeline(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, r->pipeline->handle);
    fn->vkCmdBindDescriptorSets(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, r->pipeline->layout, 0, 1,
                                &r->set, 0, NULL);
    if (r->pipeline->push_bytes)
        fn->vkCmdPushConstants(r->commands, r->pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               sizeof push, &push);
    for (uint32_t i = 0; i < units; i++) {
        fn->vkCmdDispatch(r->commands, r->groups, 1, 1);
        fn->vkCmdPipelineBarrier(r->commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                 VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0,
                                 1, &barrier, 0, NULL, 0, NULL);
    }
    result = fn->vkEndCommandBuffer(r->commands);
    r->recorded = result ? 0 : units;
    return result;
}

static vireo_status submit(vireo_roof *r, uint32_t units, vireo_error *err)
{
    vireo_device *d = r->device;
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                               .pCommandBuffers = &r->commands};
    VkResult result = r->recorded == units ? VK_SUCCESS : record(r, units);
    if (!result)
        result = d->fn.vkResetFences(d->handle, 1, &r->fence);
    if (!result) {
        vr_mutex_lock(&d->queue_lock);
        result = d->fn.vkQueueSubmit(d->queue, 1, &info, r->fence);
        vr_mutex_unlock(&d->queue_lock);
    }
    if (!result) {
        d->counters.submits++;
        d->counters.dispatches += r->recorded;
        d->counters.groups += (uint64_t)r->recorded * r->groups;
        result = d->fn.vkWaitForFences(d->handle, 1, &r->fence, VK_TRUE, TIMEOUT_NS);
    }
    if (result == VK_TIMEOUT)
        d->lost = true; /* its buffers may be in use for ever */
    return vr_vk_check(d, result, r->kind->name, err);
}

vireo_status vireo_roof_run(vireo_roof *r, uint32_t units, vireo_error *err)
{
    vireo_status st = vr_device_check(r->device, err);
    if (!st && units == 0)
        st = vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "roof: no units");
    if (st)
        return st;
    if (r->kind->way == ROOF_MEMORY || r->kind->way == ROOF_ARITHMETIC)
        return submit(r, units, err);
    for (uint32_t i = 0; !st && i < units; i++)
        st = r->kind->way == ROOF_UPLOAD
                 ? vr_buffer_write(r->device, &r->to, 0, r->host, DATA_BYTES, err)
                 : vr_buffer_read(r->device, &r->from, 0, r->host, DATA_BYTES, err);
    return st;
}

/* ---- Answers -------------------------------------------------------------------------------- */

static bool is_moved(const uint32_t *words)
{
    for (size_t i = 0; i < N_WORDS; i++)
        if (words[i] != word_at(i))
            return false;
    return true;
}

static bool is_summed(const vireo_roof *r, const uint32_t *sums)
{
    const size_t per_group = N_QUADS / r->groups, wg = r->wg;
    for (size_t i = 0; i < r->groups * wg * QUAD_WORDS; i++) {
        const size_t lane = i / QUAD_WORDS;
        uint32_t sum = 0;
        for (size_t quad = lane / wg * per_group + lane % wg, n = 0; n < per_group / wg; quad += wg, n++) {
            const size_t at = r->kind->gathers
                                  ? row_at(quad / ROW_QUADS) * ROW_QUADS + quad % ROW_QUADS : quad;
            sum += word_at(at * QUAD_WORDS + i % QUAD_WORDS);
        }
        if (sums[i] != sum)
            return false;
    }
    return true;
}

/* Chain number `chain` of a lane, as the program computes it. */
static double chain_end(const vireo_roof *r, int32_t chain)
{
    if (r->kind->operations == 2)
        return 1;
    int32_t x = chain;
    for (uint32_t i = 0; i < r->trips * STEPS; i++) {
        int32_t sum = constants.w_shift;
        for (uint32_t byte = 0; byte < 4; byte++)
            sum += (int8_t)((uint32_t)constants.w >> 8 * byte) * (int8_t)((uint32_t)x >> 8 * byte);
        x = sum;
    }
    return x;
}

static bool is_computed(const vireo_roof *r, const float *sums)
{
    double expected[4][QUAD_WORDS]; /* by what a lane's chains begin with */
    for (int32_t i = 0; i < 4; i++)
        for (int32_t j = 0; j < QUAD_WORDS; j++)
            expected[i][j] = chain_end(r, i + j) + chain_end(r, i + j + 4) + chain_end(r, i + j + 8);
    for (size_t i = 0; i < (size_t)r->groups * r->wg * QUAD_WORDS; i++) {
        const double want = expected[i / QUAD_WORDS % r->wg & 3][i % QUAD_WORDS];
        if (!(fabs((double)sums[i] - want) <= fabs(want) * 4e-3)) /* halves may be rounded down */
            return false;
    }
    return true;
}

vireo_status vireo_roof_check(vireo_roof *r, vireo_error *err)
{
    const roof_kind *k = r->kind;
    vireo_status st = VIREO_OK;
    if (k->way != ROOF_DOWNLOAD) {
        memset(r->host, 0, r->to.bytes);
        st = vr_buffer_read(r->device, &r->to, 0, r->host, r->to.bytes, err);
    }
    if (st)
        return st;
    const bool right = k->way == ROOF_ARITHMETIC ? is_computed(r, (const float *)(void *)r->host)
                       : k->way == ROOF_MEMORY && !k->copies ? is_summed(r, r->host)
                                                             : is_moved(r->host);
    if (k->way == ROOF_UPLOAD)
        fill_words(r->host); /* for the next run */
    return right ? VIREO_OK
                 : vr_fail(err, VIREO_ERROR_DEVICE,
                           "roof: what %s computed for \"%s\" is wrong; its time means nothing",
                           r->device->info.name, k->name);
}
