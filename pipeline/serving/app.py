"""The HTTP application."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from starlette.exceptions import HTTPException

from data.errors import InputError
from data.live.told_event import complaint
from pipeline.serving.answers import NotServed, about_carts, about_session
from pipeline.serving.bodies import CartsAnswer, CartsBody, ItemsAnswer, Problem, SessionBody
from pipeline.serving.limits import BodyLimit, Counted
from pipeline.serving.reading import JsonRoute
from pipeline.serving.reloading import Answering, Reloader

ABOUT = "Scores live carts and recommends items with the models of a pipeline run."
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is no JSON text, or has a key twice in an object."},
    404: {"model": Problem, "description": "The run has no such model."},
    413: {"model": Problem, "description": "The body is longer than 1 MiB."},
    415: {"model": Problem, "description": "The body is not said to be JSON."},
    422: {"model": Problem, "description": "Something in the body is not as it should be."},
    503: {"model": Problem, "description": "The models are not loaded yet."},
}


def make_app(reloader: Reloader, failed: Callable[[Exception], None]) -> FastAPI:
    """The application, which loads its models when it starts.

    Args:
        reloader: where the models come from.
        failed: called where they cannot be loaded at first.
    """
    registry = CollectorRegistry()
    app = FastAPI(title="Retail pipeline", version="1", description=ABOUT, lifespan=_lifespan(reloader, failed))
    app.router.route_class = JsonRoute
    unknown = Counter("pipeline_unknown_items", "Events whose item the recommender does not know.", registry=registry)
    _add_health(app, reloader, registry)
    _add_scoring(app, reloader, unknown)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _mistake)
    app.add_exception_handler(NotServed, _not_served)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failure)
    app.add_middleware(BodyLimit)
    app.add_middleware(Counted, registry=registry, paths=[route.path for route in app.routes])  # type: ignore[attr-defined]
    return app


def _lifespan(reloader: Reloader, failed: Callable[[Exception], None]) -> Callable[[FastAPI], Any]:
    async def work() -> None:
        try:
            await reloader.first()
        except Exception as error:
            failed(error)
            return
        await reloader.watch()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return lifespan


def _add_health(app: FastAPI, reloader: Reloader, registry: CollectorRegistry) -> None:
    info = Gauge("pipeline_model", "1 for each model that is served.", ["model", "version"], registry=registry)
    reloads = Gauge("pipeline_reloads", "Times that the models were replaced.", registry=registry)
    failures = Gauge("pipeline_reload_failures", "Looks in a row that found nothing to serve.", registry=registry)
    reloads.set_function(lambda: reloader.reloads)
    failures.set_function(lambda: reloader.failures)

    @app.get("/health", summary="Whether the server is alive")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready", summary="Whether the models are loaded", responses={503: PROBLEMS[503]})
    async def ready() -> dict[str, str | None]:
        versions: dict[str, str | None] = _now(reloader).served.versions.model_dump()
        return versions

    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

    @app.get("/metrics", summary="For Prometheus", response_class=Response, responses=text)
    async def metrics() -> Response:
        info.clear()
        if reloader.current:
            for model, version in reloader.current.served.versions.model_dump(exclude_none=True).items():
                info.labels(model, version).set(1)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_scoring(app: FastAPI, reloader: Reloader, unknown: Counter) -> None:
    @app.post("/v1/carts", summary="How likely carts are to be left", responses=PROBLEMS)
    async def carts(body: CartsBody) -> CartsAnswer:
        answer = await about_carts(_now(reloader), body)
        unknown.inc(sum(cart.skipped or 0 for cart in answer.carts))
        return answer

    @app.post("/v1/recommendations", summary="What is likely to come next", responses=PROBLEMS)
    async def recommendations(body: SessionBody) -> ItemsAnswer:
        answer = await about_session(_now(reloader), body)
        unknown.inc(answer.skipped)
        return answer


def _now(reloader: Reloader) -> Answering:
    if reloader.current is None:
        raise NotServed(503, "The models are not loaded yet. Ask again in some seconds.")
    return reloader.current


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(isinstance(detail["input"], bytes) for detail in details):  # FastAPI reads only what is said to be JSON
        return _problem(415, "The body should be sent with the header Content-Type: application/json.")
    return _problem(422, *(complaint(".".join(map(str, one["loc"][1:])) or "body", one) for one in details))


async def _not_served(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotServed)
    return _problem(error.status, error.detail)


async def _mistake(_: Request, error: Exception) -> Response:
    return _problem(422, str(error))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail), headers=error.headers)


async def _failure(_: Request, __: Exception) -> Response:
    return _problem(500, "Something went wrong inside; the log tells what.")


def _problem(status: int, *told: str, headers: Mapping[str, str] | None = None) -> Response:
    # Not all that a client can send can be written as UTF-8; ASCII with escapes can.
    body = json.dumps({"detail": list(told)})
    return Response(body, status, headers=dict(headers or {}), media_type="application/json")
