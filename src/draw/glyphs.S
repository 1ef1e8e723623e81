/* SPDX-License-Identifier: Apache-2.0
 *
 * The file third_party/dejavu/glyphs.bin inside the program; WN_GLYPHS is its path.
 */
    .section .rodata
    .balign 8
    .globl wn_glyphs
    .hidden wn_glyphs
    .type wn_glyphs, %object
wn_glyphs:
    .incbin WN_GLYPHS
    .byte 0
    .size wn_glyphs, . - wn_glyphs
    .section .note.GNU-stack, "", %progbits
