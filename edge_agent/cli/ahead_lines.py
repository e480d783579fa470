"""The lines of `status` about what lies ahead: feeds, learning, and how good the forecasts were."""

from __future__ import annotations

from typing import Any

DAY_LEAD_H = 24.0


def ahead_lines(status: dict[str, Any]) -> list[str]:
    """One for each feed, one for the forecasts."""
    return [*(_feed_line(feed) for feed in status["feeds"]), _forecast_line(status["foresight"])]


def _feed_line(feed: dict[str, Any]) -> str:
    ahead_h = feed["ahead_h"]
    known = "knows nothing yet" if ahead_h is None else f"known for {ahead_h:.1f} h ahead"
    error = f"; {feed['error']}" if feed["error"] else ""
    return f"feed {feed['name']} ({feed['source']}): {known}{error}"


def _forecast_line(foresight: dict[str, Any]) -> str:
    if foresight["made_at"] is None:
        learnt = "nothing learnt yet, earlier days stand in"
    else:
        by = "" if foresight["load"] else ", the load still by earlier days"
        learnt = f"learnt {foresight['made_at'][:16]}Z{by}"
    errors = [_score(one) for one in foresight["scores"]]
    wrong = f"; mean error {', '.join(errors)}" if errors else ""
    failed = f"; learning failed: {foresight['error']}" if foresight["error"] else ""
    return f"forecasts {learnt}{wrong}{failed}"


def _score(score: dict[str, Any]) -> str:
    """Error one hour and one day ahead, as far as they are known."""
    by_lead = dict(zip(score["until_h"], score["nmae"], strict=True))
    leads = [(name, by_lead.get(lead)) for name, lead in (("1 h", 1.0), ("1 day", DAY_LEAD_H))]
    unit = score["unit"]
    told = [
        f"{error:.1f} {unit} {name} ahead" if unit else f"{error:.1%} {name} ahead"
        for name, error in leads
        if error is not None
    ]
    return f"{score['series']} {' and '.join(told) or 'not known'}"
