/* SPDX-License-Identifier: Apache-2.0
 *
 * The few EXIF fields that winnow uses.
 */
#ifndef MEDIA_EXIF_H
#define MEDIA_EXIF_H

#include "winnow/media.h"

/* Sets orientation, captured, captured_unix, make and model from a TIFF block ("II*\0" or "MM\0*"; a leading
 * "Exif\0\0" is skipped). What is missing or damaged stays as it is: EXIF never makes an image bad. */
void wn_exif_parse(const uint8_t *bytes, size_t len, wn_facts *facts);

#endif
