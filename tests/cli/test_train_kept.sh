# What a training keeps: after Ctrl-C, kill -9, a loss that is no number, damaged checkpoints, and a full disk.
steps=14
train() { exec "$WINNOW" train "$IMAGES" --network tiny --side 16 --embed-side 16 --batch 8 --steps $steps "$@"; }
fails() { # STATUS WORDS ARGS...
    local status=$1 words=$2 got=0
    shift 2
    (train "$@") 2>message || got=$?
    [ "$got" = "$status" ] && grep -qF -- "$words" message || { echo "train $* gave $got"; cat message; }
}
checkpoint() { echo "$1/models/trained.wnm.checkpoint"; }
(train -w plain --out plain.wnm -q)
# A process that stops as soon as it has done some steps: the first checkpoint comes after 3 seconds, or at Ctrl-C.
stopped() { # FOLDER SIGNAL
    local pid status=0
    train -w "$1" 2>stopped.txt & pid=$!
    for _ in $(seq 400); do
        [ "$(cat "$1/models/trained.wnm.csv" 2>/dev/null | wc -l)" -ge 3 ] && break
        sleep 0.05
    done
    kill "-$2" $pid 2>/dev/null || true
    wait $pid 2>/dev/null || status=$?
    echo $status
}
[ "$(stopped w INT)" = 130 ] || cat stopped.txt
grep -q "training was cancelled after [0-9]* of $steps steps" stopped.txt || cat stopped.txt
[ -e "$(checkpoint w)" ] && [ ! -e w/models/trained.wnm ]
"$WINNOW" info "$(checkpoint w)" | grep -q "the command that wrote it, given again, goes on from here"
cp "$(checkpoint w)" good
[ "$(stopped w KILL)" = 137 ] || cat stopped.txt
grep -q "training continues after step" stopped.txt || cat stopped.txt
(train -w w --out resumed.wnm --progress always 2>said)
cmp plain.wnm resumed.wnm
# What was done before counts in the share and not in the rate: the stage begins where the checkpoint stands.
tr '\r' '\n' <said | grep -o '\(load\|train\) .* images' >lines
grep -q '^load ' lines && grep -q '^train ' lines || cat lines
if grep '^train ' lines | grep -v '[1-9][0-9,]* / [1-9][0-9,]* images'; then cat lines; fi

# Checkpoints that are no use: training starts over and says why, and ends in the same bytes.
again() { # WORDS: with what stands in `bad` as the checkpoint
    rm -rf w/models/*
    python3 -c 'import sqlite3; c = sqlite3.connect("w/catalog.db"); c.execute("DELETE FROM models"); c.commit()'
    cp bad "$(checkpoint w)"
    (train -w w --out again.wnm) 2>message
    grep -qF -- "$1" message || cat message
    cmp plain.wnm again.wnm
}
head -c 5000 good >bad
again "damaged checkpoint, 5000 bytes of"
python3 -c 'b = bytearray(open("good", "rb").read()); b[len(b) // 2] ^= 4; open("bad", "wb").write(b)'
again "damaged checkpoint (its checksum differs); training starts from the beginning"
python3 -c 'b = bytearray(open("good", "rb").read()); b[7] = ord("1"); open("bad", "wb").write(b)'
again "a checkpoint of another version of winnow; training starts from the beginning, that one is kept as"
cmp bad "$(checkpoint w).old"

# A rate that is far too high: named with its value; the checkpoint serves the same options, which end there again.
fails 1 "is no longer a number" -w nan --method vicreg --optimizer sgd --rate 100
grep -qF "Try a lower --rate (it was 100)" message && grep -qF "keeps the last good numbers" message || cat message
[ -e "$(checkpoint nan)" ]
fails 1 "is no longer a number" -w nan --method vicreg --optimizer sgd --rate 100
grep -q "training continues after step" message || cat message
fails 2 "--teacher belongs to --method distill" -w nan --teacher e.npy

# A limit on the size of files, and a full disk: the checkpoint from before stays, with a sentence that names both.
full() { # FOLDER: a checkpoint cannot be written there any more
    grep -qF "the checkpoint $(checkpoint "$1"): cannot write" stopped.txt || cat stopped.txt
    grep -qF "free space on that disk" stopped.txt || cat stopped.txt
    cmp good "$(checkpoint "$1")"
}
restore() { # FOLDER: a workspace as the one that was interrupted left it
    rm -rf "${1:?}/models"; mkdir "$1/models"; cp good "$(checkpoint "$1")"
    python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("DELETE FROM models"); c.commit()' "$1/catalog.db"
}
restore w
blocks=$(($(stat -c %s good) / 2048)) # of 1024 bytes: half a checkpoint
[ "$(ulimit -f $blocks; stopped w INT)" = 130 ] || cat stopped.txt
full w
mkdir small
fill() { # up to half a checkpoint
    dd if=/dev/zero of=small/fill bs=64k 2>/dev/null || true
    truncate -s "-$((blocks * 1024))" small/fill
}
tiny_disk() {
    mount -t tmpfs -o size=60m tmpfs small
    cp -r w small/w
    restore small/w
    fill
    [ "$(stopped small/w INT)" = 130 ] || cat stopped.txt
    full small/w
    rm small/fill
    (train -w small/w --out small.wnm -q)
    cmp plain.wnm small.wnm
}
if unshare -rm true 2>/dev/null && unshare -rm mount -t tmpfs tmpfs small 2>/dev/null; then
    export WINNOW IMAGES steps blocks; export -f tiny_disk fill stopped train checkpoint restore full
    unshare -rm bash -eu -c tiny_disk
fi
