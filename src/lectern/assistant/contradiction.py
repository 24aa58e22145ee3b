"""Guards of the support check: what speaks against a sentence, however alike the words are."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

from lectern.assistant.claims import Facts, Quantity, Word, common_stem
from lectern.assistant.overlap import clauses, has, same, sentences

# Words as close to a number as this belong to it: "joint 4", "0.4 m apart", "radius of 0.1 m".
CLOSE_STEPS = 2

_OPPOSITES = (
    "increase reduce",
    "increase decrease",
    "large small",
    "larger smaller",
    "fast slow",
    "faster slower",
    "high low",
    "higher lower",
    "long short",
    "longer shorter",
    "more less",
    "many few",
    "above below",
    "left right",
    "front rear",
    "upper lower",
    "maximum minimum",
    "positive negative",
    "on off",
    "open close",
    "start end",
    "first last",
    "before after",
    "inside outside",
    "forward inverse",
    "forward backward",
    "input output",
    "parent child",
    "linear angular",
    "linear nonlinear",
    "prismatic revolute",
    "serial parallel",
    "row column",
    "static dynamic",
    "fixed moving",
    "global local",
    "internal external",
    "synchronous asynchronous",
    "absolute relative",
    "absolute incremental",
    "clockwise counterclockwise",
    "divide multiply",
    "add subtract",
    "gain lose",
    "constant variable",
    "stable unstable",
    "active passive",
    "publish subscribe",
    "publisher subscriber",
    "client server",
    "send receive",
    "horizontal vertical",
    "translation rotation",
    "body space",
    "tool base",
    "precise imprecise",
    "accurate inaccurate",
    "cheap expensive",
    "light heavy",
    "rigid flexible",
    "stiff elastic",
    "strong weak",
    "easy hard",
    "simple complex",
    "continuous discrete",
    "success failure",
)


def _opposites() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for pair in _OPPOSITES:
        one, other = (common_stem(word) for word in pair.split())
        table.setdefault(one, set()).add(other)
        table.setdefault(other, set()).add(one)
    return table


_OPPOSITE_STEMS = _opposites()


def contradiction(claim: Facts, piece: Facts, closest: Facts, passage: Facts) -> str:
    """Name what speaks against a sentence in a piece of a passage; "" when nothing does.

    Args:
        claim: Facts of the sentence.
        piece: Facts of the run of sentences that is to back it.
        closest: Facts of the one sentence of that run that has most in common with the claim;
            its neighbours may well speak about the opposite.
        passage: Facts of the whole passage.
    """
    guards = (
        ("a number differs", _numbers_differ, piece),
        ("a number belongs to something else", _misbound_number, piece),
        ("it is said without restriction", _restriction_dropped, piece),
        ("negation differs", _negation_differs, closest),
        ("the opposite is said", _opposite, closest),
        ("roles are exchanged", _roles_exchanged, closest),
    )
    for name, speaks_against, given in guards:
        if speaks_against(claim, given):
            return name
    return "it is said of something else" if _other_slot(claim, closest, passage) else ""


def _numbers_differ(claim: Facts, piece: Facts) -> bool:
    return not all(
        any(_equal(wanted, given) for given in piece.quantities) for wanted in claim.quantities
    )


def _equal(one: Quantity, other: Quantity) -> bool:
    units_fit = one[1] == other[1] or not one[1] or not other[1]
    return units_fit and math.isclose(one[0], other[0], rel_tol=1e-6)


def _misbound_number(claim: Facts, piece: Facts) -> bool:
    """Tell whether the words around a number stand around another number of the piece."""
    asked, given = _surroundings(claim.terms), _surroundings(piece.terms)
    for number, around in asked.items():
        own = given.get(number, {})
        close = (stem for stem, steps in around.items() if steps <= CLOSE_STEPS or stem[0] == "#")
        if all(has(own, stem) for stem in close):
            continue
        shared = _common(around, own)
        if any(_common(around, other) > shared for key, other in given.items() if key != number):
            return True
    return False


def _common(one: Collection[str], other: Collection[str]) -> int:
    return sum(has(other, stem) for stem in one)


def _surroundings(words: Sequence[Word]) -> dict[str, dict[str, int]]:
    """For each number: how many steps away the words of its clause are that are nearest to it.

    Other numbers of the clause are among them, whatever is nearest.
    """
    around: dict[str, dict[str, int]] = {}
    for clause in clauses(words):
        numbers = [word for word in clause if word.stem[0] == "#"]
        for number in numbers:
            own = around.setdefault(number.stem, {})
            for word in clause:
                steps = abs(word.position - number.position)
                nearest = min(abs(word.position - other.position) for other in numbers)
                is_number = word.stem[0] == "#" and word.stem != number.stem
                if is_number or (word.stem[0] != "#" and steps == nearest):
                    own[word.stem] = min(steps, own.get(word.stem, steps))
    return around


def _negation_differs(claim: Facts, closest: Facts) -> bool:
    if claim.negates and not closest.negative:
        return True
    said, denied = _polarity(claim.terms)
    given_said, given_denied = _polarity(closest.terms)
    return any(
        has(given_said, stem) and not has(given_denied, stem) for stem in denied - said
    ) or any(has(given_denied, stem) and not has(given_said, stem) for stem in said - denied)


def _polarity(words: Iterable[Word]) -> tuple[set[str], set[str]]:
    said: set[str] = set()
    denied: set[str] = set()
    for word in words:
        (denied if word.negated else said).add(word.stem)
    return said, denied


def _opposite(claim: Facts, closest: Facts) -> bool:
    given = closest.stems
    return any(
        word.stem not in given and _OPPOSITE_STEMS.get(word.stem, set()) & given
        for word in claim.terms
    )


def _restriction_dropped(claim: Facts, piece: Facts) -> bool:
    given = piece.quantifiers
    everywhere = "all" not in claim.quantifiers or bool(given & {"all", "each"})
    return not (everywhere and claim.quantifiers - {"all", "each"} <= given)


def _roles_exchanged(claim: Facts, closest: Facts) -> bool:
    """Tell whether two words have changed places around a third ("A calls B", "B calls A")."""
    if claim.passive != closest.passive or (claim.copula and closest.copula):
        return False
    if _exchanged(_unique(claim.words), _unique(closest.words), around="~than"):
        return True
    given = [_unique(clause) for clause in clauses(closest.words)]
    parts = [_unique(clause) for clause in clauses(claim.words)]
    return any(_exchanged(part, _closest(part, given)) for part in parts)


def _unique(clause: Sequence[Word]) -> list[str]:
    stems = [word.stem for word in clause]
    return [stem for stem in stems if stems.count(stem) == 1]


def _closest(asked: Sequence[str], given: Sequence[Sequence[str]]) -> Sequence[str]:
    return max(given, key=lambda clause: sum(stem in clause for stem in asked), default=())


def _exchanged(asked: Sequence[str], given: Sequence[str], around: str = "") -> bool:
    """Tell whether two words stand in reverse order around a third, or around that very word."""
    places = [(stem, given.index(stem)) for stem in asked if stem in given]
    for (first, at), (last, to) in combinations(places, 2):
        if at <= to or first[0] == "~" or last[0] == "~":
            continue
        between = places[places.index((first, at)) + 1 : places.index((last, to))]
        if any(to < middle < at and around in ("", stem) for stem, middle in between):
            return True
    return False


def _other_slot(claim: Facts, closest: Facts, passage: Facts) -> bool:
    """Tell whether a word stands where the passage has another, and belongs elsewhere in it.

    "The camera measures distance" has all its words in "The scanner measures distance, the
    camera sees colour", and yet the place of "scanner" is taken by another.
    """
    given = [[word.stem for word in clause] for clause in clauses(closest.terms)]
    given.append([word.stem for word in closest.terms])
    homes = [{word.stem for word in sentence} for sentence in sentences(passage.terms)]
    for clause in clauses(claim.terms):
        asked = [word.stem for word in clause]
        # The best clause, and the whole sentence, whose subject the clause may leave unsaid.
        for target in (_best(asked, given[:-1]), _best(asked, given[-1:])):
            if any(
                _takes_place(asked, at, target) and _belongs_elsewhere(stem, asked, target, homes)
                for at, stem in enumerate(asked)
                if target and not has(target, stem)
            ):
                return True
    return False


def _belongs_elsewhere(
    stem: str, asked: Collection[str], target: Sequence[str], homes: Sequence[Collection[str]]
) -> bool:
    """Tell whether a word occurs elsewhere, in sentences that add nothing else asked for.

    Where one does, the claim only draws clauses together.
    """
    own = [home for home in homes if has(home, stem)]
    rest = [other for other in asked if other != stem and not has(target, other)]
    return bool(own) and not any(has(home, other) for home in own for other in rest)


def _best(asked: Sequence[str], given: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the clause with most of the words, if it has at least half and two of them."""
    best = max(given, key=lambda clause: sum(has(clause, stem) for stem in asked), default=())
    matched = sum(has(best, stem) for stem in asked)
    return best if matched >= 2 and 2 * matched >= len(asked) else ()


def _takes_place(asked: Sequence[str], at: int, target: Sequence[str]) -> bool:
    """Tell whether another word stands beside the neighbour of `asked[at]`, on the same side."""
    for side in (-1, 1):
        beside = at + side
        if not 0 <= beside < len(asked):
            continue
        places = [place for place, stem in enumerate(target) if same(stem, asked[beside])]
        others = [place - side for place in places if 0 <= place - side < len(target)]
        if any(not has(asked, target[other]) for other in others):
            return True
    return False
