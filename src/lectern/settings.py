"""Every setting of Lectern in one typed class.

Values come, the strongest first, from keyword arguments (command-line flags), from environment
variables (`LECTERN_*`, and `OPENAI_*`, `ROS_*` and `CYCLONEDDS_URI` as everyone names them), from a
`.env` file in the current folder, and from the defaults below. Build it once in an entry point with
`load_settings` and hand it down; no other module reads the environment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path
from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from lectern.errors import SettingsError

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def default_book() -> Path:
    """Return the folder of the textbook: in the source tree, else inside the installed package."""
    in_checkout = Path(__file__).resolve().parents[2] / "docs" / "book"
    return in_checkout if in_checkout.is_dir() else Path(__file__).resolve().parent / "textbook"


class Settings(BaseSettings):
    """Settings of one Lectern process; see `docs/settings.md` for the reader's view."""

    model_config = SettingsConfigDict(
        env_prefix="LECTERN_", env_file=".env", extra="ignore", validate_default=True
    )

    # Where things are
    home: Path = Field(default_factory=lambda: user_data_path("lectern", appauthor=False))
    book: Path = Field(default_factory=default_book)
    collection: str = Field(default="book", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")

    # Retrieval
    embedder: str = "minilm"  # minilm | fastembed:MODEL | openai:MODEL
    qdrant_url: str = ""  # empty: Qdrant Edge, in process
    qdrant_api_key: SecretStr = SecretStr("")
    embed_threads: int = Field(default=0, ge=0, le=256)  # 0: one for each core

    # Answers
    max_question_chars: int = Field(default=4_000, ge=1, le=100_000)
    answer_threshold: float | None = Field(default=None, ge=0.0, le=1.0)  # None: the fitted one
    answerer: Literal["auto", "extractive", "generative"] = "auto"

    # Generative endpoint; `auto` uses it as soon as a key or a base URL is given
    openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("LECTERN_OPENAI_API_KEY", "OPENAI_API_KEY"),
    )
    openai_base_url: str = Field(
        default="", validation_alias=AliasChoices("LECTERN_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    chat_model: str = "gpt-4o-mini"
    chat_timeout_s: float = Field(default=30.0, gt=0, le=600)
    chat_retries: int = Field(default=2, ge=0, le=10)
    chat_max_output_tokens: int = Field(default=600, ge=16, le=16_000)
    chat_max_input_tokens: int = Field(default=6_000, ge=256, le=1_000_000)
    chat_usd_per_million_input: float = Field(default=0.15, ge=0)
    chat_usd_per_million_output: float = Field(default=0.60, ge=0)
    chat_max_usd_per_day: float = Field(default=5.0, ge=0)  # 0: no limit

    # Robot
    robot: Literal["embedded", "none"] = "embedded"
    robot_policy: Literal["auto", "ask", "off"] = "auto"  # for simulated motions; real ones ask
    robot_seed: int = Field(default=0, ge=0, le=2**31 - 1)
    robot_approval_s: float = Field(default=120.0, gt=0, le=3_600)
    robot_max_readers: int = Field(default=200, ge=1, le=10_000)
    robot_reader_timeout_s: float = Field(default=10.0, gt=0, le=300)
    robot_ping_s: float = Field(default=20.0, gt=0, le=300)
    robot_kept_runs: int = Field(default=20, ge=1, le=1_000)
    robot_kept_mb: float = Field(default=32.0, gt=0, le=1_024)

    # The ROS graph without ROS
    dds: bool = Field(default_factory=lambda: sys.version_info >= (3, 11))
    ros_domain_id: int = Field(
        default=0,
        ge=0,
        le=232,
        validation_alias=AliasChoices("LECTERN_ROS_DOMAIN_ID", "ROS_DOMAIN_ID"),
    )
    ros_localhost_only: bool | None = Field(
        default=None,
        validation_alias=AliasChoices("LECTERN_ROS_LOCALHOST_ONLY", "ROS_LOCALHOST_ONLY"),
    )
    dds_network: str = Field(default="", pattern=r"^[A-Za-z0-9_.:-]*$")  # empty: loopback
    dds_peers: tuple[str, ...] = Field(default=(), max_length=100)
    dds_network_commands: bool = False  # whether other machines may command the robot
    cyclonedds_uri: str = Field(
        default="", validation_alias=AliasChoices("LECTERN_CYCLONEDDS_URI", "CYCLONEDDS_URI")
    )

    # Bridge
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)  # 0: any free port
    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = Field(default=65_536, ge=1_024)
    workers: int = Field(default=4, ge=1, le=64)  # threads that answer questions
    max_waiting: int = Field(default=128, ge=1, le=10_000)  # questions queued before "overloaded"
    shutdown_timeout_s: float = Field(default=5.0, gt=0, le=300)

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"  # auto: console on a terminal

    # Sources
    max_source_mb: float = Field(default=32.0, gt=0, le=2_048)

    @field_validator("home", "book", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("ros_domain_id", "ros_localhost_only", mode="before")
    @classmethod
    def _unset_where_empty(cls, value: Any, info: ValidationInfo) -> Any:
        # ROS 2 takes an empty variable for one that is not set.
        default = cls.model_fields[str(info.field_name)].default
        return default if isinstance(value, str) and not value.strip() else value

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _no_wildcard(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in origins:
            raise ValueError("list the allowed origins; '*' would let any site use this bridge")
        return origins

    @property
    def generates(self) -> bool:
        """Tell whether answers are written by a model endpoint."""
        if self.answerer == "auto":
            return bool(self.openai_base_url or self.openai_api_key.get_secret_value())
        return self.answerer == "generative"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; keyword arguments that are not None win over everything else.

    Raises:
        SettingsError: A value cannot be used; the message names the setting and the remedy.
    """
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except UnreadableSetting as error:
        raise SettingsError(
            f"A setting cannot be read: {error}.",
            'Write lists as JSON, for example ["https://a.example"].',
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"The setting {name} cannot be used: {first['msg']}.",
            "Correct the flag, the environment variable or the line in .env.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The file .env of the current folder cannot be read: {error}.",
            "Correct it, or remove it.",
        ) from error
