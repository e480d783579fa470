"""The short-lived child that compiles a site, so that the worker never imports Pyomo.

Reads the JSON of `site_json.to_json` on stdin and writes the cache file named on the command line.
Exit code 0 done, 1 cannot be compiled (the reason on stderr), 2 wrong use.
"""

from __future__ import annotations

import sys
from pathlib import Path

from models.cache import save
from models.compiled import compile_site
from models.site_json import from_json
from models.types import ModelError


def main(arguments: list[str]) -> int:
    """Compile what stands on stdin into the file `arguments[0]`."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -I -m models.compile_child FILE < site.json\n")
        return 2
    try:
        site, step_s = from_json(sys.stdin.read())
        save(compile_site(site, step_s), Path(arguments[0]))
    except (ModelError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
