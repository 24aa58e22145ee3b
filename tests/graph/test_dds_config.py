"""How far the graph reaches is what the settings say, and no further."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lectern.errors import SettingsError
from lectern.graph.dds import offers
from lectern.graph.dds.config import reach_of
from lectern.settings import load_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def domain_of(reach):
    return ElementTree.fromstring(reach.configuration).find("Domain")


def test_without_settings_nothing_but_loopback_is_reached():
    reach = reach_of(load_settings())
    domain = domain_of(reach)

    assert (reach.network, reach.commands, reach.words) == (False, True, "loopback")
    assert [i.attrib for i in domain.iter("NetworkInterface")] == [
        {"address": "127.0.0.1", "multicast": "false"}
    ]
    assert domain.findtext("General/AllowMulticast") == "false"
    assert [peer.get("address") for peer in domain.iter("Peer")] == ["127.0.0.1"]
    assert domain.findtext("Discovery/ParticipantIndex") == "auto"
    assert int(domain.findtext("Discovery/MaxAutoParticipantIndex")) > 100


@pytest.mark.parametrize(
    ("chosen", "interface", "words"),
    [
        ("any", {"autodetermine": "true"}, "every interface"),
        ("eth0", {"name": "eth0"}, "interface eth0"),
        ("192.0.2.7", {"address": "192.0.2.7"}, "interface 192.0.2.7"),
        ("fe80::1", {"address": "fe80::1"}, "interface fe80::1"),
    ],
)
def test_an_open_graph_is_opened_as_told_and_takes_no_commands(chosen, interface, words):
    reach = reach_of(load_settings(dds_network=chosen, dds_peers=("192.0.2.9",)))
    domain = domain_of(reach)

    assert (reach.network, reach.commands, reach.words) == (True, False, words)
    assert [i.attrib for i in domain.iter("NetworkInterface")] == [interface]
    assert domain.find("General/AllowMulticast") is None
    assert [peer.get("address") for peer in domain.iter("Peer")] == ["192.0.2.9"]


def test_an_open_graph_takes_commands_where_that_is_said_too():
    assert reach_of(load_settings(dds_network="any", dds_network_commands=True)).commands


def test_ros_variables_are_honoured(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "0")
    settings = load_settings()

    assert settings.ros_domain_id == 42
    assert reach_of(settings).words == "every interface"
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "1")
    assert reach_of(load_settings()).words == "loopback"


def test_empty_ros_variables_count_as_unset(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "")
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", " ")
    settings = load_settings()

    assert (settings.ros_domain_id, settings.ros_localhost_only) == (0, None)


def test_lecterns_own_name_wins_over_that_of_ros(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    monkeypatch.setenv("LECTERN_ROS_DOMAIN_ID", "43")

    assert load_settings().ros_domain_id == 43
    assert load_settings(ros_domain_id=44).ros_domain_id == 44


@pytest.mark.parametrize("domain", ["-1", "233", "seven"])
def test_a_domain_that_there_is_not_is_refused_by_name(monkeypatch, domain):
    monkeypatch.setenv("ROS_DOMAIN_ID", domain)

    with pytest.raises(SettingsError, match="ROS_DOMAIN_ID"):
        load_settings()


def test_two_settings_that_contradict_each_other_are_named():
    settings = load_settings(dds_network="any", ros_localhost_only=True)

    with pytest.raises(SettingsError, match=r"ROS_LOCALHOST_ONLY=1 and LECTERN_DDS_NETWORK='any'"):
        reach_of(settings)


def test_a_configuration_of_cyclone_dds_wins_and_counts_as_open(monkeypatch):
    monkeypatch.setenv("CYCLONEDDS_URI", "file:///etc/cyclone.xml")
    reach = reach_of(load_settings())

    assert reach.configuration == "file:///etc/cyclone.xml"
    assert (reach.network, reach.commands) == (True, False)


@pytest.mark.parametrize("network", ['" multicast="true', "eth0><x/>", "a b", "ä"])
def test_an_interface_that_is_none_is_refused_by_name(network):
    with pytest.raises(SettingsError, match="dds_network"):
        load_settings(dds_network=network)


def test_an_address_can_add_nothing_to_the_configuration():
    domain = domain_of(reach_of(load_settings(dds_network="any", dds_peers=('x"/><y a="',))))

    assert [peer.get("address") for peer in domain.iter("Peer")] == ['x"/><y a="']


@pytest.mark.parametrize("domain", [0, 101, 232])
def test_no_participant_gets_a_port_that_there_is_not(domain):
    found = domain_of(reach_of(load_settings(ros_domain_id=domain)))
    last = int(found.findtext("Discovery/MaxAutoParticipantIndex"))

    assert 7400 + 250 * domain + 11 + 2 * last <= 65_535


def test_topics_have_one_name_each():
    assert len({topic.name for topic in offers.TOPICS}) == len(offers.TOPICS)
