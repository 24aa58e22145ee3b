"""Reads joint states of a domain until it is killed; a test lets it stand still."""

from __future__ import annotations

import signal
import sys

from ddspeer import Peer

from lectern.graph.dds import offers

if __name__ == "__main__":
    with Peer(int(sys.argv[1])) as peer:
        peer.reader(offers.JOINT_STATES).next()
        sys.stdout.write("reading\n")
        sys.stdout.flush()
        signal.pause()
