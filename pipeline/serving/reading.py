"""A request's body read as JSON that means one thing; any other is refused in words."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException


class JsonRoute(APIRoute):
    """A path whose bodies are read by this module."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the request wrapped."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await answer(_JsonRequest(request.scope, request.receive))

        return handle


class _JsonRequest(Request):
    async def json(self) -> Any:
        """The body.

        Raises:
            HTTPException: it is no JSON, or a key comes twice in an object, of which one value would be lost.
        """
        try:
            return json.loads(await self.body(), object_pairs_hook=_once)
        except RecursionError:
            why = "one that is nested too deeply"
        except json.JSONDecodeError as error:
            why = f"{error.msg} at character {error.pos}"
        except UnicodeDecodeError as error:
            why = f"bytes that are not {error.encoding} at {error.start}"
        except ValueError as error:  # `_once`, and numbers of thousands of digits
            why = str(error).split(";")[0]
        raise HTTPException(400, f"The body should be JSON. Received: {why}")


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {json.dumps(twice[:100])} twice in one object")
    return found
