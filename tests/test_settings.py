from __future__ import annotations

from pathlib import Path

import pytest

from lectern.errors import LecternError, SettingsError
from lectern.settings import Settings, default_book, load_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_the_defaults_stay_on_this_machine_and_need_no_key():
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert settings.embedder == "minilm"
    assert not settings.generates
    assert settings.home.is_absolute()
    assert settings.book == default_book()


def test_a_flag_wins_over_the_environment_and_that_over_the_file(monkeypatch):
    Path(".env").write_text("LECTERN_PORT=1\nLECTERN_COLLECTION=file\nLECTERN_WORKERS=7\n")
    monkeypatch.setenv("LECTERN_PORT", "2")
    monkeypatch.setenv("LECTERN_COLLECTION", "environment")
    settings = load_settings(port=3, collection=None)
    assert (settings.port, settings.collection, settings.workers) == (3, "environment", 7)


def test_openai_variables_are_read_as_everyone_names_them(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    settings = load_settings()
    assert settings.generates
    assert settings.openai_base_url == "http://127.0.0.1:1/v1"
    assert settings.openai_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(settings)
    assert not load_settings(answerer="extractive").generates


def test_lecterns_own_name_wins_over_the_common_one(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LECTERN_OPENAI_BASE_URL", "http://127.0.0.1:2")
    assert load_settings().openai_base_url == "http://127.0.0.1:2"
    assert load_settings(openai_base_url="http://127.0.0.1:3").openai_base_url[-1] == "3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LECTERN_PORT", "70000"),
        ("LECTERN_PORT", "many"),
        ("LECTERN_COLLECTION", "../up"),
        ("LECTERN_COLLECTION", ""),
        ("LECTERN_ANSWERER", "magic"),
        ("LECTERN_ANSWER_THRESHOLD", "2"),
        ("LECTERN_MAX_SOURCE_MB", "0"),
        ("LECTERN_CORS_ORIGINS", '["*"]'),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name.removeprefix("LECTERN_").lower()) as caught:
        load_settings()
    assert caught.value.remedy


def test_a_list_that_is_no_list_is_named(monkeypatch):
    monkeypatch.setenv("LECTERN_CORS_ORIGINS", "http://example.invalid")
    with pytest.raises(SettingsError, match="cors_origins"):
        load_settings()


def test_a_file_that_is_no_text_is_named():
    Path(".env").write_bytes(b"LECTERN_PORT=\xff\n")
    with pytest.raises(SettingsError, match="utf-8"):
        load_settings()


def test_folders_are_absolute_and_may_start_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(home="~/data").home == tmp_path / "data"
    assert load_settings(home="data").home == tmp_path / "data"


def test_unknown_variables_of_the_prefix_do_not_disturb(monkeypatch):
    monkeypatch.setenv("LECTERN_TEST_QDRANT_URL", "http://127.0.0.1:1")
    assert isinstance(load_settings(), Settings)


def all_errors(base: type[LecternError] = LecternError) -> list[type[LecternError]]:
    return [base, *(error for child in base.__subclasses__() for error in all_errors(child))]


def test_every_error_has_a_code_of_its_own_and_a_status_that_fits():
    codes = [error.code for error in all_errors()]
    assert len(codes) == len(set(codes)) > 20
    assert all(400 <= error.status < 600 for error in all_errors())


def test_an_error_reads_as_its_detail_and_remedy():
    assert str(SettingsError("It is wrong.", "Correct it.")) == "It is wrong. Correct it."
    assert str(SettingsError("It is wrong.")) == "It is wrong."
