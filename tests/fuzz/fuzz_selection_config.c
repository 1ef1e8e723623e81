/* SPDX-License-Identifier: Apache-2.0
 *
 * Selection configs. One that is accepted has strategies or names one; one that is refused has a message.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "winnow/selection_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wn_selection_config *config = NULL;
    wn_error err = {0};
    wn_status status = wn_selection_config_parse((const char *)data, size, "fuzz", &config, &err);
    if (status == WN_OK && !config->plugin && config->strategy_count == 0) abort();
    if (status != WN_OK && (config || strlen(err.message) < 8)) abort();
    wn_selection_config_free(&config);
    return 0;
}
