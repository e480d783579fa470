"""`semdr-edge status [POINT]`: how the gateway is, or who controls a point and why."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from edge_agent.cli.ahead_lines import ahead_lines
from edge_agent.cli.live import fetch
from edge_agent.cli.load_lines import load_lines

FLOWS = ("grid", "pv", "battery", "hvac", "load")


def main(options: Namespace) -> int:
    """0 when the gateway is healthy; with POINT, when it commands that point."""
    status = fetch(options, "/api/status")
    if not isinstance(status, dict):
        return 1
    if options.point is None:
        print(json.dumps(status) if options.json else as_text(status))
        return 0 if status["healthy"] else 1
    for row in status["controls"]:
        if row["point"] == options.point:
            print(json.dumps(row) if options.json else control_text(row))
            return 0
    known = ", ".join(row["point"] for row in status["controls"]) or "none"
    text = f"{options.point} is no point this gateway commands; it commands: {known}"
    print(f"semdr-edge: {text}", file=sys.stderr)
    return 1


def as_text(status: dict[str, Any]) -> str:
    """One screen."""
    health = "healthy" if status["healthy"] else "NOT healthy"
    lines = [f"{status['site']} {status['version']} at {status['now'][:19]}Z: {health}"]
    lines += [*_flow_lines(status["flow"]), *_plan_lines(status["plan"])]
    lines += [_device_line(device) for device in status["devices"]]
    buffer, cloud, counters = status["buffer"], status["cloud"], status["counters"]
    lines.append(
        f"buffer {buffer['state']}: {buffer['readings']} readings in {buffer['commits']} commits, "
        f"{buffer['backlog_commits']} not yet sent"
    )
    link = "connected" if cloud["connected"] else f"not connected {cloud['last_error']}".rstrip()
    lines.append(f"cloud {cloud['transport']}: {link}, sent up to {cloud['sent_seq']}")
    lines.append(
        f"control {status['control']}: {counters['ticks']} ticks, {counters['ticks_missed']} "
        f"missed, {counters['writes_verified']} writes verified, {counters['writes_failed']} "
        f"failed, {counters['leases']} leases"
    )
    lines += [*_trust_lines(status), *ahead_lines(status), *load_lines(status)]
    for one in status["operator"]:
        limit = "no limit" if one["limit_kw"] is None else f"{one['limit_kw']:g} kW"
        lines.append(f"grid operator {one['signal']}: {limit} ({one['why']})")
    lines += [f"off the plan: {status['off_plan']}"] if status["off_plan"] else []
    lines += [f"TASK {t['name']}: {t['state']} {t['last_error']}" for t in _troubled(status)]
    lines += [f"ALARM {a['code']} {a['subject']}: {a['text']}" for a in _standing(status)]
    return "\n".join(lines)


def control_text(row: dict[str, Any]) -> str:
    """The whole priority array of one point."""
    lines = [f"{row['point']}: {_number(row['value'])} because {row['why']}"]
    lines += [f"  confined by {row['confined_by']}"] if row["confined_by"] else []
    lines += [f"  cut: {cut}" for cut in row["cuts"]]
    lines += [f"  ALARM {flag['code']}: {flag['text']}" for flag in row["flags"]]
    lines.append(f"  held {_number(row['held'])} {row['lease_state']}, last: {row['last_result']}")
    lines += [_claim_line(claim) for claim in row["claims"]]
    return "\n".join(lines)


def _claim_line(claim: dict[str, Any]) -> str:
    head = f"  {claim['priority']:<14} {_number(claim['value']):>9}"
    if claim["bounds"] is not None:
        low, high = claim["bounds"]
        head += f" (confines to {_number(low)}..{_number(high)})"
    return f"{head} {claim['owner']}: {claim['reason']} until {claim['expires']}"


def _flow_lines(flow: dict[str, Any] | None) -> list[str]:
    if flow is None:
        return []
    parts = [f"{name} {_number(flow[f'{name}_kw'])} kW" for name in FLOWS]
    return [f"now {', '.join(parts)}, battery at {_number(flow['soc_percent'])} %"]


def _trust_lines(status: dict[str, Any]) -> list[str]:
    clock, site = status["clock"], status["quality"]["site"]
    share = None if site is None else site["valid_share"]
    valid = "unknown" if share is None else f"{share:.1%}"
    return [f"clock {clock['trust']} ({clock['reason']}); valid readings today {valid}"]


def _plan_lines(plan: dict[str, Any]) -> list[str]:
    if plan["made_at"] is None:
        return ["no plan yet"]
    degraded = ", DEGRADED" if plan["degraded"] else ""
    head = f"plan of {plan['made_at'][:19]}Z from {plan['source']}{degraded}"
    stands = plan["rung_since"] is not None
    rung = [f"  on the rung {plan['rung']}: {plan['rung_why']}"] if stands else []
    return [head, *rung, *(f"  {reason}" for reason in plan["reasons"])]


def _device_line(device: dict[str, Any]) -> str:
    age = "never" if device["age_s"] is None else f"{device['age_s']:.0f} s ago"
    return f"  {device['device']:<18} {device['quality']:<10} {age}"


def _troubled(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [task for task in status["tasks"] if task["state"] != "running"]


def _standing(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [alert for alert in status["alerts"] if alert["cleared"] is None]


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"
