/* SPDX-License-Identifier: Apache-2.0
 * A tokenizer's files and a text to tokenise. The first byte of the input says what the rest is:
 *   '0' to '3'  a text for one of the fixed tokenizers below
 *   'j'         tokenizer.json, NUL, text
 *   'v'         tokenizer_config.json (may be empty: none), NUL, vocab.txt, NUL, text
 *   'm', 'M'    the number of the request for memory that fails, then as 'j', 'v'
 * Any other byte stands for one of these, so that none is wasted. */
#include "tests/counted_allocator.h"
#include "text/tokenizer.h"
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define VOCAB                                                                                      \
    "{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"a\":4,\"b\":5,\"##a\":6,\"##b\":7,"        \
    "\"ab\":8,\"##ba\":9,\",\":10,\"e\":11,\"##e\":12,\"\xE4\xBD\xA0\":13,\"##i\":14,\"i\":15}"
#define MODEL "\"model\":{\"type\":\"WordPiece\",\"vocab\":" VOCAB "},"
#define WORDS "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
#define BERT                                                                                       \
    "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}"
static const char *const good[] = {
    "{" MODEL WORDS "\"normalizer\":{\"type\":\"BertNormalizer\"}," BERT "}",
    "{" MODEL WORDS "\"normalizer\":null," BERT "}",
    /* Added tokens of every kind, some within each other. */
    "{" MODEL WORDS "\"normalizer\":{\"type\":\"BertNormalizer\"},\"added_tokens\":["
    "{\"id\":4,\"content\":\"a\",\"special\":true,\"single_word\":true},"
    "{\"id\":21,\"content\":\"aa\",\"special\":true},{\"id\":22,\"content\":\"aab\",\"special\":"
    "true,"
    "\"lstrip\":true},{\"id\":23,\"content\":\" \",\"special\":true,\"rstrip\":true},"
    "{\"id\":24,\"content\":\"Be\",\"lstrip\":true,\"rstrip\":true},"
    "{\"id\":25,\"content\":\"e\xCC\x81\",\"single_word\":true},"
    "{\"id\":26,\"content\":\"bea\",\"normalized\":true}]," BERT "}",
    "{\"model\":{\"type\":\"WordPiece\",\"max_input_chars_per_word\":3,\"continuing_subword_"
    "prefix\":"
    "\"\",\"vocab\":" VOCAB "}," WORDS
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":false,"
    "\"handle_chinese_chars\":false,\"lowercase\":false,\"strip_accents\":true}," BERT "}",
};
enum { GOOD = sizeof good / sizeof *good };

static vireo_ids tokenize(const vireo_tokenizer *t, const char *text, size_t bytes, bool special,
                          size_t most)
{
    vireo_ids ids = {0};
    CHECK(vireo_tokenize(t, text, bytes, special, most, &ids, NULL) == VIREO_OK);
    CHECK(ids.count <= ids.uncut && (most == 0 ? ids.count == ids.uncut : ids.count <= most));
    CHECK(ids.uncut <= bytes + vireo_tokenizer_special_count(t));
    for (size_t i = 0; i < ids.count; i++)
        CHECK(ids.ids[i] >= 0 && (size_t)ids.ids[i] < vireo_tokenizer_vocab_size(t) &&
              vireo_tokenizer_token(t, ids.ids[i]));
    return ids;
}

static bool same(vireo_ids a, size_t from_a, vireo_ids b, size_t from_b, size_t n)
{
    return n == 0 || !memcmp(a.ids + from_a, b.ids + from_b, n * sizeof *a.ids);
}

/* The pieces of a text are the text, in order; they overlap only where white space is taken twice.
 */
static void check_pieces(const vr_added_set *set, const char *text, size_t bytes)
{
    vr_added_scan scan = vr_added_scan_begin(set, text, bytes);
    vr_added_piece piece;
    size_t end = 0;
    while (vr_added_scan_next(&scan, &piece)) {
        size_t begin = (size_t)(piece.text - text);
        CHECK(piece.bytes && begin <= end && begin + piece.bytes <= bytes);
        CHECK(piece.token || begin == end);
        end = begin + piece.bytes;
    }
    CHECK(end == bytes);
}

