/* SPDX-License-Identifier: Apache-2.0
 * Files of a tokenizer that must be refused: each with status, whole message, within 100 ms and 64
 * MiB beyond the input, and nothing is written. Merges are BPE's, which is not read: such a model
 * is refused by its name, whatever they say. */
#include "text_test.h"
#include <sys/stat.h>

#define MODEL_FILE(model) FILE_OF(NORMALIZER, WORDS, "[]", "null", model)
#define NORMALIZED(normalizer) FILE_OF(normalizer, WORDS, "[]", "null", MODEL(VOCAB))
#define SPLIT(words) FILE_OF(NORMALIZER, words, "[]", "null", MODEL(VOCAB))
#define TEMPLATE(single, specials)                                                                 \
    WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":" single ",\"special_tokens\":"         \
              "{" specials "}}")
#define FORMAT VIREO_ERROR_FORMAT
#define UNSUPPORTED VIREO_ERROR_UNSUPPORTED
#define LIMIT VIREO_ERROR_LIMIT

static const struct {
    const char *text, *message; /* behind "tokenizer.json: " */
    vireo_status status;
} json_faults[] = {
    /* The text itself; tests/io has the rest of JSON. */
    {"", "byte 0: the text ends, a value is needed (EOF)", FORMAT},
    {"{\"model\":", "byte 9: the text ends, a value is needed (EOF)", FORMAT},
    {"{\"model\":{},}", "byte 12: found '}', a key is needed (SYNTAX)", FORMAT},
    {"{\"model\":NaN}",
     "byte 9: found 'N': NaN, Infinity, a leading + or a leading point are no JSON numbers "
     "(NUMBER)",
     FORMAT},
    {"{\"model\":1e999}", "byte 9: 1e999 does not fit a double (NUMBER)", FORMAT},
    {"{\"a\":\"\\ud800\"}", "byte 6: \\uD800 is a high surrogate without a low one behind (UTF8)",
     FORMAT},
    {"{\"a\":\"\xC3\"}", "byte 6: byte 0xC3 is not valid UTF-8 (UTF8)", FORMAT},
    {"{\"model\":{},\"model\":{}}",
     "byte 12: the key \"model\" stands in this object already (DUP_KEY)", FORMAT},
    {"[]", "top level: an array, an object is allowed (TYPE)", FORMAT},
    {"null", "top level: null, an object is allowed (TYPE)", FORMAT},
    {"{}", "model is missing, supported: WordPiece (COMPONENT)", UNSUPPORTED},
    /* model */
    {"{\"model\":null}", "model is null, supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {"{\"model\":7}", "model is a number, supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {MODEL_FILE("{\"type\":7,\"vocab\":{\"[UNK]\":0}}"),
     "model.type is a number, supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {MODEL_FILE("{\"vocab\":{\"[UNK]\":0}}"),
     "model.type is missing, supported: WordPiece (COMPONENT)", UNSUPPORTED},
    /* A merge of an absent token (MERGE): merges are not read, as SECURITY.md says. */
    {MODEL_FILE("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b\",\"a zz\"]}"),
     "model.type is \"BPE\", supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {MODEL_FILE("{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0]]}"),
     "model.type is \"Unigram\", supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {MODEL_FILE("{\"type\":\"WordLevel\",\"vocab\":{\"a\":0}}"),
     "model.type is \"WordLevel\", supported: WordPiece (COMPONENT)", UNSUPPORTED},
    {MODEL_FILE("{\"type\":\"WordPiece\"}"), "model.vocab: missing, an object is allowed (TYPE)",
     FORMAT},
    {WITH_VOCAB("[]"), "model.vocab: an array, an object is allowed (TYPE)", FORMAT},
    {WITH_VOCAB("{}"), "model.vocab: 0 tokens, 1 to 524288 are allowed (VOCAB)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"unk_token\":null,\"vocab\":{\"[UNK]\":0}}"),
     "model.unk_token: null, a string is allowed (TYPE)", FORMAT},
    {WITH_VOCAB("{\"a\":0}"), "model.unk_token: \"[UNK]\" is not in model.vocab (VOCAB)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"unk_token\":\"q\",\"vocab\":{\"[UNK]\":0}}"),
     "model.unk_token: \"q\" is not in model.vocab (VOCAB)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"continuing_subword_prefix\":1,\"vocab\":{\"[UNK]\":0}}"),
     "model.continuing_subword_prefix: a number, a string is allowed (TYPE)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"max_input_chars_per_word\":0,\"vocab\":{\"[UNK]\":0}}"),
     "model.max_input_chars_per_word: 0, integers from 1 to 10000 are allowed (TYPE)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"max_input_chars_per_word\":10001,\"vocab\":{\"[UNK]\":"
                "0}}"),
     "model.max_input_chars_per_word: 10001, integers from 1 to 10000 are allowed (TYPE)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"max_input_chars_per_word\":-5e3,\"vocab\":{\"[UNK]\":"
                "0}}"),
     "model.max_input_chars_per_word: -5e3, integers from 1 to 10000 are allowed (TYPE)", FORMAT},
    {MODEL_FILE("{\"type\":\"WordPiece\",\"max_input_chars_per_word\":\"9\",\"vocab\":{\"[UNK]\":"
                "0}}"),
     "model.max_input_chars_per_word: a string, an integer is allowed (TYPE)", FORMAT},
    /* ids */
    {WITH_VOCAB("{\"[UNK]\":0,\"a\":1,\"b\":1}"),
     "model.vocab[\"b\"]: id 1 stands for \"a\" and for \"b\", each id may stand for one token "
     "(VOCAB)",
     FORMAT},
    {WITH_VOCAB("{\"[UNK]\":0,\"a\":1,\"\\u0061\":2}"),
     "byte 426: the key \"\\u0061\" stands in this object already (DUP_KEY)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":-1}"),
     "model.vocab[\"[UNK]\"]: id -1, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":-0}"),
     "model.vocab[\"[UNK]\"]: id -0, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":1048576}"),
     "model.vocab[\"[UNK]\"]: id 1048576, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":2147483648}"),
     "model.vocab[\"[UNK]\"]: id 2147483648, integers from 0 to 1048575 are allowed (VOCAB)",
     FORMAT},
    {WITH_VOCAB("{\"[UNK]\":18446744073709551616}"),
     "model.vocab[\"[UNK]\"]: id 18446744073709551616, integers from 0 to 1048575 are allowed "
     "(VOCAB)",
     FORMAT},
    {WITH_VOCAB("{\"[UNK]\":1.5}"),
     "model.vocab[\"[UNK]\"]: id 1.5, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":1e3}"),
     "model.vocab[\"[UNK]\"]: id 1e3, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":\"0\"}"),
     "model.vocab[\"[UNK]\"]: a string, an integer is allowed (TYPE)", FORMAT},
    {WITH_VOCAB("{\"[UNK]\":null}"), "model.vocab[\"[UNK]\"]: null, an integer is allowed (TYPE)",
     FORMAT},
    {WITH_VOCAB("{\"[UNK]\":[]}"), "model.vocab[\"[UNK]\"]: an array, an integer is allowed (TYPE)",
     FORMAT},
    {WITH_VOCAB("{\"[UNK]\":false}"),
     "model.vocab[\"[UNK]\"]: true or false, an integer is allowed (TYPE)", FORMAT},
    /* normalizer */
    {NORMALIZED("{\"type\":\"NFC\"}"),
     "normalizer.type is \"NFC\", supported: BertNormalizer, null (COMPONENT)", UNSUPPORTED},
    {NORMALIZED("{\"type\":\"no \\\"such\\\" \\u001b[31m\"}"),
     "normalizer.type is \"no \\\"such\\\" \\u001b[31m\", supported: BertNormalizer, null "
     "(COMPONENT)",
     UNSUPPORTED},
    {NORMALIZED("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"content\":\"\"}"),
     "normalizer.type is \"Replace\", supported: BertNormalizer, null (COMPONENT)", UNSUPPORTED},
    {NORMALIZED("{\"type\":\"Sequence\",\"normalizers\":[]}"),
     "normalizer.type is \"Sequence\", supported: BertNormalizer, null (COMPONENT)", UNSUPPORTED},
    {NORMALIZED("{}"), "normalizer.type is missing, supported: BertNormalizer, null (COMPONENT)",
     UNSUPPORTED},
    {NORMALIZED("true"), "normalizer is true or false, supported: BertNormalizer, null (COMPONENT)",
     UNSUPPORTED},
    {NORMALIZED("{\"type\":\"BertNormalizer\",\"clean_text\":1}"),
     "normalizer.clean_text: a number, true or false is allowed (TYPE)", FORMAT},
    {NORMALIZED("{\"type\":\"BertNormalizer\",\"handle_chinese_chars\":null}"),
     "normalizer.handle_chinese_chars: null, true or false is allowed (TYPE)", FORMAT},
    {NORMALIZED("{\"type\":\"BertNormalizer\",\"lowercase\":\"yes\"}"),
     "normalizer.lowercase: a string, true or false is allowed (TYPE)", FORMAT},
    {NORMALIZED("{\"type\":\"BertNormalizer\",\"strip_accents\":{}}"),
     "normalizer.strip_accents: an object, true or false is allowed (TYPE)", FORMAT},
    /* pre_tokenizer */
    {SPLIT("null"), "pre_tokenizer is null, supported: BertPreTokenizer (COMPONENT)", UNSUPPORTED},
    {SPLIT("{\"type\":\"Whitespace\"}"),
     "pre_tokenizer.type is \"Whitespace\", supported: BertPreTokenizer (COMPONENT)", UNSUPPORTED},
    {SPLIT("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a|a)*b\"},\"behavior\":\"Isolated\"}"),
     "pre_tokenizer.type is \"Split\", supported: BertPreTokenizer (COMPONENT)", UNSUPPORTED},
    {SPLIT("{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"BertPreTokenizer\"}]}"),
     "pre_tokenizer.type is \"Sequence\", supported: BertPreTokenizer (COMPONENT)", UNSUPPORTED},
    /* added_tokens */
    {WITH_ADDED("{}"), "added_tokens: an object, an array is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"content\":\"x\"}]"),
     "added_tokens[0].id: missing, an integer is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[7]"), "added_tokens[0].id: missing, an integer is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":-1,\"content\":\"x\"}]"),
     "added_tokens[0].id: id -1, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_ADDED("[{\"id\":20},{\"id\":2147483648,\"content\":\"x\"}]"),
     "added_tokens[1].id: id 2147483648, integers from 0 to 1048575 are allowed (VOCAB)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"\"}]"),
     "added_tokens[0].content: 0 bytes, 1 to 256 are allowed (VOCAB)", FORMAT},
    {WITH_ADDED("[{\"id\":20}]"), "added_tokens[0].content: missing, a string is allowed (TYPE)",
     FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":[]}]"),
     "added_tokens[0].content: an array, a string is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"special\":0}]"),
     "added_tokens[0].special: a number, true or false is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"normalized\":\"\"}]"),
     "added_tokens[0].normalized: a string, true or false is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"single_word\":1}]"),
     "added_tokens[0].single_word: a number, true or false is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"lstrip\":null}]"),
     "added_tokens[0].lstrip: null, true or false is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\",\"rstrip\":[]}]"),
     "added_tokens[0].rstrip: an array, true or false is allowed (TYPE)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"x\"},{\"id\":20,\"content\":\"x\"}]"),
     "added_tokens[1].id: id 20 stands twice in added_tokens (VOCAB)", FORMAT},
    {WITH_ADDED("[{\"id\":4,\"content\":\"x\"}]"),
     "added_tokens[0].id: id 4 stands for \"a\" and for \"x\", each id may stand for one token "
     "(VOCAB)",
     FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"a\"}]"),
     "added_tokens[0].id: token \"a\" has the ids 4 and 20, each may stand once (VOCAB)", FORMAT},
    {WITH_ADDED("[{\"id\":20,\"content\":\"\u00AD\",\"normalized\":true}]"),
     "added_tokens[0].content: \"normalized\" is true and its normal form has 0 bytes, 1 to 256 "
     "are allowed (VOCAB)",
     FORMAT},
    /* post_processor */
    {WITH_POST("{\"type\":\"RobertaProcessing\"}"),
     "post_processor.type is \"RobertaProcessing\", supported: TemplateProcessing, BertProcessing, "
     "null (COMPONENT)",
     UNSUPPORTED},
    {WITH_POST("[]"),
     "post_processor is an array, supported: TemplateProcessing, BertProcessing, null (COMPONENT)",
     UNSUPPORTED},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",30],\"cls\":[\"[CLS]\",2]}"),
     "post_processor.sep[1]: id 30 is neither in model.vocab nor in added_tokens (VOCAB)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3]}"),
     "post_processor.cls: missing, the array [token, id] is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\"],\"cls\":[\"[CLS]\",2]}"),
     "post_processor.sep: an array, the array [token, id] is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":{\"a\":1,\"b\":3},\"cls\":[\"[CLS]\",2]}"),
     "post_processor.sep: an object, the array [token, id] is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[3,3],\"cls\":[\"[CLS]\",2]}"),
     "post_processor.sep: an array, the array [token, id] is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"\",3,3],\"cls\":[\"[CLS]\",2]}"),
     "post_processor.sep: an array, the array [token, id] is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",\"2\"]}"),
     "post_processor.cls[1]: a string, an integer is allowed (TYPE)", FORMAT},
    {WITH_POST("{\"type\":\"TemplateProcessing\"}"),
     "post_processor.single: missing, an array is allowed (TYPE)", FORMAT},
    {TEMPLATE("[]", ""),
     "post_processor.single: the Sequence A stands 0 times, supported: once (COMPONENT)",
     UNSUPPORTED},
    {TEMPLATE("[" SEQUENCE "," SEQUENCE "]", ""),
     "post_processor.single: the Sequence A stands 2 times, supported: once (COMPONENT)",
     UNSUPPORTED},
    {TEMPLATE("[{\"Sequence\":{\"id\":\"B\"}}]", ""),
     "post_processor.single[0]: an object, a SpecialToken or the Sequence A is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[{\"Sequence\":{}}]", ""),
     "post_processor.single[0]: an object, a SpecialToken or the Sequence A is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[\"A\"]", ""),
     "post_processor.single[0]: a string, a SpecialToken or the Sequence A is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[{\"Sequence\":{\"id\":\"A\",\"type_id\":1}}]", ""),
     "post_processor.single[0].type_id: not 0, supported: 0 (COMPONENT)", UNSUPPORTED},
    {TEMPLATE("[{\"SpecialToken\":{\"id\":\"x\",\"type_id\":\"0\"}}]", ""),
     "post_processor.single[0].type_id: not 0, supported: 0 (COMPONENT)", UNSUPPORTED},
    {TEMPLATE("[{\"SpecialToken\":{}}]", ""),
     "post_processor.single[0].SpecialToken.id: missing, a string is allowed (TYPE)", FORMAT},
    {TEMPLATE("[{\"SpecialToken\":7}]", ""),
     "post_processor.single[0].SpecialToken.id: missing, a string is allowed (TYPE)", FORMAT},
    {TEMPLATE("[" CLS_PIECE "," SEQUENCE "]", ""),
     "post_processor.special_tokens[\"[CLS]\"].ids: missing, an array of ids is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[" CLS_PIECE "," SEQUENCE "]", "\"[CLS]\":{\"ids\":2}"),
     "post_processor.special_tokens[\"[CLS]\"].ids: a number, an array of ids is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[" CLS_PIECE "," SEQUENCE "]", "\"[CLS]\":{\"ids\":[\"2\"]}"),
     "post_processor.special_tokens[\"[CLS]\"].ids: a string, an integer is allowed (TYPE)",
     FORMAT},
    {TEMPLATE("[" CLS_PIECE "," SEQUENCE "]", "\"[CLS]\":{\"ids\":[2,19]}"),
     "post_processor.special_tokens[\"[CLS]\"].ids: id 19 is neither in model.vocab nor in "
     "added_tokens (VOCAB)",
     FORMAT},
    {WITH_POST("{\"type\":\"TemplateProcessing\",\"single\":[" CLS_PIECE
               "],\"special_tokens\":[]}"),
     "post_processor.special_tokens[\"[CLS]\"].ids: missing, an array of ids is allowed (TYPE)",
     FORMAT},
};

