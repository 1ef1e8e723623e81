# Names and paths with control characters: nothing of them reaches a terminal as it is; programs get the bytes.
evil=$(printf 'e\033[2Jv\007i\302\233l')
clean() { # FILES...: no control character but line feeds
    if LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$@" >&2; then return 1; fi
}
shows() { grep -qF -- 'e\x1b[2Jv\x07i\xc2\x9bl' "$1"; }
mkdir "$evil"
n=0
find "$IMAGES" -name '*.jpg' | sort | sed -n 1,5p | while read -r path; do cp "$path" "$evil/$evil$((n += 1)).jpg"; done
echo "no picture" >"$evil/bad$evil.jpg"

# A tensor of that name.
python3 - "$evil" <<'PY'
import json, struct, sys
head = json.dumps({sys.argv[1]: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, ensure_ascii=False).encode()
open("t.safetensors", "wb").write(struct.pack("<Q", len(head)) + head + bytes(4))
PY
"$WINNOW" info t.safetensors >lines 2>said
shows lines && clean lines said
mkdir "$evil.d" && cp t.safetensors "$evil.d/"
"$WINNOW" info "$evil.d/t.safetensors" >lines && shows lines && clean lines

# Messages, talk, tables.
"$WINNOW" info "no$evil" >lines 2>said && exit 1
shows said && clean said
"$WINNOW" add "$evil" -w "w$evil" --input-side 32 --verbose --progress always >lines 2>said
shows said
tr '\r' '\n' <said | sed 's/\x1b\[K//g' >talk && clean talk
"$WINNOW" embed -w "w$evil" -q
"$WINNOW" select -n 2 -w "w$evil" --tag "t$evil" >picks 2>said
shows said && clean said
"$WINNOW" status -w "w$evil" >lines && shows lines && clean lines
"$WINNOW" tag -w "w$evil" >lines 2>said && shows lines && clean lines said
"$WINNOW" search -w "w$evil" --sample 0 >lines 2>said && shows lines && clean lines said

# JSON escapes them in its own way: it reads back as the same name.
"$WINNOW" search -w "w$evil" --sample 0 --json >lines 2>said && clean lines said
python3 -c 'import json, sys; assert any(sys.argv[1] in r["path"] for r in json.load(open("lines"))["results"])' "$evil"

# Lists of paths are bytes for programs, and escaped on a terminal.
while read -r path; do [ -e "$path" ]; done <picks
[ "$(wc -l <picks)" = 2 ]
python3 - "$WINNOW" "w$evil" "t$evil" <<'PY' >lines
import os, pty, sys
sys.stdout.flush()
got = []
def read(fd):
    got.append(os.read(fd, 4096))
    return b""
pty.spawn([sys.argv[1], "tag", "show", sys.argv[3], "-w", sys.argv[2], "-q"], read)
sys.stdout.buffer.write(b"".join(got).replace(b"\r", b""))
PY
shows lines && clean lines
