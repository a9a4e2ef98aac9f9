"""Requests that arrive while others are answered are answered together."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Batches(Generic[Asked, Answer]):
    """A function of many requests, called for one.

    Nobody waits for a batch to fill: it is what came while the one before was worked on, in a thread of its own.

    Args:
        work: answers to some requests, in their order.
        most: requests of a batch.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]], most: int = 64) -> None:
        self._work, self._most = work, most
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """The answer to one request; what `work` raises is raised for every request of the batch."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await loop.run_in_executor(self._thread, self._work, [asked for asked, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():  # its client has gone
                        future.set_result(answer)
        self._running = None
