"""What AWS IoT Core takes: topics, filters, payloads and client ids, checked before sending.

The SDK sends what is beyond these limits and the cloud then drops the connection.
"""

from __future__ import annotations

from edge_agent.cloud.transport import CloudLimitError

MAX_PAYLOAD = 128 * 1024
MAX_TOPIC_BYTES = 256
MAX_CLIENT_ID_BYTES = 128
MAX_SLASHES = 7
MAX_SUBSCRIPTIONS = 50
FILTERS_PER_SUBSCRIBE = 8
BASIC_INGEST_PARTS = 3
"""`$aws/rules/<rule>/` does not count against the limits of a topic."""


def check_topic(topic: str) -> None:
    """CloudLimitError unless AWS IoT Core takes a publish to `topic`."""
    _check_levels(topic, "topic")
    if any(character in topic for character in "+#"):
        msg = f"topic {topic!r} holds a wildcard"
        raise CloudLimitError(msg)


def check_filter(topic_filter: str) -> None:
    """CloudLimitError unless AWS IoT Core takes a subscription to `topic_filter`."""
    _check_levels(topic_filter, "filter")
    levels = topic_filter.split("/")
    if any(("+" in level or "#" in level) and len(level) > 1 for level in levels):
        msg = f"filter {topic_filter!r}: a wildcard stands alone between slashes"
        raise CloudLimitError(msg)
    if "#" in levels[:-1]:
        msg = f"filter {topic_filter!r}: # may only be the last level"
        raise CloudLimitError(msg)


def check_payload(payload: bytes) -> None:
    """CloudLimitError when the payload is larger than 128 KiB."""
    if len(payload) > MAX_PAYLOAD:
        msg = f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD}"
        raise CloudLimitError(msg)


def check_client_id(client_id: str) -> None:
    """CloudLimitError unless the client id has 1..128 bytes."""
    if not 1 <= len(client_id.encode()) <= MAX_CLIENT_ID_BYTES:
        msg = f"client id {client_id!r} must have 1 to {MAX_CLIENT_ID_BYTES} bytes"
        raise CloudLimitError(msg)


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Whether a broker delivers `topic` to a subscription of `topic_filter`."""
    filter_levels, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and filter_levels[0] in ("+", "#"):
        return False
    for position, level in enumerate(filter_levels):
        if level == "#":
            return True
        if position >= len(levels) or level not in ("+", levels[position]):
            return False
    return len(filter_levels) == len(levels)


def _check_levels(topic: str, what: str) -> None:
    counted = topic
    if topic.startswith("$aws/rules/"):
        parts = topic.split("/", BASIC_INGEST_PARTS)
        counted = parts[BASIC_INGEST_PARTS] if len(parts) > BASIC_INGEST_PARTS else ""
    if not counted or "\0" in topic:
        msg = f"{what} {topic!r} is empty or holds a NUL"
        raise CloudLimitError(msg)
    if len(counted.encode()) > MAX_TOPIC_BYTES:
        msg = f"{what} {topic[:60]!r}... has more than {MAX_TOPIC_BYTES} bytes"
        raise CloudLimitError(msg)
    if counted.count("/") > MAX_SLASHES:
        msg = f"{what} {topic!r} has more than {MAX_SLASHES} slashes"
        raise CloudLimitError(msg)
