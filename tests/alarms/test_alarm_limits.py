"""Every alarm at limit - 1, at its limit and at limit + 1, and every one at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sights
from field_images import NOW

from edge_agent.alarms.desk import AlarmDesk
from edge_agent.alarms.sight import ChannelSight, FeedSight, Sight
from edge_agent.alarms.table import RULES
from edge_agent.conditions import MAX_FAILED_PLANS, OFFLINE_S
from edge_agent.quality_kpi import ALARM_S, Recent

Make = Callable[[float], Sight]
BUDGET = 1_000_000


def yields(percent: float) -> Sight:
    return sights.inverter(power_kw=80.0 * 0.8 * percent / 100)


def used(percent: float) -> Sight:
    used = round(BUDGET * percent / 100)
    return sights.status(buffer={"bytes_used": used, "budget_bytes": BUDGET})


def waiting(hours: float) -> Sight:
    commits = round(hours * 360)
    cloud = {"transport": "mqtt", "connected": True, "backlog_commits": commits}
    return sights.status(cloud=cloud)


def fed(hours: float) -> Sight:
    return sights.beside(feeds=(FeedSight(name="price", ahead_h=hours),))


def handed(error: str) -> Sight:
    feed = FeedSight(name="price", ahead_h=20.0, error=error, handed_over=True)
    return sights.beside(feeds=(feed,))


def battery_at(percent_of_rated: float) -> Sight:
    return sights.battery(current_a=-percent_of_rated)


def charging_at(percent_of_rated: float) -> Sight:
    return sights.battery(power_kw=0.4 * percent_of_rated, rated_current_a=None)


def discharging_at(percent_of_rated: float) -> Sight:
    return sights.battery(power_kw=-0.5 * percent_of_rated, rated_current_a=None)


LIMITS: list[tuple[str, str, Make, float, int]] = [
    # code, subject, sight of a figure, limit, which way is wrong
    ("device_offline", "meter", sights.silent, OFFLINE_S, +1),
    (
        "optimisation_failure",
        "planner",
        lambda n: sights.status(plan={"failures_in_a_row": int(n)}),
        MAX_FAILED_PLANS,
        +1,
    ),
    ("battery_hot", "bat", lambda c: sights.battery(temperature_c=c), 45.0, +1),
    ("battery_soc_low", "bat", lambda p: sights.battery(soc_percent=p), 20.0, -1),
    ("battery_over_current", "bat", battery_at, 110.0, +1),
    ("battery_over_current", "bat", charging_at, 110.0, +1),
    ("battery_over_current", "bat", discharging_at, 110.0, +1),
    ("meter_silent", "meter.power", sights.meter, sights.METER.stale_s, +1),
    ("buffer_filling", "store", used, 80.0, +1),
    ("cloud_backlog", "cloud", waiting, 24.0, +1),
    ("certificate_expires_30d", "certificate", lambda d: sights.beside(certificate_days=d), 30, -1),
    ("certificate_expires_7d", "certificate", lambda d: sights.beside(certificate_days=d), 7, -1),
    ("feed_gone", "price", fed, 2.0, -1),
    ("worker_down", "worker", lambda n: sights.beside(worker_faults=int(n)), 1, +1),
    ("plan_run_out", "planner", sights.plan_ends, 1.0, -1),
    ("grid_voltage", "meter.x", lambda p: sights.grid("voltages", p / 100), 10.0, +1),
    ("grid_frequency", "meter.x", lambda d: sights.grid("frequencies", d / 100), 50.0, +1),
    ("grid_distortion", "meter.x", lambda p: sights.grid("distortions", p / 100), 8.0, +1),
]
NAMES = [f"{code}-{number}" for number, (code, *_) in enumerate(LIMITS)]


def found(desk: AlarmDesk, sight: Sight) -> set[tuple[str, str]]:
    return {(one.code, one.subject) for one in desk.look(sight)}


@pytest.mark.parametrize(("code", "subject", "make", "limit", "wrong"), LIMITS, ids=NAMES)
def test_at_the_limit_nothing_is_wrong_and_one_beyond_it_is(
    code: str, subject: str, make: Make, limit: float, wrong: int
) -> None:
    for figure, alarm in ((limit - wrong, False), (limit, False), (limit + wrong, True)):
        assert ((code, subject) in found(AlarmDesk(), make(figure))) is alarm, figure


HOLDS: list[tuple[str, str, Sight, Sight, float]] = [
    # code, subject, sight when wrong, sight when good, seconds it must last
    ("inverter_underperforming", "roof", yields(49.0), yields(50.0), 10_800.0),
    (
        "cloud_offline",
        "cloud",
        sights.status(cloud={"transport": "mqtt", "connected": False}),
        sights.status(cloud={"transport": "mqtt", "connected": True}),
        900.0,
    ),
]


@pytest.mark.parametrize(("code", "subject", "wrong", "good", "hold_s"), HOLDS)
def test_what_must_last_is_an_alarm_a_second_later(
    code: str, subject: str, wrong: Sight, good: Sight, hold_s: float
) -> None:
    desk = AlarmDesk()
    for second, alarm in ((0.0, False), (hold_s - 1, False), (hold_s, False), (hold_s + 1, True)):
        assert ((code, subject) in found(desk, sights.at(wrong, second))) is alarm, second
    interrupted = AlarmDesk()
    interrupted.look(sights.at(wrong, 0))
    interrupted.look(sights.at(good, hold_s))
    assert (code, subject) not in found(interrupted, sights.at(wrong, hold_s + 1))
    assert (code, subject) not in found(interrupted, sights.at(wrong, 2 * hold_s + 1))
    assert (code, subject) in found(interrupted, sights.at(wrong, 2 * hold_s + 2))


@pytest.mark.parametrize(
    ("valid", "low_s", "alarm"),
    [
        (91, 2 * ALARM_S, False),
        (90, 2 * ALARM_S, False),
        (89, ALARM_S - 1, False),
        (89, ALARM_S, False),
        (89, ALARM_S + 1, True),
    ],
)
def test_quality_below_ninety_percent_for_more_than_a_quarter_of_an_hour(
    valid: int,
    low_s: float,
    alarm: bool,  # noqa: FBT001 - a column of the table
) -> None:
    recent = Recent()
    recent.add(NOW, valid, 100)
    alarming = recent.alarming(NOW + timedelta(seconds=low_s))
    desk = AlarmDesk()
    assert (
        ("data_quality_low", "meter") in found(desk, sights.quality(alarming=alarming))
    ) is alarm


ENDS: list[tuple[str, Sight, Sight, Sight]] = [
    # code, sight when wrong, sight inside the band, sight when it ends
    (
        "battery_hot",
        sights.battery(temperature_c=46.0),
        sights.battery(temperature_c=43.1),
        sights.battery(temperature_c=43.0),
    ),
    (
        "battery_soc_low",
        sights.battery(soc_percent=19.0),
        sights.battery(soc_percent=21.9),
        sights.battery(soc_percent=22.0),
    ),
    ("battery_over_current", battery_at(111.0), battery_at(106.0), battery_at(105.0)),
    ("meter_silent", sights.meter(31.0), sights.meter(16.0), sights.meter(15.0)),
    ("buffer_filling", used(81.0), used(76.0), used(75.0)),
    ("cloud_backlog", waiting(25.0), waiting(12.1), waiting(12.0)),
    ("feed_gone", fed(1.0), fed(5.9), fed(6.0)),
    (
        "grid_voltage",
        sights.grid("voltages", 0.11),
        sights.grid("voltages", 0.081),
        sights.grid("voltages", 0.08),
    ),
    (
        "worker_down",
        sights.beside(worker_faults=2),
        sights.beside(worker_faults=1),
        sights.beside(worker_faults=0),
    ),
]


@pytest.mark.parametrize(("code", "wrong", "band", "good"), ENDS, ids=[e[0] for e in ENDS])
def test_an_alarm_ends_only_beyond_its_band(
    code: str, wrong: Sight, band: Sight, good: Sight
) -> None:
    desk = AlarmDesk()
    assert code not in {c for c, _ in found(desk, band)}
    assert code in {c for c, _ in found(desk, wrong)}
    assert code in {c for c, _ in found(desk, band)}
    assert code not in {c for c, _ in found(desk, good)}
    assert code not in {c for c, _ in found(desk, band)}


@pytest.mark.parametrize(
    ("code", "wrong", "unknown"),
    [
        ("battery_hot", sights.battery(temperature_c=46.0), sights.battery(temperature_c=None)),
        ("battery_soc_low", sights.battery(soc_percent=5.0), sights.battery(soc_percent=None)),
        (
            "battery_over_current",
            battery_at(120.0),
            sights.battery(current_a=None, power_kw=None),
        ),
    ],
)
def test_a_figure_that_is_not_known_neither_raises_nor_clears(
    code: str, wrong: Sight, unknown: Sight
) -> None:
    desk = AlarmDesk()
    assert code not in {c for c, _ in found(desk, unknown)}
    (before,) = (one for one in desk.look(wrong) if one.code == code)
    assert before in desk.look(unknown)
    assert code not in {c for c, _ in found(desk, sights.QUIET)}


FACTS: list[tuple[str, str, Sight, Sight]] = [
    ("data_quality_low", "meter", sights.quality(alarming=True), sights.quality(alarming=False)),
    ("implausible", "meter.power", sights.implausible(), sights.QUIET),
    ("billing_unmeasured", "meter", sights.status(
        counters={"unmeasured_blocks": 1}), sights.status(counters={"unmeasured_blocks": 0})),
    ("lease_lost", "fcu.setpoint", sights.claimed("plan", lease_state="lost"),
     sights.claimed("plan")),
    ("local_override_active", "fcu.setpoint", sights.claimed("local_override", 1.0),
     sights.claimed("local_override", 0.0)),
    ("local_override_active", "fcu.setpoint", sights.claimed("local_override", None),
     sights.claimed("manual", None)),
    ("local_override_active", "fcu.setpoint", sights.claimed("local_override"),
     sights.claimed("local_override", owner="second_master")),
    ("second_master", "fcu.setpoint", sights.claimed("local_override", owner="second_master"),
     sights.claimed("local_override")),
    ("battery_fault", "bat", sights.flagged("battery_fault"), sights.flagged("meter_silent")),
    ("hygiene_cycle", "bat", sights.flagged("hygiene_cycle"), sights.flagged("meter_silent")),
    ("orphaned_lease", "fcu.setpoint", sights.stuck("fcu.setpoint"), sights.stuck("other.point")),
    ("task_failed", "plan", sights.task("backing_off"), sights.task("running")),
    ("cloud_trouble", "cloud", sights.status(cloud={"last_error": "refused"}), sights.QUIET),
    ("alarms_undelivered", "smtp",
     sights.beside(channels=(ChannelSight(name="smtp", error="no route"),)),
     sights.beside(channels=(ChannelSight(name="smtp", given_up=3),))),
    ("storage_space_low", "store", sights.status(buffer={"space_low": True}), sights.QUIET),
    ("storage_slow", "store", sights.status(buffer={"state": "slow"}), sights.QUIET),
    ("storage_failing", "store", sights.status(buffer={"state": "failing"}), sights.QUIET),
    ("storage_in_memory", "store", sights.status(buffer={"state": "in_memory"}), sights.QUIET),
    ("store_full", "store", sights.store_says("database or disk is full"),
     sights.store_says("database or disk is full", "ok")),
    ("store_read_only", "store", sights.store_says("attempt to write a readonly database"),
     sights.store_says("disk I/O error")),
    ("store_corrupt", "store", sights.store_says("database disk image is malformed"),
     sights.store_says("disk I/O error")),
    ("store_corrupt", "store", sights.status(
        buffer={"notes": ("damaged file set aside as edge.db.corrupt-1",)}),
     sights.status(buffer={"notes": ("the check of the file was cut short",)})),
    ("clock_untrusted", "clock", sights.clock(trusted=False), sights.clock()),
    ("clock_stepped", "clock", sights.clock(step_s=3600.0), sights.clock()),
    ("plan_run_out", "planner", sights.plan_ends(None), sights.plan_ends(1.0)),
    ("feed_gone", "price", sights.beside(feeds=(FeedSight(name="price", ahead_h=None),)),
     sights.beside(feeds=())),
    ("feed_refused", "price", handed("too long"), handed("")),
    ("feed_refused", "price", handed("too long"), fed(20.0)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "subject", "wrong", "good"), FACTS)
def test_what_is_so_is_an_alarm_until_it_is_not(
    code: str, subject: str, wrong: Sight, good: Sight
) -> None:
    desk = AlarmDesk()
    assert (code, subject) not in found(desk, sights.at(good, 0))
    (alarm,) = (one for one in desk.look(sights.at(wrong, 10)) if one.code == code)
    assert alarm.subject == subject
    assert alarm.text
    desk.look(sights.at(good, 20))
    assert (code, subject) not in found(desk, sights.at(good, 20 + 60))


def test_what_flutters_stands_until_it_has_been_good_for_a_minute() -> None:
    desk, key = AlarmDesk(), ("device_offline", "meter")
    offline, back = sights.silent(OFFLINE_S + 1), sights.silent(1.0)
    cycle = [(0, offline, True), (10, back, True), (20, offline, True), (30, back, True)]
    cycle += [(89, back, True), (90, back, False), (100, back, False)]
    for second, sight, alarm in cycle:
        assert (key in found(desk, sights.at(sight, second))) is alarm, second


@pytest.mark.parametrize(
    ("moved", "over_s", "alarm"),
    [(6.0, 0.0, False), (6.9, 0.0, True), (-6.9, 0.0, True), (65.0, 3_600.0, False),
     (67.0, 3_600.0, True)],
)  # fmt: skip
def test_a_state_of_charge_moves_no_faster_than_the_battery_can(
    moved: float,
    over_s: float,
    alarm: bool,  # noqa: FBT001 - a column of the table
) -> None:
    # 50 kW with a fifth of slack on 100 kWh: 60 percent an hour, 1 of resolution, 5 of the limit.
    desk = AlarmDesk()
    desk.look(sights.battery(soc_percent=30.0 if moved > 0 else 95.0, soc_read_s=0.0))
    after = 30.0 + moved if moved > 0 else 95.0 + moved
    later = sights.battery(soc_percent=after, soc_read_s=over_s)
    assert (("soc_jump", "bat") in found(desk, sights.at(later, over_s))) is alarm


def test_a_jump_is_shown_for_a_quarter_of_an_hour() -> None:
    desk, calm = AlarmDesk(), sights.battery(soc_percent=70.0, soc_read_s=10.0)
    desk.look(sights.battery(soc_percent=50.0, soc_read_s=0.0))
    assert ("soc_jump", "bat") in found(desk, sights.at(calm, 10))
    assert ("soc_jump", "bat") in found(desk, sights.at(calm, 20))
    assert ("soc_jump", "bat") in found(desk, sights.at(calm, 919))
    assert ("soc_jump", "bat") not in found(desk, sights.at(calm, 920))


@pytest.mark.parametrize(
    "excused",
    [
        sights.inverter(power_kw=1.0, limited=True),
        sights.inverter(power_kw=1.0, irradiance_w_m2=299.0),
        sights.inverter(power_kw=1.0, irradiance_w_m2=None),
        sights.inverter(power_kw=None),
    ],
)
def test_an_inverter_is_judged_in_bright_light_and_unlimited_only(excused: Sight) -> None:
    desk = AlarmDesk()
    for second in range(0, 14_400, 600):
        assert found(desk, sights.at(excused, second)) == set()


def test_a_quiet_house_has_no_alarm() -> None:
    desk = AlarmDesk()
    assert [desk.look(sights.at(sights.QUIET, second)) for second in (0, 10_000)] == [[], []]


def test_where_there_is_no_cloud_nothing_waits_for_it() -> None:
    alone = sights.status(cloud={"transport": "none", "backlog_commits": 1_000_000})
    assert AlarmDesk().look(alone) == []


def test_a_condition_no_rule_names_is_told_as_it_is() -> None:
    listed = [rule for rule in RULES if rule.code != "device_offline"]
    (condition,) = AlarmDesk(listed).look(sights.silent(OFFLINE_S + 1))
    assert (condition.code, condition.remedy) == ("device_offline", "")


def test_the_table_is_tested_as_a_whole() -> None:
    tested = {"soc_jump"}
    tested |= {c for c, *_ in LIMITS} | {c for c, *_ in HOLDS} | {c for c, *_ in FACTS}
    assert tested == {rule.code for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_an_alarm_of_a_subject_that_is_gone_ends() -> None:
    desk = AlarmDesk()
    assert ("battery_hot", "bat") in found(desk, sights.battery(temperature_c=50.0))
    assert found(desk, replace(sights.QUIET, batteries=())) == set()


def test_a_plan_that_ended_says_when() -> None:
    (alarm,) = AlarmDesk().look(sights.plan_ends(-60.0))
    assert alarm.text == f"the plan ended at {NOW - timedelta(seconds=60):%H:%M}Z"
