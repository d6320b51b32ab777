# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by samples/quickstart.sh and tests/run.sh, which set `root` (the source tree) and `work` (a
# folder for logs): packages, build with a progress bar, messages.
# shellcheck disable=SC2154

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
    exit 1
}

# Lines "PERCENT TEXT" from standard input as one bar that redraws itself; nothing when piped.
draw_bar() {
    if [ -t 1 ]; then
        awk '{
            text = $0; sub(/^[^ ]+ /, "", text)
            full = int($1 * 0.3); bar = ""
            for (i = 0; i < 30; i++) bar = bar (i < full ? "#" : ".")
            printf "\r  [%s] %3d%% %-40.40s", bar, $1, text; fflush()
        } END { printf "\r%80s\r", "" }'
    else
        cat >/dev/null
    fi
}

packages_of() { # PURPOSE...: one package a line
    for purpose; do
        awk -v purpose="$purpose" '$1 == purpose { for (i = 2; i <= NF; i++) print $i }' \
            "$root/cmake/packages.txt"
    done | sort -u
}

# As root, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        return 1
    fi
}

# apt-get's status lines (dlstatus:, pmstatus:) become the bar; what it says goes to the log.
apt_get() { # LOG ARGUMENT...
    log=$1
    shift
    {
        if as_root apt-get -q -y -o APT::Status-Fd=3 "$@" 3>&1 >>"$log" 2>&1 </dev/null; then
            echo ok >"$log.ok"
        fi
    } | awk -F: '/^(dl|pm)status:/ {
        half = $1 == "pmstatus" ? 50 : 0
        printf "%d %s\n", half + $3 / 2, half ? "installing " $2 : "downloading"; fflush()
    }' | draw_bar
    [ -f "$log.ok" ] && rm -f "$log.ok"
}

install_packages() { # PURPOSE...
    packages=$(packages_of "$@" | tr '\n' ' ')
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        say "This system has no apt. Vireo needs what these packages of Debian 12 hold:" >&2
        say "    $packages" >&2
        say "Install their like and build with: cmake --preset release && cmake --build --preset release" >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # a list
    missing=$(for package in $packages; do echo "$package"; done | {
        present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null |
            sed -n 's/^installed //p')
        while read -r package; do
            case "
$present
" in
            *"
$package
"*) ;;
            *) printf '%s ' "$package" ;;
            esac
        done
    })
    [ -n "$missing" ] || return 0
    say "Installing with apt: $missing"
    log=$work/apt.log
    : >"$log"
    # shellcheck disable=SC2086 # a list
    if ! { apt_get "$log" update && apt_get "$log" install --no-install-recommends $missing; }; then
        tail -n 20 "$log" >&2
        die "apt could not install them (whole log: $log). As root: apt-get update && apt-get install --no-install-recommends $missing"
    fi
}

# Ninja's "[3/80] ..." lines become the bar; the log is shown only when the build fails.
build() { # FOLDER TARGET-OR-EMPTY CMAKE-ARGUMENT...
    folder=$1
    target=${2:-all}
    shift 2
    log=$folder/build.log
    mkdir -p "$folder"
    if [ ! -f "$folder/build.ninja" ] || [ "$(cat "$folder/arguments" 2>/dev/null)" != "$*" ]; then
        if ! cmake -S "$root" -B "$folder" -G Ninja "$@" >"$log" 2>&1 </dev/null; then
            tail -n 30 "$log" >&2
            return 1
        fi
        printf '%s' "$*" >"$folder/arguments"
    fi
    rm -f "$folder/built"
    {
        # shellcheck disable=SC2086 # several targets
        if NINJA_STATUS='[%f/%t] ' cmake --build "$folder" --target $target -- -k 0 2>&1 \
            </dev/null; then
            : >"$folder/built"
        fi
    } | tee "$log" | awk 'match($0, /^\[[0-9]+\/[0-9]+\]/) {
        split(substr($0, 2, RLENGTH - 2), part, "/"); text = $0; sub(/^[^ ]+ /, "", text)
        sub(/^(Building|Linking) [A-Z]+ [a-z ]+ /, "", text); sub(/.*\//, "", text)
        printf "%d %s\n", 100 * part[1] / (part[2] ? part[2] : 1), text; fflush()
    }' | draw_bar
    if [ ! -f "$folder/built" ]; then
        grep -v '^\[[0-9]*/[0-9]*\]' "$log" | tail -n 100 >&2
        return 1
    fi
}
