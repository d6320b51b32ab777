# SPDX-License-Identifier: Apache-2.0
"""bad_usage.py VIREO FOLDER: every way of calling the program wrongly, each a row: exit status, all of
stderr, nothing on stdout, nothing written. FOLDER holds a tiny model m and tiny data data/t.*."""
import os
import re
import stat
import subprocess
import sys

VIREO, FOLDER = sys.argv[1:]
NOBODY = 65534
failures, checks, skipped = [], 0, []
NEXT_MODEL = ('vireo: next: a model is a Hugging Face folder with config.json; "sh models/fetch.sh minilm" '
              'brings one\n')


def tree():
    """Every file with what changes when it is written."""
    found = {}
    for path, folders, files in os.walk(os.fsencode(FOLDER)):
        for name in folders + files:
            full = os.path.join(path, name)
            info = os.lstat(full)
            found[full] = (info.st_size, info.st_mtime_ns, info.st_ino, info.st_mode)
    return found


def run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, user=None):
    p = subprocess.run([VIREO] + args, cwd=FOLDER, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                       timeout=60, user=user)
    return p.returncode, p.stdout or b"", p.stderr


def check(args, status, stderr, got):
    global checks
    checks += 1
    if isinstance(stderr, str):
        stderr = stderr.encode()
    if got != (status, b"", stderr):
        failures.append(f"{args}:\n  expected {(status, b'', stderr)}\n  got      {got}")


def refused(args, status, stderr, **how):
    before = tree()
    check(args, status, stderr, run(args, **how))
    if tree() != before:
        failures.append(f"{args}: wrote {sorted(set(tree().items()) ^ set(before.items()))}")


def usage(line, message):
    """A command line, split at spaces ('' is an empty argument), and what is said of it."""
    args = ["" if word == "''" else word for word in line.split()]
    named = next((word for word in args if word in COMMANDS), "") if message[0] != ":" else ""
    message = message.lstrip(":")
    space = " " if named else ""
    refused(args, 2, f"vireo{space}{named}: {message}\nSee: vireo {named}{space}--help\n")


def fails(line, message, after="", **how):
    refused(line.split(), 1, f"vireo: {message}\n{after}", **how)


COMMANDS = "devices inspect tokenize embed import recommend similar evaluate tune bench".split()

