# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that run device tests, after cmake/setup.sh: drivers beside the system's own, in
# ${XDG_CACHE_HOME:-~/.cache}/vireo/drivers. apt knows the mirrors and checks the hashes; of a package
# only the driver and its JSON file are kept.
# shellcheck disable=SC2154
drivers=${XDG_CACHE_HOME:-${HOME:?}/.cache}/vireo/drivers
driver_temporary=
apt_folder=

clean_drivers() { # also from the caller's EXIT trap
    for folder in "$driver_temporary" "$apt_folder"; do
        if [ -n "$folder" ]; then
            rm -rf -- "$folder"
        fi
    done
    driver_temporary=
    apt_folder=
}

# The package PACKAGE has been downloaded into $driver_temporary: its two files become the driver NAME.
keep_driver() { # NAME PACKAGE LIBRARY JSON
    mkdir "$driver_temporary/$1"
    dpkg-deb --fsys-tarfile "$driver_temporary/$2"_*.deb |
        tar -x -C "$driver_temporary" "$3" "$4" || return 1
    mv "$driver_temporary/$3" "$driver_temporary/$1/" || return 1
    # A path with a slash is relative to the JSON file; a bare name would be looked up by the linker.
    sed 's|"library_path": "\(lib[^"]*\)"|"library_path": "./\1"|' "$driver_temporary/$4" \
        >"$driver_temporary/$1/$(basename -- "$4")" || return 1
    missing=$(ldd "$driver_temporary/$1/$(basename -- "$3")" | sed -n 's/ => not found//p' |
        tr -d '\n')
    if [ -n "$missing" ]; then
        say "The driver $1 needs libraries that are not here:$missing" | tee -a "$work/apt.log"
        return 1
    fi
    rm -rf -- "${drivers:?}/$1"
    mv "$driver_temporary/$1" "$drivers/$1"
}

# Debian's Chromium holds SwiftShader.
download_swiftshader() {
    (cd "$driver_temporary" && apt-get -q download chromium-common >>"$work/apt.log" 2>&1 </dev/null)
}

fetch_swiftshader() {
    download_swiftshader || {
        as_root apt-get -q update >>"$work/apt.log" 2>&1 </dev/null && download_swiftshader
    } || return 1
    keep_driver swiftshader chromium-common ./usr/lib/chromium/libvk_swiftshader.so \
        ./usr/lib/chromium/vk_swiftshader_icd.json
}

# Mesa 25 is in Debian 12's backports. The lists are fetched into a folder of their own, from the
# mirror of the system's own sources, so the system's lists and choices of packages stay as they are.
fetch_lavapipe25() {
    apt_folder=$(mktemp -d) # not below the cache: apt's own user must get at it
    chmod 755 "$apt_folder"
    mkdir -p "$apt_folder/lists/partial" "$apt_folder/cache/archives/partial"
    # shellcheck disable=SC2016 # apt expands it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
        'Release: bookworm' 'Component: main' 2>>"$work/apt.log" | head -n 1)
    if [ -z "$mirror" ]; then
        say "apt has no source of Debian bookworm's main packages" >>"$work/apt.log"
        return 1
    fi
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -f "$keyring" ]; then
        signed="[signed-by=$keyring] "
    else
        signed=
    fi
    say "deb $signed$mirror bookworm-backports main" >"$apt_folder/sources.list"
    (
        cd "$driver_temporary"
        set -- -q -o "Dir::Etc::SourceList=$apt_folder/sources.list" \
            -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt_folder/lists" \
            -o "Dir::Cache=$apt_folder/cache" -o Acquire::Languages=none
        apt-get "$@" update && apt-get "$@" download 'mesa-vulkan-drivers=25.*'
    ) >>"$work/apt.log" 2>&1 </dev/null || return 1
    keep_driver lavapipe25 mesa-vulkan-drivers "./usr/lib/$(gcc -print-multiarch)/libvulkan_lvp.so" \
        ./usr/share/vulkan/icd.d/lvp_icd.json
}

fetch_driver() { # NAME PACKAGE: fetch_NAME, if it is not there yet; what is missing skips its tests
    for file in "$drivers/$1"/*.json; do
        if [ -f "$file" ]; then
            return 0
        fi
    done
    say "Fetching the driver $1 (from the package $2) into $drivers/$1"
    mkdir -p "$drivers"
    driver_temporary=$(mktemp -d "$drivers/.$1.XXXXXX")
    chmod 755 "$driver_temporary"
    "fetch_$1" ||
        say "The driver $1 could not be had (see $work/apt.log): its tests are skipped."
    clean_drivers
}
