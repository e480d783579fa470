from __future__ import annotations

from pathlib import Path

import pytest
from awscrt import mqtt5

from edge_agent.cloud.endpoint import Endpoint, endpoint_of
from edge_agent.cloud.mqtt5 import describe, receipt_of
from edge_agent.cloud.mqtt5_client import ClientHooks, client_options
from edge_agent.cloud.transport import (
    CloudConfigError,
    CloudLimitError,
    Delivered,
    Receipt,
    Refused,
)
from edge_agent.site.schema import Cloud


def ignore(_: object) -> None:
    """The hooks are not called without a connection."""


HOOKS = ClientHooks(
    on_message=ignore,
    on_connected=ignore,
    on_failed=ignore,
    on_dropped=ignore,
    on_stopped=ignore,
)


@pytest.fixture
def certified(tmp_path: Path) -> Cloud:
    for name in ("cert", "key", "ca"):
        (tmp_path / name).write_text("pem")
    return Cloud(
        transport="mqtt",
        endpoint="abc-ats.iot.eu-central-1.amazonaws.com",
        thing="hotel-1",
        cert_file=str(tmp_path / "cert"),
        key_file=str(tmp_path / "key"),
        ca_file=str(tmp_path / "ca"),
    )


def test_the_site_file_s_cloud(certified: Cloud) -> None:
    endpoint = endpoint_of(certified, "gateway")
    assert (endpoint.client_id, endpoint.port, endpoint.reserved) == ("hotel-1", 8883, "$aws")
    assert endpoint.tls
    assert endpoint.is_aws
    nameless = certified.model_copy(update={"thing": ""})
    assert endpoint_of(nameless, "gateway").client_id == "gateway"


def test_settings_that_keep_data_and_commands_safe(certified: Cloud) -> None:
    options = client_options(endpoint_of(certified, "gateway"), HOOKS)
    flow = mqtt5.ExtendedValidationAndFlowControlOptions
    assert options.port == 8883
    assert options.session_behavior == mqtt5.ClientSessionBehaviorType.REJOIN_ALWAYS
    assert (
        options.offline_queue_behavior
        == mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT
    )
    assert options.retry_jitter_mode == mqtt5.ExponentialBackoffJitterMode.FULL
    assert (options.min_reconnect_delay_ms, options.max_reconnect_delay_ms) == (1000, 120_000)
    assert options.connect_options.session_expiry_interval_sec == 3600
    assert options.connect_options.keep_alive_interval_sec == 30
    assert options.ping_timeout_ms < 30_000
    assert options.extended_validation_and_flow_control_options == flow.AWS_IOT_CORE_DEFAULTS
    local = Endpoint(host="127.0.0.1", port=1883, client_id="gw")
    assert client_options(local, HOOKS).extended_validation_and_flow_control_options == flow.NONE


@pytest.mark.parametrize("host", ["amazonaws.com.evil.example", "xamazonaws.com", "127.0.0.1"])
def test_not_aws(certified: Cloud, host: str) -> None:
    assert not endpoint_of(certified.model_copy(update={"endpoint": host}), "gw").is_aws


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"endpoint": ""}, "cloud.endpoint is empty"),
        ({"cert_file": "/nowhere/cert.pem"}, "cloud.cert_file /nowhere/cert.pem is not a file"),
        ({"ca_file": "/nowhere/ca.pem"}, "cloud.ca_file"),
        ({"key_file": ""}, "belong together"),
        ({"cert_file": "", "key_file": ""}, "plain TCP is only for a loopback"),
    ],
)
def test_mistakes_are_named(certified: Cloud, change: dict[str, str], complaint: str) -> None:
    with pytest.raises(CloudConfigError, match=complaint):
        endpoint_of(certified.model_copy(update=change), "gw")


def test_a_client_id_has_a_length() -> None:
    with pytest.raises(CloudLimitError):
        Endpoint(host="127.0.0.1", port=1883, client_id="")


@pytest.mark.parametrize(
    ("code", "receipt"),
    [
        (0, Delivered(0)),
        (16, Delivered(16)),
        (127, Delivered(127)),
        (128, Refused(128, "why")),
        (135, Refused(135, "why")),
        (None, Refused(-1, "why")),
    ],
)
def test_a_refusal_is_no_success(code: int | None, receipt: Receipt) -> None:
    assert receipt_of(code, "why") == receipt


def test_a_failed_handshake_names_the_likely_causes() -> None:
    error = OSError("x")
    error.name = "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE"  # type: ignore[attr-defined] # as the SDK's errors have
    assert "clock" in describe(error)
    assert describe(OSError("x")) == "OSError: x"
