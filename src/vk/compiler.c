/* SPDX-License-Identifier: Apache-2.0
 * glslang keeps its symbol tables in process-wide memory; they are made once and stay, because
 * building them again for every device would cost more than a shader does. */
#include "vk/compiler.h"
#include "base/str.h"
#include "base/thread.h"
#include <glslang/Include/glslang_c_interface.h>
#include <glslang/Public/resource_limits_c.h>
#include <glslang/build_info.h>
#include <string.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define GLSLANG                                                                                    \
    NUMBER(GLSLANG_VERSION_MAJOR) "." NUMBER(GLSLANG_VERSION_MINOR) "." NUMBER(GLSLANG_VERSION_PATCH)

const char *vr_glsl_version(void)
{
    return "glslang " GLSLANG ", vulkan 1.1, spir-v 1.3, options 1";
}

const char *vr_glslang_version(void)
{
    return GLSLANG;
}

static pthread_once_t glslang_once = PTHREAD_ONCE_INIT;
static int glslang_ready;

static void start_glslang(void)
{
    glslang_ready = glslang_initialize_process();
}

static vireo_status fail_shader(const vireo_allocator *a, const char *name, const char *defines,
                                const char *log, vireo_error *err)
{
    vr_str list;
    vr_str_init(&list, a);
    for (const char *line = defines ? defines : ""; *line;) {
        size_t n = strcspn(line, "\n");
        size_t skip = strncmp(line, "#define ", 8) == 0 ? 8 : 0;
        if (n > skip)
            vr_str_addf(&list, "%s%.*s", list.length ? ", " : "", (int)(n - skip), line + skip);
        line += n + (line[n] == '\n');
    }
    const char *first = log ? strstr(log, "ERROR: ") : NULL;
    first = first ? first + strlen("ERROR: ") : log ? log : "";
    vr_fail(err, VIREO_ERROR_SHADER, "shader %s: %.*s (%s)", name, (int)strcspn(first, "\n"), first,
            list.data && list.length ? list.data : "no defines");
    vr_str_deinit(&list);
    return VIREO_ERROR_SHADER;
}

static bool parse(glslang_shader_t *shader, const glslang_input_t *input)
{
    return glslang_shader_preprocess(shader, input) && glslang_shader_parse(shader, input);
}

static vireo_status generate(const vireo_allocator *a, glslang_program_t *program, uint32_t **words,
                             size_t *n_words, vireo_error *err)
{
    /* SPIRV-Tools' passes double glslang's time; lavapipe and SwiftShader compile what comes out no
     * faster. */
    glslang_spv_options_t options = {.disable_optimizer = true};
    glslang_program_SPIRV_generate_with_options(program, GLSLANG_STAGE_COMPUTE, &options);
    size_t n = glslang_program_SPIRV_get_size(program);
    uint32_t *copy = vr_alloc(a, n * sizeof *copy);
    if (!copy)
        return vr_fail_memory(err, "SPIR-V");
    glslang_program_SPIRV_get(program, copy);
    *words = copy;
    *n_words = n;
    return VIREO_OK;
}

vireo_status vr_glsl_compile(const vireo_allocator *a, const char *name, const char *defines,
                             const char *text, uint32_t **words, size_t *n_words, vireo_error *err)
{
    const int messages =
        (int)((unsigned)GLSLANG_MSG_SPV_RULES_BIT | (unsigned)GLSLANG_MSG_VULKAN_RULES_BIT);
    const glslang_input_t input = {.language = GLSLANG_SOURCE_GLSL,
                                   .stage = GLSLANG_STAGE_COMPUTE,
                                   .client = GLSLANG_CLIENT_VULKAN,
                                   .client_version = GLSLANG_TARGET_VULKAN_1_1,
                                   .target_language = GLSLANG_TARGET_SPV,
                                   .target_language_version = GLSLANG_TARGET_SPV_1_3,
                                   .code = text,
                                   .default_version = 450,
                                   .default_profile = GLSLANG_NO_PROFILE,
                                   .messages = (glslang_messages_t)messages,
                                   .resource = glslang_default_resource()};
    vireo_status st = VIREO_OK;
    pthread_once(&glslang_once, start_glslang);
    if (!glslang_ready)
        return vr_fail(err, VIREO_ERROR_SHADER, "glslang could not be started");
    glslang_shader_t *shader = glslang_shader_create(&input);
    glslang_program_t *program = glslang_program_create();
    if (!shader || !program) {
        st = vr_fail_memory(err, "shader compiler");
    } else if (!parse(shader, &input)) {
        st = fail_shader(a, name, defines, glslang_shader_get_info_log(shader), err);
    } else {
        glslang_program_add_shader(program, shader);
        if (!glslang_program_link(program, messages))
            st = fail_shader(a, name, defines, glslang_program_get_info_log(program), err);
        else
            st = generate(a, program, words, n_words, err);
    }
    if (program)
        glslang_program_delete(program);
    if (shader)
        glslang_shader_delete(shader);
    return st;
}
