# Wrong usage: status 2, nothing on standard output, a sentence that helps on standard error.
check() {
    local expected=$1 pattern=$2 status=0
    shift 2
    "$WINNOW" "$@" >out.txt 2>err.txt || status=$?
    [ ! -s out.txt ] || { echo "winnow $*: printed $(cat out.txt)"; return; }
    [ $status -eq "$expected" ] || echo "winnow $*: status $status, expected $expected: $(cat err.txt)"
    # shellcheck disable=SC2053
    [[ $(cat err.txt) == $pattern ]] || echo "winnow $*: said '$(cat err.txt)', expected '$pattern'"
}
check 2 "*did you mean 'curate'?*" crate x
check 2 "*did you mean 'winnow curate $IMAGES -n 100'?" "$IMAGES"
check 2 "*did you mean --seed?*" status --sed 3
check 2 "*--seed needs a value*" status --seed
check 2 "*'x' is not a whole number*" status --seed x
check 2 "*has no option -z*" status -z
check 2 "*'status' takes no paths*" status somewhere
check 2 "*usage: winnow add PATH...*" add
check 2 "*how many images? Give -n 500, or -n 10%" curate "$IMAGES"
check 2 "*--cpu 'avx3'*" status --cpu avx3
check 2 "*options follow the command*" --verbose status
check 2 "*is not a size*" status --memory-limit much
check 1 "*cannot open 'nowhere'*" curate nowhere -n 5
check 1 "*there is no workspace*" status
check 2 "*a whole number from 1*" curate "$IMAGES" -n none
check 2 "*a share lies above 0%*" curate "$IMAGES" -n 101%
check 2 "*min-distance*" curate "$IMAGES" -n 5 --min-distance near
check 2 "*there is no training method 'sim'*" curate "$IMAGES" -n 5 --train-method sim
check 2 "*there is no optimizer 'adamm'; 'winnow info' lists them*" train "$IMAGES" --optimizer adamm
check 2 "*method 'dcl' has no option 'bogus'; it has temperature" train "$IMAGES" --method-options bogus=1
check 2 "*method 'moco' has no option 'que'; it has*did you mean 'queue'?" train "$IMAGES" --method moco --method-options que=9
check 2 "*temperature: 99 is outside 0.05 to 10" train "$IMAGES" --method-options temperature=99
check 2 "*there is no strategy 'farthest'*" curate "$IMAGES" -n 5 --strategy farthest
check 2 "*multiples of 8 from 16 to 256*" curate "$IMAGES" -n 5 --input-side 20
check 2 "*multiples of 8 from 16 to 256*" add "$IMAGES" --input-side 20
# Under --json a program listens: wrong usage is an object too, wherever the word stands.
check_json() {
    local status=0
    "$WINNOW" "$@" >out.txt 2>err.txt || status=$?
    [ $status -eq 2 ] && [ -s err.txt ] || echo "winnow $*: status $status"
    python3 -c 'import json; e = json.load(open("out.txt"))["error"]; assert e["status"] == "INVALID" and e["message"], e' ||
        echo "winnow $*: printed $(cat out.txt)"
}
check_json status --seed x --json
check_json status --json --sed 3
check_json --json status
check_json crate x --json
check_json curate "$IMAGES" --json
# Standard output that nobody reads is no failure to talk about; one that is full is.
{ sleep 0.2; status=0; "$WINNOW" info 2>err.txt || status=$?; echo $status >out.txt; } | true
[ "$(cat out.txt)" = 141 ] && [ ! -s err.txt ] || echo "a closed pipe: status $(cat out.txt), $(cat err.txt)"
"$WINNOW" info 2>err.txt >/dev/full && echo "a full disk is no failure"
grep -q "is the disk full" err.txt || cat err.txt
# An OpenMP runtime that binds the first thread to a core does not take the others away; taskset does.
check_threads() {
    local expected=$1 got
    shift
    got=$(env "$@" "$WINNOW" info --json | sed -n 's/.*"threads": *\([0-9]*\).*/\1/p')
    [ "$got" = "$expected" ] || echo "$*: it would take $got threads, expected $expected"
}
cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
first=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
check_threads "$cores" LANG=C
check_threads "$cores" OMP_PROC_BIND=true
check_threads 1 taskset -c "$first"
[ "$(ls)" = "err.txt
out.txt" ] || ls
