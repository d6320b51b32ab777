/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/recommender.h"
#include <string.h>

static void deny_item(int32_t *deny, uint32_t item)
{
    deny[item / 32] = (int32_t)((uint32_t)deny[item / 32] | (uint32_t)1 << (item % 32));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* genre stands in genres as a word, or as words in a row; ASCII letters in any case. */
static bool has_genre(const char *genres, const char *genre)
{
    for (const char *at = genres; *at;) {
        size_t n = 0;
        while (genre[n] && lower(at[n]) == lower(genre[n]))
            n++;
        if (n && !genre[n] && (!at[n] || at[n] == ' '))
            return true;
        while (*at && *at != ' ')
            at++;
        while (*at == ' ')
            at++;
    }
    return false;
}

static bool has_any_genre(const vireo_item *item, const vireo_request *q)
{
    for (size_t g = 0; g < q->n_genres; g++)
        if (has_genre(item->genres, q->genres[g]))
            return true;
    return q->n_genres == 0;
}

void vr_mask(const vireo_recommender *r, const vireo_request *q, const vr_history *h, int32_t *deny)
{
    for (size_t i = 0; i < h->n && !q->include_seen; i++)
        deny_item(deny, h->events[i].item);
    for (size_t i = 0; i < q->n_deny; i++)
        deny_item(deny, q->deny[i]);
    if (q->similar_to)
        deny_item(deny, *q->similar_to);
    for (uint32_t i = 0; i < r->dataset->n_items && q->n_genres; i++)
        if (!has_any_genre(&r->dataset->items[i], q))
            deny_item(deny, i);
}
