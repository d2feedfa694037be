import errno
import os
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FirmwareError
from firmware.evdev_switch import (
    EV_KEY,
    EV_SYN,
    EVENT,
    EVIOCGNAME,
    EVIOCGRAB,
    EVIOCSCLOCKID,
    RETRY_NS,
    SYN_DROPPED,
    EvdevSwitch,
    KeySettings,
)

B, C = 48, 46  # KEY_B, KEY_C


class Usb:
    """Pipes in place of event devices: they are read in the same way, and vanish when closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}
        self.fingers: dict[str, int] = {}
        self.asked: list[tuple[str, int]] = []
        self.taken: set[str] = set()
        self.now = 0

    def plug(self, device: str, name: str) -> None:
        self.names[device] = name
        os.mkfifo(self.folder / device)
        self.fingers[device] = os.open(self.folder / device, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self, device: str) -> None:
        (self.folder / device).unlink()
        os.close(self.fingers.pop(device))

    def press(self, device: str, *events: tuple[int, int, int, int]) -> None:
        """(microseconds, kind, code, value)."""
        data = b"".join(EVENT.pack(*divmod(us, 1_000_000), *event) for us, *event in events)
        os.write(self.fingers[device], data)

    def ioctl(self, fd: int, request: int, argument: object) -> None:
        device = Path(os.readlink(f"/proc/self/fd/{fd}")).name
        self.asked.append((device, request))
        if request == EVIOCGNAME:
            assert isinstance(argument, bytearray)
            name = self.names[device].encode()
            argument[: len(name)] = name
        elif request == EVIOCSCLOCKID:
            assert argument == struct.pack("i", time.CLOCK_MONOTONIC)
        elif request == EVIOCGRAB and device in self.taken:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    def switch(self, device: str = "footswitch", key: int | None = None) -> EvdevSwitch:
        settings = KeySettings(device, key)
        return EvdevSwitch(settings, lambda: self.now, self.folder, self.ioctl)


@pytest.fixture
def usb(tmp_path: Path) -> Usb:
    return Usb(tmp_path)


def test_the_requests_are_the_kernels() -> None:
    """The numbers that linux/input.h gives on every machine that a Raspberry Pi can be."""
    assert EVIOCSCLOCKID == 0x400445A0
    assert EVIOCGRAB == 0x40044590
    assert EVIOCGNAME == 0x81004506


def test_a_press_bears_the_time_of_the_kernel(usb: Usb) -> None:
    usb.plug("event0", "AT Keyboard")
    usb.plug("event3", "PCsensor FootSwitch Keyboard")
    switch = usb.switch()
    assert switch.fault == ""
    assert switch.edges() == []
    usb.press("event0", (5, EV_KEY, B, 1))
    usb.press("event3", (1_500_000, EV_KEY, B, 1), (1_500_000, EV_SYN, 0, 0))
    usb.press("event3", (1_750_000, EV_KEY, B, 2), (1_900_000, EV_KEY, B, 0))
    assert switch.edges() == [(1_500_000_000, True), (1_900_000_000, False)]
    assert switch.edges() == []
    assert ("event3", EVIOCGRAB) in usb.asked
    assert ("event0", EVIOCGRAB) not in usb.asked, "the other keyboard is nobody's business"
    switch.close()
    switch.close()
    assert switch.edges() == []


def test_a_key_that_only_repeats_was_not_pressed(usb: Usb) -> None:
    usb.plug("event1", "FootSwitch")
    switch = usb.switch()
    usb.press("event1", (1, EV_KEY, B, 2), (2, EV_KEY, B, 0))
    assert switch.edges() == []


def test_of_three_pedals_one_may_count(usb: Usb) -> None:
    usb.plug("event1", "FootSwitch")
    switch = usb.switch(key=C)
    usb.press("event1", (1, EV_KEY, B, 1), (2, EV_KEY, C, 1), (3, EV_KEY, B, 0))
    assert switch.edges() == [(2000, True)]


def test_a_pedal_that_types_a_word_is_pressed_while_any_key_is(usb: Usb) -> None:
    usb.plug("event1", "FootSwitch")
    switch = usb.switch()
    usb.press("event1", (1, EV_KEY, B, 1), (2, EV_KEY, C, 1), (3, EV_KEY, B, 0), (4, EV_KEY, C, 0))
    assert switch.edges() == [(1000, True), (4000, False)]


def test_events_that_the_kernel_dropped_leave_nothing_down(usb: Usb) -> None:
    usb.plug("event1", "FootSwitch")
    switch = usb.switch()
    usb.press("event1", (1, EV_KEY, B, 1), (2, EV_SYN, SYN_DROPPED, 0))
    assert switch.edges() == [(1000, True), (2000, False)]


def test_it_is_let_go_when_unplugged_and_found_when_plugged_in_again(usb: Usb) -> None:
    usb.plug("event1", "FootSwitch")
    switch = usb.switch()
    usb.press("event1", (1, EV_KEY, B, 1))
    assert switch.edges() == [(1000, True)]
    usb.unplug("event1")
    usb.now = 5_000_000
    assert switch.edges() == [(5_000_000, False)]
    assert switch.fileno() is None
    assert "'footswitch'" in switch.fault
    usb.plug("event7", "FootSwitch")
    usb.now += RETRY_NS - 1
    assert switch.edges() == []
    assert switch.fault, "it does not look all the time"
    usb.now += 1
    switch.edges()
    assert switch.fault == ""
    usb.press("event7", (9_000_000, EV_KEY, B, 1))
    assert switch.edges() == [(9_000_000_000, True)]
    switch.close()


def test_a_pedal_that_is_missing_at_first_is_waited_for(usb: Usb) -> None:
    switch = usb.switch()
    assert "connect it" in switch.fault
    usb.plug("event0", "FootSwitch")
    usb.now = RETRY_NS
    switch.edges()
    assert switch.fault == ""
    switch.close()
    usb.now = 9 * RETRY_NS
    assert switch.edges() == []
    assert switch.fileno() is None, "what is closed stays closed"


def test_a_pedal_that_another_program_holds_says_so(usb: Usb) -> None:
    usb.plug("event0", "FootSwitch")
    usb.taken.add("event0")
    handles = len(os.listdir("/proc/self/fd"))
    switch = usb.switch()
    assert "event0" in switch.fault
    assert "busy" in switch.fault
    for _ in range(5):
        usb.now += RETRY_NS
        switch.edges()
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_device_that_may_not_be_read_says_so(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    usb.plug("event0", "FootSwitch")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", refuse)
    assert "group input" in usb.switch().fault


@pytest.mark.parametrize(
    ("wanted", "name", "fits"),
    [
        ("foot", "PCsensor FootSwitch", True),
        ("PCsensor*Keyboard", "PCsensor FootSwitch Keyboard", True),
        ("PCsensor", "AT Keyboard", False),
        ("*foot", "FootSwitch", False),
    ],
)
def test_names(wanted: str, name: str, fits: bool) -> None:
    assert KeySettings(wanted).fits(name) == fits


def test_bad_settings_are_named() -> None:
    with pytest.raises(FirmwareError, match="usb_device is empty"):
        KeySettings(" ")
    with pytest.raises(FirmwareError, match="usb_key 0: 1 to 767"):
        KeySettings("foot", 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([EV_SYN, EV_KEY, 4]),
            st.sampled_from([0, SYN_DROPPED, B, C]),
            st.integers(0, 2),
        ),
        max_size=40,
    )
)
def test_whatever_it_types_the_edges_alternate(events: list[tuple[int, int, int]]) -> None:
    reading, writing = os.pipe()
    switch = EvdevSwitch(KeySettings("none"), lambda: 0, Path("/nonexistent"))
    switch._fd = reading
    os.set_blocking(reading, False)
    for number, event in enumerate(events):
        os.write(writing, EVENT.pack(0, number, *event))
    found = switch.edges()
    assert [edge.pressed for edge in found] == [n % 2 == 0 for n in range(len(found))]
    switch.close()
    os.close(writing)
