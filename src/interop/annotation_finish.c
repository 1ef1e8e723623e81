/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a reader collected to a set: items by image, metadata as one array a field.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "interop/annotation_builder.h"

/* Counting sort of items and places by image; keeps the order within an image. */
static wn_status sort_items(wn_annotations *set, wn_error *err)
{
    struct wn_annotation_storage *storage = set->storage;
    wn_annotation_place *places = (wn_annotation_place *)(void *)storage->places.data;
    size_t *next = wn_calloc(WN_MEMORY_TEXT, set->image_count + 1, sizeof *next);
    wn_annotation_item *items = wn_alloc(WN_MEMORY_TEXT, set->item_count, sizeof *items);
    wn_annotation_place *sorted = wn_alloc(WN_MEMORY_TEXT, set->item_count, sizeof *sorted);
    wn_status status = next && items && sorted ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to sort annotations");
    if (!status) {
        for (size_t i = 0; i < set->item_count; i++) next[set->items[i].image + 1]++;
        for (size_t i = 0; i < set->image_count; i++) {
            set->images[i].first = next[i];
            set->images[i].count = next[i + 1];
            next[i + 1] += next[i];
        }
        for (size_t i = 0; i < set->item_count; i++) {
            size_t at = next[set->items[i].image]++;
            items[at] = set->items[i];
            sorted[at] = places[i];
        }
        if (set->item_count) {
            memcpy(set->items, items, set->item_count * sizeof *items);
            memcpy(places, sorted, set->item_count * sizeof *sorted);
        }
    }
    wn_free(next);
    wn_free(items);
    wn_free(sorted);
    return status;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int32_t code_of(const char *const *words, size_t count, const char *word)
{
    const char *const *found = bsearch(&word, words, count, sizeof *words, compare_words);
    return found ? (int32_t)(found - words) : -1;
}

/* The distinct words of `count` values, sorted, in a new array. */
static wn_status collect_words(const wn_annotation_value *values, size_t count, const char *fallback,
                               wn_annotation_field *field, wn_error *err)
{
    const char **words = wn_alloc(WN_MEMORY_TEXT, count + 1, sizeof *words);
    size_t len = 0, kept = 0;
    if (!words) return wn_fail(err, WN_NOMEM, "no memory for the field '%s'", field->name);
    for (size_t i = 0; i < count; i++) words[len++] = values[i].word;
    if (fallback) words[len++] = fallback;
    qsort(words, len, sizeof *words, compare_words);
    for (size_t i = 0; i < len; i++)
        if (kept == 0 || strcmp(words[kept - 1], words[i]) != 0) words[kept++] = words[i];
    field->words = words;
    field->word_count = kept;
    return WN_OK;
}

static wn_status fill_words(const wn_annotation_value *values, size_t count, const wn_annotation_draft *draft,
                            size_t images, wn_annotation_field *field, wn_error *err)
{
    if (collect_words(values, count, draft->fallback_word, field, err)) return WN_NOMEM;
    int32_t *codes = wn_alloc(WN_MEMORY_TEXT, images, sizeof *codes);
    if (!codes) return wn_fail(err, WN_NOMEM, "no memory for the field '%s'", field->name);
    int32_t missing = draft->fallback_word ? code_of(field->words, field->word_count, draft->fallback_word) : -1;
    for (size_t i = 0; i < images; i++) codes[i] = missing;
    for (size_t i = 0; i < count; i++)
        codes[values[i].image] = code_of(field->words, field->word_count, values[i].word);
    field->codes = codes;
    return WN_OK;
}

static wn_status fill_numbers(const wn_annotation_value *values, size_t count, const wn_annotation_draft *draft,
                              size_t images, wn_annotation_field *field, wn_error *err)
{
    double *numbers = wn_alloc(WN_MEMORY_TEXT, images, sizeof *numbers);
    if (!numbers) return wn_fail(err, WN_NOMEM, "no memory for the field '%s'", field->name);
    for (size_t i = 0; i < images; i++) numbers[i] = draft->fallback_number;
    field->whole = true;
    for (size_t i = 0; i < count; i++) {
        numbers[values[i].image] = values[i].number;
        if (values[i].number != trunc(values[i].number)) field->whole = false;
    }
    field->numeric = true;
    field->numbers = numbers;
    return WN_OK;
}

static int compare_fields(const void *a, const void *b)
{
    const wn_annotation_value *x = a, *y = b;
    if (x->field != y->field) return x->field < y->field ? -1 : 1;
    if (x->image != y->image) return x->image < y->image ? -1 : 1;
    return 0;
}

static bool holds_words(const wn_annotation_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].word) return true;
    return false;
}

