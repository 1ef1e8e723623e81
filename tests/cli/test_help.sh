# The overview names each command, each command explains itself, and the pages in docs/man are those of this program.
"$WINNOW" help | sed -n '1,3p'
for command in $("$WINNOW" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    "$WINNOW" help "$command" >help.txt
    "$WINNOW" "$command" --help | cmp - help.txt
    "$WINNOW" help "$command" --format man | cmp - "$SOURCE/docs/man/winnow-$command.1"
done
"$WINNOW" help --format man | cmp - "$SOURCE/docs/man/winnow.1"
# shellcheck disable=SC1090
source <("$WINNOW" help --format completion)
COMP_WORDS=(winnow cur) COMP_CWORD=1
_winnow
echo "${COMPREPLY[@]}"
COMP_WORDS=(winnow curate --except) COMP_CWORD=2
_winnow
echo "${COMPREPLY[@]}"
# The settings of the training methods, for people and for programs.
"$WINNOW" train --list-methods >methods.txt
"$WINNOW" train --list-methods --json >methods.json
python3 - <<'P'
import json
methods = {m["name"]: m["options"] for m in json.load(open("methods.json"))["methods"]}
queue = methods["moco"][2]
assert queue["help"] and (queue["name"], queue["default"], queue["least"], queue["most"]) == ("queue", 4096, 1, 65536), queue
assert methods["simsiam"] == [], methods
text = open("methods.txt").read()
for option in sum(methods.values(), []):
    assert f" {option['name']}={option['default']:g} " in text and option["help"] in text, option
P
