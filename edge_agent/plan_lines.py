"""The planning worker's words as JSON lines, read as strictly as anything from another process."""

from __future__ import annotations

from pydantic import TypeAdapter

from edge_agent.plan_words import PlanAnswer, PlanRequest
from models.types import Plan

REQUEST = TypeAdapter(PlanRequest)
ANSWER = TypeAdapter(PlanAnswer)
PLAN = TypeAdapter(Plan)
