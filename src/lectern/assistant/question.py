"""What a question asks for, read off its words: its topic, its subject, the kind of answer.

Rules for English. Nothing here decides by itself: each reading becomes a feature of the fitted
models in `ranking.py` and `decision.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lectern.retrieval.terms import STOP_WORDS, analyze

_DEFINITION = re.compile(
    r"\W*(?:what(?:['\u2019]?s| is| are| exactly is| does| do)\b|define\b|definition of\b|"
    r"explain\b|meaning of\b|(?:please )?(?:tell|explain) (?:me|us)\b|who(?:['\u2019]s| is)\b)",
    re.I,
)
_FRAME = re.compile(
    r"^\W*(?:(?:what|who)(?:['\u2019]?s| is| are| does| do| exactly| is meant by| was| were)*\b|"
    r"define\b|definition of\b|explain\b|meaning of\b|tell me\b|about\b)+\s*"
    r"|\b(?:mean|means|stand for|good for|used for|for|called|meant by|exactly|about|the|an?)\W*$",
    re.I,
)
_PLACE = re.compile(r"\s+(?:in|for|of) (?:ros ?2?|python|robotics|a robot|robots)$", re.I)
_MORE_THAN_A_TERM = re.compile(
    r"\b(?:when|if|while|because|between|versus|vs|advantages?|difference|happens?|wrong|cause[sd]?|"
    r"best|should|can|between)\b",
    re.I,
)
_CODE = re.compile(
    r"\b(?:code|snippet|python|c\+\+|numpy|rclpy|rclcpp|script|program|yaml|xml|implement\w*|"
    r"syntax|function|class)\b|`",
    re.I,
)
_MAKE = re.compile(
    r"\bhow (?:do|can|to|would|should)\b.*\b(?:create|write|make|implement|declare|define|publish|"
    r"subscribe|call|run|start|launch|record|build|install|set|send|list|configure)\b|"
    r"^\W*(?:show|give|write|create|make)\b",
    re.I,
)
_HOW = re.compile(r"\W*how (?:do|can|to|would|should|could)\b", re.I)
_COMMAND = re.compile(r"\b(?:comm?ands?|command line|cli|terminal|shell|bash)\b", re.I)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|far|fast|large|big|high|old|often|deep|precise|accurate)\b|"
    r"\b(?:number of|default|maximum|minimum|largest|smallest|highest|lowest|limit|rates?|range|"
    r"values?|which ports?)\b|\bat what\b",
    re.I,
)
_FORMULA = re.compile(r"\b(?:formula|equation|compute|calculate|derivation|derive|matrix)\b", re.I)
_WHY = re.compile(r"\b(?:why|reason|cause[sd]?|how come|purpose)\b", re.I)
_YES_NO = re.compile(
    r"\W*(?:is|are|was|do|does|did|can|could|will|would|should|must|has|have|may)\b", re.I
)
_PERSON_OR_DATE = re.compile(
    r"\b(?:who|whose|when (?:was|were|did)|what year|which year|how (?:much|many) "
    r"(?:does|do|money|people|robots)\b.*\b(?:cost|world)|where (?:can|could|do) i (?:buy|get))\b"
    r"|\b(?:price|cost of|invent(?:ed|or)|founded|best .* (?:to buy|brand))\b",
    re.I,
)
_LONGEST_SUBJECT = 6


@dataclass(frozen=True)
class Question:
    """A question as the models see it.

    Attributes:
        text: As it was searched for.
        topic: Weight (inverse document frequency) by stem of the words that carry the topic.
        order: The same stems in the order of the question.
        subject: Stems of the term a definition is asked of; empty for other questions.
    """

    text: str
    topic: Mapping[str, float]
    order: tuple[str, ...]
    subject: frozenset[str]
    definition: bool
    code: bool
    how: bool
    command: bool
    number: bool
    formula: bool
    why: bool
    yes_no: bool
    person_or_date: bool

    @property
    def weight(self) -> float:
        """Sum of the weights of the topic."""
        return sum(self.topic.values())


def understand(text: str, topic: Mapping[str, float]) -> Question:
    """Read a question.

    Args:
        text: The question.
        topic: Weight by stem of its topic words (`lectern.retrieval.search.Query.topic`).
    """
    order = tuple(dict.fromkeys(term for term in analyze(text) if term in topic))
    subject = _subject(text, order)
    return Question(
        text=text,
        topic=topic,
        order=order,
        subject=subject,
        definition=bool(subject),
        code=bool(_CODE.search(text) or _MAKE.search(text)),
        how=bool(_HOW.match(text)),
        command=bool(_COMMAND.search(text)),
        number=bool(_NUMBER.search(text)),
        formula=bool(_FORMULA.search(text)),
        why=bool(_WHY.search(text)),
        yes_no=bool(_YES_NO.match(text)),
        person_or_date=bool(_PERSON_OR_DATE.search(text)),
    )


def _subject(text: str, order: Sequence[str]) -> frozenset[str]:
    """Return the stems of X in "what is X" and "X?"."""
    words = text.split()
    asks = _DEFINITION.match(text) is not None
    if not asks and len(words) > 3:
        return frozenset()
    if _MORE_THAN_A_TERM.search(text) or len(words) > _LONGEST_SUBJECT + 4:
        return frozenset()
    bare = _PLACE.sub("", text.strip(" ?!."))
    for _ in range(2):
        bare = _FRAME.sub(" ", bare).strip(" ?!.")
    stems = [term for term in analyze(bare) if term not in STOP_WORDS]
    return frozenset(stems) if 0 < len(stems) <= _LONGEST_SUBJECT else frozenset()
