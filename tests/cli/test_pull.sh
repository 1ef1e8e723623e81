# Open models by name, from a server that can do all that goes wrong.
W="$WINNOW"
export XDG_CACHE_HOME="$PWD/cache" no_proxy=127.0.0.1
unset WINNOW_HUB
refuses() { # STATUS TEXT ARGS...: fails with that status and says that
    local status=0 expected=$1 text=$2; shift 2
    "$W" "$@" >refused.txt 2>&1 || status=$?
    [ "$status" = "$expected" ] && grep -qF -- "$text" refused.txt || { cat refused.txt; echo "$*: $status"; }
}
cat >server.py <<'P'
"""The first folder of a path says what goes wrong; the log tells what was asked."""
import http.server, os, sys, time
body = bytes([8]) + bytes(i * 7 % 251 for i in range(3_000_000))
other = bytes([8]) + bytes(i * 5 % 251 for i in range(3_000_000))
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, code, data, headers=(), send=None):
        self.send_response(code)
        for name, value in headers: self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(data[:send])
    def do_GET(self):
        how = self.path.split("/")[1]
        wanted = self.headers.get("Range")
        with open("log", "a") as log: print(how, wanted or "-", self.path.split("/")[-1], file=log)
        start = int(wanted[6:].split("-")[0]) if wanted else 0
        if how == "missing": return self.answer(404, b"no")
        if how == "secret": return self.answer(401, b"no")
        if how == "broken": return self.answer(503, b"no")
        if how == "page": return self.answer(200, b"<html>please log in</html>")
        if how == "empty": return self.answer(200, b"")
        if how == "redirect":
            return self.answer(302, b"", [("Location", self.path.replace("redirect", "announced", 1)), ("X-Linked-ETag", '"%s"' % open("sha").read().strip())])
        if how == "lying":
            return self.answer(200, body, [("X-Linked-ETag", '"%s"' % ("0" * 64))])
        if how == "file": return self.answer(302, b"", [("Location", "file:///etc/hostname")])
        data = other if how == "new" else body
        tag = [("ETag", '"two"' if how == "new" else '"one"')]
        if how in ("whole206", "stuck"):
            part = data if how == "whole206" else data[:1000]
            return self.answer(206, part, tag + [("Content-Range", "bytes 0-%d/%d" % (len(part) - 1, len(data)))])
        if how == "plain": return self.answer(200, data) # no ranges
        if how == "slow": # half of it, then nothing
            self.answer(200, data, tag, 1_500_000)
            self.wfile.flush()
            return time.sleep(60)
        if how == "endless": # without a length, as much as anybody takes
            self.send_response(200)
            for name, value in tag: self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                while True: self.wfile.write(data)
            except OSError: return
        if not wanted: return self.answer(200, data, tag, 1_500_000 if how in ("cut", "dead") else None)
        if start >= len(data): return self.answer(416, b"", [("Content-Range", "bytes */%d" % len(data))])
        if how == "dead":
            return self.answer(503, b"no")
        if how == "shifted": start += 1
        part = data[start:]
        self.answer(206, part, tag + [("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data)))])
if sys.argv[1:] == ["body"]:
    open("good.onnx", "wb").write(body); open("other.onnx", "wb").write(other)
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    open("port.new", "w").write(str(server.server_port)); os.rename("port.new", "port")
    server.serve_forever()
P
"$W" model pull resnet-50 --hub http://127.0.0.1:9 2>without.txt || true
if grep -qF "built without libcurl" without.txt; then
    refuses 1 "fetch http://127.0.0.1:9/Xenova/resnet-50/resolve/main/onnx/model.onnx by other means" \
        model pull resnet-50 --hub http://127.0.0.1:9
    [ -z "$(find cache -name '*.onnx')" ] && "$W" model list | grep -q '^resnet-50 *not here'
    exit 0
fi
rm -rf cache
python3 server.py body
sha256sum good.onnx | cut -d' ' -f1 >sha
good=$(cat sha)
python3 server.py & server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do [ -e port ] && break; sleep 0.1; done
hub=http://127.0.0.1:$(cat port)
models=cache/winnow/models

# The table, and what a call would do.
"$W" model list >list.txt
"$W" model pull --list | cmp - list.txt
grep -q '^default  *built in .* 112 * 128 ' list.txt && grep -q '^dinov2-small  *not here .* 224 * 384  Apache-2.0$' list.txt
grep -A2 '^resnet-50 ' list.txt | grep -q 'SHA-256 unknown; recorded on first download'
"$W" model list --json | python3 -c 'import json,sys; m = json.load(sys.stdin)["models"]; assert len(m) >= 6 and all(len(x["sha256"] or "0" * 64) == 64 and x["bytes"] > 10**6 and x["side"] >= 96 and x["dim"] >= 128 for x in m), m'
"$W" model pull resnet-50 --hub "$hub/ok" --dry-run 2>dry.txt
grep -qF "$hub/ok/Xenova/resnet-50/resolve/main/onnx/model.onnx" dry.txt
[ ! -e cache ] && [ ! -e log ]

# The whole file; then it is there and nothing is asked again, as long as it is the same.
"$W" model pull resnet-50 --hub "$hub/ok/" --json --quiet >got.json
cmp good.onnx $models/resnet-50.onnx
grep -q "\"sha256\": *\"$good\"" got.json
grep -q 'recorded at this first download' got.json
(cd $models && sha256sum --quiet -c resnet-50.onnx.sha256)
grep -q imagenet $models/resnet-50.onnx.json
echo '{"preprocess": "clip"}' >$models/resnet-50.onnx.json
lines=$(wc -l <log)
WINNOW_HUB="$hub/missing" "$W" model pull resnet-50 --json --quiet >again.json
grep -q '"present": *true' again.json && grep -q 'recorded at the first download' again.json
[ "$(wc -l <log)" = "$lines" ] && grep -q clip $models/resnet-50.onnx.json
# One that somebody put there is taken as it is, and nobody says that it was downloaded.
mkdir put
cp good.onnx put/model.onnx
"$W" model pull resnet-50 --out put/model.onnx 2>put.txt
grep -q "SHA-256 *$good" put.txt && grep -q 'is taken as it is; --sha256 compares it' put.txt && ! grep -q download put.txt || cat put.txt
[ "$(wc -l <log)" = "$lines" ] && (cd put && sha256sum --quiet -c model.onnx.sha256)
printf x >>$models/resnet-50.onnx
refuses 1 "move it away and pull again" model pull resnet-50 --hub "$hub/ok"
rm $models/resnet-50.onnx
"$W" model pull resnet-50 --hub "$hub/ok" --quiet
cmp good.onnx $models/resnet-50.onnx
rm $models/resnet-50.onnx # what comes now is not what came first
refuses 1 "the hash recorded at the first download" model pull resnet-50 --hub "$hub/new"
[ ! -e $models/resnet-50.onnx ] && [ ! -e $models/resnet-50.onnx.part ]

# A cut connection is taken up where it broke, in one run and from run to run.
"$W" model pull dinov2-base --hub "$hub/cut" --out cut.onnx --quiet
cmp good.onnx cut.onnx && grep -q '^cut bytes=1500000-' log
refuses 1 "1500000 bytes are kept" model pull dinov2-base --hub "$hub/dead" --out dead.onnx
[ "$(stat -c %s dead.onnx.part)" = 1500000 ] && [ ! -e dead.onnx ]
"$W" model pull dinov2-base --hub "$hub/ok" --out dead.onnx --json --quiet >resumed.json
cmp good.onnx dead.onnx && grep -q '"resumed": *1500000' resumed.json && [ ! -e dead.onnx.part ] && [ ! -e dead.onnx.part.tag ]
part() { head -c "$1" good.onnx >"$2.part"; printf %s "$3" >"$2.part.tag"; }
part 1000000 plain.onnx one # a server without ranges starts over
"$W" model pull dinov2-base --hub "$hub/plain" --out plain.onnx --quiet
cmp good.onnx plain.onnx
part 1000000 new.onnx one # the hub has another file by now
"$W" model pull dinov2-base --hub "$hub/new" --out new.onnx --quiet
cmp other.onnx new.onnx
part 1000000 unknown.onnx '' # nothing tells what it is a part of
"$W" model pull dinov2-base --hub "$hub/new" --out unknown.onnx --quiet
cmp other.onnx unknown.onnx
part 1000000 shifted.onnx one
"$W" model pull dinov2-base --hub "$hub/shifted" --out shifted.onnx --quiet
cmp good.onnx shifted.onnx && grep -q '^shifted bytes=1000000-' log && grep -q '^shifted -' log
part 1000000 whole206.onnx one # a server that answers a range with all of it
"$W" model pull dinov2-base --hub "$hub/whole206" --out whole206.onnx --quiet
cmp good.onnx whole206.onnx
part 1000000 stuck.onnx one # and one that sends the same beginning again and again
refuses 1 "the server sent 1000 of 3000001 bytes" model pull dinov2-base --hub "$hub/stuck" --out stuck.onnx
[ ! -e stuck.onnx ] && [ "$(grep -c '^stuck' log)" -le 10 ]
part 3000001 whole.onnx one # killed before the rename: nothing is fetched
"$W" model pull dinov2-base --hub "$hub/missing" --sha256 "${good^^}" --out whole.onnx --quiet
cmp good.onnx whole.onnx
cat good.onnx other.onnx >long.onnx.part; printf one >long.onnx.part.tag
"$W" model pull dinov2-base --hub "$hub/ok" --out long.onnx --quiet
cmp good.onnx long.onnx

# Hashes: known, given, announced.
refuses 1 "the hash that winnow knows" model pull dinov2-small --hub "$hub/ok"
[ ! -e $models/dinov2-small.onnx ] && [ ! -e $models/dinov2-small.onnx.part ]
refuses 1 "not ffff" model pull dinov2-base --hub "$hub/ok" --sha256 "$(printf 'f%.0s' $(seq 64))"
refuses 1 "the hash that the hub announced" model pull dinov2-base --hub "$hub/lying"
"$W" model pull dinov2-base --hub "$hub/redirect" --json --quiet >announced.json
grep -q 'that the hub announced' announced.json
cmp good.onnx $models/dinov2-base.onnx

# What else goes wrong.
refuses 1 "no such file (HTTP 404)" model pull dinov2-base --hub "$hub/missing" --out e.onnx
refuses 1 "the server refuses (HTTP 401)" model pull dinov2-base --hub "$hub/secret" --out e.onnx
refuses 1 "the server refuses (HTTP 503)" model pull dinov2-base --hub "$hub/broken" --out e.onnx
refuses 1 "not an ONNX model" model pull dinov2-base --hub "$hub/page" --out e.onnx
refuses 1 "an empty file" model pull dinov2-base --hub "$hub/empty" --out e.onnx
refuses 1 "file" model pull dinov2-base --hub "$hub/file" --out e.onnx
refuses 1 "127.0.0.1" model pull dinov2-base --hub http://127.0.0.1:9 --out e.onnx
refuses 1 "cannot be written" model pull dinov2-base --hub "$hub/ok" --out /proc/e.onnx
[ ! -e e.onnx ] && [ -z "$(find . -name 'e.onnx.part*')" ] # nothing came: nothing is left
( exec 8>busy.onnx.part; flock 8; refuses 1 "another winnow fetches it" model pull dinov2-base --hub "$hub/ok" --out busy.onnx )
[ -e busy.onnx.part ] # it is the other's
refuses 2 "dinov2-small, dinov2-base" model pull dinov3 --hub "$hub/ok"
refuses 2 "model pull --list" model pull
refuses 2 "neither https:// nor http://" model pull dinov2-base --hub ftp://127.0.0.1
refuses 2 "64 hexadecimal digits" model pull dinov2-base --sha256 abc
refuses 2 "belong to 'winnow model pull'" model export x.wnm --hub "$hub"
refuses 2 "there are: export, list, pull" model push x
refuses 2 "takes nothing else" model list x
(unset XDG_CACHE_HOME HOME; refuses 2 "name --out FILE" model pull dinov2-base)

# Ctrl-C keeps what came, and the same command goes on from there.
"$W" model pull dinov2-base --hub "$hub/slow" --out slow.onnx 2>slow.txt & pull=$!
for _ in $(seq 300); do [ "$(stat -c %s slow.onnx.part 2>/dev/null)" = 1500000 ] && break; sleep 0.1; done
kill -INT $pull
status=0; wait $pull || status=$?
[ $status = 130 ] && grep -qF "1500000 bytes are kept" slow.txt && [ ! -e slow.onnx ] || { echo "SIGINT: $status"; cat slow.txt; }
[ "$(stat -c %s slow.onnx.part)" = 1500000 ]
"$W" model pull dinov2-base --hub "$hub/ok" --out slow.onnx --json --quiet --progress always >slow.json 2>said
tr '\r' '\n' <said | grep '^fetch' | head -n 1 | grep -q ' 1,500,000' || cat said # what is kept is no speed
cmp good.onnx slow.onnx && grep -q '"resumed": *1500000' slow.json && grep -q '^ok bytes=1500000-' log

# A disk that is too small, told before a byte is fetched where the server says how many there are, else when it is full;
# what is there stays. Needs leave to mount.
mkdir small
full() {
    mount -t tmpfs -o size=2m tmpfs small
    refuses 1 "bytes more, and" model pull dinov2-base --hub "$hub/ok" --out small/a.onnx
    refuses 1 "No space left on device" model pull dinov2-base --hub "$hub/endless" --out small/b.onnx
    grep -q "bytes are kept" refused.txt
    [ ! -e small/a.onnx ] && [ ! -e small/b.onnx ] && [ "$(stat -c %s small/b.onnx.part)" -gt 1000000 ]
}
if unshare -rm true 2>/dev/null && unshare -rm mount -t tmpfs tmpfs small 2>/dev/null; then
    export W hub; export -f full refuses
    unshare -rm bash -eu -c full
fi

# A pulled model by its name. The file is one of winnow's own: what counts is that it is found.
rm -rf cache
refuses 1 "fetch it with 'winnow model pull dinov2-small'" embed "$IMAGES" --model dinov2-small --out n.npy
refuses 1 "fetch it with 'winnow model pull dinov2-small'" curate "$IMAGES" -w n --model dinov2-small -n 5
refuses 1 "fetch it with 'winnow model pull dinov2-small'" info dinov2-small
refuses 1 "nor the name of an open model" embed "$IMAGES" -w n --model dinov9 -q
mkdir -p $models
"$W" model export default --out $models/dinov2-small.onnx -q
"$W" model list | grep -q '^dinov2-small *pulled' && "$W" model list | grep -q "models/dinov2-small.onnx$"
"$W" model list --json | python3 -c 'import json,sys; m = {x["name"]: x for x in json.load(sys.stdin)["models"]}; assert m["dinov2-small"]["state"] == "pulled" and m["dinov2-small"]["file"].endswith("/dinov2-small.onnx") and m["dinov2-base"]["file"] is None, m'
"$W" info dinov2-small >info.txt
grep -q "^model .*$models/dinov2-small.onnx$" info.txt
refuses 1 "training starts from a model that winnow made" train "$IMAGES" -w t --from dinov2-small --steps 2
mkdir dinov2-small # a folder of that name is no model
if grep -q "^dimensions" info.txt; then
    "$W" embed "$IMAGES" --model dinov2-small --out n.npy -q
    "$W" curate "$IMAGES" -w n --model dinov2-small -n 5 -q
    for command in "select -n 3" "search --sample 1" neighbours; do "$W" $command -w n --model dinov2-small -q >/dev/null; done
    "$W" embed "$IMAGES" --model dinov2-small --dim 8 --out r.npy --out-model r.wnr -q
    "$W" info r.wnr | grep -q "^model  *$PWD/$models/dinov2-small.onnx$"
fi
