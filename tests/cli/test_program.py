"""What only a process of its own can show, and the whole as its reader meets it."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from lectern import __version__
from lectern.cli import errors

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_json_is_utf8_and_alone_on_stdout_in_the_c_locale(start, at_home):
    question = "Wie groß ist die Geschwindigkeit: tool velocity from joint velocities?"
    process = start("search", question.encode(), "-k", "1", "--json", **PLAIN)

    stdout, stderr = process.communicate(timeout=30)

    assert process.returncode == 0
    assert json.loads(stdout.decode("utf-8"))["query"] == question
    assert "groß" in stdout.decode("utf-8")
    assert stderr == b""


def test_invalid_utf8_in_an_argument_is_one_clear_line(start):
    process = start("ask", b"velocity \xff\xfe")

    stdout, stderr = process.communicate(timeout=30)

    assert process.returncode == 2
    assert stdout == b""
    assert stderr == (
        b"error: The question is not valid UTF-8 (byte 10 cannot be read). Send it as UTF-8.\n"
    )


def test_help_imports_nothing_heavy():
    heavy = "{'numpy', 'pydantic', 'fastapi', 'onnxruntime', 'qdrant_edge', 'rich'}"
    program = f"import lectern.cli, sys; print(sorted({heavy} & sys.modules.keys()))"

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert shown.stdout == b"[]\n"


def test_the_reference_page_is_what_the_commands_say():
    tool = runpy.run_path(str(ROOT / "tools" / "cli_reference.py"))

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == tool["reference"](), "run `python tools/cli_reference.py`"


def test_the_version_is_told(lectern):
    assert lectern("--version").stdout == f"lectern {__version__}\n"


def test_without_a_command_the_help_is_shown(lectern):
    result = lectern()

    assert result.exit_code == 0
    assert "Commands:" in result.stdout


def test_a_setting_that_cannot_be_used_is_wrong_use(lectern, monkeypatch):
    monkeypatch.setenv("LECTERN_PORT", "many")

    result = lectern("doctor")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: The setting port cannot be used:")


def test_an_env_file_that_is_no_text_is_wrong_use(lectern, tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe=1")

    result = lectern("doctor")

    assert result.exit_code == 2
    assert ".env of the current folder cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(ZeroDivisionError("oops"), 1, "ZeroDivisionError: oops.", id="a fault"),
        pytest.param(
            PermissionError(13, "Permission denied", "/a"), 1, "Permission denied: /a", id="system"
        ),
        pytest.param(ValueError("two\nlines"), 1, "ValueError: two lines.", id="two lines"),
    ],
)
def test_what_nobody_foresaw_is_one_line_without_a_traceback(capsys, error, code, said):
    def fail() -> None:
        raise error

    assert errors.exit_code_of(fail) == code

    stderr = capsys.readouterr().err
    assert stderr.startswith(f"error: {said}")
    assert stderr.count("\n") == 1


def test_the_traceback_is_shown_when_debugging(capsys, monkeypatch):
    monkeypatch.setenv("LECTERN_LOG_LEVEL", "debug")

    assert errors.exit_code_of(lambda: 1 / 0) == 1

    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_closes_the_pipe_ends_it_quietly(start, at_home):
    process = start("search", "Jacobian")
    process.stdout.close()

    _, stderr = process.communicate(timeout=30)

    assert process.returncode == 1
    assert stderr == b""
