"""A YAML 1.2 file as plain values together with the line of every key and list item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from edge_agent.site.mistakes import Finding, KeyPath, Mistake, dotted
from edge_agent.site.textfile import UnreadableError, read_text
from edge_agent.site.tree import Json, TooBigError, TreeReader

_DIRECTIVE = re.compile(r"(?:\A|[\n\r\x85\u2028\u2029])\ufeff?%")
MAX_DEPTH = 24
MAX_NODES = 40_000

_PLAINER = {
    "found character '\\t' that cannot start any token": "a tab is used to indent: use spaces",
    "mapping values are not allowed here": "a colon stands where no key can be: "
    "check the indentation, or put the text in quotes",
    "could not find expected ':'": "a key has no colon after it: write `key: value`",
    "expected <block end>, but found '<block mapping start>'": "the indentation does not fit the "
    "lines above: line it up with its neighbours",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that could be read; `data` is its top-level block of keys."""

    file: str
    data: dict[str, Json]
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """Line of a key, or of its nearest parent that is there."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return 1

    def mistake(self, finding: Finding) -> Mistake:
        """The finding with file and line."""
        line = finding.line or self.line_of(finding.path)
        return Mistake(self.file, line, dotted(finding.path), finding.message)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a file: a document (None when it cannot be understood) and its mistakes."""

    document: Document | None
    mistakes: tuple[Mistake, ...] = ()


class _BoundedComposer(Composer):
    """Refuses more nodes than any site needs, and takes an anchor used twice as YAML does."""

    def __init__(self, loader: Any = None) -> None:  # noqa: ANN401  (ruamel's own signature)
        super().__init__(loader)
        self.warn_double_anchors = False
        self._nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401  (ruamel's own)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise TooBigError
        return super().compose_node(parent, index)


def read_document(path: Path, file: str) -> Parsed:
    """Read a YAML file whose mistakes are to be reported under the name `file`."""
    try:
        text = read_text(path)
    except UnreadableError as error:
        return Parsed(None, (Mistake(file, error.line, "", str(error)),))
    return parse_document(text, file)


def parse_document(text: str, file: str) -> Parsed:
    """The same for text in hand."""
    directive = _DIRECTIVE.search(text)
    if directive is not None:
        line = text.count("\n", 0, directive.end()) + 1
        return _unreadable(file, line, "a line that begins with % is not taken: remove it")
    try:
        root, constructor = _compose(text)
    except (TooBigError, YAMLError, ValueError, OverflowError) as error:
        # an escape such as "\U00110000" leaves ruamel as a ValueError or OverflowError
        return _unreadable(file, *_refusal(text, error))
    if root is None:
        return _unreadable(file, 1, "is empty: `semdr-edge init` writes a site file to start from")
    return _plain(root, constructor, file)


def _refusal(text: str, error: Exception) -> tuple[int, str]:
    """Line and plain words for a text that the YAML reader gave up on."""
    match error:
        case TooBigError():
            return 1, f"holds more than {MAX_NODES} values: is this the right file?"
        case ReaderError():
            line = text.count("\n", 0, error.position) + 1
            return line, "holds a character that YAML does not allow: remove it"
        case MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            return mark.line + 1 if mark else 1, _syntax(error)
        case _:
            return 1, "holds an escape that is no character: write the character itself"


def _compose(text: str) -> tuple[Node | None, SafeConstructor]:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.Composer = _BoundedComposer
    return yaml.compose(text), yaml.constructor


def _plain(root: Node, constructor: SafeConstructor, file: str) -> Parsed:
    reader = TreeReader(constructor, MAX_NODES)
    try:
        data = reader.read(root)
    except TooBigError:
        return _unreadable(file, 1, f"its aliases expand to more than {MAX_NODES} values")
    if not isinstance(data, dict):
        return _unreadable(file, 1, "must be a block of `key: value` lines")
    document = Document(file, data, reader.lines)
    return Parsed(document, tuple(document.mistake(found) for found in reader.findings))


def _syntax(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "malformed").splitlines()[0]
    if problem.startswith("maximum depth"):
        return f"is nested more than {MAX_DEPTH} levels deep"
    if problem.startswith("expected ',' or") and error.context_mark is not None:
        opened = error.context_mark.line + 1
        return f"the bracket opened in line {opened} is not closed, or a comma is missing after it"
    return f"cannot be read as YAML: {_PLAINER.get(problem, problem)}"


def _unreadable(file: str, line: int, message: str) -> Parsed:
    return Parsed(None, (Mistake(file, line, "", message),))
