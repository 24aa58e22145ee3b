"""What `assistant_node` offers on the graph."""

from __future__ import annotations

from lectern.graph import names
from lectern_nodes.common import AUTOSTART
from lectern_nodes.interface import Endpoint, NodeInterface, Parameter

# Deep enough for a burst: what a queue of DDS cannot hold is lost without a word, while refusing by
# name is the business of the node.
DEPTH = 1_000
_QOS = f"reliable, volatile, last {DEPTH}"

ASSISTANT = NodeInterface.of(
    "assistant_node",
    "Answers questions about the book, with citations that were checked.",
    (
        Endpoint(
            "subscribes",
            names.QUESTION,
            "lectern_interfaces/msg/Question",
            "A question. Every one gets an answer or, by name, a refusal.",
            _QOS,
        ),
        Endpoint(
            "subscribes",
            names.QUESTION_TEXT,
            "std_msgs/msg/String",
            "A question without anything around it, for hands on a keyboard.",
            _QOS,
        ),
        Endpoint(
            "publishes",
            names.ANSWER,
            "lectern_interfaces/msg/Answer",
            "The answer to a question of either topic, or why there is none (`error_code`).",
            _QOS,
        ),
        Endpoint(
            "publishes",
            names.ANSWER_CHUNK,
            "lectern_interfaces/msg/AnswerChunk",
            "The pieces of an answer while it is being made, in order; the last one is `END`.",
            _QOS,
        ),
        Endpoint(
            "publishes",
            names.ANSWER_TEXT,
            "std_msgs/msg/String",
            "The answer to a question of `assistant/question_text`, with the places it comes from; "
            "a refusal begins with `error: `.",
            _QOS,
        ),
        Endpoint(
            "publishes",
            "/diagnostics",
            "diagnostic_msgs/msg/DiagnosticArray",
            "Health of the node and its parts, and the bridge's address.",
            "reliable, volatile, last 10, 1 Hz",
        ),
        Endpoint(
            "serves",
            names.SEARCH,
            "lectern_interfaces/srv/SearchBook",
            "The passages that fit a query best.",
        ),
        Endpoint(
            "action server",
            names.ASK,
            "lectern_interfaces/action/Ask",
            "Ask, with the pieces of the answer as feedback; cancelling stops the model.",
        ),
    ),
    (
        AUTOSTART,
        Parameter(
            "home",
            "",
            "Folder of the index and everything else that is kept; empty: as LECTERN_HOME says, or "
            "the user's data folder.",
        ),
        Parameter(
            "book",
            "",
            "Folder of the book, taken in when it is new or has changed; empty: as LECTERN_BOOK "
            "says, or the textbook.",
        ),
        Parameter(
            "collection",
            "",
            "Collection that is searched; empty: as LECTERN_COLLECTION says, or `book`.",
        ),
        Parameter(
            "answerer",
            "auto",
            "Who writes the answers; `auto`: a model as soon as OPENAI_API_KEY or OPENAI_BASE_URL "
            "is set, else quotations.",
            choices=("auto", "extractive", "generative"),
        ),
        Parameter(
            "chat_model",
            "",
            "Model that writes generative answers; empty: as LECTERN_CHAT_MODEL says.",
        ),
        Parameter(
            "answer_threshold",
            -1.0,
            "Probability from which on the book is taken to answer a question; below 0: the fitted "
            "one. Counts from the next question on.",
            lowest=-1.0,
            highest=1.0,
            read_only=False,
        ),
        Parameter(
            "max_question_chars",
            4_000,
            "Most characters of a question or query; longer ones are refused.",
            lowest=1,
            highest=100_000,
        ),
        Parameter("workers", 4, "How many questions are worked on at once.", lowest=1, highest=64),
        Parameter(
            "max_waiting",
            128,
            "How many more questions may wait; further ones are refused as `overloaded`.",
            lowest=1,
            highest=10_000,
        ),
        Parameter(
            "bridge_port",
            0,
            "TCP port of the HTTP bridge and its page; 0: no bridge; -1: any free port, which the "
            "log and /diagnostics name.",
            lowest=-1,
            highest=65_535,
        ),
        Parameter(
            "bridge_host",
            "127.0.0.1",
            "Address that the bridge listens on. It has no accounts: open it to trusted networks "
            "only.",
        ),
        Parameter(
            "robot",
            "none",
            "Robot of the bridge: none, one simulated in this process, or the one on the graph.",
            choices=("none", "embedded", "ros"),
        ),
        Parameter(
            "robot_policy",
            "auto",
            "What the motion gate does with plans for a simulated robot: carry them out, ask a "
            "person, or nothing.",
            choices=("auto", "ask", "off"),
        ),
        Parameter(
            "log_level",
            "default",
            "Level of the node's log; default: as --log-level says.",
            choices=("default", "debug", "info", "warning", "error"),
            read_only=False,
        ),
    ),
)
