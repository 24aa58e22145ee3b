import re
from pathlib import Path

import pytest

from lectern.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", PAGE.read_text(encoding="utf-8"), re.M))
SHARED = {"openai_api_key": "OPENAI_API_KEY", "openai_base_url": "OPENAI_BASE_URL"}


def variable(name: str) -> str:
    return SHARED.get(name, f"LECTERN_{name.upper()}")


def test_the_page_names_exactly_the_settings_that_exist():
    assert set(ROWS) == {variable(name) for name in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_page_gives_the_default_of(name):
    default = Settings.model_fields[name].get_default(call_default_factory=False)
    shown = ROWS[variable(name)].strip("`")
    if isinstance(default, (str, int, float)) and default != "":
        assert shown == str(default)
    elif isinstance(default, tuple):
        assert shown == str(list(default))
    else:
        assert not re.fullmatch(r"[\d.]+", shown)
