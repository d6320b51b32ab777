# SPDX-License-Identifier: Apache-2.0
"""Oracle for all-MiniLM-L6-v2: token ids (Hugging Face tokenizers) and float64 sentence vectors (transformers, torch).

python3 minilm_generate.py MODEL_DIR > minilm.json     needs torch, transformers
"""
import json, sys
import torch
from transformers import AutoModel, AutoTokenizer

TEXTS = [
    "Hello, world!", "a", "", " ", "\t\n  leading and trailing  \r\n",
    "The quick brown fox jumps over the lazy dog.",
    "Science fiction film about a lonely robot who tends a garden on a dead planet",
    "Heist thriller (1973). Crime Drama Thriller", "Space Opera: The Return (1999). Action Adventure Sci-Fi",
    "Noise-cancelling headphones, 30 h battery, USB-C, 249.99 €", "running shoes size 42 waterproof trail",
    "UNHAPPY CUSTOMER!!! My parcel never arrived...", "I'd've thought it couldn't've worked; it's 'quoted' \"twice\"",
    "naïve café résumé coöperate Ångström Øresund", "İstanbul DİYARBAKIR ıssız", "Straße GROSS ß ẞ", "ﬁne ﬂour ﬀ ½ ² ™ ①",
    "e\u0301 decomposed vs \u00e9 composed", "Ἀρχιμήδης εὕρηκα", "Привет, как дела?", "Україна їжак ґанок",
    "你好，世界", "大语言模型在个性化营销推荐中的应用", "推荐系统 recommendation 系统 mixed 中英文", "これは日本語の文です。カタカナ", "안녕하세요 세계",
    "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "வணக்கம்", "\U00020000 rare 𠮷 ideograph",
    "emoji 😀 👩‍👩‍👧‍👦 🇩🇪 ✈️ end", "zero\u200bwidth\u200djoiner\ufeffbom", "control\u0001soh\u0007bell\u001fus\u007fdel\u0085nel", "soft\u00adhyphen non\u00a0breaking\u2003em\u3000ideographic space",
    "\ufffd replacement \ufffe", "a" * 99, "a" * 100, "a" * 101, "a" * 500, "word " * 300, "x " * 600,
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "pneumonoultramicroscopicsilicovolcanoconiosis",
    "3.14159 1,000,000 -42 +7 1e-9 0x1F", "http://example.com/a?b=c&d=%20#frag user@example.org", "C++ C# F# .NET node.js @decorator #hashtag $PATH",
    "<p>HTML &amp; entities</p>", "{\"json\": [1, 2, {\"k\": null}]}", "for (int i = 0; i < n; ++i) sum += a[i] * b[i];",
    "[CLS] special [SEP] tokens [MASK] in [PAD] text [UNK]", "[cls] lower [sep]", "##wordpiece ##ing", "...---...", "—–‐‑‒― dashes … ellipsis", "“smart” ‘quotes’ «guillemets» 「brackets」",
    "x²+y²=z² ∑∫√∞ ≠ ≤ α β γ", "１２３ ｆｕｌｌｗｉｄｔｈ ＡＢＣ", "don't stop-believing rock'n'roll", "MiXeD CaSe ACRONYM iPhone", "user likes comedies and dislikes horror; recommend something for Friday night",
    "Get 20% off today only: buy 2, pay 1!", "The end.",
]


def main(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).double().eval()
    cases = []
    for text in TEXTS:
        enc = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**enc).last_hidden_state[0]
        v = torch.nn.functional.normalize(hidden.mean(0), dim=0)
        cases.append({"text": text, "ids": enc["input_ids"][0].tolist(), "embedding": [round(x, 8) for x in v.tolist()]})
    json.dump({"model": "all-MiniLM-L6-v2", "max_length": 256, "pooling": "mean over all tokens, L2-normalised", "torch": torch.__version__, "cases": cases}, sys.stdout)


main(sys.argv[1])
