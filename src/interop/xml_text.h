/* SPDX-License-Identifier: Apache-2.0
 *
 * The XML that annotation tools write: elements, text, the five named entities and numeric ones, comments, CDATA.
 * No document type with declarations inside: nothing is expanded, nothing is loaded.
 */
#ifndef INTEROP_XML_TEXT_H
#define INTEROP_XML_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"

enum { WN_XML_DEPTH_MAX = 64 };

typedef enum wn_xml_event { WN_XML_OPEN, WN_XML_CLOSE, WN_XML_END } wn_xml_event;

typedef struct wn_xml {
    const char *text;
    size_t len, at, line;
    const char *file;
    size_t depth;                    /* open elements */
    wn_buffer names;                 /* of the open elements, each ended by 0 */
    size_t starts[WN_XML_DEPTH_MAX]; /* of each name in `names` */
    wn_buffer attributes;            /* of the element just opened: name, 0, value, 0, ... */
    wn_buffer content;               /* text since the last tag, without blanks at both ends */
    bool closes;                     /* the element just opened was <x/>: its close comes next */
    bool ended;                      /* a close was reported; its element is still on the stack */
} wn_xml;

void wn_xml_init(wn_xml *xml, const char *text, size_t len, const char *file);

/* The next tag. OPEN: wn_xml_name is the element, its attributes are known. CLOSE: wn_xml_name is the element that ends
 * (still counted in depth until the next call), content.data its last text ("" when none). WN_CORRUPT with the line. */
WN_NODISCARD wn_status wn_xml_next(wn_xml *xml, wn_xml_event *event, wn_error *err);

/* The innermost element; the one `up` levels around it; "" beyond the root. */
const char *wn_xml_name(const wn_xml *xml, size_t up);

/* An attribute of the element just opened; NULL when it has none of that name. */
const char *wn_xml_attribute(const wn_xml *xml, const char *name);

/* Passes over the rest of the element just opened. */
WN_NODISCARD wn_status wn_xml_skip(wn_xml *xml, wn_error *err);

void wn_xml_clear(wn_xml *xml);

#endif