static const struct {
    const char *vocab, *config, *message;
    vireo_status status;
} vocab_faults[] = {
    {"", NULL, "vocab.txt: 0 tokens, 1 to 524288 are allowed (VOCAB)", FORMAT},
    {"[UNK]\n[CLS]\n", NULL,
     "vocab.txt: special token \"[SEP]\" (sep_token) is not among the lines (VOCAB)", FORMAT},
    {"[CLS]\n[SEP]\n", NULL,
     "vocab.txt: special token \"[UNK]\" (unk_token) is not among the lines (VOCAB)", FORMAT},
    {"[UNK]\n[SEP]\n", NULL,
     "vocab.txt: special token \"[CLS]\" (cls_token) is not among the lines (VOCAB)", FORMAT},
    {"[UNK]\na\na\n", NULL,
     "vocab.txt: line 3: token \"a\" has the ids 1 and 2, each may stand once (VOCAB)", FORMAT},
    {"[UNK]\r\n\x1B[31m\n\x1B[31m\r\n", NULL,
     "vocab.txt: line 3: token \"?[31m\" has the ids 1 and 2, each may stand once (VOCAB)", FORMAT},
    {"[UNK]\n\xFF\n", NULL, "vocab.txt: byte 6 is not UTF-8 (VOCAB)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "",
     "tokenizer_config.json: byte 0: the text ends, a value is needed (EOF)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "[]",
     "tokenizer_config.json: top level: an array, an object is allowed (TYPE)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"do_lower_case\":\"no\"}",
     "tokenizer_config.json: do_lower_case: a string, true or false is allowed (TYPE)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"strip_accents\":0}",
     "tokenizer_config.json: strip_accents: a number, true or false is allowed (TYPE)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"tokenize_chinese_chars\":[]}",
     "tokenizer_config.json: tokenize_chinese_chars: an array, true or false is allowed (TYPE)",
     FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"do_basic_tokenize\":1}",
     "tokenizer_config.json: do_basic_tokenize: a number, true or false is allowed (TYPE)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"do_basic_tokenize\":false}",
     "tokenizer_config.json: do_basic_tokenize is false, supported: true (COMPONENT)", UNSUPPORTED},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"cls_token\":\"\"}",
     "tokenizer_config.json: cls_token: 0 bytes, 1 to 256 are allowed (VOCAB)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"cls_token\":7}",
     "tokenizer_config.json: cls_token: a number, a string or an object with a string \"content\" "
     "is allowed (TYPE)",
     FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"sep_token\":{\"content\":null}}",
     "tokenizer_config.json: sep_token: an object, a string or an object with a string \"content\" "
     "is allowed (TYPE)",
     FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"unk_token\":\"<unk>\"}",
     "vocab.txt: special token \"<unk>\" (unk_token) is not among the lines (VOCAB)", FORMAT},
    {"[UNK]\n[CLS]\n[SEP]\n", "{\"unk_token\":{\"content\":\"<u>\"}}",
     "vocab.txt: special token \"<u>\" (unk_token) is not among the lines (VOCAB)", FORMAT},
};

