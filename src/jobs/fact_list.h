/* SPDX-License-Identifier: Apache-2.0
 *
 * Gathering facts. Adding cannot fail by itself: memory that ran short is told once, at the end.
 */
#ifndef JOBS_FACT_LIST_H
#define JOBS_FACT_LIST_H

#include "winnow/file_facts.h"

/* `key` has static storage; `text` is copied, an empty one is left out. */
void wn_fact_text(wn_file_facts *facts, const char *key, const char *text);
void wn_fact_item(wn_file_facts *facts, const char *key, const char *text); /* of a list */
void wn_fact_count(wn_file_facts *facts, const char *key, int64_t count);
void wn_fact_bytes(wn_file_facts *facts, const char *key, uint64_t bytes);
void wn_fact_real(wn_file_facts *facts, const char *key, double value);

/* WN_NOMEM when a fact is missing for want of memory. */
WN_NODISCARD wn_status wn_facts_complete(const wn_file_facts *facts, wn_error *err);

/* Shape, type and order of a .npy file; of numbers their range, of rows of numbers their lengths and gaps. */
WN_NODISCARD wn_status wn_describe_array(const char *path, wn_file_facts *facts, wn_error *err);

#endif
