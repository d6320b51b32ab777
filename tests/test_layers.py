# SPDX-License-Identifier: Apache-2.0
"""Reads the tree's sources: who includes whom, sizes, names, calls that are not allowed.

python3 tests/test_layers.py [ROOT]        the tree: prints every violation
python3 tests/test_layers.py --self-test   seeds each fault in a temporary tree: each must be found
"""
import os
import re
import sys
import tempfile

PUBLIC = "vireo"
# Which layers a layer may include besides itself. Everyone may use base and the public types.
LAYERS = {
    "base": {PUBLIC},
    "tensor": {PUBLIC, "base"},
    "vk": {PUBLIC, "base"},
    "io": {PUBLIC, "base", "tensor"},
    "ops": {PUBLIC, "base", "tensor", "shaders"},
    "graph": {PUBLIC, "base", "tensor", "ops/op.h"},
    "run": {PUBLIC, "base", "tensor", "vk", "ops", "graph", "shaders"},
    "text": {PUBLIC, "base", "io"},
    "data": {PUBLIC, "base", "io"},
    "rec": {PUBLIC, "base", "io", "data", "text"},
    "api": {PUBLIC, "base", "tensor", "vk", "io", "ops", "graph", "run", "models"},
    "cli": {PUBLIC, "base"},
    "models": {PUBLIC},
    "samples": {PUBLIC},
    PUBLIC: set(),
}
# Libraries that only these layers may see, by the start of the header's name.
FOREIGN = {
    "volk.h": {"vk"}, "vulkan/": {"vk"}, "glslang/": {"vk"}, "cjson/": {"io", "cli"},
    "sqlite3.h": {"data"}, "gumbo.h": {"data"}, "utf8proc.h": {"text", "data"}, "xxhash.h": {"base"},
    "pthread.h": {"base"}, "sys/mman.h": {"base"}, "unistd.h": {"base", "cli"},
    "fcntl.h": {"base"}, "dirent.h": {"base"},
}
# Calls no layer of the library may make, and calls that only base may make (all others go through it).
FORBIDDEN = ("getenv secure_getenv printf vprintf fprintf vfprintf puts fputs putchar perror exit _exit "
             "quick_exit abort system").split()
BASE_ONLY = ("malloc calloc realloc free strdup strndup aligned_alloc posix_memalign fopen fdopen open "
             "openat mmap munmap unlink rename mkdir opendir").split()
# What ops are chosen and run by rests on features and limits: these layers do not look at who made a device or
# its driver, in these words or in a text. An error may tell the device's name. What drivers do beyond features
# and limits is src/vk/quirks.c's to say, nobody else's.
NAMELESS = ("ops", "graph", "run")
IDENTITY = re.compile(r"\b(vendor_id|vendorID|device_id|deviceID|driver_info|driver_version|driverVersion|"
                      r"deviceName|VkDriverId|driverID|uuid|vr_device_driver_key)\b|(?:->|\.)(driver)\b")
MAKERS = re.compile(r"llvmpipe|lavapipe|swiftshader|mesa|nvidia|geforce|radeon|radv|\bamd|intel|adreno|"
                    r"qualcomm|\bmali\b|apple|moltenvk", re.I)
MAY_LOOK = {  # file: the words that it may use, and why
    "src/run/selftest_report.c": ("vendor_id device_id driver driver_info driver_version name uuid",
                                  "the report tells on what a kernel failed; nothing is chosen by it"),
    "src/run/selftest.c": ("uuid", "a report stands in a file of the device's name"),
}
QUIRKS = "src/vk/quirks.c"
MAX_FILE, MAX_FUNCTION, MAX_SAMPLE, MAX_BYTES = 600, 80, 120, 1 << 20
CODE = (".c", ".h", ".comp", ".glsl")
TEXT = CODE + (".sh", ".py", ".cmake")
FOLDERS = ("include", "src", "models", "samples", "shaders", "tests", "cmake", "docs", ".ci")
MARKERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|(deb|security|ftp)[a-z.]*\.debian\.org")


