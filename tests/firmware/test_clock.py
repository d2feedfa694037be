import signal
import threading
import time

from firmware.clock import MonotonicClock, SimulatedClock


def test_simulated_clock_jumps_and_never_goes_back() -> None:
    clock = SimulatedClock(5)
    assert clock.now() == 5
    clock.wait_until(1_000_000_000_000)
    assert clock.now() == 1_000_000_000_000
    clock.wait_until(7)
    assert clock.now() == 1_000_000_000_000


def test_monotonic_clock_is_the_system_s() -> None:
    before = time.monotonic_ns()
    now = MonotonicClock().now()
    assert before <= now <= time.monotonic_ns()


def test_waiting_never_returns_early() -> None:
    clock = MonotonicClock()
    for wait in (0, 1_000, 1_000_000):
        until = clock.now() + wait
        clock.wait_until(until)
        assert clock.now() >= until


def test_a_time_that_has_passed_does_not_wait() -> None:
    MonotonicClock().wait_until(0)
    MonotonicClock().wait_until(-5)


def test_a_signal_does_not_shorten_a_wait() -> None:
    clock = MonotonicClock()
    heard: list[int] = []
    previous = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
    main = threading.main_thread().ident
    assert main is not None
    alarm = threading.Timer(0.01, signal.pthread_kill, (main, signal.SIGUSR1))
    try:
        until = clock.now() + 50_000_000
        alarm.start()
        clock.wait_until(until)
        assert clock.now() >= until
    finally:
        alarm.cancel()
        alarm.join()
        signal.signal(signal.SIGUSR1, previous)
    assert heard in ([], [signal.SIGUSR1])