static void json_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof json_faults / sizeof *json_faults; i++) {
        char message[512];
        size_t bytes = strlen(json_faults[i].text);
        test_folder f = test_folder_make();
        test_folder_put(&f, "tokenizer.json", json_faults[i].text, bytes);
        snprintf(message, sizeof message, "tokenizer.json: %s", json_faults[i].message);
        test_refused(&f, message, json_faults[i].status, bytes);
        test_folder_remove(&f);
    }
}

static void vocab_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vocab_faults / sizeof *vocab_faults; i++) {
        const char *config = vocab_faults[i].config;
        size_t bytes = strlen(vocab_faults[i].vocab);
        test_folder f = test_folder_make();
        test_folder_put(&f, "vocab.txt", vocab_faults[i].vocab, bytes);
        if (config)
            test_folder_put(&f, "tokenizer_config.json", config, strlen(config));
        test_refused(&f, vocab_faults[i].message, vocab_faults[i].status, bytes);
        test_folder_remove(&f);
    }
    static const char nul[] = "[UNK]\n[C\0LS]\n";
    test_folder f = test_folder_make();
    test_folder_put(&f, "vocab.txt", nul, sizeof nul - 1);
    test_refused(&f, "vocab.txt: byte 8 is a NUL, which no token may hold (VOCAB)", FORMAT,
                 sizeof nul);
    test_folder_remove(&f);
}

