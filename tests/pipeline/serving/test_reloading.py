"""Models that change while requests are answered."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import InputError
from pipeline.serving.answers import about_carts
from pipeline.serving.bodies import CartsBody, Versions
from pipeline.serving.reloading import Reloader
from pipeline.serving.sources import Served, Source, State
from tests.pipeline.serving.conftest import cart


class Renamed:
    """A source whose models are the run's, under the version it is told."""

    def __init__(self, served: Served) -> None:
        self.version, self._served = "1", served

    def state(self) -> State:
        if self.version == "none":
            raise InputError("A run is at work")
        return {"abandonment": self.version}

    def load(self, state: State) -> Served:
        versions = Versions(abandonment=state["abandonment"], recommender=None, history=None)
        return replace(self._served, state=state, versions=versions)


@pytest.mark.usefixtures("client")  # it loads the models
def test_no_request_is_lost_while_the_models_change(reloader: Reloader, sessions: pd.DataFrame) -> None:
    assert reloader.current is not None
    source = Renamed(reloader.current.served)
    first = sessions[sessions["event"] == "cart"].iloc[0]
    body = CartsBody.model_validate({"carts": [cart(pd.DataFrame([first]))]})

    async def ask() -> list[str | None]:
        changing = Reloader(source, 3600)
        await changing.first()
        answers: list[asyncio.Task[Any]] = []
        for place in range(60):
            assert changing.current is not None
            answers.append(asyncio.create_task(about_carts(changing.current, body)))
            await asyncio.sleep(0.002)
            if place == 20:
                source.version = "2"
                await changing.look()
            if place == 40:
                source.version = "none"
                await changing.look()
        assert (changing.reloads, changing.failures) == (1, 1)
        return [answer.versions.abandonment for answer in await asyncio.gather(*answers)]

    assert asyncio.run(ask()) == ["1"] * 21 + ["2"] * 39


def test_the_state_of_a_folder_follows_its_run(workdir: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Run first"):
        Source(tmp_path).state()
    before = Source(workdir).state()
    assert set(before) == {"history", "config.json", "abandonment", "recommender"}
    manifest = workdir / "split" / "stage.json"
    text = manifest.read_text()
    told = json.loads(text)
    told["outputs"]["train.parquet"] = "another"
    try:
        manifest.write_text(json.dumps(told))
        with pytest.raises(InputError, match="A run is at work"):
            Source(workdir).state()
    finally:
        manifest.write_text(text)
    assert Source(workdir).state() == before


@pytest.mark.parametrize("address", ["cart-abandonment", "models:/", "models:/a", "x models:/a@b"])
def test_an_address_of_another_form_is_refused(workdir: Path, address: str) -> None:
    with pytest.raises(InputError, match=r"`--abandonment` should look like models:/NAME@ALIAS"):
        Source(workdir, abandonment=address).state()
