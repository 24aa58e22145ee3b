from __future__ import annotations

from lectern.assistant.model import Turn
from lectern.exchange.conversations import Conversations, MemoryLimits


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def turn(number):
    return Turn(f"question {number}", f"answer {number}")


def test_only_the_last_turns_are_remembered_the_oldest_first():
    memory = Conversations(MemoryLimits(turns=2))
    for number in range(4):
        memory.remember("a", turn(number))
    assert memory.history("a") == (turn(2), turn(3))


def test_the_conversation_used_longest_ago_is_forgotten_first():
    memory = Conversations(MemoryLimits(conversations=2))
    for conversation in ("a", "b", "a", "c"):
        memory.remember(conversation, turn(1))
    assert memory.history("b") == ()
    assert len(memory.history("a")) == 2
    assert len(memory) == 2


def test_an_idle_conversation_is_forgotten():
    clock = Clock()
    memory = Conversations(MemoryLimits(idle_s=10), clock)
    memory.remember("a", turn(1))
    clock.now = 10
    assert memory.history("a") == (turn(1),)
    clock.now = 10.1
    assert memory.history("a") == ()
    assert len(memory) == 0


def test_new_identifiers_differ():
    assert len({Conversations.new_id() for _ in range(100)}) == 100
