/* SPDX-License-Identifier: Apache-2.0 */
#include "text_test.h"

#define NORMALIZER                                                                                 \
    "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"              \
    "\"strip_accents\":null,\"lowercase\":true}"
#define WORDS "{\"type\":\"BertPreTokenizer\"}"
#define VOCAB                                                                                      \
    "{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"a\":4,\"b\":5,\"##a\":6,\"##b\":7,"        \
    "\"foo\":8,\",\":9,\"[\":10,\"]\":11,\"sep\":12}"
#define MODEL(vocab)                                                                               \
    "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","        \
    "\"max_input_chars_per_word\":100,\"vocab\":" vocab "}"
#define SPECIALS                                                                                   \
    "[{\"id\":2,\"content\":\"[CLS]\",\"special\":true},"                                          \
    "{\"id\":3,\"content\":\"[SEP]\",\"special\":true,\"normalized\":false}]"
#define BERT "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}"
#define FILE_OF(normalizer, words, added, post, model)                                             \
    "{\"version\":\"1.0\",\"truncation\":{\"max_length\":2},\"padding\":{\"strategy\":{\"Fixed\":" \
    "8}},\"added_tokens\":" added ",\"normalizer\":" normalizer ",\"pre_tokenizer\":" words        \
    ",\"post_processor\":" post ",\"model\":" model "}"
#define USUAL FILE_OF(NORMALIZER, WORDS, SPECIALS, BERT, MODEL(VOCAB))
#define WITH_ADDED(added) FILE_OF(NORMALIZER, WORDS, added, BERT, MODEL(VOCAB))
#define WITH_POST(post) FILE_OF(NORMALIZER, WORDS, SPECIALS, post, MODEL(VOCAB))
#define WITH_VOCAB(vocab) FILE_OF(NORMALIZER, WORDS, "[]", "null", MODEL(vocab))

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

