"""UDP ports of DDS discovery and data, from the domain id and the participant index."""

from __future__ import annotations

from typing import NamedTuple

PORT_BASE = 7400
DOMAIN_GAIN = 250
PARTICIPANT_GAIN = 2
EPHEMERAL_LINUX = range(32768, 61000)


class Ports(NamedTuple):
    """The four ports of one participant."""

    discovery_multicast: int
    data_multicast: int
    discovery_unicast: int
    data_unicast: int


def ports(domain_id: int, participant: int = 0) -> Ports:
    """Return the ports that the participant with this index (from 0, per machine) uses.

    Raises:
        ValueError: If a port would be negative or above 65535.
    """
    base = PORT_BASE + DOMAIN_GAIN * domain_id
    own = base + PARTICIPANT_GAIN * participant
    result = Ports(base, base + 1, own + 10, own + 11)
    if domain_id < 0 or participant < 0 or max(result) > 65535:
        raise ValueError(f"no ports for domain {domain_id}, participant {participant}")
    return result


def participants_that_fit(domain_id: int) -> int:
    """Return how many participants stay below the next domain and Linux's ephemeral ports."""
    count = 0
    while (
        ports(domain_id, count).data_unicast < PORT_BASE + DOMAIN_GAIN * (domain_id + 1)
        and ports(domain_id, count).data_unicast not in EPHEMERAL_LINUX
    ):
        count += 1
    return count


if __name__ == "__main__":
    for domain in (0, 1, 42, 101):
        print(domain, tuple(ports(domain)), participants_that_fit(domain))
