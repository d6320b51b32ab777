/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/device_test.h"
#include "base/alloc.h"
#include "vk/compiler.h"

static const char *const files[][2] = {
    {"a.glsl", "#include \"b.glsl\"\n#include \"c.glsl\"\nfloat a() { return b() + c(); }\n"},
    {"b.glsl", "#include \"c.glsl\"\nfloat b() { return c(); }\n"},
    {"c.glsl", "float c() { return 1.0; }"},
    {"bad.glsl", "float fine() { return 1.0; }\n\nfloat wrong() { return missing; }\n"},
    {"lost.glsl", "\n#include \"nowhere.glsl\"\n"},
    {"self.glsl", "#include \"self.glsl\"\nfloat self() { return 2.0; }\n"},
    {"d1.glsl", "#include \"d2.glsl\"\n"},
    {"d2.glsl", "#include \"d3.glsl\"\n"},
    {"d3.glsl", "#include \"d4.glsl\"\n"},
    {"d4.glsl", "#include \"d5.glsl\"\n"},
    {"d5.glsl", "#include \"d6.glsl\"\n"},
    {"d6.glsl", "#include \"d7.glsl\"\n"},
    {"d7.glsl", "#include \"c.glsl\"\n"},
};

static const char *include(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i][0], name) == 0)
            return files[i][1];
    return NULL;
}

/* Expands and compiles; the words must be SPIR-V 1.3. */
static vireo_status compile(const char *source, const char *defines, vireo_error *err)
{
    char *text = NULL;
    uint32_t *words = NULL;
    size_t n = 0;
    vireo_status st = vr_glsl_expand(NULL, "op/variant", source, defines, include, &text, err);
    if (!st)
        st = vr_glsl_compile(NULL, "op/variant", defines, text, &words, &n, err);
    if (!st) {
        assert_true(n > 5);
        assert_int_equal(words[0], 0x07230203);
        assert_int_equal(words[1], 0x00010300);
    }
    vr_free(NULL, words);
    vr_free(NULL, text);
    return st;
}

#define MAIN "layout(local_size_x = 1) in;\nlayout(binding = 0) buffer B { float x; };\n"

static void test_good(void **state)
{
    (void)state;
    const char *const sources[][2] = {
        {"#version 450\n" MAIN "void main() { x = 1.0; }\n", ""},
        {"#version 450\n" MAIN "void main() { x = 1.0; }", ""},
        {"/* comment first\n */\n#version 450\n" MAIN "void main() { x = VALUE; }\n",
         "#define VALUE 3.0\n"},
        {"#version 450\n" MAIN "void main() { x = VALUE; }\n", "#define VALUE 3.0"},
        {"#version 450\r\n#include \"a.glsl\"\r\n" MAIN "void main() { x = a(); }\n", ""},
        {"#version 450\n  #  include   \"a.glsl\" \n#include \"a.glsl\"\n" MAIN
         "void main() { x = a(); }\n",
         ""},
        {"#version 450\n#include \"self.glsl\"\n" MAIN "void main() { x = self(); }\n", ""},
        {"#version 450\n#ifdef C_LANGUAGE\n#include <stdint.h>\n#endif\n" MAIN
         "void main() { x = 1.0; }\n",
         ""},
        {"#version 450\n#extension GL_KHR_shader_subgroup_arithmetic : require\n" MAIN
         "void main() { x = subgroupAdd(1.0); }\n",
         "#define UNUSED 1\n"},
        {"#version 450\n#include \"d1.glsl\"\n" MAIN "void main() { x = c(); }\n", NULL},
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        vireo_error err = {0};
        if (compile(sources[i][0], sources[i][1], &err))
            fail_msg("case %zu: %s", i, err.message);
    }
}