# A message that begins with a colon is the program's, not a command's.
USAGE = [
    # 1 no arguments; what is no command
    ("", "a command is needed: devices, inspect, tokenize, embed, import, recommend, similar, evaluate, "
         "tune or bench"),
    ("--log info", "a command is needed: devices, inspect, tokenize, embed, import, recommend, similar, "
                   "evaluate, tune or bench"),
    ("recomend", 'unknown command "recomend"; the nearest is recommend'),
    ("''", 'unknown command ""; the nearest is tune'),
    # 2 unknown flag
    ("--divice 0 devices", ":unknown option --divice; the nearest is --device"),
    ("--verison", "unknown option --verison; the nearest is --version"),
    ("-x", "unknown option -x; the nearest is --log"),
    ("embed --modle m text", "unknown option --modle; the nearest is --model"),
    ("embed --bacth=3 text", "unknown option --bacth; the nearest is --batch"),
    ("embed --model m --chache-dir c text", "unknown option --chache-dir; the nearest is --cache-dir"),
    ("recommend --store s --al-users", "unknown option --al-users; the nearest is --all-users"),
    ("recommend --store s -K 3", "unknown option -K; the nearest is -k"),
    ("devices --jsn", "unknown option --jsn; the nearest is --json"),
    ("inspect m --tensor", "unknown option --tensor; the nearest is --tensors"),
    ("similar --store s --model m --itm i", "unknown option --itm; the nearest is --item"),
    ("import --store s --interaction f", "unknown option --interaction; the nearest is --interactions"),
    ("evaluate --store s --att 5", "unknown option --att; the nearest is --at"),
    ("bench matmul --qick", "unknown option --qick; the nearest is --quick"),
    ("tune --modle m", "unknown option --modle; the nearest is --model"),
    ("tokenize --model m --" + "x" * 200 + " text",
     "unknown option --" + "x" * 62 + "; the nearest is --model"),
    # 3 missing value, and values that look like the next option
    ("--device", "--device needs a value (N|NAME)"),
    ("--log", "--log needs a value (LEVEL)"),
    ("--cache-dir --log info devices", ":--cache-dir needs a value (DIR)"),
    ("embed --model", "--model needs a value (MODEL)"),
    ("embed --model --input f", "--model needs a value (MODEL)"),
    ("embed --model --device 0 text", "--model needs a value (MODEL)"),
    ("embed --model --help", "--model needs a value (MODEL)"),
    ("embed --model -h", "--model needs a value (MODEL)"),
    ("embed --model -- text", "--model needs a value (MODEL)"),
    ("embed --model --nonsense text", "--model needs a value (MODEL)"),
    ("embed --model m --input", "--input needs a value (FILE|-)"),
    ("embed --model m --batch", "--batch needs a value (N)"),
    ("embed --model= text", "--model needs a value that is not empty (MODEL)"),
    ("embed --model '' text", "--model needs a value that is not empty (MODEL)"),
    ("embed --model m --batch= text", "--batch needs a value that is not empty (N)"),
    ("recommend --store s --user -k 5", "--user needs a value (ID)"),
    ("recommend --store s --user u -k", "-k needs a value (N)"),
    ("recommend --store s --user u -k --json", "-k needs a value (N)"),
    ("similar --store s --model m --item -k=3", "--item needs a value (ID)"),
    ("import --store", "--store needs a value (DB)"),
    ("evaluate --store", "--store needs a value (DB)"),
    ("bench compare --threshold", "--threshold needs a value (PERCENT)"),
    ("tune --import", "--import needs a value (FILE)"),
    ("tune --model m --budget --json", "--budget needs a value (SECONDS)"),
    ("tune --export= --json", "--export needs a value that is not empty (FILE)"),
    # what is needed and what is too much
    ("embed text", "--model MODEL is needed"),
    ("embed --model m", "one of --input and TEXT is needed"),
    ("embed --model m --jsonl-key k text", "--jsonl-key needs --input"),
    ("tokenize text", "--model MODEL is needed"),
    ("tokenize --model m", "TEXT is needed"),
    ("tokenize --model m one two", 'unexpected argument "two" after "one"'),
    ("inspect", "MODEL is needed"),
    ("inspect ''", "MODEL is empty, a folder's name is needed"),
    ("inspect a b", 'unexpected argument "b" after "a"'),
    ("devices all", 'unexpected argument "all"'),
    ("import --store s", "--interactions FILE is needed"),
    ("import --interactions f", "--store DB is needed"),
    ("recommend --user u", "--store DB is needed"),
    ("recommend --store s", "one of --user --history --query --all-users is needed"),
    ("recommend --store s --user u extra", 'unexpected argument "extra"'),
    ("recommend --store s --all-users", "--all-users needs --output FILE"),
    ("recommend --store s --user u --output f", "--output needs --all-users"),
    ("recommend --store s --query q",
     '--query needs --model MODEL ("sh models/fetch.sh minilm" brings one)'),
    ("recommend --store s --user u --method content",
     '--method content needs --model MODEL ("sh models/fetch.sh minilm" brings one)'),
    ("evaluate --store s --method content",
     '--method content needs --model MODEL ("sh models/fetch.sh minilm" brings one)'),
    ("similar --store s --item i", "--model MODEL is needed"),
    ("tune m", 'unexpected argument "m"'),
    ("tune --input text", "--input needs --model"),
    ("tune --budget 5", "--budget needs --model"),
    ("bench", "device|matmul|model M|op NAME|search|suite|compare A B is needed"),
    ("bench gpu", '"gpu" cannot be measured; allowed: device, matmul, model, op, search, suite, '
                  'compare'),
    ("bench matmul --m 8", "matmul needs --m, --n and --k"),
    ("bench search --rows 5", "search needs --rows and --dim"),
    ("bench search --dim 5", "search needs --rows and --dim"),
    ("bench search --rows 5 --dim 5 --k 1025", "--k is 1025; search finds at most 1024"),
    ("bench search --rows 5 --dim 5 --dtype q8_0", "search takes --dtype f32 or f16"),
    ("bench search --rows 200000000 --dim 3",
     "--rows times --dim is 600000000; at most 2^29 elements are measured"),
    ("bench model --model m", "model needs --input or --golden with a model: texts"),
    ("bench model m", "model needs --input or --golden with a model: texts"),
    ("bench model m --model n --input t", 'two models: "m" and --model "n"'),
    ("bench model m --model m --input t", 'two models: "m" and --model "m"'),
    ("bench model m n --input t", 'unexpected argument "n" after "m"'),
    ("bench suite m", 'unexpected argument "m" after "suite"'),
    ("bench suite --model m", "suite needs --input or --golden with --model: texts"),
    # words
    ("--log loud devices", ':--log is "loud"; allowed: error warn info debug'),
    ("--log info,warn devices", ':--log is "info,warn"; allowed: error warn info debug'),
    ("embed --model m --format csv text", '--format is "csv"; allowed: jsonl npy'),
    ("embed --model m --format JSONL text", '--format is "JSONL"; allowed: jsonl npy'),
    ("recommend --store s --user u --method best",
     '--method is "best"; allowed: auto content neighbours popular'),
    ("import --store s --interactions f --format csv", '--format is "csv"; allowed: recbole'),
    ("bench matmul --dtype f64", '--dtype is "f64"; allowed: f32 f16 bf16 q8_0 q4_0'),
    ("recommend --store s --user u --json=yes", '--json takes no value, found "yes"'),
    ("tune --json=1", '--json takes no value, found "1"'),
    ("tokenize --model m --no-special= text", '--no-special takes no value, found ""'),
    # 11 output = input
    ("embed --model m --input text --output text", '--input and --output are the same file, "text"'),
    ("embed --model m --input text --output link", '--input and --output are the same file, "text"'),
    ("embed --model m --input link --output ./text", '--input and --output are the same file, "link"'),
    ("embed --model m --input hard --output text", '--input and --output are the same file, "hard"'),
    ("embed --model m --output m/vocab.txt text", '--output is a file of --model, "m/vocab.txt"'),
    ("embed --model m/1_Pooling/.. --output m/1_Pooling/config.json text",
     '--output is a file of --model, "m/1_Pooling/config.json"'),
    ("recommend --store t.db --all-users --output t.db", '--output is also an input, "t.db"'),
    ("recommend --store t.db --all-users --deny text --output text", '--output is also an input, "text"'),
    ("recommend --store t.db --model m --all-users --output m/config.json",
     '--output is a file of --model, "m/config.json"'),
    ("import --store data/t.inter --interactions data/t.inter",
     '--store is also an input, "data/t.inter"'),
    ("import --store text --interactions data/t.inter --items text", '--store is also an input, "text"'),
    ("import --store text --interactions data/t.inter --users link", '--store is also an input, "text"'),
    # 15 conflicting flags
    ("embed --model m --input f text", "--input and TEXT cannot be used together"),
    ("recommend --store s --user u --history h", "--user and --history cannot be used together"),
    ("recommend --store s --user u --query q", "--user and --query cannot be used together"),
    ("recommend --store s --all-users --user u", "--user and --all-users cannot be used together"),
    ("recommend --store s --query q --history h", "--history and --query cannot be used together"),
    ("recommend --store s --history h --all-users", "--history and --all-users cannot be used together"),
    ("recommend --store s --query q --all-users", "--query and --all-users cannot be used together"),
    ("recommend --store s --user u --json --explain", "--json and --explain cannot be used together"),
    ("recommend --store s --all-users --output o --explain",
     "--all-users and --explain cannot be used together: its JSON lines hold the reasons"),
    ("recommend --store s --query q --method popular",
     "--query and --method popular cannot be used together: a query is a search by content"),
    ("recommend --store s --query q --method neighbours",
     "--query and --method neighbours cannot be used together: a query is a search by content"),
]
for kind, options in (("device", "m=1 n=1 k=1 dtype=f32 plain-b model=m input=f batch-tokens=1 runs=1 golden=f "
                       "batches=1 throughput rows=1 seconds=30 quick"),
                      ("matmul", "model=m input=f batch-tokens=1 runs=1 golden=f batches=1 throughput dim=1 "
                       "queries=1 kernels"),
                      ("model", "m=1 n=1 k=1 dtype=f32 plain-b kernels rows=1 dim=1 queries=1"),
                      ("search", "m=1 n=1 plain-b model=m input=f batch-tokens=1 shapes=1x1 golden=f")):
    USAGE += [(f"bench {kind} --{option}",
               f"{kind} and --{option.split('=')[0]} cannot be used together")
              for option in options.split()]

