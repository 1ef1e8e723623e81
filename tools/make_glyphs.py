#!/usr/bin/env python3
"""Writes third_party/dejavu/glyphs.bin: outlines of the letters that plots are lettered with, from a TrueType font.

    tools/make_glyphs.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf third_party/dejavu/glyphs.bin

Needs fontTools. Little-endian: the number of glyphs (u32); for each, by rising code point, code point and advance (u16
each) and where its outline starts (u32); then the outlines. An outline is its number of contours (u16), and for each
contour its number of points (u16) and the points: x * 2 + 1 on the curve, x * 2 for a control point, and y (i16 each). The unit is
1/1024 of the size of the font; y points upwards. Glyph 0 is the box that stands for letters that are missing."""
import struct
import sys

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

RANGES = [(0x20, 0x7E), (0xA1, 0x17F), (0x386, 0x3CE), (0x401, 0x45F), (0x2013, 0x2014), (0x2018, 0x201A),
          (0x201C, 0x201E), (0x2026, 0x2026), (0x20AC, 0x20AC), (0x2212, 0x2212), (0x2248, 0x2248), (0x2264, 0x2265)]
UNITS = 1024


def contours(glyphs, name, scale):
    """Lists of (x, y, on): quadratic curves, as TrueType has them."""
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    out = []
    for operation, points in pen.value:
        if operation == "moveTo":
            out.append([(*points[0], 1)])
        elif operation == "lineTo":
            out[-1].append((*points[0], 1))
        elif operation == "qCurveTo":
            if points[-1] is None:
                out.append([(*point, 0) for point in points[:-1]])
                continue
            out[-1] += [(*point, 0) for point in points[:-1]] + [(*points[-1], 1)]
    return [[(round(x * scale), round(y * scale), on) for x, y, on in contour] for contour in out]


def main():
    font = TTFont(sys.argv[1])
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    scale = UNITS / font["head"].unitsPerEm
    wanted = [(0, ".notdef")] + [(code, names[code]) for low, high in RANGES for code in range(low, high + 1)
                                 if code in names]
    wanted.sort()
    outlines, index = b"", b""
    start = 4 + 8 * len(wanted)
    for code, name in wanted:
        index += struct.pack("<HHI", code, round(font["hmtx"][name][0] * scale), start + len(outlines))
        shape = contours(glyphs, name, scale)
        outlines += struct.pack("<H", len(shape))
        for contour in shape:
            outlines += struct.pack("<H", len(contour))
            outlines += b"".join(struct.pack("<hh", x * 2 + on, y) for x, y, on in contour)
    open(sys.argv[2], "wb").write(struct.pack("<I", len(wanted)) + index + outlines)


if __name__ == "__main__":
    main()
