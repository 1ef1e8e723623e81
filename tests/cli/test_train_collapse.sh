# Images of which nothing can be learned are named before the first step; curate goes on without a training.
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -qF -- "$words" message || { echo "$* gave $got"; cat message; }
}
train() { "$WINNOW" train "$@" --network tiny --side 16 --method simsiam; }
mkdir same one few
first=$(find "$IMAGES" -type f | sort | sed -n 1p)
for i in $(seq 20); do cp "$first" same/$i.jpg; done
cp "$first" one/a.jpg
find "$IMAGES" -type f | sort | sed -n 1,5p | xargs -I{} cp {} few/
fails 1 "all 20 images are copies of one (the same in every pixel)" train same -w w --steps 5
fails 1 "there is only one image" train one -w one.w --steps 5
[ -z "$(find . -name "*.wnm*")" ]
train few -w few.w --steps 2 --batch 64 2>message # fewer images than a batch
grep -q "batches hold 5 images" message || cat message
fails 1 "--batch 1: training compares images" train few -w few.w --steps 2 --batch 1
"$WINNOW" train few -w few.w --network tiny --side 16 --steps 2 --batch 2 2>message || cat message # 5 images in twos
cp same/1.jpg same/2.jpg same/3.jpg same/4.jpg same/5.jpg same/6.jpg few/
train few -w few.w --steps 2 2>message
grep -q "of 11 images only 5 differ, and 7 are copies of one" message || cat message
"$WINNOW" curate same -w c -n 2 --keep-duplicates --train-steps 3 --train-network tiny --input-side 16 --json 2>message >curate.json
grep -q "all 20 images are copies of one.*the built-in model is used as it is" message || cat message
grep -q '"model": *"default"' curate.json || cat curate.json