# 4-7 numbers out of range
NUMBERS = [
    ("embed --model m text", "--batch", 1 << 20),
    ("embed --model m text", "--max-tokens", 1 << 20),
    ("recommend --store s --user u", "-k", 1024),
    ("similar --store s --model m --item i", "-k", 1024),
    ("evaluate --store s", "--at", 1024),
    ("bench matmul", "--m", 1 << 15),
    ("bench matmul", "--n", 1 << 15),
    ("bench matmul", "--k", 1 << 15),
    ("bench model", "--batch-tokens", 1 << 20),
    ("bench model", "--runs", 200),
    ("bench search", "--rows", 1 << 28),
    ("bench search", "--dim", 1 << 15),
    ("bench search", "--queries", 1024),
    ("bench compare", "--threshold", 99),
]
SECONDS = [  # and what follows the message
    ("bench suite", "--seconds", 30, 86400,
     "; the device and its roof, which are always measured, take about 20"),
    ("tune --model m", "--budget", 1, 3600, ""),
]
NO_NUMBERS = ["-1", "0", "99999999999999999999", "18446744073709551617", "4294967297", "nan", "inf", "1e3",
              "1.0", "+5", "0x10", "5k", "-", "\u0665"]
NO_SECONDS = ["s", "m", "0s", "0m", "-1s", "1.5m", "5 s", "5S", "1h", "1ms", "2m30s", "71582789m",
              "18446744073709551615m"]

