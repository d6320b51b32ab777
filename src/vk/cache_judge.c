/* SPDX-License-Identifier: Apache-2.0
 * A driver may trust what it is given: a module that breaks the rules of SPIR-V, or cache data of
 * another driver, is undefined behaviour. What can be told without a grammar of all instructions is
 * told here (SPIR-V 1.3, 2.3 "Physical Layout" and 2.17 "Universal Limits"; Vulkan 1.1,
 * "Pipeline Cache Header"). */
#include "vk/cache.h"
#include <string.h>

enum { HEAD_WORDS = 5, MAX_BOUND = 0x3fffff, MAX_VERSION = 0x00010300 };
enum { OP_ENTRY_POINT = 15, OP_FUNCTION_END = 56, GL_COMPUTE = 5 };
static const uint32_t magic = 0x07230203;

static uint32_t word(const void *data, size_t index)
{
    uint32_t w;
    memcpy(&w, (const char *)data + index * sizeof w, sizeof w);
    return w;
}

static bool is_main(const void *data, size_t at, size_t count)
{
    return count >= 5 && word(data, at + 1) == GL_COMPUTE &&
           memcmp((const char *)data + (at + 3) * sizeof(uint32_t), "main\0\0\0", 8) == 0;
}

const char *vr_spirv_fault(const void *user, const void *data, size_t bytes)
{
    (void)user;
    size_t n = bytes / sizeof(uint32_t);
    bool has_main = false;
    if (bytes % sizeof(uint32_t) || n < HEAD_WORDS)
        return "its length is not that of a SPIR-V module";
    if (word(data, 0) != magic)
        return "it holds no SPIR-V";
    if (word(data, 1) > MAX_VERSION || word(data, 1) < 0x00010000 || word(data, 1) & 0xff)
        return "it holds SPIR-V of another version";
    if (word(data, 3) == 0 || word(data, 3) > MAX_BOUND || word(data, 4) != 0)
        return "its SPIR-V has a faulty head";
    uint32_t op = 0;
    for (size_t at = HEAD_WORDS; at < n;) {
        size_t count = word(data, at) >> 16;
        op = word(data, at) & 0xffff;
        if (count == 0 || count > n - at)
            return "its SPIR-V has an instruction of a faulty length";
        if (op == OP_ENTRY_POINT)
            has_main = has_main || is_main(data, at, count);
        at += count;
    }
    if (!has_main)
        return "its SPIR-V has no compute entry point \"main\"";
    return op == OP_FUNCTION_END ? NULL : "its SPIR-V ends within a function";
}

const char *vr_pipelines_fault(const void *user, const void *data, size_t bytes)
{
    const VkPhysicalDeviceProperties *p = user;
    const size_t head = 4 * sizeof(uint32_t) + VK_UUID_SIZE;
    if (bytes < head || word(data, 0) < head || word(data, 0) > bytes)
        return "its pipeline data is too short";
    if (word(data, 1) != VK_PIPELINE_CACHE_HEADER_VERSION_ONE)
        return "its pipeline data is of another version";
    if (word(data, 2) != p->vendorID || word(data, 3) != p->deviceID ||
        memcmp((const char *)data + 4 * sizeof(uint32_t), p->pipelineCacheUUID, VK_UUID_SIZE))
        return "its pipeline data is of another device or driver";
    return NULL;
}
