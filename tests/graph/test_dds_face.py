"""The face inside a process: opened, closed, and nothing of it left behind."""

from __future__ import annotations

import asyncio
import gc

import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from cyclonedds.core import Entity, WaitSet

from lectern.app import Lectern
from lectern.graph.dds.face import DdsFace
from lectern.motion import open_motion
from lectern.settings import Settings


@pytest.fixture
def entities():
    """How many things of DDS this process has more than before the test."""
    gc.collect()
    before = len(Entity._entities)
    return lambda: len(Entity._entities) - before


@pytest.fixture
async def motion(home):
    motion = await open_motion(home)
    yield motion
    await motion.close()


@pytest.fixture
async def make_face(ingested, embedder, domain):
    lectern = Lectern.open(ingested.settings, embedder)
    # Not the domain of the peers, which this process has opened already where they were before.
    settings = {"ros_domain_id": domain + 2, "home": ingested.settings.home}
    yield lambda say, **more: DdsFace(Settings(_env_file=None, **settings, **more), lectern, say)
    await lectern.close()


async def test_a_face_leaves_the_domain_when_it_is_closed(make_face, motion, entities):
    said = []
    face = make_face(said.append)
    face.begin()
    await face.take_robot(motion)
    assert entities() > 20
    assert face.status().ready

    await face.close()

    gc.collect()
    assert entities() == 0
    assert len(said) == 1


async def test_a_face_can_be_closed_before_it_is_open(make_face, entities):
    face = make_face(lambda _: None)
    face.begin()

    assert face.status().detail == "The graph is still opening."
    await face.close()

    gc.collect()
    assert entities() == 0


async def test_a_face_that_was_left_out_opens_nothing(make_face, motion, entities):
    said = []
    face = make_face(said.append, dds=False)
    face.begin()
    await face.take_robot(motion)
    await face.close()

    assert (entities(), said) == (0, [])
    assert face.status().ready


async def test_a_robot_that_cannot_be_put_on_the_graph_is_named(make_face):
    said = []
    face = make_face(said.append)
    face.begin()

    await face.take_robot(None)

    assert not face.status().ready
    assert "graph could not be opened" in said[-1]
    await face.close()


async def not_ready(face):
    """Wait until the face is not ready, and return why."""
    async with asyncio.timeout(60):
        while face.status().ready:  # noqa: ASYNC110  of which nobody is told
            await asyncio.sleep(0.01)
    return face.status().detail


async def test_a_robot_that_cannot_be_published_any_more_is_named(make_face, motion, monkeypatch):
    async def broken(rate_hz):
        yield motion.view.state()
        raise OSError("no more of it")

    monkeypatch.setattr(motion.view, "states", broken)
    face = make_face(lambda _: None)
    await face.take_robot(motion)

    assert "no more of it" in await not_ready(face)
    await face.close()


async def test_a_graph_that_cannot_be_heard_any_more_is_named(make_face, motion, monkeypatch):
    def broken(waitset, timeout):
        raise OSError("deaf")

    monkeypatch.setattr(WaitSet, "wait", broken)
    face = make_face(lambda _: None)
    await face.take_robot(motion)
    assert await not_ready(face) == "Nothing on the graph can be read any more: deaf"
    await face.close()
