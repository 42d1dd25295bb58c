"""What tests of whole runs share: a process that starts them, and one undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmcourse.pretrain.settings.config import to_toml
from tests.pretrain.ranks import SETTINGS, Nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """What starts runs in a moment; see `Nursery`."""
    with Nursery(tmp_path_factory.mktemp("jobs")) as started:
        yield started


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of settings; tokens lie beside it, so that runs share them."""
    folder = tmp_path_factory.mktemp("settings")
    path = folder / "settings.toml"
    path.write_text(to_toml(SETTINGS | {"data": SETTINGS["data"] | {"folder": str(folder / "data")}}))
    return path


@pytest.fixture(scope="session")
def undisturbed(nursery: Nursery, settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two ranks to which nothing happened."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert nursery.run(settings, f"run.folder={folder}").statuses == [0, 0]
    return folder