static const struct {
    const char *json, *message;
} refusals[] = {
    {"[]", "tokenizer.json: top level: an array, an object is allowed (TYPE)"},
    {FILE_OF("{\"type\":\"NFC\"}", WORDS, "[]", "null", MODEL(VOCAB)),
     "tokenizer.json: normalizer.type is \"NFC\", supported: BertNormalizer, null (COMPONENT)"},
    {FILE_OF("{\"type\":\"BertNormalizer\",\"lowercase\":1}", WORDS, "[]", "null", MODEL(VOCAB)),
     "tokenizer.json: normalizer.lowercase: a number, true or false is allowed (TYPE)"},
    {FILE_OF(NORMALIZER, "{\"type\":\"Whitespace\"}", "[]", "null", MODEL(VOCAB)),
     "tokenizer.json: pre_tokenizer.type is \"Whitespace\", supported: BertPreTokenizer "
     "(COMPONENT)"},
    {FILE_OF(NORMALIZER, "null", "[]", "null", MODEL(VOCAB)),
     "tokenizer.json: pre_tokenizer.type is \"null\", supported: BertPreTokenizer (COMPONENT)"},
    {FILE_OF(NORMALIZER, WORDS, "[]", "null", "{\"type\":\"BPE\",\"vocab\":{}}"),
     "tokenizer.json: model.type is \"BPE\", supported: WordPiece (COMPONENT)"},
    {WITH_POST("{\"type\":\"RobertaProcessing\"}"),
     "tokenizer.json: post_processor.type is \"RobertaProcessing\", supported: "
     "TemplateProcessing, BertProcessing, null (COMPONENT)"},
    {WITH_VOCAB("[]"), "tokenizer.json: model.vocab: an array, an object is allowed (TYPE)"},
    {WITH_VOCAB("{}"), "tokenizer.json: model.vocab: no tokens (VOCAB)"},
    {WITH_VOCAB("{\"[UNK]\":0,\"a\":1,\"b\":1}"),
     "tokenizer.json: model.vocab[\"b\"]: id 1 stands for \"a\" and for \"b\", each id may "
     "stand for one token (VOCAB)"},
    {WITH_VOCAB("{\"[UNK]\":-1}"), "tokenizer.json: model.vocab[\"[UNK]\"]: id -1, integers "
                                   "from 0 to 4194303 are allowed (VOCAB)"},
    {WITH_VOCAB("{\"[UNK]\":2147483648}"),
     "tokenizer.json: model.vocab[\"[UNK]\"]: id 2147483648, integers from 0 to 4194303 are "
     "allowed (VOCAB)"},
    {WITH_VOCAB("{\"[UNK]\":1.5}"), "tokenizer.json: model.vocab[\"[UNK]\"]: id 1.5, integers "
                                    "from 0 to 4194303 are allowed (VOCAB)"},
    {WITH_VOCAB("{\"[UNK]\":\"0\"}"),
     "tokenizer.json: model.vocab[\"[UNK]\"]: a string, an integer is allowed (TYPE)"},
    {WITH_VOCAB("{\"a\":0}"),
     "tokenizer.json: model.unk_token: \"[UNK]\" is not in model.vocab (VOCAB)"},
    {WITH_ADDED("{}"), "tokenizer.json: added_tokens: an object, an array is allowed (TYPE)"},
    {WITH_ADDED("[{\"content\":\"x\"}]"),
     "tokenizer.json: added_tokens[0].id: missing, an integer is allowed (TYPE)"},
    {WITH_ADDED("[7]"),
     "tokenizer.json: added_tokens[0].id: missing, an integer is allowed (TYPE)"},
    {WITH_ADDED("[{\"id\":20,\"content\":\"\"}]"),
     "tokenizer.json: added_tokens[0].content: 0 bytes, 1 to 256 are allowed (VOCAB)"},
    {WITH_ADDED("[{\"id\":20}]"),
     "tokenizer.json: added_tokens[0].content: missing, a string is allowed (TYPE)"},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"lstrip\":null}]"),
     "tokenizer.json: added_tokens[0].lstrip: null, true or false is allowed (TYPE)"},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\"},{\"id\":20,\"content\":\"x\"}]"),
     "tokenizer.json: added_tokens[1].id: id 20 stands twice in added_tokens (VOCAB)"},
    {WITH_ADDED("[{\"id\":4,\"content\":\"x\"}]"),
     "tokenizer.json: added_tokens[0].id: id 4 stands for \"a\" and for \"x\", each id may "
     "stand for one token (VOCAB)"},
    {WITH_ADDED("[{\"id\":20,\"content\":\"a\"}]"),
     "tokenizer.json: added_tokens[0].id: token \"a\" has the ids 4 and 20, each may stand once "
     "(VOCAB)"},
    {WITH_ADDED("[{\"id\":20,\"content\":\"\u00AD\",\"normalized\":true}]"),
     "tokenizer.json: added_tokens[0].content: nothing is left of it after normalisation, and "
     "\"normalized\" is true (VOCAB)"},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",30],\"cls\":[\"[CLS]\",2]}"),
     "tokenizer.json: post_processor.sep[1]: id 30 is neither in model.vocab nor in "
     "added_tokens (VOCAB)"},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3]}"),
     "tokenizer.json: post_processor.cls[1]: missing, an integer is allowed (TYPE)"},
    {WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
               "\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"
               "\"special_tokens\":{}}"),
     "tokenizer.json: post_processor.special_tokens[\"[CLS]\"].ids: missing, an array of ids "
     "is allowed (TYPE)"},
    {WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\","
               "\"type_id\":1}}],\"special_tokens\":{}}"),
     "tokenizer.json: post_processor.single[0].type_id: not 0, supported: 0 (COMPONENT)"},
    {WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":[],\"special_tokens\":{}}"),
     "tokenizer.json: post_processor.single: the Sequence A stands 0 times, supported: once "
     "(COMPONENT)"},
    {WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\"}}]}"),
     "tokenizer.json: post_processor.single[0]: an object, a SpecialToken or the Sequence A is "
     "allowed (TYPE)"},
    {FILE_OF(NORMALIZER, WORDS, "[]", "null",
             "{\"type\":\"WordPiece\",\"max_input_chars_per_word\":0,\"vocab\":{\"[UNK]\":0}}"),
     "tokenizer.json: model.max_input_chars_per_word: 0, integers from 1 to 10000 are allowed "
     "(TYPE)"},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        vireo_error err;
        assert_null(test_load_json(refusals[i].json, &err));
        assert_string_equal(err.message, refusals[i].message);
        assert_true(err.reason >= 100);
    }
}

