"""What can go wrong with a device."""


class FirmwareError(Exception):
    """A device, or the process that serves it, did not do what it was asked."""


class PortNotFound(FirmwareError, LookupError):  # noqa: N818 - reads as the fact it reports
    """No MIDI port answers to the name that was asked for."""


class PortFailed(FirmwareError, OSError):  # noqa: N818
    """A MIDI port is there, but could not be opened or used."""
