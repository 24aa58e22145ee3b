"""How far the graph reaches: the configuration of a DDS domain from the settings.

On loopback, several Cyclone versions must find each other: version 11 takes the loopback interface
for capable of multicast, the 0.10 of ROS 2 Humble does not. So nothing is multicast there, and
participants find each other by asking every port that one may have.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from lectern.errors import SettingsError
from lectern.settings import Settings

# Larger samples are not even put together. Cyclone DDS logs each, so it is far beyond what is read.
_MAX_ASSEMBLED = "8 MB"
# Participants on one machine that find each other on loopback. Cyclone's own 9 are soon used up.
_MAX_PARTICIPANTS = 119
# Ports are 7400 + 250 domain + 10 + 2 index + 1 at most, and end at 65535.
_LAST_PORT, _FIRST_PORT, _PORTS_OF_A_DOMAIN = 65_535, 7_400, 250
# A reader that acknowledges nothing must not hold a writer up. What a writer keeps for such readers
# is bounded by the depth of its history instead.
_UNACKNOWLEDGED = "64 MB"
ANY_INTERFACE = "any"


@dataclass(frozen=True)
class Reach:
    """Who can be on the graph.

    Attributes:
        network: Whether other machines can.
        commands: Whether the robot's command topic is read.
        words: For people: `loopback`, `every interface`, `interface NAME`, ...
        configuration: Of the domain, XML or whatever CYCLONEDDS_URI may hold.
    """

    network: bool
    commands: bool
    words: str
    configuration: str


def reach_of(settings: Settings) -> Reach:
    """Return how far the settings let the graph reach; loopback unless they say otherwise.

    Raises:
        SettingsError: Two settings contradict each other.
    """
    if settings.cyclonedds_uri:
        return Reach(
            network=True,
            commands=settings.dds_network_commands,
            words="as CYCLONEDDS_URI says",
            configuration=settings.cyclonedds_uri,
        )
    interface = _interface(settings)
    open_to_all = bool(interface)
    return Reach(
        network=open_to_all,
        commands=settings.dds_network_commands or not open_to_all,
        words=_words(interface),
        configuration=_network(settings, interface) if open_to_all else _loopback(settings),
    )


def _interface(settings: Settings) -> str:
    """Return the interface that is opened; empty for loopback."""
    if settings.ros_localhost_only is None:
        return settings.dds_network
    if settings.ros_localhost_only and settings.dds_network:
        raise SettingsError(
            f"ROS_LOCALHOST_ONLY=1 and LECTERN_DDS_NETWORK={settings.dds_network!r} contradict "
            "each other.",
            "Unset one of them.",
        )
    return "" if settings.ros_localhost_only else settings.dds_network or ANY_INTERFACE


def _words(interface: str) -> str:
    if not interface:
        return "loopback"
    return "every interface" if interface == ANY_INTERFACE else f"interface {interface}"


def _loopback(settings: Settings) -> str:
    return _domain(
        '<Interfaces><NetworkInterface address="127.0.0.1" multicast="false"/></Interfaces>'
        "<AllowMulticast>false</AllowMulticast>",
        ("127.0.0.1",),
        settings.ros_domain_id,
    )


def _network(settings: Settings, interface: str) -> str:
    if interface == ANY_INTERFACE:
        which = 'autodetermine="true"'
    elif interface[0].isdigit() or ":" in interface:
        which = f"address={quoteattr(interface)}"
    else:
        which = f"name={quoteattr(interface)}"
    return _domain(
        f"<Interfaces><NetworkInterface {which}/></Interfaces>",
        settings.dds_peers,
        settings.ros_domain_id,
    )


def _domain(general: str, peers: tuple[str, ...], domain: int) -> str:
    room = (_LAST_PORT - _FIRST_PORT - _PORTS_OF_A_DOMAIN * domain - 11) // 2
    places = "".join(f"<Peer address={quoteattr(peer)}/>" for peer in peers)
    return (
        '<CycloneDDS><Domain id="any">'
        f"<General>{general}</General>"
        "<Discovery><ParticipantIndex>auto</ParticipantIndex>"
        f"<MaxAutoParticipantIndex>{min(_MAX_PARTICIPANTS, room)}</MaxAutoParticipantIndex>"
        f"<Peers>{places}</Peers></Discovery>"
        f"<Internal><MaxSampleSize>{_MAX_ASSEMBLED}</MaxSampleSize>"
        f"<Watermarks><WhcHigh>{_UNACKNOWLEDGED}</WhcHigh><WhcAdaptive>false</WhcAdaptive>"
        "</Watermarks></Internal>"
        "</Domain></CycloneDDS>"
    )
