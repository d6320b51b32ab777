# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_safetensors and fuzz_config: model_corpus.py [FOLDER] (default: corpus beside
this file). A seed's name says what it is."""
import json
import os
import struct
import sys


def entry(dtype, shape, begin, end, **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def safetensors(header, data_bytes=0, length=None):
    """The input of fuzz_safetensors; `length` instead of the header's own."""
    text = header if isinstance(header, bytes) else \
        (header if isinstance(header, str) else json.dumps(header)).encode()
    if length is None:
        return struct.pack("<I", data_bytes) + text
    return struct.pack("<IQ", data_bytes | 1 << 31, length) + text


DTYPES = {"F32": 32, "F16": 16, "I32": 32, "BF16": 16, "F64": 64, "I64": 64, "I16": 16, "I8": 8, "U64": 64,
          "U32": 32, "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6,
          "F6_E3M2": 6, "F4": 4, "C64": 64}


def every_dtype():
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, bits in DTYPES.items():
        header[name] = entry(name, [8], at, at + bits)
        at += bits
    return safetensors(header, at)


one = entry("F32", [1], 0, 4)
SAFETENSORS = {
    "good_empty": safetensors("{}"),
    "good_one": safetensors({"a": one}, 4),
    "good_two": safetensors({"b": entry("F16", [2, 3], 4, 16), "a": one}, 16),
    "good_scalar": safetensors({"a": entry("F32", [], 0, 4)}, 4),
    "good_no_elements": safetensors({"a": entry("F32", [0, 3], 0, 0), "b": one}, 4),
    "good_spaces": safetensors('{ "b" : {"shape":[ 1 ],\n"data_offsets":[0 , 4 ],\t"dtype": "F32"} }  ', 4),
    "good_escaped_name": safetensors(r'{"\u00e9\n\"\/\ud83d\ude00":%s}' % json.dumps(one), 4),
    "good_every_dtype": every_dtype(),
    "good_rank_8": safetensors({"a": entry("F32", [1] * 8, 0, 4)}, 4),
    "good_own_length": safetensors("{}", 0, 2),
    "good_long_name": safetensors({"n" * 62 + "\u00e9\u00e9": one}, 4),
    "short": b"\0\0\0\x80{}",
    "length_0": safetensors("{}", 0, 0),
    "length_max": safetensors("{}", 0, 2**64 - 1),
    "length_big": safetensors("{}", 0, 100000001),
    "length_beyond": safetensors("{}", 0, 3),
    "start_array": safetensors("[]"),
    "start_space": safetensors(" {}"),
    "json_cut": safetensors('{"a":'),
    "json_utf8": safetensors(b'{"a\xff":1}'),
    "json_duplicate": safetensors('{"a":1,"\\u0061":2}'),
    "json_deep": safetensors('{"a":' * 66),
    "json_two": safetensors("{}{}"),
    "entry_array": safetensors('{"a":[]}'),
    "entry_unknown_field": safetensors({"a": entry("F32", [1], 0, 4, x=1)}, 4),
    "no_dtype": safetensors('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4),
    "no_shape": safetensors('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4),
    "no_offsets": safetensors('{"a":{"dtype":"F32","shape":[1]}}', 4),
    "dtype_unknown": safetensors({"a": entry("F31", [1], 0, 4)}, 4),
    "dtype_number": safetensors({"a": entry(7, [1], 0, 4)}, 4),
    "shape_number": safetensors({"a": entry("F32", 1, 0, 4)}, 4),
    "shape_negative": safetensors({"a": entry("F32", [-1], 0, 4)}, 4),
    "shape_beyond": safetensors({"a": entry("F32", [2**64], 0, 4)}, 4),
    "shape_overflow": safetensors({"a": entry("F32", [2**32, 2**32], 0, 4)}, 4),
    "shape_overflow_to_0": safetensors({"a": entry("U8", [2**32, 2**32], 0, 0)}),
    "shape_overflow_times_0": safetensors({"a": entry("F32", [2**32, 2**32, 0], 0, 0)}),
    "shape_rank_9": safetensors({"a": entry("F32", [1] * 9, 0, 4)}, 4),
    "offsets_object": safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":{}}}', 4),
    "offsets_one": safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
    "offsets_three": safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4),
    "offsets_swapped": safetensors({"a": entry("F32", [1], 4, 0)}, 4),
    "offsets_negative": safetensors({"a": entry("F32", [1], -4, 0)}, 4),
    "offsets_beyond": safetensors({"a": entry("F32", [2], 0, 8)}, 7),
    "size_wrong": safetensors({"a": entry("F32", [2], 0, 4)}, 4),
    "size_half_a_byte": safetensors({"a": entry("F4", [3], 0, 2)}, 2),
    "overlap": safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 3, 7)}, 7),
    "same_bytes": safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 0, 4)}, 4),
    "hole": safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [2], 5, 7)}, 7),
    "trailing": safetensors({"a": entry("U8", [4], 0, 4)}, 14),
    "odd_offset": safetensors({"a": entry("U8", [1], 0, 1), "b": entry("F32", [1], 1, 5)}, 5),
    "metadata_number": safetensors({"__metadata__": 1}),
    "metadata_value": safetensors({"__metadata__": {"a": 1}}),
}


