"""The box: one session wired to its hardware, real or simulated."""

from appliance.box.box import Box
from appliance.box.hardware import Hardware, Tuning

__all__ = ["Box", "Hardware", "Tuning"]
