#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help, version, and every way of calling the program wrongly. No device is opened.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"

vireo 0 --version
prints '^vireo [0-9]*\.[0-9]*\.[0-9]*$'
vireo 0 --help
for command in devices inspect tokenize embed import recommend similar evaluate bench; do
    prints "^  $command  *[A-Z]"
done
for command in devices inspect tokenize embed import recommend similar evaluate bench; do
    vireo 0 "$command" --help
    quiet
    prints "^usage: vireo $command" '^examples:$' '^  --json\|^  --format'
    expect "two examples of $command" \
        [ "$(sed '1,/^examples:$/d' "$temporary/out" | grep -c "^  vireo $command")" -eq 2 ]
    expect "help of $command fits 100 columns" [ "$(wc -L <"$temporary/out")" -le 100 ]
done

vireo 2
says 'vireo: a command is needed: devices, inspect, tokenize, embed, import, recommend, similar, evaluate or bench'
vireo 2 recomend
says 'vireo: unknown command "recomend"; the nearest is recommend'
vireo 2 --divice 0 devices
says 'vireo: unknown option --divice; the nearest is --device'
vireo 2 embed --modle m text
says 'vireo embed: unknown option --modle; the nearest is --model'
mentions '^See: vireo embed --help$'
vireo 2 embed --bacth=3 text
says 'vireo embed: unknown option --bacth; the nearest is --batch'
vireo 2 embed --model
says 'vireo embed: --model needs a value (MODEL)'
vireo 2 embed --model --input f
says 'vireo embed: --model needs a value (MODEL)'
vireo 2 embed --model= text
says 'vireo embed: --model needs a value that is not empty (MODEL)'
vireo 2 embed text
says 'vireo embed: --model MODEL is needed'
vireo 2 embed --model m
says 'vireo embed: one of --input and TEXT is needed'
vireo 2 embed --model m --input f text
says 'vireo embed: --input and TEXT cannot be used together'
vireo 2 embed --model m --jsonl-key k text
says 'vireo embed: --jsonl-key needs --input'
for value in -1 0 99999999999999999999 nan 1e3 +5 0x10 ' 5' 1048577; do
    vireo 2 embed --model m --batch "$value" text
    says "vireo embed: --batch is \"$value\"; allowed: a whole number from 1 to 1048576"
done
vireo 2 embed --model m --format csv text
says 'vireo embed: --format is "csv"; allowed: jsonl npy'
vireo 2 recommend --store s --user u --json=yes
says 'vireo recommend: --json takes no value, found "yes"'
vireo 2 recommend --store s
says 'vireo recommend: one of --user --history --query --all-users is needed'
vireo 2 recommend --store s --user u --query q
says 'vireo recommend: --user and --query cannot be used together'
vireo 2 recommend --store s --query q --method popular
says 'vireo recommend: --query and --method popular cannot be used together: a query is a search by content'
vireo 2 recommend --store s --query q
mentions '^vireo recommend: --query needs --model MODEL'
vireo 2 recommend --store s --user u --method content
mentions '^vireo recommend: --method content needs --model MODEL'
vireo 2 recommend --store s --all-users
says 'vireo recommend: --all-users needs --output FILE'
vireo 2 recommend --store s --user u --output f
says 'vireo recommend: --output needs --all-users'
vireo 2 recommend --store s --user u -k 1025
says 'vireo recommend: -k is "1025"; allowed: a whole number from 1 to 1024'
vireo 2 recommend --store s --user u extra
says 'vireo recommend: unexpected argument "extra"'
vireo 2 tokenize --model m one two
says 'vireo tokenize: unexpected argument "two" after "one"'
vireo 2 inspect
says 'vireo inspect: MODEL is needed'
vireo 2 bench gpu
says 'vireo bench: "gpu" cannot be measured; allowed: device, matmul, model'
vireo 2 bench matmul --m 8
says 'vireo bench: matmul needs --m, --n and --k'
vireo 2 bench device --m 8
says 'vireo bench: device and --m, --n, --k, --dtype or --plain-b cannot be used together'
vireo 2 --log loud devices
says 'vireo: --log is "loud"; allowed: error warn info debug'

# Files that are wrong are told before any device is opened.
vireo 1 inspect "$temporary/none"
mentions '/none' 'models/fetch.sh minilm'
vireo 1 inspect "$temporary"
mentions 'config.json'
mkfifo "$temporary/pipe"
vireo 1 inspect "$temporary/pipe"
mentions 'pipe: '
vireo 1 inspect /dev/zero
mentions '/dev/zero: '
vireo 1 tokenize --model "$temporary/none" text
mentions '/none'
vireo 1 recommend --store "$temporary/none.db" --user 1
mentions 'none.db: no such store; vireo import'
vireo 1 embed --model "$temporary/none" --input "$temporary/none.txt"
says "vireo: $temporary/none.txt: cannot be opened: No such file or directory"
vireo 1 embed --model "$temporary/none" --input "$temporary"
says "vireo: $temporary: is a folder; a file of lines is needed"
tiny_model
echo text >"$temporary/text"
vireo 2 embed --model "$model" --input "$temporary/text" --output "$temporary/text"
says "vireo embed: --input and --output are the same file, \"$temporary/text\""
ln -s text "$temporary/link"
vireo 2 embed --model "$model" --input "$temporary/text" --output "$temporary/link"
mentions 'are the same file'
if [ "$(id -u)" -ne 0 ]; then
    chmod 0 "$temporary/text"
    vireo 1 embed --model "$model" --input "$temporary/text"
    says "vireo: $temporary/text: cannot be opened: Permission denied"
fi

# Commands that need no device, on a name that is not UTF-8.
odd=$temporary/$(printf 'mod\351le')
cp -r "$model" "$odd"
vireo 0 tokenize --model "$odd" --json 'The sea'
json 'j["tokens"] == ["[CLS]", "the", "sea", "[SEP]"] and len(j["ids"]) == 4'
vireo 0 tokenize --model "$odd" --no-special 'sea zq'
expect "tokens as lines" [ "$(cut -f 2 "$temporary/out" | tr '\n' ' ')" = "token sea z ##q " ]
vireo 0 inspect "$odd" --tensors --json
json 'j["architecture"] == "bert" and j["supported"] and j["missing"] == ""'
json 'j["hyper_parameters"]["hidden_size"] == 32 and j["tokenizer"]["kind"] == "WordPiece"'
json 'j["dtypes"]["F32"]["parameters"] == j["parameters"] == sum(math.prod(t["shape"]) for t in j["tensors"])'
json 'j["bytes"] == 4 * j["parameters"] and len(j["tensors"]) == 37'
sed -i 's/"bert"/"tapir"/' "$model/config.json"
vireo 0 inspect "$model" --json
json 'not j["supported"] and "tapir" in j["missing"]'
vireo 0 inspect "$model"
prints '^supported	no$' '^missing	.*tapir'

# Output that cannot be written.
vireo 0 inspect "$odd"
"$VIREO" inspect "$odd" >/dev/full 2>"$temporary/err" && got=0 || got=$?
expect "a full device: exit status 1" [ "$got" -eq 1 ]
mentions '^vireo: standard output: cannot be written: No space left on device$'
"$VIREO" --help >/dev/full 2>"$temporary/err" && got=0 || got=$?
expect "a full device: exit status 1 of --help" [ "$got" -eq 1 ]
"$VIREO" inspect "$odd" >&- 2>"$temporary/err" && got=0 || got=$?
expect "no standard output: exit status 1" [ "$got" -eq 1 ]