static void check_text(const vireo_tokenizer *t, const char *text, size_t bytes)
{
    size_t around = vireo_tokenizer_special_count(t);
    vireo_ids whole = tokenize(t, text, bytes, true, 0), again = tokenize(t, text, bytes, true, 0);
    vireo_ids inner = tokenize(t, text, bytes, false, 0);
    CHECK(whole.count == again.count && same(whole, 0, again, 0, whole.count));
    CHECK(whole.count == inner.count + around && same(whole, t->n_before, inner, 0, inner.count));
    size_t most = around + inner.count / 2 + 1;
    vireo_ids cut = tokenize(t, text, bytes, true, most);
    CHECK(cut.uncut == whole.count && cut.count == (whole.count < most ? whole.count : most));
    size_t kept = cut.count - t->n_after;
    CHECK(same(cut, 0, whole, 0, kept) &&
          same(cut, kept, whole, whole.count - t->n_after, t->n_after));
    check_pieces(&t->raw, text, bytes);
    vireo_ids none = {0};
    CHECK(around < 2 || vireo_tokenize(t, text, bytes, true, around - 1, &none, NULL) ==
                            VIREO_ERROR_INVALID_ARGUMENT);
    CHECK(!none.ids && vireo_tokenizer_kind(t));
    vireo_ids_free(t, &cut);
    vireo_ids_free(t, &inner);
    vireo_ids_free(t, &again);
    vireo_ids_free(t, &whole);
}

/* The part before the next NUL, in a block of its own size; *at moves behind it. */
static vr_tokenizer_text part(const char *file, const uint8_t **at, const uint8_t *end)
{
    const uint8_t *nul = memchr(*at, 0, (size_t)(end - *at));
    vr_tokenizer_text out = {file, NULL, (size_t)((nul ? nul : end) - *at)};
    out.text = malloc(out.bytes ? out.bytes : 1);
    CHECK(out.text);
    memcpy(out.text, *at, out.bytes);
    *at = nul ? nul + 1 : end;
    return out;
}

static vireo_status parse(vireo_tokenizer *t, bool json, const uint8_t **at, const uint8_t *end,
                          vireo_error *err)
{
    vr_tokenizer_text first = part(json ? "tokenizer.json" : "tokenizer_config.json", at, end);
    vireo_status st;
    if (json) {
        st = vr_tokenizer_parse_json(t, &first, err);
    } else {
        vr_tokenizer_text vocab = part("vocab.txt", at, end);
        const vr_tokenizer_text none = {first.file, NULL, 0};
        st = vr_tokenizer_parse_vocab(t, &vocab, first.bytes ? &first : &none, err);
        free(vocab.text);
    }
    free(first.text);
    return st;
}

static const vireo_tokenizer *fixed(size_t i)
{
    static vireo_tokenizer *made[GOOD];
    if (!made[i]) {
        vr_tokenizer_text json = {"good", (char *)(uintptr_t)good[i], strlen(good[i])};
        CHECK(vr_tokenizer_create(NULL, &made[i], NULL) == VIREO_OK);
        CHECK(vr_tokenizer_parse_json(made[i], &json, NULL) == VIREO_OK);
    }
    return made[i];
}

/* All goes well or nothing is left. */
static void starve(uint8_t request, bool json, const uint8_t *at, const uint8_t *end)
{
    counted c = {.fail_at = request};
    const vireo_allocator allocator = counted_allocator(&c);
    vireo_tokenizer *t = NULL;
    vireo_ids ids = {0};
    vireo_error err = {0};
    vireo_status st = vr_tokenizer_create(&allocator, &t, &err);
    if (!st)
        st = parse(t, json, &at, end, &err);
    if (!st)
        st = vireo_tokenize(t, (const char *)at, (size_t)(end - at), true, 0, &ids, &err);
    CHECK(st == err.status && (st == VIREO_ERROR_OUT_OF_MEMORY) <= (c.made >= request));
    vireo_ids_free(t, &ids);
    vireo_tokenizer_destroy(&t);
    CHECK(c.live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const uint8_t *at = data + 1, *end = data + bytes;
    if (bytes == 0)
        return 0;
    if ((*data == 'm' || *data == 'M') && bytes > 1) {
        starve(*at, *data == 'm', at + 1, end);
        return 0;
    }
    if (*data != 'j' && *data != 'v' && *data % 8 < GOOD) {
        check_text(fixed(*data % 8), (const char *)at, bytes - 1);
        return 0;
    }
    vireo_tokenizer *t = NULL;
    vireo_error err = {0};
    CHECK(vr_tokenizer_create(NULL, &t, &err) == VIREO_OK);
    vireo_status st = parse(t, *data != 'v', &at, end, &err);
    if (st) {
        CHECK(st == err.status && err.message[0] && st != VIREO_ERROR_OUT_OF_MEMORY);
    } else {
        CHECK(vireo_tokenizer_vocab_size(t) > 0);
        check_text(t, (const char *)at, (size_t)(end - at));
    }
    vireo_tokenizer_destroy(&t);
    return 0;
}
