/* SPDX-License-Identifier: Apache-2.0
 *
 * The automatic tasks of a selection config.
 */
#ifndef INTEROP_SELECTION_AUTO_TASKS_H
#define INTEROP_SELECTION_AUTO_TASKS_H

#include "interop/config_keys.h"

/* Reads the value of "auto_tasks" into the wn_selection_config `out`. */
wn_status wn_config_read_auto_tasks(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                                    void *out, wn_error *err);

#endif
