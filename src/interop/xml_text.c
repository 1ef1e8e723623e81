/* SPDX-License-Identifier: Apache-2.0
 *
 * A pull reader without recursion. A close is reported while its element is still on the stack and pops it at the next
 * call.
 */
#include "interop/xml_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { TEXT_MAX = 1 << 20 };

void wn_xml_init(wn_xml *xml, const char *text, size_t len, const char *file)
{
    memset(xml, 0, sizeof *xml);
    xml->text = text;
    xml->len = len;
    xml->line = 1;
    xml->file = file;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) xml->at = 3;
    wn_buffer_init(&xml->names, WN_MEMORY_TEXT, TEXT_MAX);
    wn_buffer_init(&xml->attributes, WN_MEMORY_TEXT, TEXT_MAX);
    wn_buffer_init(&xml->content, WN_MEMORY_TEXT, TEXT_MAX);
}

void wn_xml_clear(wn_xml *xml)
{
    wn_buffer_clear(&xml->names);
    wn_buffer_clear(&xml->attributes);
    wn_buffer_clear(&xml->content);
}

static wn_status damaged(const wn_xml *xml, const char *what, wn_error *err)
{
    return wn_fail(err, WN_CORRUPT, "%s:%zu: %s", xml->file, xml->line, what);
}

static bool starts_with(const wn_xml *xml, const char *word)
{
    size_t len = strlen(word);
    return xml->len - xml->at >= len && memcmp(xml->text + xml->at, word, len) == 0;
}

static void advance(wn_xml *xml, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (xml->text[xml->at++] == '\n') xml->line++;
}

/* Past the next `word`; false when there is none. */
static bool pass(wn_xml *xml, const char *word)
{
    while (xml->at < xml->len && !starts_with(xml, word)) advance(xml, 1);
    if (xml->at >= xml->len) return false;
    advance(xml, strlen(word));
    return true;
}

static void add_code(wn_buffer *out, unsigned long code)
{
    char bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3F));
    bytes[0] = (char)(first[len] | code);
    wn_buffer_add(out, bytes, len);
}

/* The entity at '&'; anything unknown stays as it is. */
static void take_entity(wn_xml *xml, wn_buffer *out)
{
    static const struct {
        const char *text;
        char c;
    } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (!starts_with(xml, named[i].text)) continue;
        wn_buffer_add(out, &named[i].c, 1);
        xml->at += strlen(named[i].text);
        return;
    }
    char digits[12] = "";
    size_t len = 0;
    bool number = starts_with(xml, "&#"), hex = starts_with(xml, "&#x");
    for (size_t i = xml->at + (hex ? 3 : 2); number && i < xml->len && len < sizeof digits - 1; i++) {
        if (xml->text[i] == ';') {
            char *end;
            unsigned long code = strtoul(digits, &end, hex ? 16 : 10);
            if (len == 0 || *end || code == 0 || code > 0x10FFFF) break;
            add_code(out, code);
            xml->at = i + 1;
            return;
        }
        digits[len++] = xml->text[i];
        digits[len] = 0;
    }
    wn_buffer_add(out, "&", 1);
    xml->at++;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return c && !is_space(c) && !strchr("<>/=\"'&?!", c);
}

/* Text up to the next tag; comments and CDATA are taken on the way. */
static wn_status take_content(wn_xml *xml, wn_error *err)
{
    wn_buffer_reset(&xml->content);
    while (xml->at < xml->len) {
        if (starts_with(xml, "<!--")) {
            if (!pass(xml, "-->")) return damaged(xml, "a comment that does not end", err);
        } else if (starts_with(xml, "<![CDATA[")) {
            size_t begin = xml->at + strlen("<![CDATA[");
            if (!pass(xml, "]]>")) return damaged(xml, "a CDATA part that does not end", err);
            wn_buffer_add(&xml->content, xml->text + begin, xml->at - begin - strlen("]]>"));
        } else if (starts_with(xml, "<?")) {
            if (!pass(xml, "?>")) return damaged(xml, "'<?' without '?>'", err);
        } else if (starts_with(xml, "<!")) {
            size_t begin = xml->at;
            if (!pass(xml, ">")) return damaged(xml, "'<!' without '>'", err);
            if (memchr(xml->text + begin, '[', xml->at - begin))
                return damaged(xml, "declarations inside the document are not read", err);
        } else if (xml->text[xml->at] == '<') {
            break;
        } else if (xml->text[xml->at] == '&') {
            take_entity(xml, &xml->content);
        } else {
            if (xml->content.len || !is_space(xml->text[xml->at])) wn_buffer_add(&xml->content, xml->text + xml->at, 1);
            advance(xml, 1);
        }
        if (xml->content.status == WN_LIMIT) return damaged(xml, "more than 1 MiB of text in one element", err);
    }
    if (xml->content.status) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", xml->file);
    while (xml->content.len && is_space(xml->content.data[xml->content.len - 1])) xml->content.len--;
    if (!xml->content.data) wn_buffer_add(&xml->content, "", 0);
    if (!xml->content.data) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", xml->file);
    xml->content.data[xml->content.len] = 0;
    return WN_OK;
}

static void skip_space(wn_xml *xml)
{
    while (xml->at < xml->len && is_space(xml->text[xml->at])) advance(xml, 1);
}

