"""What a sentence claims, as far as words show it: terms, quantities, names, formulas, negation.

Nothing here decides anything; `lectern.assistant.support` compares the facts of a sentence with
those of a passage.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lectern.book.words import word_set
from lectern.retrieval.terms import stem

Quantity = tuple[float, str]  # value and unit, "" where none is written

_CITATION = re.compile(r"\s*\[\d+\]")
_FORMULA = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\$(?=\S)([^$\n]+?)(?<=\S)\$(?!\d)", re.S
)
_CODE = re.compile(r"`{1,2}([^`\n]+)`{1,2}")
# A number with its sign unless the sign is a dash between words or digits.
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-+\u2212]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?)"
    r"(?P<unit>\s?(?:°C?|%|[µμ]?[A-Za-zΩ][A-Za-zΩ·²³/^*0-9]{0,8}))?(?![\w])"
    r"|(?P<path>/?\w+(?:(?:::|/|_|\.(?=\w))\w+)+|/\w+)"
    r"|(?P<word>[^\W\d_][^\W_]*(?:[-'\u2019][^\W_]+)*\*?)"
    r"|(?P<digits>\d+\w+)"
    r"|(?P<stop>[,;:.!?()])"
)
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]+\*?$|.*[a-z][A-Z]|.*[A-Za-z]\d")

# Words that carry no claim of their own; negation and quantifiers are looked at separately.
_STOP = word_set(
    "a an and are as at be been being both but by can could did do does done each either else etc "
    "for from had has have having he her here his how i if in into is it its itself just may might "
    "more most much must my of off on onto or other our out over own per shall she should since so "
    "some such than that the their them then there these they this those through thus to too up us "
    "upon very via was we were what when where whereas whether which while who whom whose why will "
    "with within would yet you your also because therefore hence however although though between "
    "about all any one ones every during after before until again same get gets given like namely "
    "called means mean make makes keep keeps stay stays become becomes provide provides use uses "
    "used using let lets well not no nor never neither none cannot without only always"
)
_NEGATORS = word_set("not no never neither nor none cannot without nothing nobody nowhere hardly")
_SOFT_NEGATORS = frozenset(
    stem(word)
    for word in word_set(
        "fail lack refuse prevent avoid stop miss unable impossible lose absent zero few little "
        "rarely seldom unless except instead invisible exclude forbid ignore"
    )
)
_NOT_REALLY = word_set("only just merely simply")
_SCOPE_ENDS = word_set(
    "but because while if when so unless although though which whereas since until and or as"
)
# Directions: "from A to B" is not "from B to A". They order the words and claim nothing.
_DIRECTIONS = word_set("from to into onto than before after towards toward instead")
_NEGATIVE_WORDS = {
    "independent": "depend",
    "invalid": "valid",
    "incorrect": "correct",
    "inactive": "active",
    "incomplete": "complete",
    "inconsistent": "consistent",
    "infinite": "finite",
    "insufficient": "sufficient",
    "impossible": "possible",
    "irreversible": "reversible",
    "noncommutative": "commute",
    "nonlinear": "linear",
    "nonholonomic": "holonomic",
    "unable": "able",
}
_UNIVERSAL = {
    **dict.fromkeys(("always", "every", "all"), "all"),
    **dict.fromkeys(("each", "any", "both", "whatever", "whenever"), "each"),
    **dict.fromkeys(("only", "solely", "exclusively", "just"), "only"),
    **dict.fromkeys(("guarantee", "guarantees", "guaranteed", "certainly"), "certain"),
    **dict.fromkeys(("exactly", "precisely"), "exact"),
}
_NUMBER_WORDS = {
    word: float(value)
    for word, value in zip(
        ("zero", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"),
        (0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12),
        strict=True,
    )
} | {"twice": 2.0, "half": 0.5, "thirty": 30.0, "hundred": 100.0, "thousand": 1000.0}
# General English only; terms of robotics are never taken for one another.
_SYNONYM_GROUPS = (
    "start begin commence",
    "need require necessary",
    "represent denote stand",
    "large big",
    "fast quick rapid quickly rapidly",
    "reduce decrease lessen diminish",
    "increase raise",
    "small little",
    "contain include comprise",
    "compute calculate",
    "allow permit enable",
    "occur happen",
    "receive obtain",
    "join connect link",
    "usually typically normally commonly",
)
_SYNONYMS = {
    stem(word): stem(group.split()[0]) for group in _SYNONYM_GROUPS for word in group.split()
}
# Unit compared by, factor, and how it is written.
_UNIT_TABLE = (
    ("m", 1.0, "m meter meters metre metres"),
    ("m", 1e-3, "mm millimeter millimeters millimetre millimetres"),
    ("m", 1e-2, "cm centimeter centimeters centimetre centimetres"),
    ("m", 1e3, "km kilometer kilometers kilometre kilometres"),
    ("s", 1.0, "s sec second seconds"),
    ("s", 1e-3, "ms millisecond milliseconds"),
    ("s", 1e-6, "\u00b5s \u03bcs us microsecond microseconds"),
    ("s", 60.0, "min minute minutes"),
    ("Hz", 1.0, "Hz hertz"),
    ("Hz", 1e3, "kHz kilohertz"),
    ("Hz", 1e6, "MHz megahertz"),
    ("rad", 1.0, "rad radian radians"),
    ("deg", 1.0, "° deg degree degrees"),
    ("kg", 1.0, "kg kilogram kilograms"),
    ("kg", 1e-3, "g gram grams"),
    ("N", 1.0, "N newton newtons"),
    ("N", 1e3, "kN kilonewton kilonewtons"),
    ("Nm", 1.0, "Nm N·m N*m"),
    ("Nm", 1e3, "kNm kN·m"),
    ("V", 1.0, "V volt volts"),
    ("V", 1e-3, "mV millivolt millivolts"),
    ("A", 1.0, "A ampere amperes amp amps"),
    ("A", 1e-3, "mA milliampere milliamperes"),
    ("W", 1.0, "W watt watts"),
    ("W", 1e3, "kW kilowatt kilowatts"),
    ("%", 1.0, "% percent"),
    ("m/s", 1.0, "m/s"),
    ("m/s", 1e-3, "mm/s"),
    ("m/s", 1e-2, "cm/s"),
    ("m/s2", 1.0, "m/s² m/s^2"),
    ("rad/s", 1.0, "rad/s"),
    ("deg/s", 1.0, "°/s deg/s"),
    ("°C", 1.0, "°C"),
    ("J", 1.0, "J joule joules"),
    ("B", 1.0, "byte bytes"),
    ("B", 1e3, "kB kilobytes"),
    ("B", 1e6, "MB megabytes"),
    ("B", 1e9, "GB gigabytes"),
)
_UNITS = {name: (unit, factor) for unit, factor, names in _UNIT_TABLE for name in names.split()}

_LAYOUT = re.compile(
    r"\\(?:left|right|big|Big|quad|qquad|mathrm|mathbf|mathcal|boldsymbol|text|displaystyle)"
    r"(?![A-Za-z])|\\(?:begin|end)\{[a-z]+\*?\}|\\[,;:! \\]"
)
_GREEK_LETTER = re.compile("[\u0391-\u03a9\u03b1-\u03c9]")
_LATEX_BLANK = re.compile(r"[{}$&\s]")
_SIGNS = str.maketrans({"\u2212": "-", "\u00d7": "*", "·": "*", "⋅": "*"})
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?"
    r"(?:\w{2,}(?:ed|en|wn|ept|ent|elt)|cut|put|set|done|made|held|built|found|read|run|shut)\b"
    r"|\b(?:come|comes|result|results|stem|stems)\s+from\b"
)
_CLAUSE_END = re.compile(r"\s*(?:[,;:.!?)]|$|\b(?:and|or|while|when|if)\b)")
_COPULA = re.compile(r"\b(?:is|are|equals?|means?)\b")


@dataclass(frozen=True)
class Word:
    """One word in its place.

    Attributes:
        stem: Porter's stem, lower case.
        negated: Whether it stands in the reach of a negation.
        clause: Number of the clause, counted from 0.
        sentence: Number of the sentence (or of the part up to a semicolon), counted from 0.
        position: Number of the token in the text.
    """

    stem: str
    negated: bool
    clause: int
    sentence: int
    position: int


@dataclass(frozen=True)
class Facts:
    """What a text says, as far as words show it.

    Attributes:
        words: Words with a meaning of their own, in order; a number stands among them as `#value`.
        quantities: Numbers with their units, brought to one unit for each dimension.
        names: Identifiers, acronyms and code, which a paraphrase cannot change.
        formulas: Formulas without white space and layout.
        quantifiers: Kinds of "all", "only", "exactly" and so on.
        negates: Whether there is a negation.
        negative: Whether there is a negation, or a word that can paraphrase one.
        passive: Whether a passive occurs.
        copula: Whether things are equated ("is", "means") and not compared ("than").
    """

    words: tuple[Word, ...]
    quantities: frozenset[Quantity]
    names: frozenset[str]
    formulas: frozenset[str]
    quantifiers: frozenset[str]
    negates: bool
    negative: bool
    passive: bool
    copula: bool

    @property
    def terms(self) -> tuple[Word, ...]:
        """The words that claim something: all but directions."""
        return tuple(word for word in self.words if word.stem[0] != "~")

    @property
    def stems(self) -> frozenset[str]:
        """The stems of all terms."""
        return frozenset(word.stem for word in self.terms)


def common_stem(word: str) -> str:
    """Return the stem of a lower-case word, or that of its most common synonym."""
    stemmed = stem(word)
    return _SYNONYMS.get(stemmed, stemmed)


@lru_cache(maxsize=4096)
def read_facts(text: str) -> Facts:
    """Read the facts of a sentence or of a few."""
    formulas: list[str] = []
    names: list[str] = []

    def take_formula(match: re.Match[str]) -> str:
        formulas.append(plain_formula(next(group for group in match.groups() if group)))
        return " "

    def take_code(match: re.Match[str]) -> str:
        names.append(match[1].strip())
        return f" {match[1]} "

    text = _CITATION.sub("", text)
    text = _FORMULA.sub(take_formula, _CODE.sub(take_code, text))
    reader = _Reader(text.replace("**", "").replace("\u2019", "'"))
    reader.read()
    return Facts(
        words=tuple(reader.words),
        quantities=frozenset(reader.quantities),
        names=frozenset([*names, *reader.names]),
        formulas=frozenset(formula for formula in formulas if formula),
        quantifiers=frozenset(reader.quantifiers),
        negates=reader.negates,
        negative=reader.negates
        or reader.softly
        or any(word.stem in _SOFT_NEGATORS for word in reader.words),
        passive=bool(_PASSIVE.search(text)),
        copula=bool(_COPULA.search(text)) and " than " not in text,
    )


def plain_formula(formula: str) -> str:
    """Return a formula without white space, layout and back slashes, Greek letters by name."""
    plain = _LATEX_BLANK.sub("", _LAYOUT.sub("", formula).replace("\\", ""))
    return _GREEK_LETTER.sub(_greek_name, plain).translate(_SIGNS).strip(".,;")


def _greek_name(match: re.Match[str]) -> str:
    _, case, _, name = unicodedata.name(match.group()).split(" ")[:4]
    return name.lower() if case == "SMALL" else name.capitalize()


class _Reader:
    """Walks over the tokens of a text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._clause = 0
        self._sentence = 0
        self._position = 0
        self._reach = 0  # words that the last negation still covers
        self.words: list[Word] = []
        self.quantities: list[Quantity] = []
        self.names: list[str] = []
        self.quantifiers: list[str] = []
        self.negates = False
        self.softly = False

    def read(self) -> None:
        for position, match in enumerate(_TOKEN.finditer(self._text)):
            self._position = position
            kind = match.lastgroup if match["number"] is None else "number"
            if kind == "stop":
                self._clause += 1
                self._sentence += match.group() in ".;!?"
                self._reach = 0
            elif kind == "number":
                self._number(match)
            elif kind in ("path", "digits"):
                self._name(match.group())
            else:
                self._word(match["word"], match.start())

    def _add(self, term: str) -> None:
        self.words.append(Word(term, self._reach > 0, self._clause, self._sentence, self._position))
        self._reach = max(0, self._reach - 1)

    def _number(self, match: re.Match[str]) -> None:
        value = float(match["number"].replace("\u2212", "-").replace(",", ""))
        written = (match["unit"] or "").strip()
        unit, factor = _UNITS.get(written, ("", 1.0))
        self._quantity(value * factor, unit)
        if written and not unit:
            self._word(written, match.start("unit"))

    def _quantity(self, value: float, unit: str) -> None:
        self.quantities.append((float(f"{value:.9g}"), unit))
        self._add(f"#{value:.9g}")

    def _name(self, name: str) -> None:
        self.names.append(name)
        self._add(name.lower())

    def _word(self, word: str, at: int) -> None:
        lowered = word.lower()
        if lowered in _UNIVERSAL and self._reach == 0:
            self.quantifiers.append(_UNIVERSAL[lowered])
        if lowered in _NEGATORS or lowered.endswith("n't"):
            self._negate(at)
        elif lowered in _SCOPE_ENDS:
            self._end_scope(lowered)
        elif lowered in _DIRECTIONS:
            self.words.append(
                Word(f"~{lowered}", False, self._clause, self._sentence, self._position)
            )
        elif lowered in _NUMBER_WORDS:
            self._quantity(_NUMBER_WORDS[lowered], "")
        elif lowered == "off" or (lowered == "on" and _CLAUSE_END.match(self._text, at + 2)):
            self._add(lowered)  # "the power is on", not "on the base"
        elif lowered not in _STOP:
            self._content(word, lowered)

    def _content(self, word: str, lowered: str) -> None:
        if _ACRONYM.match(word) and not word.isdigit():
            self.names.append(word)
        for part in self._parts(lowered):
            if part in _NUMBER_WORDS:
                self._quantity(_NUMBER_WORDS[part], "")
            elif part not in _STOP:
                self._add(common_stem(part))

    def _parts(self, lowered: str) -> Iterator[str]:
        opposite = _NEGATIVE_WORDS.get(lowered)
        if lowered.startswith("non-") or (lowered.startswith("un") and len(lowered) > 6):
            opposite = lowered.removeprefix("non-").removeprefix("un")
        if opposite is not None:
            self.softly = True
            self.words.append(
                Word(common_stem(opposite), True, self._clause, self._sentence, self._position)
            )
        yield from lowered.removesuffix("'s").split("-")

    def _negate(self, at: int) -> None:
        following = self._text[at:].split(None, 3)[1:2]
        if following and following[0].lower() in _NOT_REALLY:
            return
        self.negates = True
        self._reach = 4

    def _end_scope(self, lowered: str) -> None:
        if lowered == "but" and self._reach > 0:
            # "does not depend on A but on B": the verb counts on both sides.
            verb = next((word for word in self.words if word.negated), None)
            if verb is not None:
                self.words.append(replace(verb, negated=False))
        self._reach = 0
        self._clause += 1
