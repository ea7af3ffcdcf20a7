"""Whether today's messages are still like those before: their scores, their words, how many are flagged, how long they are.

A `Tally` counts messages as they stream by; a `Profile` is what is kept of one to compare others with, numbers only, small
enough to lie in a model. `compare` tells drift from chance.
"""

from moderation.drift.comparing import Drift, Shift, Verdict, compare
from moderation.drift.profile import Profile, Tally

__all__ = ["Drift", "Profile", "Shift", "Tally", "Verdict", "compare"]
