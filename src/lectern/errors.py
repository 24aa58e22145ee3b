"""Every error Lectern raises on purpose, each with a stable code and a remedy.

Faces translate these into exit codes, HTTP problem details and ROS error codes; nothing else
decides what a failure is called.
"""

# ruff: noqa: N818 (IndexCorrupt says all that IndexCorruptError would)

from __future__ import annotations

from typing import ClassVar


class LecternError(Exception):
    """Base of all named errors.

    Attributes:
        code: Stable identifier that programs may rely on.
        status: The HTTP status that fits the error best.
        detail: One sentence that names the input and what is wrong with it.
        remedy: One sentence that says what to do; empty where nothing can be done.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


class InvalidInput(LecternError):
    """The caller's input cannot be used as it is."""

    code = "invalid_input"
    status = 422


class QuestionTooLong(InvalidInput):
    """The question has more characters than the limit."""

    code = "question_too_long"
    status = 413


class SettingsError(LecternError):
    """A setting has a value that cannot be used."""

    code = "settings_invalid"
    status = 500


class PassageNotFound(LecternError):
    """No passage has this identifier."""

    code = "passage_not_found"
    status = 404


class SourceUnreadable(LecternError):
    """One source file cannot be read as what it claims to be."""

    code = "source_unreadable"
    status = 422


class IndexMissing(LecternError):
    """Nothing has been ingested into this collection yet."""

    code = "index_missing"
    status = 503


class IndexCorrupt(LecternError):
    """The index folder exists and cannot be read."""

    code = "index_corrupt"
    status = 503


class IndexMismatch(LecternError):
    """The index was made with another embedding model or another format."""

    code = "index_mismatch"
    status = 503


class IndexBusy(LecternError):
    """Another process is writing to this collection."""

    code = "index_busy"
    status = 503


class StorageFull(LecternError):
    """The disk has no room for what had to be written."""

    code = "storage_full"
    status = 507


class StorageReadOnly(LecternError):
    """A folder that had to be written to refuses it."""

    code = "storage_read_only"
    status = 507


class ModelMissing(LecternError):
    """The embedding model is not installed."""

    code = "model_missing"
    status = 503


class ModelCorrupt(LecternError):
    """The embedding model's files are not the ones that were published."""

    code = "model_corrupt"
    status = 503


class EndpointUnavailable(LecternError):
    """The configured model endpoint did not answer, or answered with an error."""

    code = "endpoint_unavailable"
    status = 502


class BudgetExceeded(LecternError):
    """The request would spend more than the configured token or cost limit."""

    code = "budget_exceeded"
    status = 429


class Overloaded(LecternError):
    """More is waiting than the service takes."""

    code = "overloaded"
    status = 503


class AddressUnavailable(LecternError):
    """The bridge cannot listen where it was told to."""

    code = "address_unavailable"
    status = 500


class BodyTooLarge(InvalidInput):
    """The request body has more bytes than the limit."""

    code = "body_too_large"
    status = 413


class HostNotAllowed(LecternError):
    """The request names a host that this bridge does not answer for."""

    code = "host_not_allowed"
    status = 421


class OriginNotAllowed(LecternError):
    """Another site's page sent the request."""

    code = "origin_not_allowed"
    status = 403


class StreamExpired(LecternError):
    """The stream to be taken up again is unknown or no longer kept."""

    code = "stream_expired"
    status = 410


class AnswerTooLong(LecternError):
    """An answer grew beyond what a stream keeps."""

    code = "answer_too_long"
    status = 502


class ShuttingDown(LecternError):
    """The bridge is about to stop and takes nothing new."""

    code = "shutting_down"
    status = 503
