"""How a process behaves that works beside the music."""

import ctypes
import os
import signal

NICENESS = 19

_PR_SET_PDEATHSIG = 1
_IOPRIO_WHO_PROCESS, _IOPRIO_IDLE = 1, 3 << 13
_SYS_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}


def step_back() -> None:
    """Let everybody else go first, at the disk too where the kernel can do that; and end with the
    parent."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    number = _SYS_IOPRIO_SET.get(os.uname().machine)
    if number is not None:
        ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)
    end_with_parent()


def end_with_parent(parent: int | None = None) -> None:
    """When the thread that started this process ends, however that comes about; now, if it has
    ended already and this is no longer a child of `parent`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
