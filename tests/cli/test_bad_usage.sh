#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong options, wrong files, streams that are closed: the rows are in bad_usage.py.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
mkdir "$temporary/rows"
python3 "$here/tiny_model.py" "$temporary/rows/m"
python3 "$here/tiny_data.py" "$temporary/rows/data"
export XDG_CACHE_HOME="$temporary/rows/cache"
expect "bad usage" python3 "$here/bad_usage.py" "$VIREO" "$temporary/rows"