def strip(text, literals=False):
    """Comments and the insides of string literals become blanks; lines stay where they are. literals: only
    the string literals do not."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: m.group() if literals and m.group()[0] == '"' else
                  re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def is_told(bare, offset):
    """Whether what stands there is itself an argument of vr_fail or vr_fail_at."""
    depth = 0
    for i in range(offset - 1, -1, -1):
        if bare[i] in ";{}":
            return False
        depth += (bare[i] == ")") - (bare[i] == "(")
        if depth < 0:
            return re.search(r"\bvr_fail(_at)?\s*$", bare[:i]) is not None
    return False


def layer_of(path):
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return {"include": PUBLIC, "models": "models", "samples": "samples"}.get(parts[0])


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Tree:
    def __init__(self, root):
        self.root, self.files, self.faults = root, [], []
        for folder in FOLDERS:
            for base, folders, names in os.walk(os.path.join(root, folder)):
                folders[:] = [f for f in folders if f != "__pycache__"]
                for name in sorted(names):
                    if not name.endswith(".pyc"):
                        self.files.append(os.path.relpath(os.path.join(base, name), root))

    def fault(self, path, line, text):
        self.faults.append(f"{path}:{line}: {text}")

    def check(self):
        self.check_names()
        for path in self.files:
            full = os.path.join(self.root, path)
            if os.path.getsize(full) > MAX_BYTES:
                self.fault(path, 1, f"{os.path.getsize(full)} bytes; at most {MAX_BYTES} are allowed")
            elif path.endswith(TEXT) or "/" not in path or path.startswith(".ci/"):
                with open(full, encoding="utf-8") as f:
                    self.check_text(path, f.read())
        return self.faults

    def check_names(self):
        seen = {}
        for path in self.files:
            name = os.path.basename(path)
            # src/graph/graph.h stands beside include/vireo/graph.h, and a sample is named after what it shows.
            if name.endswith(CODE) and not path.startswith(("include/", "samples/")):
                if name in seen:
                    self.fault(path, 1, f"the name is taken by {seen[name]}; file names are unique")
                seen.setdefault(name, path)

    def check_text(self, path, text):
        lines = text.split("\n")
        limit = MAX_SAMPLE if path.startswith("samples/") and path.endswith(".c") else MAX_FILE
        if text.count("\n") > limit:
            self.fault(path, 1, f"{text.count(chr(10))} lines; at most {limit} are allowed")
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            self.fault(path, 1, "no SPDX-License-Identifier line at the top")
        for number, line in enumerate(lines, 1):
            if MARKERS.search(line):
                self.fault(path, number, f"'{MARKERS.search(line).group()}' left in the text")
            if HOSTS.search(line):
                self.fault(path, number, f"names the host {HOSTS.search(line).group()}")
        if path.endswith((".c", ".h")):
            bare = strip(text)
            self.check_includes(path, text)
            self.check_functions(path, bare.split("\n"))
            self.check_calls(path, bare)
            self.check_identity(path, text, bare)

    def check_includes(self, path, text):
        layer = layer_of(path)
        if layer is None:
            return
        if layer not in LAYERS:
            self.fault(path, 1, f"'{layer}' is not a layer; the layers: {', '.join(sorted(LAYERS))}")
            return
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text, re.M):
            name, line = match.group(2), line_of(text, match.start())
            if match.group(1) == '"' and name.split("/")[0] not in self.libraries():
                self.check_own(path, layer, name, line)
            for start, layers in FOREIGN.items():
                if name.startswith(start) and layer not in layers:
                    self.fault(path, line, f"{layer} includes {name}; only {', '.join(sorted(layers))} may")

    @staticmethod
    def libraries():
        return {start.rstrip("/") for start in FOREIGN}

    def check_own(self, path, layer, name, line):
        target = name.split("/")[0]
        if "/" not in name:
            self.fault(path, line, f'"{name}" has no folder; includes are written "layer/file.h"')
        elif target != layer and target not in LAYERS[layer] and name not in LAYERS[layer]:
            allowed = ", ".join(sorted(LAYERS[layer] | {layer}))
            self.fault(path, line, f"{layer} includes {name}; it may include {allowed}")

    def check_functions(self, path, lines):
        start = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line.startswith("}") and start is not None:
                if number - start - 1 > MAX_FUNCTION:
                    self.fault(path, start, f"a function of {number - start - 1} lines; at most "
                                            f"{MAX_FUNCTION} are allowed")
                start = None

    def check_calls(self, path, bare):
        layer = layer_of(path)
        if layer in (None, PUBLIC, "cli", "samples"):
            return
        names = FORBIDDEN + ([] if layer == "base" else BASE_ONLY)
        for match in re.finditer(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(", bare):
            name = match.group(1)
            reason = "the library may not" if name in FORBIDDEN else "only base may"
            self.fault(path, line_of(bare, match.start()), f"calls {name}(); {reason}")

    def check_identity(self, path, text, bare):
        if path.startswith("src/") and path != QUIRKS:
            for match in re.finditer(r"\bVK_DRIVER_ID_\w+", bare):
                self.fault(path, line_of(bare, match.start()), f"tells {match.group()}; only {QUIRKS} may")
        if layer_of(path) not in NAMELESS:
            return
        allowed = MAY_LOOK.get(path, ("", ""))[0].split()
        infos = set(re.findall(r"\bvireo_device_info\s*\*?\s*(?:const\s+)?(\w+)", bare)) | {"info", "limits"}
        name = re.compile(r"\b(?:" + "|".join(sorted(infos)) + r")(?:->|\.)(name)\b")
        for match in list(IDENTITY.finditer(bare)) + list(name.finditer(bare)):
            word = match.group(1) or match.group(2)
            if word not in allowed and (match.re is IDENTITY or not is_told(bare, match.start(1))):
                self.fault(path, line_of(bare, match.start()), f"looks at the device's or its driver's {word}; "
                           "choices rest on features and limits")
        for match in re.finditer(r'"(?:\\.|[^"\\\n])*"', strip(text, literals=True)):
            if MAKERS.search(match.group()):
                self.fault(path, line_of(text, match.start()), f"names {MAKERS.search(match.group()).group()}; "
                           "choices rest on features and limits")


SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
GOOD = {
    "include/vireo/vireo.h": SPDX + "int vireo_version(void);\n",
    "src/ops/op.h": SPDX + '#include "tensor/shape.h"\n',
    "src/graph/graph.c": SPDX + '#include "ops/op.h"\n#include <string.h>\n'
                         'int f(void)\n{\n    return x.free(1) + vr_free(2); /* malloc( */\n}\n',
    "src/cli/main.c": SPDX + '#include "base/str.h"\n#include <cjson/cJSON.h>\nint e = exit(1);\n',
    "models/bert.c": SPDX + '#include "vireo/graph.h"\n',
    "src/run/plan.c": SPDX + 'int x = vr_fail(err, 1, "%s on %s (not llvm)", f(k)->name, d->info.name);\n'
                      '/* slow on lavapipe */ bool y = info->costly_texel_fetch && k->name;\n',
    "src/run/selftest_report.c": SPDX + "int x = f(d->vendor_id, d->driver, d->driver_info);\n",
    "src/run/selftest.c": SPDX + "int x = f(d->info.uuid);\n",
    "src/vk/quirks.c": SPDX + "int x = VK_DRIVER_ID_MESA_LLVMPIPE;\n",
}
BAD = {  # path: text, what the fault must say
    "src/ops/a.c": (SPDX + '#include "vk/device.h"\n', "ops includes vk/device.h"),
    "src/graph/b.c": (SPDX + '#include "ops/op_list.h"\n', "graph includes ops/op_list.h"),
    "src/vk/c.c": (SPDX + '#  include "tensor/shape.h"\n', "vk includes tensor/shape.h"),
    "src/text/d.c": (SPDX + '#include "run/plan.h"\n', "text includes run/plan.h"),
    "models/e.c": (SPDX + '#include "base/str.h"\n', "models includes base/str.h"),
    "samples/f.c": (SPDX + '#include "api/model.h"\n', "samples includes api/model.h"),
    "src/base/g.c": (SPDX + '#include "tensor/shape.h"\n', "base includes tensor/shape.h"),
    "src/run/h.c": (SPDX + "#include <volk.h>\n", "run includes volk.h"),
    "src/io/i.c": (SPDX + '#include "json.h"\n', "has no folder"),
    "src/misc/j.c": (SPDX, "'misc' is not a layer"),
    "src/io/k.c": (SPDX + "int x = getenv(1);\n", "calls getenv()"),
    "src/io/l.c": (SPDX + "int x = printf (1);\n", "calls printf()"),
    "src/base/m.c": (SPDX + "int x = abort();\n", "calls abort()"),
    "src/io/n.c": (SPDX + "void *x = malloc(1);\n", "calls malloc()"),
    "src/io/o.c": ("int x;\n", "no SPDX"),
    "src/io/p.c": (SPDX + "// TO" "DO later\n", "left in the text"),
    "src/io/q.c": (SPDX + "int x;\n" * 600, "601 lines"),
    "samples/r.c": (SPDX + "int x;\n" * 120, "121 lines"),
    "src/io/s.c": (SPDX + "int f(void)\n{\n" + "    g();\n" * 81 + "}\n", "a function of 81 lines"),
    "src/ops/v.c": (SPDX + "bool x = c->limits->vendor_id == 0x10de;\n", "looks at the device's or its driver's "
                    "vendor_id"),
    "src/ops/ee.c": (SPDX + "bool x = f(dev->info.uuid);\n", "its driver's uuid"),
    "src/run/w.c": (SPDX + "bool x = f(dev->info.driver_info);\n", "its driver's driver_info"),
    "src/graph/x.c": (SPDX + "bool x = f(d->driver);\n", "its driver's driver"),
    "src/run/y.c": (SPDX + "bool x = f(r->device->info.name);\n", "its driver's name"),
    "src/run/z.c": (SPDX + "bool f(const vireo_device_info *d)\n{\n    return g(d->name);\n}\n",
                    "src/run/z.c:4: looks at the device's or its driver's name"),
    "src/ops/aa.c": (SPDX + "int x = vr_fail(err, 1, f(limits->name) ? a : b);\n", "its driver's name"),
    "src/ops/bb.c": (SPDX + 'bool x = f("NVIDIA");\n', "names NVIDIA"),
    "src/ops/cc.c": (SPDX + "bool x = f(VK_DRIVER_ID_MESA_RADV);\n", "tells VK_DRIVER_ID_MESA_RADV"),
    "src/vk/dd.c": (SPDX + "bool x = f(VK_DRIVER_ID_MESA_RADV);\n", "only src/vk/quirks.c may"),
    "src/data/graph.c": (SPDX, "the name is taken by"),
    "tests/t.bin": ("x" * (MAX_BYTES + 1), "bytes; at most"),
    "cmake/u.sh": ("# SPDX-License-Identifier: Apache-2.0\nget py" "pi.org\n", "names the host"),
}


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as f:
        f.write(text)


def self_test():
    failed = []
    with tempfile.TemporaryDirectory() as root:
        for path, text in GOOD.items():
            write(root, path, text)
        failed += [f"reported in a clean tree: {fault}" for fault in Tree(root).check()]
        for path, (text, expected) in BAD.items():
            write(root, path, text)
            faults = Tree(root).check()
            os.remove(os.path.join(root, path))
            ours = [fault for fault in faults if expected in fault]
            if len(faults) != 1 or not ours:
                failed.append(f"{path}: expected one fault saying '{expected}', got {faults}")
            os.rmdir(os.path.dirname(os.path.join(root, path))) if "misc" in path else None
    return failed, len(BAD)


def main():
    if sys.argv[1:] == ["--self-test"]:
        failed, count = self_test()
        print("\n".join(failed + [f"{count} seeded faults, {len(failed)} wrong"]))
        return 1 if failed else 0
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    tree = Tree(root)
    faults = tree.check()
    print("\n".join(faults + [f"{len(tree.files)} files read, {len(faults)} faults"]))
    return 1 if faults or not tree.files else 0


sys.exit(main())
