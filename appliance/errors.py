"""Errors of the appliance room."""


class ApplianceError(Exception):
    """Something the instrument cannot do; the message says what is allowed."""


class SeedError(ApplianceError, ValueError):
    """A take that cannot be looped; the message is short enough for the screen."""


class SessionFolderError(ApplianceError, ValueError):
    """A session folder that is missing, incomplete or does not hold together."""


class VerificationError(SessionFolderError):
    """The folder is readable, but what it holds does not hold together."""


class ConfigError(ApplianceError, ValueError):
    """A setting or an argument that cannot be used."""


class RuntimeFaultError(ApplianceError):
    """What was asked was right, but it failed while it was done: exit code 1."""
