/* SPDX-License-Identifier: Apache-2.0
 * Malformed files in the cache folder of a device: each is a miss that the log names, never reaches
 * the driver, changes no result, and is replaced by a good file or, where it is no regular file of
 * ours to replace, left alone with one warning. */
#include "tests/device_test.h"
#include "vk/cache.h"
#include "vk/run_program.h"
#include "vk/scratch.h"
#include <sys/stat.h>
#include <unistd.h>

enum { N = 64, HEAD = sizeof(vr_cache_header) };
#define FIELD(name) offsetof(vr_cache_header, name)

static const char source[] = "#version 450\n"
                             "layout(local_size_x = 8) in;\n"
                             "layout(binding = 0) buffer B { float x[]; };\n"
                             "void main() { x[gl_GlobalInvocationID.x] *= 3.0; }\n";

/* ---- What is put in the place of a good file ------------------------------------------------ */

typedef struct edited {
    const char *path; /* of the good file, which is there */
    unsigned char *data;
    size_t bytes, room;
} edited;
typedef struct row row;
struct row {
    const char *what;
    void (*edit)(edited *, const row *); /* sets data to NULL if it is not to be written */
    size_t at;
    uint64_t value;
    const char *says;  /* "%zu" is the good file's size; a ':' in front follows the path */
    const char *warns; /* NULL: it is replaced; else it is left alone, with this after the path */
};

static void resize(edited *f, const row *r)
{
    size_t whole = f->bytes;
    f->bytes = r->value ? whole - r->at : r->at;
}

static void append(edited *f, const row *r)
{
    assert_true(f->bytes + r->at <= f->room);
    memset(f->data + f->bytes, (int)r->value, r->at);
    f->bytes += r->at;
}

static void put64(edited *f, const row *r)
{
    memcpy(f->data + r->at, &r->value, sizeof r->value);
}

static void add64(edited *f, const row *r)
{
    uint64_t old;
    memcpy(&old, f->data + r->at, sizeof old);
    old += r->value;
    memcpy(f->data + r->at, &old, sizeof old);
}

static void flip(edited *f, const row *r)
{
    f->data[r->at] ^= (unsigned char)r->value;
}

static void flip_last(edited *f, const row *r)
{
    f->data[f->bytes - 1] ^= (unsigned char)r->value;
}

/* The header of the changed contents, as if they had been stored so. */
static void seal(edited *f)
{
    vr_cache_header h;
    char kind[sizeof h.kind + 1] = "";
    memcpy(&h, f->data, sizeof h);
    memcpy(kind, h.kind, sizeof h.kind);
    h = vr_cache_header_of(kind, h.key, f->data + HEAD, f->bytes - HEAD);
    memcpy(f->data, &h, sizeof h);
}

static void sealed_word(edited *f, const row *r)
{
    uint32_t value = (uint32_t)r->value;
    memcpy(f->data + HEAD + 4 * r->at, &value, sizeof value);
    seal(f);
}

static void sealed_flip(edited *f, const row *r)
{
    f->data[HEAD + r->at] ^= (unsigned char)r->value;
    seal(f);
}

static void sealed_resize(edited *f, const row *r)
{
    f->bytes = r->value ? f->bytes - r->at : HEAD + r->at;
    seal(f);
}

/* The first instruction as long as the whole module: it ends behind it. */
static void sealed_overrun(edited *f, const row *r)
{
    uint32_t value = (uint32_t)(f->bytes - HEAD) / 4 << 16 | 17;
    (void)r;
    memcpy(f->data + HEAD + 20, &value, sizeof value);
    seal(f);
}

static void sealed_text(edited *f, const row *r)
{
    (void)r;
    memset(f->data + HEAD, ' ', f->bytes - HEAD);
    memcpy(f->data + HEAD, source, sizeof source < f->bytes - HEAD ? sizeof source : 16);
    seal(f);
}

static void folder(edited *f, const row *r)
{
    (void)r;
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    f->data = NULL;
}

