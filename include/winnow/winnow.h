/* SPDX-License-Identifier: Apache-2.0
 *
 * All of winnow's public headers. Programs that need a part of it include that part: each header stands alone.
 */
#ifndef WINNOW_WINNOW_H
#define WINNOW_WINNOW_H

#include "winnow/annotation.h"
#include "winnow/annotation_records.h"
#include "winnow/boxes.h"
#include "winnow/catalog.h"
#include "winnow/check.h"
#include "winnow/column.h"
#include "winnow/cpu.h"
#include "winnow/duplicates.h"
#include "winnow/evaluate.h"
#include "winnow/evidence.h"
#include "winnow/index.h"
#include "winnow/index_file.h"
#include "winnow/jobs.h"
#include "winnow/kernel.h"
#include "winnow/labels.h"
#include "winnow/log.h"
#include "winnow/map_clusters.h"
#include "winnow/map_place.h"
#include "winnow/map_quality.h"
#include "winnow/matrix.h"
#include "winnow/media.h"
#include "winnow/memory.h"
#include "winnow/model.h"
#include "winnow/npy.h"
#include "winnow/onnx.h"
#include "winnow/option.h"
#include "winnow/plot.h"
#include "winnow/pool.h"
#include "winnow/product.h"
#include "winnow/progress.h"
#include "winnow/projection.h"
#include "winnow/quality.h"
#include "winnow/scenes.h"
#include "winnow/scorer.h"
#include "winnow/selection.h"
#include "winnow/selection_config.h"
#include "winnow/status.h"
#include "winnow/train.h"
#include "winnow/version.h"
#include "winnow/workspace.h"

#endif
