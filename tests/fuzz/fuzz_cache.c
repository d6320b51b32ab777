/* SPDX-License-Identifier: Apache-2.0
 * Cache files. The first byte says how the rest is read:
 *   0  a whole file
 *   1  8 bytes of place and mask, then contents: a good file with up to four bytes changed
 *   2  contents judged as SPIR-V; if they pass, what the program needs of a device is read
 *   3  contents judged as pipeline data
 * What is accepted must be what the rules say, checked here once more in other words. */
#include "vk/cache.h"
#include "vk/program_needs.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { ROOM = 1 << 16 };
static const vr_hash128 key = {0x0123456789abcdef, 0xfedcba9876543210};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void whole_file(const uint8_t *data, size_t bytes)
{
    vr_cache_header h;
    if (vr_cache_fault("spirv", key, data, bytes))
        return;
    require(bytes >= sizeof h);
    memcpy(&h, data, sizeof h);
    require(h.bytes == bytes - sizeof h && h.key.low == key.low && h.key.high == key.high);
    require(strcmp(h.kind, "spirv") == 0 && h.version == 1);
}

static void changed_file(const uint8_t *data, size_t bytes)
{
    static union {
        vr_cache_header header;
        uint8_t bytes[sizeof(vr_cache_header) + ROOM];
    } file;
    const uint8_t *contents = data + 8;
    const size_t head = sizeof file.header;
    if (bytes < 8 || bytes - 8 > ROOM)
        return;
    size_t n = bytes - 8;
    memcpy(file.bytes + head, contents, n);
    file.header = vr_cache_header_of("spirv", key, file.bytes + head, n);
    for (size_t i = 0; i < 8; i += 2)
        file.bytes[data[i] % head] ^= data[i + 1];
    const vr_cache_header good = vr_cache_header_of("spirv", key, contents, n);
    bool same = memcmp(&file.header, &good, head) == 0;
    require(same == !vr_cache_fault("spirv", key, file.bytes, head + n));
    require(vr_cache_fault("spirv", key, file.bytes, head - 1) != NULL);
    if (n > 0)
        require(vr_cache_fault("spirv", key, file.bytes, head + n - 1) != NULL);
}

static void spirv(const uint8_t *data, size_t bytes)
{
    size_t n = bytes / 4, at = 5;
    if (vr_spirv_fault(NULL, data, bytes))
        return;
    require(bytes % 4 == 0 && n > 5 && memcmp(data, "\x03\x02\x23\x07", 4) == 0);
    while (at < n) {
        size_t count = data[4 * at + 2] + 256u * data[4 * at + 3];
        require(count > 0);
        at += count;
    }
    require(at == n);
    uint32_t *words = malloc(bytes); /* aligned, and nothing behind it */
    vr_program_needs needs;
    require(words);
    memcpy(words, data, bytes);
    require(!vr_program_needs_read(NULL, words, n, &needs, NULL));
    free(words);
}

static void pipeline_data(const uint8_t *data, size_t bytes)
{
    VkPhysicalDeviceProperties p = {.vendorID = 0x10005, .deviceID = 0};
    memcpy(p.pipelineCacheUUID, "0123456789abcdef", VK_UUID_SIZE);
    if (!vr_pipelines_fault(&p, data, bytes))
        require(bytes >= 32 && memcmp(data + 16, "0123456789abcdef", 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static void (*const modes[])(const uint8_t *, size_t) = {whole_file, changed_file, spirv,
                                                             pipeline_data};
    if (bytes > 0)
        modes[data[0] % 4](data + 1, bytes - 1);
    return 0;
}