/* Adds the name here to `out`, ended by 0; false when there is none. */
static bool take_name(wn_xml *xml, wn_buffer *out)
{
    size_t begin = xml->at;
    while (xml->at < xml->len && is_name(xml->text[xml->at])) xml->at++;
    wn_buffer_add(out, xml->text + begin, xml->at - begin);
    wn_buffer_add(out, "", 1);
    return xml->at > begin;
}

static wn_status take_attributes(wn_xml *xml, wn_error *err)
{
    wn_buffer_reset(&xml->attributes);
    for (skip_space(xml); xml->at < xml->len && is_name(xml->text[xml->at]); skip_space(xml)) {
        take_name(xml, &xml->attributes);
        skip_space(xml);
        if (xml->at >= xml->len || xml->text[xml->at] != '=') return damaged(xml, "an attribute without '='", err);
        xml->at++;
        skip_space(xml);
        char quote = xml->at < xml->len ? xml->text[xml->at] : 0;
        if (quote != '"' && quote != '\'') return damaged(xml, "an attribute without quotes", err);
        for (xml->at++; xml->at < xml->len && xml->text[xml->at] != quote;) {
            if (xml->text[xml->at] == '&') {
                take_entity(xml, &xml->attributes);
            } else {
                wn_buffer_add(&xml->attributes, xml->text + xml->at, 1);
                advance(xml, 1);
            }
        }
        if (xml->at >= xml->len) return damaged(xml, "an attribute that does not end", err);
        xml->at++;
        wn_buffer_add(&xml->attributes, "", 1);
    }
    if (xml->attributes.status == WN_LIMIT) return damaged(xml, "more than 1 MiB of attributes", err);
    return xml->attributes.status ? wn_fail(err, WN_NOMEM, "no memory to read '%s'", xml->file) : WN_OK;
}

static wn_status take_open(wn_xml *xml, wn_error *err)
{
    if (xml->depth == WN_XML_DEPTH_MAX) return damaged(xml, "elements nested too deep", err);
    xml->at++;
    xml->starts[xml->depth] = xml->names.len;
    bool named = take_name(xml, &xml->names);
    if (xml->names.status == WN_NOMEM) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", xml->file);
    if (!named) return damaged(xml, "'<' without a name", err);
    if (xml->names.status) return damaged(xml, "a name that is too long", err);
    xml->depth++;
    WN_TRY(take_attributes(xml, err));
    if (xml->at < xml->len && xml->text[xml->at] == '/') {
        xml->closes = true;
        xml->at++;
    }
    if (xml->at >= xml->len || xml->text[xml->at] != '>') return damaged(xml, "a tag without '>'", err);
    xml->at++;
    return WN_OK;
}

static wn_status take_close(wn_xml *xml, wn_error *err)
{
    size_t begin = xml->at += 2;
    while (xml->at < xml->len && is_name(xml->text[xml->at])) xml->at++;
    size_t len = xml->at - begin;
    const char *open = wn_xml_name(xml, 0);
    if (xml->depth == 0 || strlen(open) != len || memcmp(open, xml->text + begin, len) != 0)
        return wn_fail(err, WN_CORRUPT, "%s:%zu: </%.*s> where </%s> should be", xml->file, xml->line,
                       (int)(len < 60 ? len : 60), xml->text + begin, open);
    skip_space(xml);
    if (xml->at >= xml->len || xml->text[xml->at] != '>') return damaged(xml, "a closing tag without '>'", err);
    xml->at++;
    return WN_OK;
}

/* The element whose close was reported leaves the stack. */
static void pop(wn_xml *xml)
{
    xml->depth--;
    xml->names.len = xml->starts[xml->depth];
}

wn_status wn_xml_next(wn_xml *xml, wn_xml_event *event, wn_error *err)
{
    if (xml->ended) pop(xml);
    xml->ended = true;
    *event = WN_XML_CLOSE;
    if (xml->closes) {
        xml->closes = false;
        wn_buffer_reset(&xml->content);
        return WN_OK;
    }
    WN_TRY(take_content(xml, err));
    xml->ended = starts_with(xml, "</");
    if (xml->at >= xml->len) {
        *event = WN_XML_END;
        return xml->depth ? damaged(xml, "the file ends inside an element; is it complete?", err) : WN_OK;
    }
    if (xml->ended) return take_close(xml, err);
    *event = WN_XML_OPEN;
    return take_open(xml, err);
}

const char *wn_xml_name(const wn_xml *xml, size_t up)
{
    return up < xml->depth ? xml->names.data + xml->starts[xml->depth - 1 - up] : "";
}

const char *wn_xml_attribute(const wn_xml *xml, const char *name)
{
    for (size_t at = 0; at < xml->attributes.len;) {
        const char *key = xml->attributes.data + at, *value = key + strlen(key) + 1;
        if (strcmp(key, name) == 0) return value;
        at = (size_t)(value - xml->attributes.data) + strlen(value) + 1;
    }
    return NULL;
}

wn_status wn_xml_skip(wn_xml *xml, wn_error *err)
{
    size_t depth = xml->depth;
    wn_xml_event event = WN_XML_OPEN;
    do {
        WN_TRY(wn_xml_next(xml, &event, err));
    } while (event != WN_XML_CLOSE || xml->depth != depth);
    return WN_OK;
}
