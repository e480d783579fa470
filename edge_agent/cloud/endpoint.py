"""Where the cloud is and how to talk to it: checked before anything connects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from edge_agent.cloud.limits import check_client_id
from edge_agent.cloud.transport import CloudConfigError
from edge_agent.site.schema import Cloud

AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")
RESERVED = "$aws"
STAND_IN_RESERVED = "aws"
"""The embedded broker drops whoever subscribes to a filter that begins with `$`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One broker and our identity there; durations are wall seconds, for they time the wire.

    Without certificate files the link is plain TCP, and that only to a loopback address.
    """

    host: str
    port: int
    client_id: str
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    keep_alive_s: int = 30
    session_expiry_s: int = 3600
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 120.0
    stable_after_s: float = 60.0
    """A connection must last so long before the reconnect delay starts from the bottom again."""
    ack_timeout_s: int = 30
    deadline_s: float = 35.0
    """Own limit for one publish or subscribe, queueing included."""

    def __post_init__(self) -> None:
        """Refuse what can never work or would be read on the way."""
        check_client_id(self.client_id)
        if not self.host:
            msg = "cloud.endpoint is empty: give the host name of the account's IoT endpoint"
            raise CloudConfigError(msg)
        if bool(self.cert_file) != bool(self.key_file):
            msg = "cloud.cert_file and cloud.key_file belong together: give both or neither"
            raise CloudConfigError(msg)
        if not self.tls and not is_loopback(self.host):
            msg = (
                f"cloud.endpoint {self.host} without cert_file and key_file: plain TCP is only "
                "for a loopback address such as 127.0.0.1"
            )
            raise CloudConfigError(msg)
        for name, file in (("cert", self.cert_file), ("key", self.key_file), ("ca", self.ca_file)):
            if file and not Path(file).is_file():
                msg = f"cloud.{name}_file {file} is not a file"
                raise CloudConfigError(msg)

    @property
    def tls(self) -> bool:
        """Whether the link is encrypted and we show a certificate."""
        return bool(self.cert_file and self.key_file)

    @property
    def is_aws(self) -> bool:
        """Whether this is AWS itself, with its quotas and its metrics."""
        return self.host.lower().rstrip(".").endswith(AWS_DOMAINS)

    @property
    def reserved(self) -> str:
        """First level of reserved topics on the wire."""
        return RESERVED if self.tls else STAND_IN_RESERVED


def is_loopback(host: str) -> bool:
    """Whether `host` is a literal loopback address; a name could lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def endpoint_of(
    cloud: Cloud, gateway: str, *, reconnect_max_s: float = 120.0, stable_after_s: float = 60.0
) -> Endpoint:
    """The endpoint of a site file; the thing name, else the gateway's, is the client id."""
    return Endpoint(
        host=cloud.endpoint,
        port=cloud.port,
        client_id=cloud.thing or gateway,
        cert_file=cloud.cert_file,
        key_file=cloud.key_file,
        ca_file=cloud.ca_file,
        reconnect_min_s=min(1.0, reconnect_max_s),
        reconnect_max_s=reconnect_max_s,
        stable_after_s=stable_after_s,
    )
