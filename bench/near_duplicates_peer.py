#!/usr/bin/env python3
"""Ten changed copies of some photos among others, and how well a list of pairs finds them.

    near_duplicates_peer.py make FOLDER OUT [COPIED] [OTHERS]   writes OUT/base/*.jpg and OUT/copies/NAME.CHANGE.jpg
    near_duplicates_peer.py judge duplicates.csv COPIED         recall and precision of each change
    near_duplicates_peer.py ground FOLDER OUT                   writes 50 photos as small pictures on plain grounds, with two copies each
    near_duplicates_peer.py judge-ground duplicates.csv OUT     recall and wrong pairs of these

A pair is right when both files come from the same photo. Needs Pillow."""
import csv
import os
import sys

CHANGES = ["recompress", "resize", "crop", "flip", "turn", "brightness", "blur", "text", "border", "grey"]


def change(image, name):
    from PIL import Image, ImageDraw, ImageFilter, ImageOps
    width, height = image.size
    if name == "resize":
        return image.resize((max(8, width * 3 // 5), max(8, height * 3 // 5)), Image.LANCZOS)
    if name == "crop":  # a tenth of each side, off centre
        return image.crop((width * 7 // 100, height * 4 // 100, width * 97 // 100, height * 94 // 100))
    if name == "flip":
        return ImageOps.mirror(image)
    if name == "turn":
        return image.rotate(90, expand=True)
    if name == "brightness":
        return image.point(lambda value: min(255, int(value * 1.3 + 8)))
    if name == "blur":
        return image.filter(ImageFilter.GaussianBlur(max(1, width / 100)))
    if name == "text":
        copy = image.copy()
        ImageDraw.Draw(copy).text((width // 20, height * 3 // 4), "sample text", fill=(255, 255, 255))
        return copy
    if name == "border":
        return ImageOps.expand(image, border=max(2, width // 20), fill=(0, 0, 0))
    if name == "grey":
        return image.convert("L").convert("RGB")
    return image


def make(folder, out, copied, others):
    from PIL import Image
    files = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
                   if name.lower().endswith((".jpg", ".jpeg")))
    step = max(1, len(files) // (copied + others))
    files = files[::step][:copied + others]
    os.makedirs(out + "/base"), os.makedirs(out + "/copies")
    for i, path in enumerate(files):
        image = Image.open(path).convert("RGB")
        image.save("%s/base/%05d.jpg" % (out, i), quality=90)
        for name in CHANGES if i < copied else ():
            change(image, name).save("%s/copies/%05d.%s.jpg" % (out, i, name), quality=45 if name == "recompress" else 85)


def judge(path, copied):
    photo = lambda name: int(os.path.basename(name).split(".")[0])
    pairs = [(photo(row["from"]), row["from"], photo(row["to"]), row["to"], float(row["distance"]))
             for row in csv.DictReader(open(path))]
    groups = {}
    for _, first, _, second, distance in pairs:
        groups.setdefault(first, [(first, 0.0)]).append((second, distance))
    found, right, wrong = set(), 0, 0
    for members in groups.values():
        leader = photo(members[0][0])
        for name, _ in members[1:]:
            right += photo(name) == leader
            wrong += photo(name) != leader
        for name, _ in members:
            parts = os.path.basename(name).split(".")
            same = [m for m, _ in members if photo(m) == photo(name) and m != name]
            if len(parts) == 3 and any(len(os.path.basename(m).split(".")) == 2 for m in same):
                found.add((photo(name), parts[1]))
    print("precision %.4f (%d pairs)" % (right / max(1, right + wrong), right + wrong))
    for name in CHANGES:
        print("%-11s recall %.3f" % (name, sum((i, name) in found for i in range(copied)) / copied))
    print("all         recall %.4f" % (len(found) / (copied * len(CHANGES))))


def ground(folder, out):
    """OUT/sSCALE_LEVEL_PLACE_PHOTO[.COPY].jpg: 15 to 80 % of the side, black or white, centred or in a corner."""
    from PIL import Image, ImageOps
    files = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names if name.lower().endswith(".jpg"))
    photos = [Image.open(path).convert("RGB") for path in files[::max(1, len(files) // 100)][:50]]
    os.makedirs(out)
    for scale in (15, 20, 25, 30, 40, 50, 60, 80):
        for level in (0, 255):
            for place in "co":
                for i, photo in enumerate(photos[:50 if place == "c" else 25]):
                    side = 4 * scale
                    at = (400 - side) // 2 if place == "c" else 33
                    picture = Image.new("RGB", (400, 400), (level,) * 3)
                    picture.paste(photo.resize((side, side), Image.LANCZOS), (at, at))
                    name = "%s/s%03d_%d_%s_%03d" % (out, scale, level, place, i)
                    picture.save(name + ".jpg", quality=92)
                    picture.resize((300, 300), Image.LANCZOS).save(name + ".resize.jpg", quality=70)
                    ImageOps.mirror(picture.point(lambda value: min(255, int(value * 1.2)))).save(name + ".flip.jpg", quality=85)


def judge_ground(path, out):
    """A pair is wrong when its files show different photos; a copy is found when its picture is in its group."""
    stem = lambda name: os.path.basename(name).split(".")[0]
    groups, found, wrong, pairs = {}, 0, 0, 0
    for row in csv.DictReader(open(path)):
        groups.setdefault(row["from"], [row["from"]]).append(row["to"])
    for members in groups.values():
        pairs += len(members) - 1
        wrong += sum(stem(name)[-3:] != stem(members[0])[-3:] for name in members)
        whole = {stem(name) for name in members if os.path.basename(name).count(".") == 1}
        found += sum(os.path.basename(name).count(".") == 2 and stem(name) in whole for name in members)
    print("found %d of %d, wrong %d of %d pairs" % (found, sum(name.count(".") == 2 for name in os.listdir(out)), wrong, pairs))


if __name__ == "__main__":
    if sys.argv[1] == "ground":
        ground(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "judge-ground":
        judge_ground(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1000, int(sys.argv[5]) if len(sys.argv) > 5 else 9000)
    else:
        judge(sys.argv[2], int(sys.argv[3]))
