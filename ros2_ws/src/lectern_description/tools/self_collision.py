"""Find the pairs of the arm's links that need no collision check; write config/self_collision.yaml.

    python tools/self_collision.py [--samples 20000] [--seed 7]

A pair is `adjacent` when a joint holds the two links together or one motor moves both (the
fingers, which meet when the gripper shuts), `always` when they touch in every sampled pose, `never`
when in no sampled pose they come nearer than a margin. All others must be checked. Needs Lectern
with its `robot` extra.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin
import yaml

from lectern.robot.description import unfold_arm

SAMPLES = 20_000
SEED = 7
# Sampling misses rare contacts; a pair that never came this near is taken never to touch.
MARGIN_M = 0.01

Pair = tuple[str, str]


def allowed_pairs(urdf: str, samples: int, seed: int) -> dict[Pair, str]:
    """Return the reason for every pair of links that needs no check, sorted by name."""
    model = pin.buildModelFromXML(urdf, mimic=True)
    shapes = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
    solid = links_with_shapes(model, shapes)
    adjacent = {pair for pair in adjacent_pairs(urdf) if solid.issuperset(pair)}
    reasons = dict.fromkeys(adjacent, "adjacent")
    nearest, farthest = distance_ranges(model, shapes, samples, seed, adjacent)
    reasons |= {pair: "never" for pair, distance in nearest.items() if distance > MARGIN_M}
    reasons |= {pair: "always" for pair, distance in farthest.items() if distance <= 0}
    return dict(sorted(reasons.items()))


def link_of(model: pin.Model, shape: pin.GeometryObject) -> str:
    """Return the name of the link that a collision shape belongs to."""
    return str(model.frames[shape.parentFrame].name)


def links_with_shapes(model: pin.Model, shapes: pin.GeometryModel) -> set[str]:
    """Return the names of the links that can touch anything."""
    return {link_of(model, shape) for shape in shapes.geometryObjects}


def adjacent_pairs(urdf: str) -> set[Pair]:
    """Return the pairs of links that a joint holds together or that one motor moves together."""
    root = ElementTree.fromstring(urdf)  # noqa: S314 (our own file)
    joints = {one.attrib["name"]: one for one in root.findall("joint")}
    child = {name: joint.find("child").attrib["link"] for name, joint in joints.items()}
    held = [(joint.find("parent").attrib["link"], child[name]) for name, joint in joints.items()]
    coupled = [
        (child[name], child[joint.find("mimic").attrib["joint"]])
        for name, joint in joints.items()
        if joint.find("mimic") is not None
    ]
    return {tuple(sorted(pair)) for pair in held + coupled}


def distance_ranges(
    model: pin.Model, shapes: pin.GeometryModel, samples: int, seed: int, skipped: set[Pair]
) -> tuple[dict[Pair, float], dict[Pair, float]]:
    """Return the smallest and the largest distance of each pair over random poses, in metres."""
    owners = pair_up(model, shapes, skipped)
    data, placed = model.createData(), shapes.createData()
    rng = np.random.default_rng(seed)
    nearest = dict.fromkeys(owners, np.inf)
    farthest = dict.fromkeys(owners, -np.inf)
    for _ in range(samples):
        pose = rng.uniform(model.lowerPositionLimit, model.upperPositionLimit)
        pin.computeDistances(model, data, shapes, placed, pose)
        here = nearest_by_pair(owners, [result.min_distance for result in placed.distanceResults])
        nearest = {pair: min(nearest[pair], here[pair]) for pair in here}
        farthest = {pair: max(farthest[pair], here[pair]) for pair in here}
    return nearest, farthest


def pair_up(model: pin.Model, shapes: pin.GeometryModel, skipped: set[Pair]) -> list[Pair]:
    """Let every two shapes of different links be measured; return the links of each pair."""
    owners: list[Pair] = []
    for one, other in combinations(range(shapes.ngeoms), 2):
        links = tuple(sorted(link_of(model, shapes.geometryObjects[i]) for i in (one, other)))
        if links[0] != links[1] and links not in skipped:
            shapes.addCollisionPair(pin.CollisionPair(one, other))
            owners.append(links)
    return owners


def nearest_by_pair(owners: list[Pair], distances_m: list[float]) -> dict[Pair, float]:
    """Return the smallest distance of the shapes of each pair of links, in metres."""
    nearest: dict[Pair, float] = {}
    for pair, distance in zip(owners, distances_m, strict=True):
        nearest[pair] = min(nearest.get(pair, np.inf), distance)
    return nearest


def as_yaml(reasons: dict[Pair, str], samples: int, seed: int) -> str:
    """Return the text of self_collision.yaml."""
    head = (
        "# Pairs of links that need no collision check, and why: adjacent (one joint holds or\n"
        "# moves both), always or never (they touch in every or in no sampled pose). Written\n"
        f"# by tools/self_collision.py --samples {samples} --seed {seed}; do not edit.\n"
    )
    rows = [{"links": list(pair), "reason": reason} for pair, reason in reasons.items()]
    return head + yaml.safe_dump({"may_touch": rows}, default_flow_style=None, sort_keys=False)


def main() -> None:
    """Write the file beside the description."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--samples", type=int, default=SAMPLES)
    options.add_argument("--seed", type=int, default=SEED)
    given = options.parse_args()
    target = Path(__file__).resolve().parents[1] / "config" / "self_collision.yaml"
    text = as_yaml(
        allowed_pairs(unfold_arm(), given.samples, given.seed), given.samples, given.seed
    )
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