static void no_files(void **state)
{
    (void)state;
    static const struct {
        const char *pipe, *folder, *message;
        vireo_status status;
    } rows[] = {
        {NULL, NULL, "no tokenizer, tokenizer.json or vocab.txt is needed", VIREO_ERROR_NOT_FOUND},
        {"tokenizer.json", NULL, "tokenizer.json: is a pipe, a regular file is needed (NOT_FILE)",
         VIREO_ERROR_IO},
        {NULL, "tokenizer.json", "tokenizer.json: is a folder, a regular file is needed (NOT_FILE)",
         VIREO_ERROR_IO},
        {"vocab.txt", NULL, "vocab.txt: is a pipe, a regular file is needed (NOT_FILE)",
         VIREO_ERROR_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[320] = "", expected[512];
        test_folder f = test_folder_make();
        if (rows[i].pipe || rows[i].folder)
            snprintf(path, sizeof path, "%s/%s", f.path,
                     rows[i].pipe ? rows[i].pipe : rows[i].folder);
        if (rows[i].pipe)
            assert_int_equal(mkfifo(path, 0600), 0);
        else if (rows[i].folder)
            assert_int_equal(mkdir(path, 0700), 0);
        snprintf(expected, sizeof expected, "%s%s%s", *path ? "" : f.path, *path ? "" : ": ",
                 rows[i].message);
        test_refused(&f, expected, rows[i].status, 0);
        if (*path)
            assert_int_equal(remove(path), 0);
        test_folder_remove(&f);
    }
    static const struct {
        const char *path, *message;
        vireo_status status;
    } paths[] = {
        {"/dev/zero", "/dev/zero: is a device, a folder is needed (NOT_FILE)", VIREO_ERROR_IO},
        {"/dev/null/x", "/dev/null/x: cannot be opened: Not a directory", VIREO_ERROR_NOT_FOUND},
        {"", ": cannot be opened: No such file or directory", VIREO_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        test_folder f;
        snprintf(f.path, sizeof f.path, "%s", paths[i].path);
        test_refused(&f, paths[i].message, paths[i].status, 0);
    }
    vireo_tokenizer *t = NULL;
    assert_int_equal(vireo_tokenizer_load(NULL, NULL, &t, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_tokenizer_load("x", NULL, NULL, NULL), VIREO_ERROR_INVALID_ARGUMENT);
    assert_null(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_files),
        cmocka_unit_test(vocab_files),
        cmocka_unit_test(no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
