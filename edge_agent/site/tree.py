"""YAML nodes to plain values, remembering lines; what YAML leaves open is decided here."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from edge_agent.site.mistakes import Finding, KeyPath

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_SCALARS = ("str", "timestamp", "null", "bool", "int", "float")


class TooBigError(Exception):
    """More nodes than the budget: an alias bomb, or not a site file at all."""


def at(data: Json, path: KeyPath) -> Json:
    """What stands at a path, None when nothing does."""
    here = data
    for part in path:
        if isinstance(here, dict):
            here = here.get(str(part))
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return None
    return here


class TreeReader:
    """Reads one node tree; `lines` and `findings` fill up on the way."""

    def __init__(self, constructor: SafeConstructor, max_nodes: int) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.findings: list[Finding] = []
        self._constructor = constructor
        self._left = max_nodes
        self._open: set[int] = set()

    def read(self, node: Node, path: KeyPath = ()) -> Json:
        """The node's value; a value that cannot be read is a finding and reads as None."""
        self._left -= 1
        if self._left < 0:
            raise TooBigError
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            return self._refused(path, "its alias refers to itself: write the values out")
        self._open.add(id(node))
        try:
            return self._collection(node, path)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: Node, path: KeyPath) -> Json:
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        return self._refused(path, f"the YAML tag {node.tag} is not allowed: remove it")

    def _item(self, node: Node, path: KeyPath) -> Json:
        self.lines[path] = node.start_mark.line + 1
        return self.read(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Json]:
        own: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in own:
                first = self.lines[(*path, key)]
                self._twice((*path, key), key_node.start_mark.line + 1, first)
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            own[key] = self.read(value_node, (*path, key))
        for key, key_node, value_node in self._merged(node, path):
            if key not in own:
                self.lines[(*path, key)] = key_node.start_mark.line + 1
                own[key] = self.read(value_node, (*path, key))
        return own

    def _merged(self, node: MappingNode, path: KeyPath) -> Iterator[tuple[str, Node, Node]]:
        """Keys that `<<` brings in; one level, as nobody needs more."""
        for key_node, value_node in node.value:
            if key_node.tag != _MERGE:
                continue
            sources = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            for source in sources:
                if not isinstance(source, MappingNode):
                    self._refused(path, "`<<` must name a block of keys")
                    continue
                for inner_key, inner_value in source.value:
                    key = None if inner_key.tag == _MERGE else self._key(inner_key, path)
                    if key is not None:
                        yield key, inner_key, inner_value

    def _key(self, node: Node, path: KeyPath) -> str | None:
        if isinstance(node, ScalarNode) and node.value.isprintable() and node.value:
            return str(node.value)
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._refused(path, "a key must be plain text")
        return None

    def _twice(self, path: KeyPath, line: int, first: int) -> None:
        message = f"stands twice, in lines {first} and {line}: remove one"
        self.findings.append(Finding(path, message, line))

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Json:
        kind = str(node.tag).removeprefix(_TAG)
        if kind not in _SCALARS:
            return self._refused(path, f"the YAML tag {node.tag} is not allowed: remove it")
        try:
            return self._value(node, kind)
        except (ValueError, KeyError, IndexError):
            shown = node.value.encode("ascii", "replace").decode()[:40]
            return self._refused(
                path, f"{shown!r} cannot be read: shorten the number, or put text in quotes"
            )

    def _value(self, node: ScalarNode, kind: str) -> Json:
        if kind == "null":
            return None
        if kind == "bool":
            return bool(self._constructor.construct_yaml_bool(node))
        if kind == "int":
            return int(self._constructor.construct_yaml_int(node))
        if kind == "float":
            return float(self._constructor.construct_yaml_float(node))
        text = str(node.value)
        text.encode()  # a lone surrogate is no text
        return text

    def _refused(self, path: KeyPath, message: str) -> Json:
        self.findings.append(Finding(path, message))
        return None
