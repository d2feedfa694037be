"""Imports point one way."""

from importlib import import_module

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

MAY_IMPORT_FIRMWARE = tuple(
    f"appliance.{name}" for name in ("box", "checkup", "cli", "config", "logbook", "service")
)
"""The box, and what configures and starts it."""

ROOMS = ("models", "corpus", "appliance", "firmware")


def test_contracts_hold() -> None:
    assert lint_imports() == EXIT_STATUS_SUCCESS


def test_only_the_box_and_what_starts_it_know_the_firmware() -> None:
    graph = grimp.build_graph(*ROOMS)
    importers = {
        module
        for module in graph.modules
        if module.startswith("appliance")
        and any(
            name.startswith("firmware") for name in graph.find_modules_directly_imported_by(module)
        )
    }
    assert importers
    strangers = {
        module
        for module in importers
        if not any(module == one or module.startswith(one + ".") for one in MAY_IMPORT_FIRMWARE)
    }
    assert not strangers


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is(room: str) -> None:
    assert import_module(room).__doc__
