"""Shared fixtures: the default bundle, kept warm, and the committed photos."""

from __future__ import annotations

import csv
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ailock_sdk import AiLock, FilePepper
from ailock_sdk.sketch import CHEAPEST

pytest_plugins = ["tests.standins"]

settings.register_profile("ailock", deadline=None)  # shared machines stall; timing is no test
settings.load_profile("ailock")

PHOTOS = Path(__file__).resolve().parent / "photos"


def read_photos() -> dict[str, list[Path]]:
    """Committed photos by object, in the order of labels.csv."""
    found: dict[str, list[Path]] = defaultdict(list)
    with (PHOTOS / "labels.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["object"]].append(PHOTOS / row["path"])
    assert found
    return dict(found)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ailock")
    group.addoption("--long", action="store_true", help="run the long forms too")
    group.addoption("--no-skips", action="store_true", help="fail if a test was skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="a long form: make test-long"))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    long = [report for report in skipped if "a long form" in str(report.longrepr)]
    if long:
        terminalreporter.write_line(f"{len(long)} long forms were left out: make test-long")
    if skipped and config.getoption("--no-skips"):
        terminalreporter.write_line("tests were skipped, and --no-skips is given", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _nothing_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or makes the pepper or the vault of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _new_records_open_at_once() -> Iterator[None]:
    """Where no cost is asked for, none is measured, nor a quarter of a second then taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ailock_sdk.lock.tune", lambda: CHEAPEST)
        yield


@pytest.fixture(scope="module")  # its processes are not left to tests that look for processes
def cluster() -> Iterator[str]:
    """The address of a Dask scheduler with two workers, processes of their own."""
    distributed = pytest.importorskip("distributed", reason="needs the extra [eval]")
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # Dask's own, while it starts and stops
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # else one that other clusters want as well
        ) as running:
            yield running.scheduler_address


@pytest.fixture(scope="session")
def photos() -> dict[str, list[Path]]:
    """Photos of each object that has three views or more."""
    return {name: views for name, views in read_photos().items() if len(views) >= 3}


@pytest.fixture(scope="session")
def lock() -> AiLock:
    """A warm lock without a pepper and with the cheapest Argon2id."""
    return AiLock(pepper=None, cost=CHEAPEST)


@pytest.fixture
def pepper(tmp_path: Path) -> FilePepper:
    """A pepper of this test's own."""
    provider = FilePepper(tmp_path / "pepper")
    provider.create()
    return provider
