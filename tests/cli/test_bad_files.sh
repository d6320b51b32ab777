#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file of a model for each status that a file can cause: exit status 1, one message, nothing printed,
# nothing written. The rows of malformed inputs themselves are in tests/io, tests/text and tests/api.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
# shellcheck disable=SC2154 # cli.sh's
cd "$temporary"
unsupported='next: "vireo inspect MODEL" says what is missing'
absent='next: a model is a Hugging Face folder with config.json; "sh models/fetch.sh minilm" brings one'

fresh() { # the model as it was
    rm -rf bad
    cp -r model bad
}

files() {
    find bad -printf '%p %s %T@ %i %m\n' | sort
}

refuse() { # COMMAND MESSAGE [WHAT-NEXT]
    before=$(files)
    case $1 in
    inspect) vireo 1 inspect bad ;;
    *) vireo 1 "$1" --model bad 'The sea' ;;
    esac
    name="$1: $2"
    shift
    printf 'vireo: %s\n' "$@" >wanted
    expect "only the message of $name" cmp wanted err
    expect "nothing printed by $name" [ ! -s out ]
    expect "nothing written by $name" [ "$(files)" = "$before" ]
}

# ---- FORMAT ----
fresh
printf '1234567' >bad/model.safetensors
message="bad/model.safetensors: byte 7: the file has 7 bytes, the header's length alone needs 8 (SHORT)"
refuse inspect "$message"
refuse embed "$message"
fresh
sed -i 's/}$/,}/' bad/config.json
place=$(($(wc -c <bad/config.json) - 1))
refuse inspect "bad/config.json: byte $place: found '}', a key is needed (SYNTAX)"
fresh
sed -i 's/"vocab_size": [0-9]*/"vocab_size": 41/' bad/config.json
rows=$(wc -l <bad/vocab.txt)
table="tensor embeddings.word_embeddings.weight is"
refuse embed "bad/model.safetensors: $table [$rows, 32], config.json wants [41, 32] (VOCAB)"
fresh
printf '[UNK]\n\377\n' >bad/vocab.txt
refuse tokenize "bad/vocab.txt: byte 6 is not UTF-8 (VOCAB)"
refuse embed "bad/vocab.txt: byte 6 is not UTF-8 (VOCAB)"

# ---- UNSUPPORTED ----
fresh
LC_ALL=C sed -i '1s/"F32"/"U32"/' bad/model.safetensors
refuse embed "bad: $table U32, allowed: F32, F16, BF16, I32" "$unsupported"
fresh
sed -i 's/"bert"/"gpt9"/' bad/config.json
refuse embed 'bad/config.json: model_type "gpt9" is not supported, allowed: bert (ARCH)' "$unsupported"
fresh
printf '{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}' >bad/tokenizer.json
refuse tokenize 'bad/tokenizer.json: model.type is "BPE", supported: WordPiece (COMPONENT)'

# ---- NOT_FOUND ----
fresh
rm bad/model.safetensors
refuse inspect "bad: holds neither model.safetensors nor model.safetensors.index.json" "$absent"
fresh
rm bad/config.json
refuse embed "bad/config.json: cannot be opened: No such file or directory" "$absent"
fresh
rm bad/vocab.txt
refuse tokenize "bad: no tokenizer, tokenizer.json or vocab.txt is needed" "$absent"
fresh
sed -i 's/"num_hidden_layers": 2/"num_hidden_layers": 3/' bad/config.json
refuse embed "bad: tensor encoder.layer.2.attention.self.query.weight is missing"

# ---- LIMIT ----
fresh
truncate -s 256M bad/config.json
refuse inspect "bad/config.json: 268435456 bytes, at most 16777216 are allowed (LIMIT)"
fresh
sed -i 's/"num_hidden_layers": 2/"num_hidden_layers": 1000000000/' bad/config.json
refuse embed "bad/config.json: num_hidden_layers is 1000000000, an integer from 1 to 1024 is needed (LIMIT)"
fresh
truncate -s 256M bad/vocab.txt
refuse tokenize "bad/vocab.txt: 268435456 bytes, at most 12582912 are allowed (LIMIT)"
fresh
python3 - <<'PYTHON'
import struct
tensor = b'"t%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
text = b"{" + b",".join(tensor % i for i in range(100001)) + b"}"
with open("bad/model.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text) + -len(text) % 8) + text + b" " * (-len(text) % 8))
PYTHON
refuse inspect "bad/model.safetensors: byte 5788899: more than 100000 tensors, which is the limit (LIMIT)"

# ---- IO ----
for file in model.safetensors config.json vocab.txt; do
    fresh
    rm "bad/$file"
    mkfifo "bad/$file"
    refuse embed "bad/$file: is a pipe, a regular file is needed (NOT_FILE)"
    rm "bad/$file"
    mkdir "bad/$file"
    refuse embed "bad/$file: is a folder, a regular file is needed (NOT_FILE)"
done
