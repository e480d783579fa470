"""Telling people about alarms: grouped, rate-limited, retried, and never in the way of control."""
