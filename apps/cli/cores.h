/* SPDX-License-Identifier: Apache-2.0
 *
 * The cores that whoever started the program allows it.
 *
 * With OMP_PROC_BIND or GOMP_CPU_AFFINITY set, as on many shared machines, the OpenMP runtime that oneDNN brings binds
 * the first thread to one core before main begins. Every thread started later would inherit that core.
 */
#ifndef WN_CLI_CORES_H
#define WN_CLI_CORES_H

/* Gives the calling thread back the cores that the process was started with. To be called first in main. */
void cores_restore(void);

#endif