# 8-10 files, told before a device is opened: the row's line, the message, what follows it
NONE = "cannot be opened: No such file or directory"
FILES = [
    ("inspect none", f"none: {NONE}", NEXT_MODEL),
    ("inspect d", f"d/config.json: {NONE}", NEXT_MODEL),
    ("inspect badconfig", "badconfig/config.json: is a folder, a regular file is needed (NOT_FILE)", ""),
    ("inspect text", "text: is a file, a folder is needed (NOT_FILE)", ""),
    ("inspect pipe", "pipe: is a pipe, a folder is needed (NOT_FILE)", ""),
    ("inspect /dev/zero", "/dev/zero: is a device, a folder is needed (NOT_FILE)", ""),
    ("embed --model pipe text", "pipe: is a pipe, a folder is needed (NOT_FILE)", ""),
    ("tokenize --model none text", f"none: {NONE}", NEXT_MODEL),
    ("tokenize --model d text", "d: no tokenizer, tokenizer.json or vocab.txt is needed", NEXT_MODEL),
    ("tokenize --model text text", "text: is a file, a folder is needed (NOT_FILE)", ""),
    ("tokenize --model pipe text", "pipe: is a pipe, a folder is needed (NOT_FILE)", ""),
    ("tokenize --model /dev/zero text", "/dev/zero: is a device, a folder is needed (NOT_FILE)", ""),
    ("embed --model none --input none.txt", f"none.txt: {NONE}", ""),
    ("embed --model none --input d", "d: is a folder; a file of lines is needed", ""),
    ("embed --model m --output none/o text", "none/o: cannot be created: No such file or directory", ""),
    ("embed --model m --output text/o text", "text/o: cannot be created: Not a directory", ""),
    ("embed --model m --output d text", "d: is a folder; a regular file is needed, or - for standard "
                                        "output", ""),
    ("embed --model m --output pipe text", "pipe: is no regular file; a regular file is needed, or - "
                                           "for standard output", ""),
    ("embed --model m --output /dev/null text", "/dev/null: is no regular file; a regular "
                                                "file is needed, or - for standard output", ""),
    ("recommend --store t.db --all-users --output none/o",
     "none/o: cannot be created: No such file or directory", ""),
    ("recommend --store t.db --all-users --output d",
     "d: is a folder; a regular file is needed, or - for standard output", ""),
    ("recommend --store none.db --user u",
     "none.db: no such store; vireo import --store none.db --interactions FILE makes it", ""),
    ("recommend --store text --user u", "text: not a Vireo store: not an SQLite file", ""),
    ("recommend --store t.db --model none --user u", f"none: {NONE}", NEXT_MODEL),
    ("similar --store none.db --model m --item i",
     "none.db: no such store; vireo import --store none.db --interactions FILE makes it", ""),
    ("evaluate --store none.db",
     "none.db: no such store; vireo import --store none.db --interactions FILE makes it", ""),
    ("import --store new.db --interactions none", f"none: {NONE}", ""),
    ("import --store new.db --interactions d", "d: is a folder, a regular file is needed (NOT_FILE)", ""),
    ("import --store new.db --interactions pipe",
     "pipe: is a pipe, a regular file is needed (NOT_FILE)", ""),
    ("import --store new.db --interactions /dev/zero",
     "/dev/zero: is a device, a regular file is needed (NOT_FILE)", ""),
    ("import --store new.db --interactions data/t.inter --items none", f"none: {NONE}", ""),
    ("import --store text --interactions data/t.inter",
     "text: not a Vireo store: not an SQLite file", ""),
    ("import --store none/new.db --interactions data/t.inter",
     "none/new.db: opening the store: unable to open database file", ""),
    ("tune --model none", f"none: {NONE}", NEXT_MODEL),
    ("tune --model d --import text", f"d/config.json: {NONE}", NEXT_MODEL),
    ("tune --model pipe", "pipe: is a pipe, a folder is needed (NOT_FILE)", ""),
    ("bench model --model m --input none", f"none: {NONE}", ""),
    ("bench model --model m --input empty", "empty: no lines; texts are needed, one a line", ""),
    ("bench model --model m --input /dev/zero", "/dev/zero: line 1: a NUL byte; texts are UTF-8 without it",
     ""),
    ("bench model --model none --input text", f"none: {NONE}", NEXT_MODEL),
    ("bench model none --input text", f"none: {NONE}", NEXT_MODEL),
    ("--cache-dir text/x embed --model m text", "text: folder cannot be made: File exists",
     "vireo: next: --cache-dir names a folder that can be made\n"),
]
for path, kind in (("d", "a folder"), ("pipe", "a pipe"), ("/dev/zero", "a device")):
    FILES += [(line.format(path), f"{path}: is {kind}, a regular file is needed (NOT_FILE)", "")
              for line in ("recommend --store {} --user u", "evaluate --store {}",
                           "import --store {} --interactions data/t.inter")]


