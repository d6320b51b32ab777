#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help, version, and the commands that open no device. Wrong calls are in test_bad_usage.sh.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"

vireo 0 --version
prints '^vireo [0-9]*\.[0-9]*\.[0-9]* ([^()][^()]*)$' # and the commit
fits() {
    expect "help of ${command:-vireo} fits 80 columns" [ "$(wc -L <"$temporary/out")" -le 80 ]
}
vireo 0 --help
fits
commands='devices inspect tokenize embed import recommend similar evaluate tune bench'
expect "the commands are $commands" \
    [ "$(sed -n '/^commands:$/,/^$/s/^  \([a-z]*\)  *[A-Z].*/\1/p' "$temporary/out" | xargs)" = "$commands" ]
for command in $commands; do
    vireo 0 "$command" --help
    quiet
    prints "^usage: vireo $command" '^examples:$' '^  --json\|^  --format'
    examples=$(sed '1,/^examples:$/d' "$temporary/out")
    count=$(echo "$examples" | grep -c "^  vireo $command")
    expect "two examples of $command or more" [ "$count" -ge 2 ]
    expect "nothing after the examples of $command" [ "$(echo "$examples" | wc -l)" -eq "$count" ]
    fits
done
prints '^  vireo bench device$' '^  vireo bench suite --quick --output a.json$' \
    '^  vireo bench compare a.json b.json$' '^  --seconds N  *suite: .*90s, 2m'

# What is asked for without its name: the ops, the order of their sizes.
vireo 2 bench op
says 'vireo bench: op needs NAME, or "all"'
mentions '^  matmul  *M x K x N: ' '^  top_k  *rows x scores x k$' '^  transpose  *rows x width$'
expect "they fit 80 columns" [ "$(wc -L <"$temporary/err")" -le 80 ]
expect "all of them" [ "$(grep -c '^  [a-z]' "$temporary/err")" -ge 41 ]

tiny_model
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