def config(kind, key, text):
    text = text if isinstance(text, (bytes, str)) else json.dumps(text)
    return bytes([kind]) + key.encode() + b"\0" + (text if isinstance(text, bytes) else text.encode())


bert = {"model_type": "bert", "hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6,
        "num_attention_heads": 12, "vocab_size": 30522, "type_vocab_size": 2, "max_position_embeddings": 512,
        "layer_norm_eps": 1e-12, "hidden_act": "gelu", "architectures": ["BertModel"]}
llama = {"hidden_size": 576, "num_attention_heads": 9, "num_key_value_heads": 3, "rms_norm_eps": 1e-5,
         "rope_theta": 100000, "head_dim": 64, "rope_scaling": {"type": "yarn", "factors": [1, 2.5]}}
step = "sentence_transformers.models."
modules = [{"idx": 0, "type": step + "Transformer", "path": ""},
           {"idx": 1, "type": step + "Pooling", "path": "1_Pooling"}]
CONFIG = {
    "config_bert": config(0, "architectures.0", bert),
    "config_rotary": config(0, "rope_scaling.factors.1", llama),
    "config_empty": config(0, "", "{}"),
    "config_array": config(0, "a", "[]"),
    "config_key_with_point": config(0, "a.b", {"a.b": 7}),
    "config_key_through_number": config(0, "a.b.c", {"a": 1}),
    "config_null": config(0, "hidden_size", {"hidden_size": None}),
    "config_bool": config(0, "yes", {"yes": True, "no": False}),
    "config_string_size": config(0, "hidden_size", {"hidden_size": "768"}),
    "config_long_string": config(0, "hidden_size", {"hidden_size": "\u00e9" * 40}),
    "config_array_size": config(0, "hidden_size", {"hidden_size": [1]}),
    "config_object_size": config(0, "hidden_size", {"hidden_size": {}}),
    "config_true_size": config(0, "hidden_size", {"hidden_size": True}),
    "config_false_size": config(0, "hidden_size", {"hidden_size": False}),
    "config_fraction": config(0, "hidden_size", {"hidden_size": 20.5}),
    "config_no_heads": config(0, "num_attention_heads", {"num_attention_heads": 0}),
    "config_many_layers": config(0, "num_hidden_layers", {"num_hidden_layers": 10**9}),
    "config_heads": config(0, "hidden_size", {"hidden_size": 20, "num_attention_heads": 3}),
    "config_kv_heads": config(0, "", {"num_attention_heads": 12, "num_key_value_heads": 5}),
    "config_theta": config(0, "rope_theta", {"rope_theta": 0}),
    "modules_good": config(1, "modules.1.type", modules),
    "modules_object": config(1, "", "{}"),
    "modules_no_path": config(1, "", [{"type": "x.Pooling"}]),
    "modules_out": config(1, "", [{"type": "x.Pooling", "path": "../x"}]),
    "modules_deeper": config(1, "", [{"type": "x.Pooling", "path": "a/b"}]),
    "modules_absolute": config(1, "", [{"type": "x.Pooling", "path": "/a"}]),
    "index_good": config(2, "", {"weight_map": {"a": "1.safetensors", "b": "1.safetensors", "c": "2"}}),
    "index_empty": config(2, "", {"weight_map": {}}),
    "index_none": config(2, "", {"weight_map": 1}),
    "index_number": config(2, "", {"weight_map": {"a": 1}}),
    "index_path": config(2, "", {"weight_map": {"a": "../x"}}),
    "index_folder": config(2, "", {"weight_map": {"a": "b/c"}}),
    "json_numbers": config(0, "1", "[0,-0.0e-0,2.5,-3e2,4E+1,5e-10,0e999,1e-999,1.7976931348623158e308]"),
    "json_strings": config(0, "", r'{"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00":"é€😀' + '\x7f"}'),
    "json_spaces": config(0, "", " \t\r\n{ \"a\" : [ 1 , {} , [] ] }\n"),
    "json_words": config(1, "", "[true,false,null]"),
    "bad_empty": config(0, "", ""),
    "bad_bom": config(0, "", b"\xef\xbb\xbf{}"),
    "bad_word": config(0, "", "[nul]"),
    "bad_word_cut": config(0, "", "tru"),
    "bad_word_control": config(0, "", "[tr\x01]"),
    "bad_nan": config(0, "", "[NaN]"),
    "bad_zero": config(0, "", "[01]"),
    "bad_point": config(0, "", "[1.]"),
    "bad_exponent": config(0, "", "[1e+"),
    "bad_minus": config(0, "", "-"),
    "bad_overflow": config(0, "", "[0.1e400,1]"),
    "bad_long_number": config(0, "", "0." + "1" * 70),
    "bad_comma": config(0, "", '{"a":1,}'),
    "bad_colon": config(0, "", '{"a" 1}'),
    "bad_key": config(0, "", "{1:1}"),
    "bad_close": config(0, "", "[1}"),
    "bad_trailing": config(0, "", "{}#"),
    "bad_trailing_wide": config(0, "", "{}\u00a0"),
    "bad_trailing_nul": config(0, "", "{}\0"),
    "bad_space": config(0, "", "[\u00a0]"),
    "bad_escape": config(0, "", '["\\x"]'),
    "bad_escape_cut": config(0, "", '"\\u00'),
    "bad_escape_hex": config(0, "", '"\\u00g0"'),
    "bad_escape_nul": config(0, "", '"\\u0000"'),
    "bad_high_surrogate": config(0, "", '"\\ud800x"'),
    "bad_low_surrogate": config(0, "", '"\\udc00"'),
    "bad_control": config(0, "", '"a\nb"'),
    "bad_nul": config(0, "", '"a\0b"'),
    "bad_backslash": config(0, "", '"a\\'),
    "bad_unclosed": config(0, "", '"a'),
    "bad_utf8": config(0, "", b'"\xff"'),
    "bad_utf8_outside": config(0, "", b"[\xff]"),
    "bad_twice": config(0, "", '{"a":1,"\\u0061":1}'),
    "bad_deep": config(0, "", "[" * 66),
    "bad_many": config(0, "", "[" + "0," * 256 + "0]"),
}


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "corpus")
    for target, seeds in (("safetensors", SAFETENSORS), ("config", CONFIG)):
        os.makedirs(os.path.join(root, target), exist_ok=True)
        for name, data in seeds.items():
            with open(os.path.join(root, target, name), "wb") as f:
                f.write(data)


main()
