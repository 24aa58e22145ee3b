"""What a request to a model may cost: tokens by estimate, money by a ledger that outlives us."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from lectern.errors import BudgetExceeded
from lectern.settings import Settings

Message = Mapping[str, str]

LEDGER_NAME = "spending.sqlite3"
KEPT_DAYS = 31
ROUNDING_USD = 1e-9
BUSY_TIMEOUT_S = 5.0
# Role, separators and the start of the reply, as chat templates add them around each message.
MESSAGE_OVERHEAD_TOKENS = 4

_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<number>[0-9]+)|(?P<breaks>\n\s*)|(?P<blank>[^\S\n]+)"
    r"|(?P<mark>[!-/:-@\[-`{-~])|(?P<other>.)",
    re.DOTALL,
)


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text is, rather too many than too few.

    The usual "four characters a token" holds for English prose and fails where robotics is full
    of: LaTeX, code, tables and Greek letters, which tokenizers cut into single characters. So
    letters count one token for every four of a word, digits one for every two, each punctuation
    mark one, each character outside ASCII two, and each run of line breaks one.
    """
    return sum(_piece_tokens(match) for match in _PIECE.finditer(text))


def _piece_tokens(match: re.Match[str]) -> int:
    size = match.end() - match.start()
    kind = match.lastgroup
    if kind == "word":
        return -(-size // 4)
    if kind == "number":
        return -(-size // 2)
    if kind == "blank":
        return size // 8  # a space belongs to the word after it; only indentation costs
    return 2 if kind == "other" else 1


def estimate_message_tokens(messages: Sequence[Message]) -> int:
    """Estimate the tokens of a whole request, with what chat templates add."""
    return MESSAGE_OVERHEAD_TOKENS + sum(
        estimate_tokens(message["content"]) + MESSAGE_OVERHEAD_TOKENS for message in messages
    )


@dataclass(frozen=True)
class Prices:
    """What tokens cost, in US dollars for a million of them."""

    usd_per_million_input: float
    usd_per_million_output: float

    def usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost of one request in US dollars."""
        return (
            input_tokens * self.usd_per_million_input + output_tokens * self.usd_per_million_output
        ) / 1e6


@dataclass(frozen=True)
class Reservation:
    """Money set aside for a request under way; `row` is None when nothing is recorded."""

    row: int | None
    usd: float


class Budget:
    """Keeps the spending of each day (UTC) below the limit, across restarts and processes.

    The worst case of a request is set aside before it is sent, and replaced by its true cost
    afterwards, so that requests running side by side cannot exceed the limit together. What a
    killed process had set aside stays spent. All methods block for a moment (SQLite): call
    them from a thread.
    """

    def __init__(self, settings: Settings, *, today: Callable[[], date] | None = None) -> None:
        """Prepare the ledger; nothing is opened yet.

        Args:
            settings: Supplies `home`, prices and limits.
            today: Clock, for tests of the day's turn.
        """
        self._path = settings.home / LEDGER_NAME
        self._limit_usd = settings.chat_max_usd_per_day
        self._max_input_tokens = settings.chat_max_input_tokens
        self._today = today or (lambda: datetime.now(timezone.utc).date())
        self.prices = Prices(
            settings.chat_usd_per_million_input, settings.chat_usd_per_million_output
        )

    def reserve(self, input_tokens: int, output_tokens: int) -> Reservation:
        """Set the worst case of a request aside.

        Args:
            input_tokens: Estimated tokens of the request.
            output_tokens: Limit of the reply.

        Raises:
            BudgetExceeded: The request is too large, the day's money does not suffice, or the
                ledger cannot be kept.
        """
        if input_tokens > self._max_input_tokens:
            raise BudgetExceeded(
                f"The request has about {input_tokens} tokens, more than the limit of "
                f"{self._max_input_tokens}.",
                "Ask a shorter question, or raise LECTERN_CHAT_MAX_INPUT_TOKENS.",
            )
        usd = self.prices.usd(input_tokens, output_tokens)
        if self._limit_usd == 0 or usd == 0:
            return Reservation(None, 0.0)
        day = self._today()
        with self._ledger() as ledger:
            spent = _spent(ledger, day)
            if spent + usd > self._limit_usd + ROUNDING_USD:
                raise BudgetExceeded(
                    f"Today's {self._limit_usd:.2f} USD for the model endpoint are spent or set "
                    f"aside (${spent:.4f} so far).",
                    "Wait until tomorrow (UTC), or raise LECTERN_CHAT_MAX_USD_PER_DAY.",
                )
            ledger.execute(
                "DELETE FROM spending WHERE day < ?",
                ((day - timedelta(days=KEPT_DAYS)).isoformat(),),
            )
            row = ledger.execute(
                "INSERT INTO spending (day, usd) VALUES (?, ?)", (day.isoformat(), usd)
            ).lastrowid
        return Reservation(row, usd)

    def settle(self, reservation: Reservation, input_tokens: int, output_tokens: int) -> None:
        """Replace what was set aside by the true cost; zero tokens release it.

        Raises:
            BudgetExceeded: The ledger cannot be kept.
        """
        if reservation.row is None:
            return
        usd = self.prices.usd(input_tokens, output_tokens)
        with self._ledger() as ledger:
            ledger.execute("UPDATE spending SET usd = ? WHERE id = ?", (usd, reservation.row))

    @contextmanager
    def _ledger(self) -> Iterator[sqlite3.Connection]:
        """Open the ledger for one transaction; writers of other processes wait their turn."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS spending "
                    "(id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, usd REAL NOT NULL)"
                )
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()  # rolls back what was not committed
        except (sqlite3.Error, OSError) as error:
            # Without a ledger the limit could be exceeded unseen, so nothing more is spent.
            raise BudgetExceeded(
                f"The ledger of the model's cost, {self._path}, cannot be kept ({error}).",
                "Make room or delete the file; 0 for LECTERN_CHAT_MAX_USD_PER_DAY needs no ledger.",
            ) from error


def _spent(ledger: sqlite3.Connection, day: date) -> float:
    row = ledger.execute(
        "SELECT COALESCE(SUM(usd), 0.0) FROM spending WHERE day = ?", (day.isoformat(),)
    ).fetchone()
    return float(row[0])
