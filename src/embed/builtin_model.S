/* SPDX-License-Identifier: Apache-2.0
 *
 * The file models/default.wnm inside the program; WN_BUILTIN_MODEL is its path.
 */
    .section .rodata
    .balign 64
    .globl wn_builtin_model
    .hidden wn_builtin_model
    .type wn_builtin_model, %object
wn_builtin_model:
    .incbin WN_BUILTIN_MODEL
    .globl wn_builtin_model_end
    .hidden wn_builtin_model_end
wn_builtin_model_end:
    .byte 0
    .size wn_builtin_model, . - wn_builtin_model
    .section .note.GNU-stack, "", %progbits
