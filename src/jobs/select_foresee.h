/* SPDX-License-Identifier: Apache-2.0
 *
 * A dry run of a selection embeds nothing: it says what it would embed.
 */
#ifndef JOBS_SELECT_FORESEE_H
#define JOBS_SELECT_FORESEE_H

#include "jobs/job.h"

/* Finds whether `out`, whose rows and candidates are known, lacks embeddings of its images (`embedded`) or of the
 * objects that the config asks for. Then it is `unready`, with `missing_objects` and, as `count`, how many images would
 * be picked (SIZE_MAX: until something ends the selection). The workspace may be open for reading. */
WN_NODISCARD wn_status wn_selecting_foresee(wn_workspace *workspace, const wn_select_options *options,
                                            const wn_embedded *embedded, wn_selecting *out, wn_error *err);

#endif
