#!/bin/sh
# Makes the seeds of fuzz_image, fuzz_exif, fuzz_tar and fuzz_list again: tiny pictures of each format and kind, by the `vips`
# program, and tars and lists of them. Run it from this folder; the corpus in the tree was made so.
set -eu
mkdir -p corpus/exif corpus/image corpus/tar corpus/list
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd corpus/image
vips gaussnoise "$work/noise.v" 24 20 --mean 128 --sigma 40
vips cast "$work/noise.v" "$work/grey.v" uchar
vips bandjoin "$work/grey.v $work/grey.v $work/grey.v" "$work/three.v"
vips copy "$work/three.v" "$work/rgb.v" --interpretation srgb
vips bandjoin "$work/rgb.v $work/grey.v" "$work/rgba.v"
vips copy "$work/rgba.v" "$work/cmyk.v" --interpretation cmyk
vips cast "$work/rgb.v" "$work/wide.v" ushort
vips jpegsave "$work/rgb.v" rgb.jpg --strip -Q 60
vips jpegsave "$work/grey.v" grey-progressive.jpg --strip -Q 60 --interlace
vips jpegsave "$work/cmyk.v" cmyk.jpg --strip -Q 60
vips pngsave "$work/rgba.v" rgba.png --strip
vips pngsave "$work/rgb.v" palette-interlaced.png --strip --palette --interlace
vips pngsave "$work/wide.v" wide.png --strip
vips gifsave "$work/rgba.v" one.gif
vips webpsave "$work/rgba.v" lossy.webp --strip -Q 50
vips webpsave "$work/rgb.v" lossless.webp --strip --lossless
vips tiffsave "$work/rgb.v" lzw.tif --strip --compression lzw
vips tiffsave "$work/cmyk.v" tiled-cmyk.tif --strip --tile --tile-width 16 --tile-height 16
vips jp2ksave "$work/rgb.v" tiled.jp2 -Q 30
vips heifsave "$work/rgb.v" still.avif --strip --compression av1 -Q 30 --effort 0
python3 - << 'END'
import struct
def bitmap(name, width, height, bits, kind, palette, pixels):
    offset = 54 + len(palette)
    head = b"BM" + struct.pack("<IIIIiiHHIIiiII", offset + len(pixels), 0, offset, 40, width, height, 1, bits, kind,
                               len(pixels), 0, 0, len(palette) // 4, 0)
    open(name, "wb").write(head + palette + pixels)
colours = bytes(range(64))
bitmap("plain24.bmp", 5, -3, 24, 0, b"", bytes(range(48)))
bitmap("plain1.bmp", 9, 3, 1, 0, colours[:8], bytes(range(100, 112)))
bitmap("masks16.bmp", 4, 3, 16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F), bytes(range(24)))
bitmap("runs8.bmp", 6, 3, 8, 1, colours, bytes([4, 1, 2, 2, 0, 0, 0, 3, 1, 2, 3, 0, 3, 5, 0, 0, 0, 2, 1, 0, 5, 7, 0, 1]))
bitmap("runs4.bmp", 6, 2, 4, 2, colours, bytes([6, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 1, 3, 0, 1]))
tiff = (b"II*\0\x08\0\0\0" + struct.pack("<HHHIIHHIIHHIII", 3, 0x10F, 2, 5, 50, 0x112, 3, 1, 6, 0x8769, 4, 1, 56, 0)
        + b"Acme\0\0" + struct.pack("<HHHIII", 1, 0x9003, 2, 20, 74, 0) + b"2023:05:14 09:30:15\0")
jpeg = open("rgb.jpg", "rb").read()
open("../exif/little", "wb").write(tiff)
big = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHHHII", 2, 0x112, 3, 1, 8, 0, 0x110, 2, 9, 38) + bytes(4) + b"Model \xC3\xA9\0"
open("../exif/big", "wb").write(b"Exif\0\0" + big)
app1 = b"Exif\0\0" + tiff
open("exif.jpg", "wb").write(jpeg[:2] + b"\xFF\xE1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg[2:])
END
cd ../tar
cp ../image/rgb.jpg "$work/1.jpg"
cp ../image/rgb.jpg "$work/unnamed"
printf '{}' > "$work/1.json"
ln -sf 1.jpg "$work/link.jpg"
long=$(printf 'n%.0s' $(seq 120)).jpg
cp ../image/rgb.jpg "$work/$long"
set -- --owner 0 --group 0 --mtime 2020-01-01 -C "$work"
tar "$@" --format ustar -cf ustar.tar 1.jpg 1.json unnamed link.jpg
tar "$@" --format pax -cf pax.tar "$long"
tar "$@" --format gnu -cf gnu.tar "$long"
tar "$@" --format ustar -czf gzip.tar 1.jpg unnamed
cd ../list
printf 'a.jpg\r\n\nfolder/b.png\n/nowhere/c.jpg\n' > plain
printf 'path,label\n"q""x,\n.jpg",2\na.jpg,1\n' > quoted