/* A field whose values are words in one place and numbers in another is one of words. */
static wn_status make_fields(wn_annotations *set, wn_error *err)
{
    struct wn_annotation_storage *storage = set->storage;
    const wn_annotation_draft *drafts = (const wn_annotation_draft *)(const void *)storage->fields.data;
    wn_annotation_value none, *values = &none; /* fields without one value have no array */
    size_t count = storage->values.len / sizeof *values, fields = storage->fields.len / sizeof *drafts, at = 0;
    if (count) values = (wn_annotation_value *)(void *)storage->values.data;
    if (count) qsort(values, count, sizeof *values, compare_fields);
    if (!(set->fields = wn_calloc(WN_MEMORY_TEXT, fields, sizeof *set->fields)))
        return wn_fail(err, WN_NOMEM, "no memory for metadata");
    for (size_t i = 0; i < fields; i++) {
        size_t end = at;
        while (end < count && values[end].field == i) end++;
        wn_annotation_field *field = &set->fields[set->field_count++];
        field->name = drafts[i].name;
        bool words = drafts[i].categorical || drafts[i].fallback_word || holds_words(values + at, end - at);
        for (size_t v = at; v < end && words; v++)
            if (!values[v].word && !(values[v].word = wn_arena_format(&storage->texts, "%.9g", values[v].number)))
                return wn_fail(err, WN_NOMEM, "no memory for metadata");
        wn_status status = words ? fill_words(values + at, end - at, &drafts[i], set->image_count, field, err)
                                 : fill_numbers(values + at, end - at, &drafts[i], set->image_count, field, err);
        if (status) return status;
        at = end;
    }
    wn_buffer_clear(&storage->values);
    return WN_OK;
}

wn_status wn_builder_finish(wn_annotation_builder *builder, wn_annotations **out, wn_error *err)
{
    wn_annotations *set = builder->set;
    struct wn_annotation_storage *storage = builder->storage;
    wn_status status = wn_builder_status(builder, err);
    set->images = (wn_annotation_image *)(void *)storage->images.data;
    set->image_count = storage->images.len / sizeof *set->images;
    set->categories = (wn_annotation_category *)(void *)storage->categories.data;
    set->category_count = storage->categories.len / sizeof *set->categories;
    set->items = (wn_annotation_item *)(void *)storage->items.data;
    set->item_count = storage->items.len / sizeof *set->items;
    set->numbers = (float *)(void *)storage->numbers.data;
    set->number_count = storage->numbers.len / sizeof *set->numbers;
    set->runs = (uint32_t *)(void *)storage->runs.data;
    set->run_count = storage->runs.len / sizeof *set->runs;
    if (!status) status = sort_items(set, err);
    if (!status) status = make_fields(set, err);
    for (size_t i = 0; i < set->image_count && !status; i++) status = wn_annotations_fit(set, i, 0, 0, NULL, err);
    set->problems = (wn_annotation_problem *)(void *)storage->problems.data;
    set->problem_count = storage->problem_count;
    if (!status) status = wn_builder_status(builder, err);
    if (status) wn_annotations_free(&set);
    builder->set = NULL;
    builder->storage = NULL;
    *out = set;
    return status;
}