def prepare():
    write = lambda name, data: open(os.path.join(FOLDER, name), "wb").write(data)
    write("text", b"a line that is no store and no list, long enough for a page's header to be read\n" * 20)
    write("empty", b"")
    os.mkdir(os.path.join(FOLDER, "d"))
    os.makedirs(os.path.join(FOLDER, "badconfig", "config.json"))
    os.makedirs(os.path.join(FOLDER, "m", "1_Pooling"))
    write("m/1_Pooling/config.json", b'{"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true}')
    os.mkfifo(os.path.join(FOLDER, "pipe"))
    os.symlink("text", os.path.join(FOLDER, "link"))
    os.link(os.path.join(FOLDER, "text"), os.path.join(FOLDER, "hard"))
    os.makedirs(os.path.join(FOLDER, "cache", "vireo"))
    code, _, error = run("import --store t.db --interactions data/t.inter".split(),
                         stdout=subprocess.DEVNULL)
    assert code == 0, error


def unreadable():
    """10: as a user who may not read the files; root would be allowed to."""
    user = NOBODY if os.getuid() == 0 else None
    name = os.path.join(FOLDER, "secret")
    os.makedirs(os.path.join(name, "m"))
    for file in ("m/config.json", "lines"):
        open(os.path.join(name, file), "w").close()
        os.chmod(os.path.join(name, file), 0)
    os.mkdir(os.path.join(name, "shut"), 0)
    mode = stat.S_IMODE(os.stat(FOLDER).st_mode)
    os.chmod(FOLDER, 0o755)
    try:
        own = run(["--version"], user=user)[2]
    except PermissionError:
        skipped.append("unreadable files: the program's folder is closed to other users")
        return
    if own:  # gcov's, which has no right to write its counts then
        skipped.append("unreadable files: the program writes to stderr by itself for another user")
        return
    denied = "cannot be opened: Permission denied"
    fails("inspect secret/m", f"secret/m/config.json: {denied}", user=user)
    fails("embed --model m --input secret/lines", f"secret/lines: {denied}", user=user)
    fails("bench model --model m --input secret/lines", f"secret/lines: {denied}", user=user)
    fails("import --store d/new.db --interactions secret/lines",
          "d/new.db: opening the store: unable to open database file" if user else
          f"secret/lines: {denied}", user=user)
    fails("tokenize --model secret/shut/m text", f"secret/shut/m: {denied}", user=user)
    fails("embed --model m --output secret/shut/o text",
          "secret/shut/o: cannot be created: Permission denied", user=user)
    os.chmod(os.path.join(name, "shut"), 0o700)
    os.chmod(FOLDER, mode)


