"""How a session plays."""

from dataclasses import dataclass, field

from appliance.dynamics import Dynamics


@dataclass(frozen=True)
class Settings:
    """How a session plays; `rng` seeds every choice, `bpm` is given or found from the seed.

    From the seed to the groove there are at most `warmup_loops`, of which the policy's approach
    takes its part and the seed the rest; a pass of the seed but the first is varied with the chance
    `vary` (0..1). A seed that was not compared after `patience` passes is followed by what is near
    it by tempo, key and register. `ahead` (ns) is how long before it sounds a message is handed
    over: 0.5 s at least, ticks being 0.1 s or less, and more for an instrument that needs more.
    What sounds within `lead` (ns) may have left already. On `second_channel` (1..16; 0: none)
    a second keyboard steers (see second_keyboard). `dynamics` is how the loop's level follows the
    player's. With `conducts` a language model is asked about what
    the grammar does not understand.
    """

    rng: int = 0
    bpm: float | None = None
    warmup_loops: int = 4
    vary: float = 0.5
    patience: int = 8
    ahead: int = 600_000_000
    lead: int = 0
    second_channel: int = 0
    dynamics: Dynamics = field(default_factory=Dynamics)
    conducts: bool = False
