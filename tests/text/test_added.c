/* SPDX-License-Identifier: Apache-2.0
 * The set of added tokens against one that tries every pattern at every byte. */
#include "text_test.h"
#include "text/added.h"

enum { PATTERNS = 40, TEXT = 300, ROUNDS = 2000 };

static uint32_t state_of_random = 1;

/* Marsaglia's xorshift (2003). */
static uint32_t below(uint32_t n)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 17;
    state_of_random ^= state_of_random << 5;
    return state_of_random % n;
}

static size_t random_text(char *out, size_t most, uint32_t letters)
{
    size_t bytes = 1 + below((uint32_t)most);
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)("ab\xC3\xA9z"[below(letters)]);
    return bytes;
}

/* The longest pattern at `at`, of equal ones the first, or NULL. */
static const vr_added_token *slow(const vr_added_token *tokens, size_t n, const char *text,
                                  size_t left)
{
    const vr_added_token *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (tokens[i].bytes <= left && !memcmp(tokens[i].content, text, tokens[i].bytes) &&
            (!best || tokens[i].bytes > best->bytes))
            best = &tokens[i];
    return best;
}

static void check(const vr_added_set *set, const vr_added_token *tokens, size_t n, const char *text,
                  size_t bytes)
{
    vr_added_scan scan = vr_added_scan_begin(set, text, bytes);
    vr_added_piece piece;
    size_t at = 0;
    while (at < bytes) {
        size_t begin = at;
        const vr_added_token *token = NULL;
        while (at < bytes && !(token = slow(tokens, n, text + at, bytes - at)))
            at++;
        if (at > begin) {
            assert_true(vr_added_scan_next(&scan, &piece));
            assert_ptr_equal(piece.text, text + begin);
            assert_int_equal(piece.bytes, at - begin);
            assert_null(piece.token);
        }
        if (token) {
            assert_true(vr_added_scan_next(&scan, &piece));
            assert_ptr_equal(piece.text, text + at);
            assert_ptr_equal(piece.token, token);
            assert_int_equal(piece.bytes, token->bytes);
            at += token->bytes;
        }
    }
    assert_false(vr_added_scan_next(&scan, &piece));
}

static void leftmost_longest(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char patterns[PATTERNS][8], text[TEXT];
        vr_added_token tokens[PATTERNS] = {0};
        uint32_t letters = 1 + below(5);
        size_t n = below(PATTERNS + 1);
        vr_arena arena;
        vr_added_set set;
        vr_arena_init(&arena, NULL);
        assert_true(vr_added_set_reserve(&set, &arena, n));
        for (size_t i = 0; i < n; i++) {
            tokens[i].content = patterns[i];
            tokens[i].bytes = random_text(patterns[i], sizeof patterns[i], letters);
            vr_added_set_add(&set, (vr_added_pattern){.text = tokens[i].content,
                                                      .bytes = (uint32_t)tokens[i].bytes,
                                                      .token = &tokens[i]});
        }
        vr_added_set_finish(&set);
        size_t bytes = random_text(text, sizeof text, 1 + below(5));
        check(&set, tokens, n, text, bytes);
        vr_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leftmost_longest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