static void fifo(edited *f, const row *r)
{
    (void)r;
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    f->data = NULL;
}

static void elsewhere(const char *path, char out[600])
{
    snprintf(out, 600, "%s-elsewhere", path);
}

/* To a good file: where it leads does not matter. */
static void symbolic_link(edited *f, const row *r)
{
    char target[600];
    (void)r;
    elsewhere(f->path, target);
    assert_int_equal(rename(f->path, target), 0);
    assert_int_equal(symlink(target, f->path), 0);
    f->data = NULL;
}

static void sparse(edited *f, const row *r)
{
    assert_int_equal(truncate(f->path, (off_t)r->value), 0);
    f->data = NULL;
}

/* The file is cut after it was opened and measured: when the memory for it is asked for. */
static struct {
    const char *path;
    size_t bytes, to;
} cut_later;

static void *reallocate(void *user, void *old, size_t bytes)
{
    (void)user;
    if (cut_later.path && bytes == cut_later.bytes + 1) {
        assert_int_equal(truncate(cut_later.path, (off_t)cut_later.to), 0);
        cut_later.path = NULL;
    }
    return realloc(old, bytes);
}

static void *allocate(void *user, size_t bytes)
{
    return reallocate(user, NULL, bytes);
}

static void release(void *user, void *old)
{
    (void)user;
    free(old);
}

