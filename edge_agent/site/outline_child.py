"""The short-lived child that reads and checks a site for the planning worker.

Prints the site's outline. Exit code 0 done, 1 the site has mistakes (on stderr), 2 wrong use,
3 the site file is not the one meant.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge_agent.fingerprint import fingerprint
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.site.outline import GIVEN, PART, dump_outline
from edge_agent.site.read_apart import CHANGED_EXIT
from edge_agent.site.terms import Strict

ARGUMENTS = 2


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.site.outline_child SITE FINGERPRINT`."""
    if len(words) != ARGUMENTS:
        sys.stderr.write("usage: python -I -m edge_agent.site.outline_child SITE FINGERPRINT\n")
        return 2
    site = Path(words[0])
    try:
        if fingerprint(site) != words[1]:
            return CHANGED_EXIT
        text = dump_outline(load_site(site), part)
        if fingerprint(site) != words[1]:
            return CHANGED_EXIT
    except (SiteError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(text)
    return 0


def part(value: object) -> object:
    """A part of the schema with its values and what follows from them."""
    if not isinstance(value, Strict):
        msg = f"{type(value).__name__} is no part of a site"
        raise TypeError(msg)
    kind = type(value)
    own = kind.__mro__[: kind.__mro__.index(Strict)]
    follows = [name for each in own for name, what in vars(each).items() if type(what) is property]
    named = {name: getattr(value, name) for name in (*kind.model_fields, *follows)}
    return {PART: named, GIVEN: sorted(value.model_fields_set)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
