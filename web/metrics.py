"""Prometheus metrics of the site; with several workers set ``PROMETHEUS_MULTIPROC_DIR`` before the start."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

REQUESTS = Counter("huiyi_requests_total", "Requests by route and status", ("method", "route", "status"))
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # others are one: no endless labels
SECONDS = Histogram("huiyi_request_seconds", "Seconds per request by route", ("method", "route"))


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one finished request."""
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)


def exposition() -> tuple[bytes, str]:
    """Return the metrics in Prometheus's text format, summed over the workers."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(), CONTENT_TYPE_LATEST
