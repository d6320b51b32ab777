/* SPDX-License-Identifier: Apache-2.0 */
#include "text_test.h"

static vireo_tokenizer *load(const char *json)
{
    vireo_error err;
    vireo_tokenizer *t = test_load_json(json, &err);
    if (!t)
        fail_msg("%s", err.message);
    return t;
}

static void ids_and_limits(void **state)
{
    (void)state;
    vireo_tokenizer *t = load(USUAL);
    test_ids(t, "", 0, true, 0, "2 3 ");
    test_ids(t, "", 0, false, 0, "");
    test_ids(t, NULL, 0, true, 0, "2 3 ");
    test_ids(t, " \t\n", 3, true, 0, "2 3 ");
    test_ids(t, "A, ba!", 6, true, 0, "2 4 9 5 6 1 3 ");
    test_ids(t, "A, ba!", 6, false, 0, "4 9 5 6 1 ");
    test_ids(t, "a[SEP]b [sep] [CLS]", 19, true, 0, "2 4 3 5 10 12 11 2 3 ");
    test_ids(t, "a\0b", 3, false, 0, "4 7 ");        /* NUL is cleaned away */
    test_ids(t, "a\xFF\xFE b", 5, false, 0, "4 5 "); /* U+FFFD too */
    test_ids(t, "a b a b", 7, true, 4, "2 4 5 3 ");
    test_ids(t, "a b a b", 7, true, 6, "2 4 5 4 5 3 ");
    test_ids(t, "a b a b", 7, true, 2, "2 3 ");
    test_ids(t, "a b a b", 7, false, 1, "4 ");

    vireo_ids ids = {0};
    vireo_error err = {0};
    assert_int_equal(vireo_tokenize(t, "a b a b", 7, true, 3, &ids, &err), VIREO_OK);
    assert_int_equal(ids.count, 3);
    assert_int_equal(ids.uncut, 6);
    vireo_ids_free(t, &ids);
    assert_int_equal(vireo_tokenize(t, "a", 1, true, 1, &ids, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "vireo_tokenize: max_ids is 1, the special tokens alone are 2");

    assert_string_equal(vireo_tokenizer_kind(t), "WordPiece");
    assert_int_equal(vireo_tokenizer_vocab_size(t), 13);
    assert_int_equal(vireo_tokenizer_special_count(t), 2);
    assert_string_equal(vireo_tokenizer_token(t, 6), "##a");
    assert_null(vireo_tokenizer_token(t, 13));
    assert_null(vireo_tokenizer_token(t, -1));
    vireo_tokenizer_destroy(&t);
    assert_null(t);
    vireo_tokenizer_destroy(&t);
    vireo_tokenizer_destroy(NULL);
}

static void added_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *added, *text, *ids;
    } rows[] = {
        /* raw: case counts, inside of words too, leftmost and longest */
        {"[{\"id\":20,\"content\":\"<M>\",\"normalized\":false}]", "a<M>b<m>", "4 20 5 1 1 1 "},
        {"[{\"id\":20,\"content\":\"<<\",\"special\":true},{\"id\":21,\"content\":\"<<<\","
         "\"special\":true}]",
         "<<<<", "21 1 "},
        {"[{\"id\":20,\"content\":\"aa\",\"special\":true}]", "aaa", "20 4 "},
        /* normalised: found in the normal form, by its own normal form */
        {"[{\"id\":20,\"content\":\"FÖÖ\",\"normalized\":true}]", "aFooB föö", "4 20 5 20 "},
        {"[{\"id\":20,\"content\":\"Foo\"}]", "FOO", "20 "}, /* the default if not special */
        /* single words */
        {"[{\"id\":20,\"content\":\"q\",\"special\":true,\"single_word\":true}]", "q qq,q",
         "20 1 9 20 "},
        {"[{\"id\":20,\"content\":\"-\",\"special\":true,\"single_word\":true}]", "é- -é - _- -",
         "1 1 1 1 20 1 1 20 "},
        /* white space beside it; tokens that are white space */
        {"[{\"id\":20,\"content\":\"q\",\"special\":true,\"lstrip\":true},{\"id\":21,\"content\":"
         "\" \",\"special\":true}]",
         "b q ", "5 21 20 21 "},
        {"[{\"id\":20,\"content\":\"<m>\",\"special\":true,\"lstrip\":true,\"rstrip\":true}]",
         "b \u2003<m>\t <m>  b", "5 20 20 5 "},
        /* of equal patterns the special one */
        {"[{\"id\":20,\"content\":\"FOO\",\"normalized\":true},{\"id\":21,\"content\":\"Foo\","
         "\"normalized\":true,\"special\":true}]",
         "foo", "21 "},
        {"[{\"id\":8,\"content\":\"foo\",\"special\":true}]", "xfoo", "1 8 "},
        {"[]", "foo", "8 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[4096];
        snprintf(json, sizeof json, WITH_ADDED("%s"), rows[i].added);
        vireo_tokenizer *t = load(json);
        test_ids(t, rows[i].text, strlen(rows[i].text), false, 0, rows[i].ids);
        vireo_tokenizer_destroy(&t);
    }
}