def long_names():
    """A path too long for the system: the reason is said, though the message is cut in its middle."""
    path, reason = "p" * 5000, ": cannot be opened: File name too long"
    told = "p" * 512 + "..." + "p" * (508 - len(reason)) + reason # 1,023 bytes
    for args in (["inspect", path], ["tokenize", "--model", path, "x"],
                 ["embed", "--model", "m", "--input", path]):
        refused(args, 1, f"vireo: {told}\n")


def odd_names():
    """13: bytes that are not UTF-8 in a path, which is used and told as it is."""
    global checks
    odd = b"mod\xe9le"
    os.rename(os.path.join(os.fsencode(FOLDER), b"m"), os.path.join(os.fsencode(FOLDER), odd))
    for args in ([b"tokenize", b"--model", odd, b"the sea"], [b"inspect", odd], [b"inspect", odd, b"--json"],
                 [b"import", b"--store", b"st\xe9re.db", b"--interactions", b"data/t.inter"]):
        code, out, error = run(args)
        checks += 1
        if code or not out or error:
            failures.append(f"{args}: {(code, out, error)}")
    if not os.path.exists(os.path.join(os.fsencode(FOLDER), b"st\xe9re.db")):
        failures.append("a store by a name that is not UTF-8 was not made")
    refused([b"inspect", b"n\xe9ne"], 1, b"vireo: n\xe9ne: cannot be opened: No such file or directory\n" + NEXT_MODEL.encode())
    refused([b"embed", b"--model", odd, b"--output", odd + b"/vocab.txt", b"x"], 2,
            b'vireo embed: --output is a file of --model, "' + odd +
            b'/vocab.txt"\nSee: vireo embed --help\n')
    os.rename(os.path.join(os.fsencode(FOLDER), odd), os.path.join(os.fsencode(FOLDER), b"m"))