static void cut_while_read(edited *f, const row *r)
{
    cut_later.path = f->path;
    cut_later.bytes = f->bytes;
    cut_later.to = r->at;
    f->data = NULL;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

#define SHORT "it is shorter than its header"
#define OTHER "it is of another program, device or driver"
#define LENGTH "its length is not the one it names"
#define DAMAGED "its contents are damaged"

/* Of the file, whatever it holds. */
static const row common[] = {
    {"empty", resize, 0, 0, SHORT, NULL},
    {"one byte", resize, 1, 0, SHORT, NULL},
    {"half a header", resize, HEAD / 2, 0, SHORT, NULL},
    {"a header less a byte", resize, HEAD - 1, 0, SHORT, NULL},
    {"a header alone", resize, HEAD, 0, LENGTH, NULL},
    {"magic", flip, FIELD(magic), 1, "it is no cache file", NULL},
    {"magic, line end turned", flip, FIELD(magic) + 5, '\r' ^ '\n', "it is no cache file", NULL},
    {"version 0", put64, FIELD(version), 0, "it is of another version", NULL},
    {"version 2", put64, FIELD(version), 2, "it is of another version", NULL},
    {"another byte order", put64, FIELD(version), 1ull << 56, "it is of another version", NULL},
    {"kind", flip, FIELD(kind), 1, OTHER, NULL},
    {"padding of kind", flip, FIELD(kind) + 15, 0x80, OTHER, NULL},
    {"low half of the key", flip, FIELD(key), 0x80, OTHER, NULL},
    {"high half of the key", flip, FIELD(key) + 15, 1, OTHER, NULL},
    {"length 0", put64, FIELD(bytes), 0, LENGTH, NULL},
    {"length 1 too small", add64, FIELD(bytes), UINT64_MAX, LENGTH, NULL},
    {"length 1 too large", add64, FIELD(bytes), 1, LENGTH, NULL},
    {"length 2^63", put64, FIELD(bytes), 1ull << 63, LENGTH, NULL},
    {"length 2^64 - 1", put64, FIELD(bytes), UINT64_MAX, LENGTH, NULL},
    {"length that wraps", put64, FIELD(bytes), UINT64_MAX - HEAD + 1, LENGTH, NULL},
    {"low half of the hash", flip, FIELD(hash), 1, DAMAGED, NULL},
    {"high half of the hash", flip, FIELD(hash) + 15, 0x80, DAMAGED, NULL},
    {"first byte of the contents", flip, HEAD, 1, DAMAGED, NULL},
    {"last byte of the contents", flip_last, 0, 0x80, DAMAGED, NULL},
    {"last byte missing", resize, 1, 1, LENGTH, NULL},
    {"a byte more", append, 1, 0, LENGTH, NULL},
    {"written twice over", append, 72, 'v', LENGTH, NULL},
    {"larger than any", sparse, 0, (256 << 20) + 1,
     ": 268435457 bytes, at most 268435456 are allowed (LIMIT)", NULL},
    {"cut while it is read", cut_while_read, 40, 0,
     ": became shorter while it was read (40 of %zu bytes)", NULL},
    {"pipe", fifo, 0, 0, ": is a pipe, a regular file is needed (NOT_FILE)", NULL},
    {"folder", folder, 0, 0, ": is a folder, a regular file is needed (NOT_FILE)",
     ": cannot be replaced: Is a directory"},
    {"symbolic link", symbolic_link, 0, 0, "it is a symbolic link", ": a symbolic link"},
};

static const row spirv[] = {
    {"no contents", sealed_resize, 0, 0, "its length is not that of a SPIR-V module", NULL},
    {"four words", sealed_resize, 16, 0, "its length is not that of a SPIR-V module", NULL},
    {"part of a word", sealed_resize, 1, 1, "its length is not that of a SPIR-V module", NULL},
    {"magic", sealed_word, 0, 0x07230204, "it holds no SPIR-V", NULL},
    {"another byte order", sealed_word, 0, 0x03022307, "it holds no SPIR-V", NULL},
    {"GLSL", sealed_text, 0, 0, "it holds no SPIR-V", NULL},
    {"SPIR-V 1.6", sealed_word, 1, 0x00010600, "it holds SPIR-V of another version", NULL},
    {"SPIR-V 0.99", sealed_word, 1, 0x00006300, "it holds SPIR-V of another version", NULL},
    {"bound 0", sealed_word, 3, 0, "its SPIR-V has a faulty head", NULL},
    {"bound 2^32 - 1", sealed_word, 3, UINT32_MAX, "its SPIR-V has a faulty head", NULL},
    {"schema", sealed_word, 4, 1, "its SPIR-V has a faulty head", NULL},
    {"an instruction of no words", sealed_word, 5, 17,
     "its SPIR-V has an instruction of a faulty length", NULL},
    {"an instruction longer than what is left", sealed_overrun, 0, 0,
     "its SPIR-V has an instruction of a faulty length", NULL},
    {"an instruction past the end", sealed_word, 5, 0xffff0011,
     "its SPIR-V has an instruction of a faulty length", NULL},
    {"last instruction missing", sealed_resize, 4, 1, "its SPIR-V ends within a function", NULL},
    {"a capability alone", sealed_resize, 4 * 7, 0,
     "its SPIR-V has no compute entry point \"main\"", NULL},
};

static const row pipelines[] = {
    {"no contents", sealed_resize, 0, 0, "its pipeline data is too short", NULL},
    {"31 bytes", sealed_resize, 31, 0, "its pipeline data is too short", NULL},
    {"length of its header 31", sealed_word, 0, 31, "its pipeline data is too short", NULL},
    {"length of its header 2^31", sealed_word, 0, 1u << 31, "its pipeline data is too short", NULL},
    {"version", sealed_word, 1, 2, "its pipeline data is of another version", NULL},
    {"vendor", sealed_flip, 8, 1, "its pipeline data is of another device or driver", NULL},
    {"device", sealed_flip, 12, 1, "its pipeline data is of another device or driver", NULL},
    {"driver", sealed_flip, 31, 1, "its pipeline data is of another device or driver", NULL},
};

/* ---- What the device sees and says ---------------------------------------------------------- */

static struct {
    char info[2048], warning[2048];
    unsigned infos, warnings;
    unsigned char *code; /* of the module made last */
    size_t code_bytes, initial_bytes;
    PFN_vkCreateShaderModule create_module;
    PFN_vkCreatePipelineCache create_cache;
} seen;

static void listen(void *user, vireo_log_level level, const char *message)
{
    (void)user;
    if (level == VIREO_LOG_WARN) {
        seen.warnings++;
        snprintf(seen.warning, sizeof seen.warning, "%s", message);
    } else if (level == VIREO_LOG_INFO && strncmp(message, "cache: ", 7) == 0) {
        seen.infos++;
        snprintf(seen.info, sizeof seen.info, "%s", message);
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL watch_module(VkDevice device,
                                                   const VkShaderModuleCreateInfo *info,
                                                   const VkAllocationCallbacks *callbacks,
                                                   VkShaderModule *module)
{
    seen.code_bytes = info->codeSize;
    seen.code = realloc(seen.code, info->codeSize);
    assert_non_null(seen.code);
    memcpy(seen.code, info->pCode, info->codeSize);
    return seen.create_module(device, info, callbacks, module);
}

static VKAPI_ATTR VkResult VKAPI_CALL watch_cache(VkDevice device,
                                                  const VkPipelineCacheCreateInfo *info,
                                                  const VkAllocationCallbacks *callbacks,
                                                  VkPipelineCache *cache)
{
    seen.initial_bytes = info->initialDataSize;
    return seen.create_cache(device, info, callbacks, cache);
}

static vireo_device *create(const scratch *s)
{
    static const vireo_allocator hook = {allocate, reallocate, release, NULL};
    vireo_device_options options = test_device_options();
    options.cache_dir = s->path;
    options.allocator = &hook;
    options.log = listen;
    options.log_level = VIREO_LOG_INFO;
    vireo_device *d = test_device_create_with(&options, NULL);
    seen.create_module = d->fn.vkCreateShaderModule;
    seen.create_cache = d->fn.vkCreatePipelineCache;
    d->fn.vkCreateShaderModule = watch_module;
    d->fn.vkCreatePipelineCache = watch_cache;
    return d;
}

static void check_results(vireo_device *d)
{
    const vr_program_desc desc = {
        .name = "triple", .source = source, .defines = "", .n_bindings = 1};
    const vr_pipeline *p = NULL;
    vr_buffer b = {0};
    float x[N];
    vireo_error err = {0};
    for (int i = 0; i < N; i++)
        x[i] = (float)(i * 7 % 31 - 11);
    assert_int_equal(vr_buffer_create(d, sizeof x, VR_MEMORY_HOST, "x", &b, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_write(d, &b, 0, x, sizeof x, NULL), VIREO_OK);
    if (vr_pipelines_get(d, &desc, 1, &p, &err) ||
        run_program(d, p, (const vr_buffer *[]){&b}, NULL, N / 8, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vr_buffer_read(d, &b, 0, x, sizeof x, NULL), VIREO_OK);
    for (int i = 0; i < N; i++)
        assert_true(x[i] == 3.0f * (float)(i * 7 % 31 - 11));
    vr_buffer_destroy(d, &b);
}

typedef struct good_files {
    scratch folder;
    scratch_file spirv, pipelines;
    vireo_device *device;
} good_files;

static void spoil(const scratch_file *good, const row *r)
{
    edited f = {.path = good->path, .bytes = good->bytes, .room = good->bytes + 256};
    unsigned char *copy = calloc(1, f.room);
    assert_non_null(copy);
    memcpy(copy, good->data, good->bytes);
    f.data = copy;
    r->edit(&f, r);
    if (f.data)
        scratch_put(f.path, f.data, f.bytes);
    free(copy);
}

static void check_log(const row *r, const scratch_file *good)
{
    char says[256], expected[2048];
    snprintf(says, sizeof says, r->says, good->bytes);
    snprintf(expected, sizeof expected, "cache: %s ignored: %s%s", good->path,
             says[0] == ':' ? good->path : "", says);
    assert_string_equal(seen.info, expected);
    assert_int_equal(seen.infos, 1);
    assert_int_equal(seen.warnings, r->warns ? 1 : 0);
    snprintf(expected, sizeof expected, "nothing is kept in the cache folder: %s%s", good->path,
             r->warns ? r->warns : "");
    if (r->warns)
        assert_string_equal(seen.warning, expected);
}

/* Replaced by a good file or left as the edit made it; removed in the end. */
static void check_file(const row *r, const scratch *s, const scratch_file *good)
{
    struct stat info;
    char target[600];
    elsewhere(good->path, target);
    assert_int_equal(lstat(good->path, &info), 0);
    size_t entries = scratch_find(s, "", NULL) - 2;
    if (r->edit == folder) {
        assert_true(S_ISDIR(info.st_mode));
        assert_int_equal(rmdir(good->path), 0);
    } else if (r->edit == symbolic_link) {
        assert_true(S_ISLNK(info.st_mode));
        assert_int_equal(stat(target, &info), 0);
        assert_int_equal(info.st_size, good->bytes);
        assert_int_equal(unlink(target), 0);
        assert_int_equal(unlink(good->path), 0);
        entries--;
    } else {
        scratch_file now;
        const char *name = strrchr(good->path, '/') + 1;
        assert_true(S_ISREG(info.st_mode));
        assert_int_equal(scratch_find(s, name, &now), 1);
        assert_int_equal(now.bytes, good->bytes);
        assert_memory_equal(now.data, good->data, good->bytes);
        free(now.data);
        assert_int_equal(unlink(good->path), 0);
    }
    assert_int_equal(entries, 2); /* no temporary */
}

static void check_row(const good_files *g, bool of_pipelines, const row *r)
{
    vireo_device *d = g->device;
    const scratch_file *good = of_pipelines ? &g->pipelines : &g->spirv;
    uint64_t compiled = d->counters.shaders_compiled, cached = d->counters.shaders_cached;
    vireo_error err = {0};
    print_message("           %s\n", r->what);
    scratch_put(g->spirv.path, g->spirv.data, g->spirv.bytes);
    scratch_put(g->pipelines.path, g->pipelines.data, g->pipelines.bytes);
    spoil(good, r);
    d->cache_warned = false;
    seen.infos = seen.warnings = 0;
    seen.info[0] = '\0';
    assert_int_equal(vr_pipeline_store_create(d, &err), VIREO_OK);
    check_results(d);
    vr_pipeline_store_destroy(d);
    assert_string_equal(err.message, "");
    assert_int_equal(d->counters.shaders_compiled - compiled, of_pipelines ? 0 : 1);
    assert_int_equal(d->counters.shaders_cached - cached, of_pipelines ? 1 : 0);
    assert_int_equal(seen.initial_bytes, of_pipelines ? 0 : g->pipelines.bytes - HEAD);
    assert_int_equal(seen.code_bytes, g->spirv.bytes - HEAD);
    assert_memory_equal(seen.code, g->spirv.data + HEAD, seen.code_bytes);
    check_log(r, good);
    check_file(r, &g->folder, good);
}

/* The two files of a device that ran one program; the device has no programs any more. */
static int set_up(void **state)
{
    good_files *g = calloc(1, sizeof *g);
    assert_non_null(g);
    scratch_init(&g->folder);
    g->device = create(&g->folder);
    check_results(g->device);
    vr_pipeline_store_destroy(g->device);
    assert_int_equal(scratch_find(&g->folder, "spirv-", &g->spirv), 1);
    assert_int_equal(scratch_find(&g->folder, "pipelines-", &g->pipelines), 1);
    *state = g;
    return 0;
}

static int tear_down(void **state)
{
    good_files *g = *state;
    test_device_destroy(&g->device);
    scratch_deinit(&g->folder);
    free(g->spirv.data);
    free(g->pipelines.data);
    free(seen.code);
    free(g);
    return 0;
}

#define ROWS(rows, of_pipelines)                                                                   \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                     \
    check_row(*state, of_pipelines, &(rows)[i])

static void test_spirv_files(void **state)
{
    ROWS(common, false);
    ROWS(spirv, false);
}

static void test_pipelines_files(void **state)
{
    ROWS(common, true);
    ROWS(pipelines, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spirv_files),
        cmocka_unit_test(test_pipelines_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
