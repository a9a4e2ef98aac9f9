"""What stands around the application: how long a body may be, and what is counted."""

import json
import time
from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT = 1 << 20
"""Longest body, in bytes."""

TOO_LONG = {"detail": [f"The body should have at most {LIMIT:,} bytes. Send fewer carts at once."]}
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class BodyLimit:
    """Answers 413 where a body is longer than `LIMIT`, before or while it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit and hand it on whole."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        body, more = b"", not (declared.isdigit() and int(declared) > LIMIT)
        long = not more
        while more and not long:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more, long = message.get("more_body", False), len(body) > LIMIT
        if long:
            await _answer(send, 413, TOO_LONG)
            return
        await self._app(scope, _handing(body, receive), send)


def _handing(body: bytes, receive: Receive) -> Receive:
    told = False

    async def hand() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return hand


async def _answer(send: Send, status: int, content: object) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    # What is left of the body is not read, so the connection cannot be used again.
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


class Counted:
    """Counts requests by path and status, and times them."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, paths: Collection[str]) -> None:
        self._app, self._paths = app, frozenset(paths)
        self._count = Counter("pipeline_requests", "Requests answered.", ["path", "status"], registry=registry)
        self._time = Histogram(
            "pipeline_request_seconds", "Time from request to answer.", ["path"], buckets=BUCKETS, registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count it when its answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else "other"
        begin = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count.labels(path, str(message["status"])).inc()
                self._time.labels(path).observe(time.perf_counter() - begin)
            await send(message)

        await self._app(scope, receive, counted)