def no_output():
    """14: a reader that went away says nothing; a full or closed output is told. The exit status is 1."""
    for line in ("--help", "--version", "embed --help", "inspect m", "inspect m --json --tensors",
                 "tokenize --model m text", "import --store t.db --interactions data/t.inter"):
        args = line.split()
        reader, writer = os.pipe()
        os.close(reader)
        check(args + ["| closed"], 1, b"", run(args, stdout=writer))
        os.close(writer)
        with open("/dev/full", "wb") as full:
            check(args + ["> /dev/full"], 1,
                  "vireo: standard output: cannot be written: No space left on device\n",
                  run(args, stdout=full))
        shell = subprocess.run(["sh", "-c", '"$@" >&-', "sh", VIREO] + args, cwd=FOLDER,
                               stdin=subprocess.DEVNULL, capture_output=True)
        check(args + [">&-"], 1, "vireo: standard output: cannot be written: Bad file descriptor\n",
              (shell.returncode, shell.stdout, shell.stderr))


def streams():
    """Standard input and output as the files of a command."""
    text = os.path.join(FOLDER, "text")
    with open(text, "rb") as lines:
        refused("embed --model m --input - --output text".split(), 2,
                'vireo embed: --input and --output are the same file, "-"\nSee: vireo embed --help\n',
                stdin=lines)
    with open(text, "ab") as end: # each line written would be read again
        refused("embed --model m --input text".split(), 2,
                'vireo embed: --input and standard output are the same file, "text"\n'
                'See: vireo embed --help\n', stdout=end)
    lines = subprocess.Popen(["printf", "a\\000b\\n"], stdout=subprocess.PIPE)
    fails("bench model --model m --input -", "standard input: line 1: a NUL byte; texts are UTF-8 without it",
          stdin=lines.stdout)
    lines.wait()


def complete():
    """Each command and each option that is a number has its rows."""
    global checks
    _, out, _ = run(["--help"])
    commands = re.findall(r"^  ([a-z]+) ", out.decode().split("\n\n")[1], re.M)
    if commands != COMMANDS:
        failures.append(f"COMMANDS has {COMMANDS}, the program {commands}")
    for command in commands:
        rows = [line for line, *_ in USAGE + FILES if line.split(" ")[0] == command]
        _, out, _ = run([command, "--help"])
        numbers = re.findall(r"^  (--?[a-z-]+)[ =](?:N|SECONDS|PERCENT) ", out.decode(), re.M)
        missing = [option for option in numbers
                   if not any(line.split()[0] == command and option == has
                              for line, has, *_ in NUMBERS + SECONDS)]
        checks += 1
        if not rows or missing:
            failures.append(f"{command}: {len(rows)} rows, no numbers out of range of {missing}")


def no_device():
    """12: the devices are listed."""
    code, out, error = run("--device 99 bench device".split())
    start, devices = b'vireo: there is no device "99". Devices: 0: ', b'vireo: next: "vireo devices"'
    good = error.startswith(start) and devices in error
    check("--device 99", 3, b"", (code, out, b"" if good else error))


def main():
    prepare()
    complete()
    for line, message in USAGE:
        usage(line, message)
    for line, option, most in NUMBERS:
        for value in NO_NUMBERS + [str(most + 1)]:
            refused(line.split() + [f"{option}={value}"], 2,
                    f'vireo {line.split()[0]}: {option} is "{value}"; allowed: a whole number from 1 to '
                    f'{most}\nSee: vireo {line.split()[0]} --help\n')
    for line, option, least, most, why in SECONDS:
        for value in NO_NUMBERS + NO_SECONDS + [str(least - 1), str(most + 1), f"{most + 1}s", f"{most // 60 + 1}m"]:
            refused(line.split() + [f"{option}={value}"], 2,
                    f'vireo {line.split()[0]}: {option} is "{value}"; allowed: a whole number of seconds from '
                    f'{least} to {most}, as 90, 90s or, of minutes, 2m{why}\n'
                    f'See: vireo {line.split()[0]} --help\n')
    for line, message, after in FILES:
        fails(line, message, after)
    unreadable()
    long_names()
    streams()
    no_device()
    odd_names()
    no_output()
    for failure in failures:
        print(failure)
    for reason in skipped:
        print(f"not run: {reason}")
    print(f"{checks} rows, {len(failures)} failed")
    sys.exit(1 if failures or checks < 200 else 0)


main()
