# SPDX-License-Identifier: Apache-2.0
"""Writes unicode_tables.c: the character classes that Hugging Face's tokenizers really use.

python3 src/text/unicode_tables.py > src/text/unicode_tables.c     needs tokenizers 0.23.3, libutf8proc 2

Its crates stand at different Unicode versions (categories 8, normalisation 9, letter case 17), so the
classes are not those of any one version. They are found by asking the package about every code point.
utf8proc gives decompositions, combining classes and letter case; only what differs is written.
"""
import ctypes
from tokenizers import __version__, normalizers, pre_tokenizers

utf8proc = ctypes.CDLL("libutf8proc.so.2")
utf8proc.utf8proc_unicode_version.restype = ctypes.c_char_p


class Property(ctypes.Structure):
    _fields_ = [("category", ctypes.c_int16), ("combining_class", ctypes.c_int16)]


utf8proc.utf8proc_get_property.restype = ctypes.POINTER(Property)


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **on})


def ranges(values, step=lambda last, value: value == last + 1):
    out = []
    for value in values:
        if out and step(out[-1][1], value):
            out[-1][1] = value
        else:
            out.append([value, value])
    return out


def main():
    clean, strip = bert(clean_text=True), bert(strip_accents=True)
    lower, nfd, words = bert(lowercase=True), normalizers.NFD(), pre_tokenizers.BertPreTokenizer()
    removed, marks, punctuation, fixed, letters = [], [], [], [], []
    buffer, state = (ctypes.c_int32 * 64)(), ctypes.c_int(0)
    for c in range(1, 0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        s = chr(c)
        if clean.normalize_str("a" + s + "b") == "ab":
            removed.append(c)
        if len(words.pre_tokenize_str("a" + s + "b")) == 3:
            punctuation.append(c)
        decomposed = nfd.normalize_str(s)
        n = utf8proc.utf8proc_decompose_char(c, buffer, 64, 2 | 16, ctypes.byref(state))
        if decomposed == s and strip.normalize_str("a" + s) == "a":
            marks.append(c)
        combining = utf8proc.utf8proc_get_property(c)[0].combining_class
        if decomposed == s and (n > 1 or (combining > 1 and nfd.normalize_str(s + "\u0334") == s + "\u0334")):
            fixed.append(c)
        else:
            assert decomposed == "".join(map(chr, buffer[:n])), hex(c)
        low = lower.normalize_str(s)
        if low != chr(utf8proc.utf8proc_tolower(c)) and c != 0x130:
            letters.append((c, ord(low)))
    print("/* SPDX-License-Identifier: Apache-2.0")
    print(" * Written by unicode_tables.py from tokenizers %s and utf8proc's Unicode %s. */"
          % (__version__, utf8proc.utf8proc_unicode_version().decode()))
    print('#include "text/unicode_tables.h"')
    for name, values in ("removed", removed), ("marks", marks), ("punctuation", punctuation), ("fixed", fixed):
        print("\nstatic const vr_code_range %s[] = {" % name)
        for a, b in ranges(values):
            print("    {0x%X, 0x%X}," % (a, b))
        print("};\nconst vr_code_set vr_unicode_%s = {%s, sizeof %s / sizeof *%s};" % ((name,) * 4))
    print("\nconst vr_code_shift vr_unicode_lower[] = {")
    for a, b in ranges(letters, lambda p, v: v[0] == p[0] + 1 and v[1] - v[0] == p[1] - p[0]):
        print("    {0x%X, 0x%X, %d}," % (a[0], b[0], a[1] - a[0]))
    print("};\nconst size_t vr_unicode_lower_count = sizeof vr_unicode_lower / sizeof *vr_unicode_lower;")


main()
