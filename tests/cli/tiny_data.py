# SPDX-License-Identifier: Apache-2.0
"""tiny_data.py FOLDER: writes t.inter and t.item, 40 users and 60 items of RecBole's kind, from a fixed
seed; two rows of each are faulty."""
import os
import random
import sys

WORDS = "sea city love war night house space robot dog story dark king river star ship road".split()
GENRES = ["Drama", "Comedy", "Sci-Fi"]


def main():
    folder, rng = sys.argv[1], random.Random(2)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "t.item"), "w", encoding="utf-8") as f:
        f.write("item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n")
        for i in range(1, 61):
            title = f"The {rng.choice(WORDS)} of the {rng.choice(WORDS)} {rng.choice(WORDS)} {i}"
            genres = " ".join(sorted(rng.sample(GENRES, rng.randint(1, 2))))
            f.write(f"i{i}\t{title}\t{1950 + i}\t{genres}\n")
        f.write("i61\tBad\tnext year\tDrama\n\tNo id\t1999\tDrama\n")
    with open(os.path.join(folder, "t.inter"), "w", encoding="utf-8") as f:
        f.write("user_id:token\titem_id:token\trating:float\ttimestamp:float\n")
        for u in range(1, 41):
            group = u % 3
            for step, i in enumerate(rng.sample(range(1, 21), 8)):
                f.write(f"u{u}\ti{i + 20 * group}\t{rng.randint(1, 5)}\t{1000 * u + step}\n")
        f.write("u1\ti1\tgood\t5\n\ti2\t3\t6\n")


main()
