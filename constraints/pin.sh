#!/bin/sh
# Renews the pins: names, versions and hashes only. Needs `uv` on the PATH.
set -eu
cd "$(dirname "$0")/.."
pin() {
  out=$1; shift
  uv pip compile pyproject.toml "$@" --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o "$out" >/dev/null
}
pin constraints/run.txt
pin constraints/dev.txt --extra study --extra dev
