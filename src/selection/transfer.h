/* SPDX-License-Identifier: Apache-2.0
 *
 * Active transfer learning (Munro 2021, chapter 5): a head on the embeddings with two classes, trained on rows for
 * which the answer is known, says for every open row how likely the second class is.
 */
#ifndef SELECTION_TRANSFER_H
#define SELECTION_TRANSFER_H

#include "selection/roster.h"

/* UNCERTAINTY: class 1 = the model is wrong about the row, learned from preselected rows with labels and probabilities.
 * REPRESENTATIVENESS: class 1 = the row is of the candidates, class 0 = of the preselected rows. */
typedef enum wn_transfer_goal { WN_TRANSFER_UNCERTAINTY, WN_TRANSFER_REPRESENTATIVENESS } wn_transfer_goal;

/* Picks all rows in `rounds` batches. After each batch its rows join class 0 (they will be labelled, and the model then
 * right about them) and the head is trained anew, so that batches differ: with the first goal this is ATLAS. */
WN_NODISCARD wn_status wn_transfer_pick(wn_roster *roster, wn_transfer_goal goal, size_t rounds, double penalty,
                                        wn_error *err);

/* Bytes that it allocates at most. */
uint64_t wn_transfer_bytes(const wn_selection_request *request);

#endif
