/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs that a call cannot write, or would write over what it reads.
 */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "command.h"

/* Refuses, as a usage error, a call whose output (an option that begins with "out", or --plot) is a file that the same
 * call reads (an option for files, or a path), or that is named as another output too. Files are compared by what they
 * are, so links and other spellings of a path are seen. A file whose folder is not there, or not writable, is
 * refused, too (WN_NOTFOUND, WN_IO), and so is the name "-", which elsewhere means standard output. The options of the
 * command must be set. */
wn_status outputs_check(session *run, wn_error *err);

#endif
