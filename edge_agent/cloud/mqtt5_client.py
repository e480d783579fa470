"""Builds the SDK's MQTT5 client with the settings that keep data and commands safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from awscrt import mqtt5
from awscrt.exceptions import AwsCrtError
from awsiot import mqtt5_client_builder

from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.transport import CloudConfigError

PING_TIMEOUT_MS = 10_000
CONNACK_TIMEOUT_MS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHooks:
    """What the SDK calls, each on its own thread: hand over and return."""

    on_message: Callable[[Any], None]
    on_connected: Callable[[Any], None]
    on_failed: Callable[[Any], None]
    on_dropped: Callable[[Any], None]
    on_stopped: Callable[[Any], None]


def build_client(endpoint: Endpoint, hooks: ClientHooks) -> Any:  # noqa: ANN401 - the SDK ships no types
    """A client that is not started; CloudConfigError when the certificate files are no good."""
    options = client_options(endpoint, hooks)
    try:
        if not endpoint.tls:
            options.disable_metrics = True
            return mqtt5.Client(options)
        return mqtt5_client_builder.mtls_from_path(
            cert_filepath=endpoint.cert_file,
            pri_key_filepath=endpoint.key_file,
            ca_filepath=endpoint.ca_file or None,
            endpoint=endpoint.host,
            client_options=options,
            enable_metrics_collection=endpoint.is_aws,
        )
    except (AwsCrtError, RuntimeError) as error:
        msg = f"the cloud's certificate files cannot be used: {error}"
        raise CloudConfigError(msg) from error


def client_options(endpoint: Endpoint, hooks: ClientHooks) -> Any:  # noqa: ANN401 - the SDK ships no types
    """The SDK's options for this endpoint."""
    throttle = mqtt5.ExtendedValidationAndFlowControlOptions
    return mqtt5.ClientOptions(
        host_name=endpoint.host,
        # Left out, the SDK would take 443 with ALPN.
        port=endpoint.port,
        connect_options=mqtt5.ConnectPacket(
            client_id=endpoint.client_id,
            keep_alive_interval_sec=endpoint.keep_alive_s,
            session_expiry_interval_sec=endpoint.session_expiry_s,
        ),
        session_behavior=mqtt5.ClientSessionBehaviorType.REJOIN_ALWAYS,
        # The SDK's own queue lives in memory, without an end: the store is the only queue.
        offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
        extended_validation_and_flow_control_options=(
            throttle.AWS_IOT_CORE_DEFAULTS if endpoint.is_aws else throttle.NONE
        ),
        retry_jitter_mode=mqtt5.ExponentialBackoffJitterMode.FULL,
        min_reconnect_delay_ms=round(endpoint.reconnect_min_s * 1000),
        max_reconnect_delay_ms=round(endpoint.reconnect_max_s * 1000),
        min_connected_time_to_reset_reconnect_delay_ms=round(endpoint.stable_after_s * 1000),
        ping_timeout_ms=min(PING_TIMEOUT_MS, endpoint.keep_alive_s * 500),
        connack_timeout_ms=CONNACK_TIMEOUT_MS,
        ack_timeout_sec=endpoint.ack_timeout_s,
        on_publish_callback_fn=hooks.on_message,
        on_lifecycle_event_connection_success_fn=hooks.on_connected,
        on_lifecycle_event_connection_failure_fn=hooks.on_failed,
        on_lifecycle_event_disconnection_fn=hooks.on_dropped,
        on_lifecycle_event_stopped_fn=hooks.on_stopped,
    )
