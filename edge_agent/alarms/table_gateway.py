"""Alarms of the gateway itself: plans, worker, feeds, cloud, certificate, store, clock, tasks."""

from __future__ import annotations

from edge_agent.alarms import surroundings
from edge_agent.alarms.rule import Limit, Rule, fact
from edge_agent.health import Severity

PLANNING: tuple[Rule, ...] = (
    Rule(
        code="plan_run_out",
        severity=Severity.CRITICAL,
        cause="nothing has made a plan since the last one ended",
        remedy="see the state of the task `plan`; every point is given back to its device",
        limit=fact(),
        figures=surroundings.plan_run_out,
    ),
    Rule(
        code="optimisation_failure",
        severity=Severity.WARNING,
        cause="the solver refused, was late, or a measurement it needs is missing",
        remedy="read the reasons of the plan; bring back what is missing",
        limit=fact(),
    ),
    Rule(
        code="worker_down",
        severity=Severity.WARNING,
        cause="the planning worker dies or hangs: memory, a broken installation, a damaged store",
        remedy="read the log at the times of its starts; check memory; install again",
        limit=Limit(at=1.0, clear=0.0),
        figures=surroundings.worker_faults,
    ),
    Rule(
        code="feed_gone",
        severity=Severity.WARNING,
        cause="the source of prices or weather does not answer, or gives nothing new",
        remedy="see the error of the feed; check the way to it; plans go on with what is assumed",
        limit=Limit(at=2.0, clear=6.0, below=True),
        figures=surroundings.feed_ahead_h,
    ),
    Rule(
        code="feed_refused",
        severity=Severity.WARNING,
        cause="the last document handed over for a feed cannot be used",
        remedy="do what the error says and send it again; until then what was known before counts",
        limit=fact(),
        figures=surroundings.feed_refused,
    ),
    Rule(
        code="task_failed",
        severity=Severity.WARNING,
        cause="a task inside the gateway ended with an error and is started again",
        remedy="read its error; report it, if it recurs",
        limit=fact(linger_s=60.0),
    ),
)

CLOUD: tuple[Rule, ...] = (
    Rule(
        code="cloud_trouble",
        severity=Severity.NOTICE,
        cause="the way to the cloud is down, or the cloud refuses something",
        remedy="read the error; check network, name, certificate and policy",
        limit=fact(linger_s=60.0),
    ),
    Rule(
        code="cloud_offline",
        severity=Severity.WARNING,
        cause="no link for a quarter of an hour",
        remedy="check the internet access; nothing is lost while the store has room",
        limit=fact(hold_s=900.0, linger_s=60.0),
        figures=surroundings.cloud_offline,
    ),
    Rule(
        code="cloud_backlog",
        severity=Severity.WARNING,
        cause="no link for long, or one too slow for the readings",
        remedy="check the link; look at the budget of the store if it will be days",
        limit=Limit(at=24.0, clear=12.0),
        figures=surroundings.backlog_h,
    ),
    Rule(
        code="certificate_expires_7d",
        severity=Severity.CRITICAL,
        cause="the certificate for the cloud ends in less than a week",
        remedy="put a new certificate in place now, or the link ends with it",
        limit=Limit(at=7.0, clear=7.0, below=True),
        figures=surroundings.certificate_days,
    ),
    Rule(
        code="certificate_expires_30d",
        severity=Severity.WARNING,
        cause="the certificate for the cloud ends in less than 30 days",
        remedy="order a new certificate",
        limit=Limit(at=30.0, clear=30.0, below=True),
        figures=surroundings.certificate_days,
    ),
    Rule(
        code="alarms_undelivered",
        severity=Severity.WARNING,
        cause="a mail server or webhook does not take what it is sent",
        remedy="read the error; check address, credentials and network; alarms stand here anyway",
        limit=fact(linger_s=60.0),
        figures=surroundings.undelivered,
    ),
)

STORE: tuple[Rule, ...] = (
    Rule(
        code="buffer_filling",
        severity=Severity.NOTICE,
        cause="the cloud has not confirmed for long, or the budget is small for this site",
        remedy="bring the link back, or give the store a larger budget",
        limit=Limit(at=0.8, clear=0.75),
        figures=surroundings.buffer_share,
    ),
    Rule(
        code="storage_space_low",
        severity=Severity.WARNING,
        cause="the store has reached its budget",
        remedy="bring the link back, or give the store a larger budget: old readings are thinned",
        limit=fact(),
    ),
    Rule(
        code="storage_slow",
        severity=Severity.NOTICE,
        cause="the disk is worn, hot, or busy with something else",
        remedy="check the card or disk; plan to replace it",
        limit=fact(linger_s=60.0),
    ),
    Rule(
        code="storage_failing",
        severity=Severity.CRITICAL,
        cause="the disk takes no writes",
        remedy="see the more precise alarm of the store beside this one",
        limit=fact(),
    ),
    Rule(
        code="storage_in_memory",
        severity=Severity.CRITICAL,
        cause="the file of the store could not be opened at all",
        remedy="check disk, mount and owner of the state directory, then start again",
        limit=fact(),
    ),
    Rule(
        code="store_full",
        severity=Severity.CRITICAL,
        cause="something else has filled the disk",
        remedy="free room on the disk; what waits in memory is then written",
        limit=fact(),
        figures=surroundings.store_full,
    ),
    Rule(
        code="store_read_only",
        severity=Severity.CRITICAL,
        cause="the disk was mounted read-only, often after an error, or the owner is wrong",
        remedy="look at the system log for disk errors; replace the card or mount it again",
        limit=fact(),
        figures=surroundings.store_read_only,
    ),
    Rule(
        code="store_corrupt",
        severity=Severity.CRITICAL,
        cause="the file is damaged: power cut on a bad card, or a dying disk",
        remedy="replace the card; keep the file that was set aside; restore a backup if needed",
        limit=fact(),
        figures=surroundings.store_corrupt,
    ),
)

CLOCK: tuple[Rule, ...] = (
    Rule(
        code="clock_untrusted",
        severity=Severity.WARNING,
        cause="no time server has answered since the start, or the clock lies before the store",
        remedy="give the gateway a time server it can reach, or a battery-backed clock",
        limit=fact(),
    ),
    Rule(
        code="clock_stepped",
        severity=Severity.NOTICE,
        cause="a time server or a person has set the clock",
        remedy="nothing, if it was once after a start; else look for two time sources",
        limit=fact(),
    ),
)

GATEWAY: tuple[Rule, ...] = (*PLANNING, *CLOUD, *STORE, *CLOCK)
