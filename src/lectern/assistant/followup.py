"""Rewrites a question that leans on the conversation into one that can be searched for.

Rules for English, no model: a question leans on the conversation when it refers back ("it", "that
matrix"), leaves out its subject ("and for prismatic joints?"), or has none of its own ("why?",
"show me an example"). Such a question gets the salient words of the question before it appended. A
question that stands by itself stays as it is, so that a new topic is not mixed with the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lectern.assistant.model import Turn
from lectern.book.words import word_set
from lectern.retrieval.terms import stem

MAX_TERMS = 6
MAX_TURNS = 4

_WORD = re.compile(r"`[^`]+`|\$[^$]+\$|[\w/][\w/:.+*'\u2019()-]*[\w)*+]|[\w+]|[,;:?]")
_FUNCTION = word_set(
    "a an the and or but so of in on at to for from with by as about into over under between than "
    "then is are was were be been being am do does did done has have had can could will would "
    "shall should may might must i me my we us our you your he she what which who whom whose when "
    "where why how if whether not no yes there here just also too very really please ok okay well "
    "s t it its they them their this that these those one ones some any each every all both more "
    "most much many such same other another others else again instead either only even still now "
    "because while during without within via per like up out off"
)
# Verbs of asking and doing that name no subject.
_VERBS = word_set(
    "explain tell show give see say mean means meant know understand define describe compute "
    "calculate get find use used using make need want work works happen happens do derive prove "
    "write read look try help choose pick apply implement solve change fix check compare differ "
    "elaborate continue go start let put take come call called think add repeat clarify summarize "
    "simplify shorten rephrase matter matters come comes depend depends care set set happen "
    "install run test measure avoid prevent"
)
# Nouns and adjectives that are always about something else.
_RELATIONAL = word_set(
    "example examples code python c++ snippet program formula formulas equation equations proof "
    "derivation detail details step steps picture figure diagram plot table difference differences "
    "advantage advantages disadvantage disadvantages drawback drawbacks benefit benefits purpose "
    "reason reasons unit units size dimension dimensions result results meaning definition name "
    "type types kind kinds version way ways case cases limitation limitations limit limits "
    "alternative "
    "alternatives default defaults parameter parameters value values sign order inverse transpose "
    "derivative determinant rank row rows column columns input inputs output outputs cost "
    "complexity assumption assumptions exception exceptions term terms part parts thing things "
    "answer question point method methods idea intuition first second third last next former "
    "latter faster slower better worse best worst easier harder simpler bigger smaller larger "
    "important useful possible good bad right wrong true sure short long real-life practical "
    "numbers number list source reference exactly further simple simply worked numerical numeric "
    "application applications common typical general line lines command commands sentence word"
)
_PRONOUNS = word_set("it they them this that these those")
_POSSESSIVES = word_set("its their")
_BACKWARD = word_set("former latter above previous aforementioned")
_STANDING_THIS = word_set("book chapter page course tutorial textbook site website section robot")
_AUXILIARY = word_set(
    "is are was were do does did can could will would shall should may might must has have had "
    "means mean works work happens happen goes comes depends looks gives"
)
_BEFORE_THAT = word_set(
    "of in for with to from about by on at than into over like after before under does do did is "
    "are was were can could would should why how when where and but or using use apply explain "
    "derive compute fix solve avoid give what what's mean without because against through"
)
_CLAUSE = word_set(
    "when if while because that which who where and or but so as , ; : once before after whose"
)
_RELATIVE = word_set("where which who that")
_QUESTION = word_set(
    "what which who whom whose when where why how is are was were do does did can could will would "
    "shall should may might must has have had explain tell show give describe define list compare "
    "derive prove"
)
_PREPOSITIONS = word_set("for in with without on at from to of using during under between by")
_OPENINGS = (
    ("what", "about"),
    ("how", "about"),
    ("same", "for"),
    ("the", "same"),
    ("what", "else"),
    ("anything", "else"),
    ("any", "other"),
    ("what", "if"),
    ("why", "not"),
)
_JOINING = word_set("and but so or also then plus now ok okay well yes no")
_CLOSINGS = word_set("too either instead then there otherwise again")
_EMPTY_IT = re.compile(
    r"\b(?:is|was|will|would|can|does|did|makes?) it (?:be )?(?:possible|necessary|better|best|"
    r"safe|useful|important|easy|hard|faster|enough|ok|okay|true|normal|common|worth|required|allowed|"
    r"bad|good|make sense|take|mean|matter|cost|help)\b|\bit (?:is|takes|makes sense|seems|follows|"
    r"turns out)\b|\bmakes? it (?:possible|easy|hard)\b"
)


def rewrite_followup(question: str, history: Sequence[Turn]) -> str:
    """Return a search query that stands by itself.

    Args:
        question: As the reader asked it, in English; other languages come back unchanged unless
            they look like English.
        history: The conversation before it, the oldest first.

    Returns:
        The question itself where it stands by itself or nothing was said before; otherwise the
        question followed by the salient words of the conversation in parentheses.
    """
    if not history or not depends_on_conversation(question):
        return question
    known = {stem(term.lower()) for term in salient_terms(question)}
    terms = [term for term in _context(history) if stem(term.lower()) not in known]
    return f"{question.strip()} ({' '.join(terms[:MAX_TERMS])})" if terms else question


def depends_on_conversation(question: str) -> bool:
    """Tell whether a question cannot be understood without what was said before it."""
    words = [word.strip("'\u2019()").lower() for word in _WORD.findall(question)]
    plain = [word for word in words if word not in {",", ";", ":", "?", ""}]
    if not plain:
        return False
    if not salient_terms(question):
        return _looks_english(plain) and not _shows_its_object(question)
    return (
        _is_elliptic(plain, question)
        or _refers_back(words, question)
        or (plain[-1] in _CLOSINGS and len(salient_terms(question)) <= 3)
    )


def salient_terms(text: str) -> list[str]:
    """Return the words of a question that name its subject, in order, each once."""
    terms: dict[str, str] = {}
    for word, with_article in _with_articles(_WORD.findall(text)):
        lowered = word.strip("'\u2019").lower()
        bare = re.sub(r"['\u2019]s$", "", lowered)
        if bare in _FUNCTION or bare in _VERBS or not re.search(r"\w", bare):
            continue
        if "'" in bare or "\u2019" in bare:  # don't, what's, i've
            continue
        if bare in _RELATIONAL and not with_article:
            continue
        terms.setdefault(stem(bare), re.sub(r"['\u2019]s$", "", word))
    return list(terms.values())


def _with_articles(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each word with whether "a" or "an" makes it a subject of its own ("a derivative")."""
    asks_what = bool(words) and words[0].lower() in ("what", "what's", "define")
    before = ""
    for word in words:
        yield word, asks_what and before in ("a", "an")
        before = word.lower()


