"""Ctrl-C ends a command with one sentence, wherever it comes."""

import os
import sys

import pytest

from pipeline.cli import STOPPED, main
from pipeline.commands import doctor
from pipeline.quiet import quiet


def stopped_in_an_import() -> None:
    with quiet():
        os.write(2, b"a library's greeting")
        raise KeyboardInterrupt


def test_an_interrupted_command_says_what_is_kept_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "doctor_command", stopped_in_an_import)
    monkeypatch.setattr(sys, "argv", ["pipeline", "doctor"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capfd.readouterr().err == f"{STOPPED}\n"
