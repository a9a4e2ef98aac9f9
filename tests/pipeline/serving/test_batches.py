"""Many requests at once."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from pipeline.serving.batches import Batches


def test_what_comes_while_one_is_worked_on_is_answered_together_and_to_whom_it_belongs() -> None:
    sizes: list[int] = []
    go = threading.Event()

    def work(asked: Sequence[int]) -> list[int]:
        sizes.append(len(asked))
        assert go.wait(60)
        return [2 * one for one in asked]

    async def ask() -> list[int]:
        batches = Batches(work, most=4)
        answers = [asyncio.create_task(batches(place)) for place in range(10)]
        await asyncio.sleep(0.05)
        answers += [asyncio.create_task(batches(place)) for place in range(10, 13)]
        go.set()
        return list(await asyncio.gather(*answers))

    assert asyncio.run(ask()) == [2 * place for place in range(13)]
    assert max(sizes) == 4
    assert sum(sizes) == 13


def test_a_failure_is_told_to_its_batch_and_the_next_is_answered() -> None:
    def work(asked: Sequence[int]) -> list[float]:
        return [1 / one for one in asked]

    async def ask() -> float:
        batches = Batches(work)
        with pytest.raises(ZeroDivisionError):
            await batches(0)
        gone = asyncio.create_task(batches(4))
        await asyncio.sleep(0)
        gone.cancel()
        return await batches(2)

    assert asyncio.run(ask()) == 0.5