static void test_bad(void **state)
{
    (void)state;
    const struct {
        const char *source, *defines;
        const char *says[3]; /* all in the message */
    } cases[] = {
        {MAIN "void main() {}\n", "", {"op/variant", "#version"}},
        {"#version 450\n" MAIN "void main() { x = y; }\n",
         "",
         {"op/variant:4:", "'y'", "no defines"}},
        {"#version 450\n#include \"a.glsl\"\n#include \"c.glsl\"\n" MAIN "void main() { x = y; }\n",
         "#define A 1\n#define F vec4\n",
         {"op/variant:6:", "'y'", "(A 1, F vec4)"}},
        {"#version 450\n\n#include \"bad.glsl\"\n" MAIN "void main() { x = wrong(); }\n",
         "",
         {"op/variant", "bad.glsl:3:", "'missing'"}},
        {"#version 450\n#include \"lost.glsl\"\n", "", {"lost.glsl:2:", "nowhere.glsl"}},
        {"#version 450\n\n#include \"unterminated\n", "", {"op/variant:3:", "malformed"}},
        {"#version 450\n#include \"\"\n", "", {"op/variant:2:", "malformed"}},
        {"#version 450\n" MAIN "void main() { x = 1.0; }\n",
         "#define FINE 1\nnot glsl\n",
         {"defines:2:"}},
        {"#version 450\n" MAIN "void helper() { x = 1.0; }\n", "", {"op/variant", "entry point"}},
        {"#version 450\n" MAIN "void main() { x = }\n", "", {"op/variant:4:", "syntax error"}},
        {"#version 450\n", "", {"op/variant"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vireo_error err = {0};
        assert_int_equal(compile(cases[i].source, cases[i].defines, &err), VIREO_ERROR_SHADER);
        assert_int_equal(err.status, VIREO_ERROR_SHADER);
        for (size_t k = 0; k < 3 && cases[i].says[k]; k++)
            if (!strstr(err.message, cases[i].says[k]))
                fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].says[k], err.message);
    }
}

static const char *deep(const char *name)
{
    static char texts[16][32];
    unsigned at = (unsigned)atoi(name);
    snprintf(texts[at], sizeof texts[at], "#include \"%u\"\n", at + 1);
    return texts[at];
}

static void test_depth(void **state)
{
    (void)state;
    vireo_error err = {0};
    char *text = NULL;
    assert_int_equal(
        vr_glsl_expand(NULL, "deep", "#version 450\n#include \"0\"\n", "", deep, &text, &err),
        VIREO_ERROR_SHADER);
    assert_null(text);
    assert_non_null(strstr(err.message, "8 deep"));
}

/* The text is the key of caches: it may depend on nothing but its inputs. */
static void test_expansion_text(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(vr_glsl_expand(NULL, "p", "// first\n#version 450\n#include \"b.glsl\"\nend\n",
                                    "#define A 1", include, &text, NULL),
                     VIREO_OK);
    assert_string_equal(text, "// first\n#version 450\n"
                              "#extension GL_GOOGLE_cpp_style_line_directive : require\n"
                              "#line 1 \"defines\"\n#define A 1\n"
                              "#line 3 \"p\"\n"
                              "#line 1 \"b.glsl\"\n"
                              "#line 1 \"c.glsl\"\nfloat c() { return 1.0; }\n"
                              "#line 2 \"b.glsl\"\nfloat b() { return c(); }\n"
                              "#line 4 \"p\"\nend\n");
    vr_free(NULL, text);
}

typedef struct parallel {
    _Atomic unsigned good;
} parallel;

static void compile_one(void *user, size_t index)
{
    parallel *p = user;
    char defines[64];
    snprintf(defines, sizeof defines, "#define VALUE %zu.0\n", index);
    bool wrong = index % 5 == 0;
    vireo_status st = compile(wrong ? "#version 450\nwrong\n"
                                    : "#version 450\n" MAIN "void main() { x = VALUE; }\n",
                              defines, NULL);
    p->good += st == (wrong ? VIREO_ERROR_SHADER : VIREO_OK);
}

static void test_parallel(void **state)
{
    (void)state;
    parallel p = {0};
    vr_parallel_for(64, compile_one, &p);
    assert_int_equal(p.good, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_bad),
        cmocka_unit_test(test_depth),    cmocka_unit_test(test_expansion_text),
        cmocka_unit_test(test_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