def _context(history: Sequence[Turn]) -> list[str]:
    """Return the salient words of the last questions, back to one that stands by itself."""
    terms: list[str] = []
    for turn in reversed(history[-MAX_TURNS:]):
        terms = _merged(salient_terms(turn.question), terms)
        if not depends_on_conversation(turn.question):
            break
    if terms:
        return terms
    # Only small talk was asked: what the last answer was about is the best that is left.
    first = re.split(r"(?<=[.!?])\s", history[-1].answer.strip(), maxsplit=1)[0]
    return salient_terms(re.sub(r"\[\d+\]", "", first))


def _merged(newer_first: Iterable[str], others: Iterable[str]) -> list[str]:
    """Join terms without repeating one; the words of the older question go to the front."""
    merged: dict[str, str] = {}
    for term in (*newer_first, *others):
        merged.setdefault(stem(term.lower()), term)
    return list(merged.values())


def _looks_english(words: Sequence[str]) -> bool:
    return any(word in _FUNCTION or word in _VERBS or word in _RELATIONAL for word in words)


def _shows_its_object(question: str) -> bool:
    """Tell whether what "this" means follows: code, an error message, a quotation."""
    return bool(re.search(r"[:\n]\s*\S+.*\S|`[^`]+`|\"[^\"]{4,}\"", question))


def _is_elliptic(words: Sequence[str], question: str) -> bool:
    """Tell whether a question leaves out what the last one had: "and for prismatic joints?"."""
    rest = list(words)
    while len(rest) > 1 and rest[0] in _JOINING:
        rest = rest[1:]
    opening = tuple(rest[:2])
    if opening in _OPENINGS:
        return len(salient_terms(question)) <= 3
    if rest[0] in _PREPOSITIONS:
        return not any(word in _QUESTION for word in rest[1:]) and len(rest) <= 6
    joined = len(rest) < len(words)
    return joined and not any(word in _QUESTION for word in rest) and len(rest) <= 6


def _refers_back(words: Sequence[str], question: str) -> bool:
    text = _EMPTY_IT.sub(" ", " ".join(words))
    if _shows_its_object(question):
        return False
    tokens = text.split()
    return any(_is_reference(tokens, at) for at in range(len(tokens)))


def _is_reference(tokens: Sequence[str], at: int) -> bool:
    word = tokens[at]
    if word in _BACKWARD or tokens[at : at + 3] in (
        ["the", "same", "hold"],
        ["the", "same", "true"],
    ):
        return True
    if word in ("one", "ones"):
        return at > 0 and tokens[at - 1] in {"which", "that", "this", "other", "another", "each"}
    if word in ("this", "these"):
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        return following not in _STANDING_THIS
    if word in ("that", "those"):
        return _is_pointing_that(tokens, at)
    if word in _POSSESSIVES:
        return not _has_subject(tokens[:at])
    return word in _PRONOUNS and not _has_antecedent(tokens, at)


def _is_pointing_that(tokens: Sequence[str], at: int) -> bool:
    """Tell "how does that work" and "in that frame" from "a matrix that rotates"."""
    following = tokens[at + 1] if at + 1 < len(tokens) else "?"
    before = tokens[at - 1] if at > 0 else ""
    if _has_antecedent(tokens, at) or any(token in _RELATIVE for token in tokens[at + 1 :]):
        return False
    if following in ("?", "again", "in", "more", ",") or at == 0:
        return not _has_subject(tokens[:at]) or following == "?"
    if before in _BEFORE_THAT:
        return True
    return following in _AUXILIARY and not _has_subject(tokens[:at])


def _has_subject(tokens: Sequence[str]) -> bool:
    return any(
        token not in _FUNCTION
        and token not in _VERBS
        and token not in _RELATIONAL
        and re.search(r"\w", token)
        for token in tokens
    )


def _has_antecedent(tokens: Sequence[str], at: int) -> bool:
    """Tell whether an earlier clause of the same question names what a pronoun means."""
    return any(
        token in _CLAUSE and _has_subject(tokens[:end]) for end, token in enumerate(tokens[:at])
    ) or (tokens[0] in ("if", "when", "while", "given") and _has_subject(tokens[:at]))