static void post_processors(void **state)
{
    (void)state;
    static const struct {
        const char *post, *ids;
        size_t count;
    } rows[] = {
        {"null", "4 ", 0},
        {BERT, "2 4 3 ", 2},
        {"{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\","
         "\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":"
         "\"[SEP]\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"x\",\"type_id\":0}}],\"pair\":[],"
         "\"special_tokens\":{\"x\":{\"id\":\"x\",\"ids\":[5,8],\"tokens\":[\"b\",\"foo\"]},"
         "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}}",
         "5 8 4 3 5 8 ", 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[4096];
        snprintf(json, sizeof json, WITH_POST("%s"), rows[i].post);
        vireo_tokenizer *t = load(json);
        test_ids(t, "a", 1, true, 0, rows[i].ids);
        assert_int_equal(vireo_tokenizer_special_count(t), rows[i].count);
        vireo_tokenizer_destroy(&t);
    }
}

static void normalizer_options(void **state)
{
    (void)state;
    static const struct {
        const char *normalizer, *ids; /* of "Aá\x01" */
    } rows[] = {
        {NORMALIZER, "4 6 "},
        {"{\"type\":\"BertNormalizer\"}", "4 6 "},
        {"{\"type\":\"BertNormalizer\",\"strip_accents\":false}", "1 "},
        {"{\"type\":\"BertNormalizer\",\"lowercase\":false,\"strip_accents\":null}", "1 "},
        {"{\"type\":\"BertNormalizer\",\"clean_text\":false}", "1 "},
        {"null", "1 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[4096];
        snprintf(json, sizeof json, FILE_OF("%s", WORDS, "[]", "null", MODEL(VOCAB)),
                 rows[i].normalizer);
        vireo_tokenizer *t = load(json);
        test_ids(t, "Aá\x01", 4, false, 0, rows[i].ids);
        vireo_tokenizer_destroy(&t);
    }
}

static vireo_tokenizer *load_vocab(const char *vocab, const char *config, vireo_error *err)
{
    test_folder f = test_folder_make();
    test_folder_put(&f, "vocab.txt", vocab, strlen(vocab));
    if (config)
        test_folder_put(&f, "tokenizer_config.json", config, strlen(config));
    vireo_tokenizer *t = NULL;
    vireo_status st = vireo_tokenizer_load(f.path, NULL, &t, err);
    if (st)
        memmove(err->message, err->message + strlen(f.path) + 1,
                strlen(err->message) - strlen(f.path));
    test_folder_remove(&f);
    return t;
}

static void vocab_files(void **state)
{
    (void)state;
    static const char vocab[] = "[PAD]\n[UNK]\r\n[CLS]\n[SEP]\na\n##a\nA\n##á\n\n<s>\n你";
    static const struct {
        const char *config, *ids; /* of "Aá[SEP]你你<s>" */
    } rows[] = {
        {NULL, "2 4 5 3 10 10 1 1 1 3 "},
        {"{}", "2 4 5 3 10 10 1 1 1 3 "},
        {"{\"do_lower_case\":false}", "2 6 7 3 10 10 1 1 1 3 "},
        {"{\"do_lower_case\":true,\"strip_accents\":false}", "2 4 7 3 10 10 1 1 1 3 "},
        {"{\"tokenize_chinese_chars\":false,\"strip_accents\":null}", "2 4 5 3 1 1 1 1 3 "},
        {"{\"cls_token\":\"<s>\",\"sep_token\":{\"content\":\"[SEP]\"}}", "9 4 5 3 10 10 9 3 "},
    };
    vireo_error err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_tokenizer *t = load_vocab(vocab, rows[i].config, &err);
        assert_non_null(t);
        assert_int_equal(vireo_tokenizer_vocab_size(t), 11);
        assert_string_equal(vireo_tokenizer_token(t, 1), "[UNK]");
        static const char text[] = "Aá[SEP]你你<s>";
        test_ids(t, text, sizeof text - 1, true, 0, rows[i].ids);
        vireo_tokenizer_destroy(&t);
    }
}

/* Every allocation in turn fails: a status, no leak (the sanitizers look), nothing written. */
typedef struct budget {
    size_t left, live;
} budget;
static void *take(void *user, size_t bytes)
{
    budget *b = user;
    if (!b->left)
        return NULL;
    b->left--;
    b->live++;
    return malloc(bytes);
}
static void *retake(void *user, void *old, size_t bytes)
{
    budget *b = user;
    if (!b->left)
        return NULL;
    b->left--;
    b->live += !old;
    return realloc(old, bytes);
}
static void give(void *user, void *old)
{
    budget *b = user;
    b->live -= old != NULL;
    free(old);
}

static void out_of_memory(void **state)
{
    (void)state;
    test_folder f = test_folder_make();
    static const char json[] = WITH_ADDED(
        "[{\"id\":20,\"content\":\"FOO\"},{\"id\":2,\"content\":\"[CLS]\",\"special\":true}]");
    test_folder_put(&f, "tokenizer.json", json, sizeof json - 1);
    bool done = false;
    for (size_t limit = 0; !done && limit < 2000; limit++) {
        budget b = {limit, 0};
        const vireo_allocator allocator = {take, retake, give, &b};
        vireo_tokenizer *t = NULL;
        vireo_ids ids = {0};
        vireo_status st = vireo_tokenizer_load(f.path, &allocator, &t, NULL);
        if (!st)
            st = vireo_tokenize(t, "a [CLS] foo \U0001D16D", 16, true, 0, &ids, NULL);
        if (st)
            assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
        done = !st;
        vireo_ids_free(t, &ids);
        vireo_tokenizer_destroy(&t);
        assert_int_equal(b.live, 0);
    }
    assert_true(done);
    test_folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_and_limits),  cmocka_unit_test(added_tokens),
        cmocka_unit_test(post_processors), cmocka_unit_test(normalizer_options),
        cmocka_unit_test(vocab_files),     cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
