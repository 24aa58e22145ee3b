"""Which publishers and subscriptions connect: the request-versus-offer rule of QoS."""

from __future__ import annotations

import math
from dataclasses import dataclass

RELIABILITY = ("best_effort", "reliable")
DURABILITY = ("volatile", "transient_local")
LIVELINESS = ("automatic", "manual_by_topic")


@dataclass(frozen=True)
class Qos:
    """The policies that decide compatibility; each tuple above goes from weak to strong.

    Attributes:
        reliability: One of RELIABILITY.
        durability: One of DURABILITY.
        deadline_s: Longest time between two messages, in seconds; infinite by default.
        liveliness: One of LIVELINESS.
        lease_s: Longest time without a sign of life, in seconds; infinite by default.
    """

    reliability: str = "reliable"
    durability: str = "volatile"
    deadline_s: float = math.inf
    liveliness: str = "automatic"
    lease_s: float = math.inf


def conflicts(offered: Qos, requested: Qos) -> list[str]:
    """Name the policies for which the subscription requests more than the publisher offers."""
    weaker = {
        "reliability": RELIABILITY.index(offered.reliability)
        < RELIABILITY.index(requested.reliability),
        "durability": DURABILITY.index(offered.durability) < DURABILITY.index(requested.durability),
        "deadline": offered.deadline_s > requested.deadline_s,
        "liveliness": LIVELINESS.index(offered.liveliness) < LIVELINESS.index(requested.liveliness),
        "lease duration": offered.lease_s > requested.lease_s,
    }
    return [policy for policy, is_weaker in weaker.items() if is_weaker]


if __name__ == "__main__":
    camera = Qos(reliability="best_effort")
    print("default subscription on a camera:", conflicts(camera, Qos()))
    latched = Qos(durability="transient_local")
    print("latched subscription on a default publisher:", conflicts(Qos(), latched))