/* A special token of a megabyte, and JSON that is none. */
static void refused_long(void **state)
{
    (void)state;
    enum { MEGABYTE = 1 << 20 };
    char *json = malloc(MEGABYTE + 4096), *name = malloc(MEGABYTE + 1);
    assert_non_null(json);
    assert_non_null(name);
    memset(name, 'x', MEGABYTE);
    name[MEGABYTE] = '\0';
    vireo_error err;
    snprintf(json, MEGABYTE + 4096, WITH_ADDED("[{\"id\":20,\"content\":\"%s\"}]"), name);
    assert_null(test_load_json(json, &err));
    assert_string_equal(err.message, "tokenizer.json: added_tokens[0].content: 1048576 bytes, 1 to "
                                     "256 are allowed (VOCAB)");
    snprintf(json, MEGABYTE + 4096, WITH_VOCAB("{\"[UNK]\":0,\"%s\":1}"), name);
    assert_null(test_load_json(json, &err));
    assert_non_null(
        strstr(err.message, "token of 1048576 bytes, at most 1024 are allowed (VOCAB)"));
    for (size_t i = 0; i < 80; i++) /* the 64th byte is the first half of a character */
        memcpy(name + 1 + 2 * i, "é", 2);
    name[161] = '\0';
    snprintf(json, MEGABYTE + 4096, WITH_VOCAB("{\"[UNK]\":0,\"%s\":-1}"), name);
    assert_null(test_load_json(json, &err));
    name[63] = '\0';
    snprintf(json, MEGABYTE, "tokenizer.json: model.vocab[\"%s\"]: id -1, ", name);
    assert_memory_equal(err.message, json, strlen(json));
    assert_null(test_load_json("", &err));
    assert_int_equal(err.status, VIREO_ERROR_FORMAT);
    assert_null(test_load_json("{\"model\":", &err));
    assert_int_equal(err.status, VIREO_ERROR_FORMAT);
    free(name);
    free(json);
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
    static const struct {
        const char *vocab, *config, *message;
    } bad[] = {
        {"", NULL, "vocab.txt: 0 tokens, 1 to 4194304 are allowed (VOCAB)"},
        {"[UNK]\n[CLS]\n", NULL,
         "vocab.txt: special token \"[SEP]\" (sep_token) is not among the lines (VOCAB)"},
        {"[UNK]\na\na\n", NULL,
         "vocab.txt: line 3: token \"a\" has the ids 1 and 2, each may stand once (VOCAB)"},
        {"[UNK]\n\xFF\n", NULL, "vocab.txt: byte 6 is not UTF-8 (VOCAB)"},
        {"[UNK]\n[CLS]\n[SEP]\n", "{\"do_lower_case\":\"no\"}",
         "tokenizer_config.json: do_lower_case: neither true, false nor null (TYPE)"},
        {"[UNK]\n[CLS]\n[SEP]\n", "{\"cls_token\":\"\"}",
         "vocab.txt: cls_token of tokenizer_config.json: 0 bytes, 1 to 256 are allowed (VOCAB)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(load_vocab(bad[i].vocab, bad[i].config, &err));
        assert_string_equal(err.message, bad[i].message);
    }
}

static void missing_files(void **state)
{
    (void)state;
    test_folder f = test_folder_make();
    vireo_tokenizer *t = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_tokenizer_load(f.path, NULL, &t, &err), VIREO_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "tokenizer.json or vocab.txt is needed"));
    assert_int_equal(vireo_tokenizer_load(NULL, NULL, &t, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    assert_null(t);
    test_folder_remove(&f);
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
        cmocka_unit_test(refused),         cmocka_unit_test(refused_long),
        cmocka_unit_test(vocab_files),     cmocka_unit_test(missing_files),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
