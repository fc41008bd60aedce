"""Every error that pathlit raises on purpose.

    PathlitError
    ├── InputError              the caller handed over something unusable        (exit 2, HTTP 422)
    │   ├── MalformedFileError  a file that cannot be read to its end
    │   ├── RecordError         one record that cannot be used; counted, the rest is kept
    │   └── ImageError          an image that is none, is damaged, or shows nothing to search by
    ├── ArticleNotFoundError    no such PMID in this generation                  (exit 1, HTTP 404)
    ├── ConfigurationError      a setting, a missing package, a missing model    (exit 2, HTTP 500)
    ├── SourceError             a remote source failed or answered nonsense      (exit 4, HTTP 502)
    ├── BusyError               another run is at work in the same folder        (exit 5, HTTP 503)
    ├── GateError               a refresh held back: its result looks wrong      (exit 1, HTTP 503)
    ├── OutOfTimeError          a reranker's time was up; the search goes on without it (exit 1, HTTP 503)
    ├── CatalogError            the catalog cannot be opened or written          (exit 3, HTTP 503)
    └── GenerationError         an index generation cannot be used               (exit 3, HTTP 503)
        ├── NotPublishedError   nothing has been published yet
        ├── IncompatibleError   built with another encoder, analyzer or format
        ├── UnavailableError    the cluster that holds the index does not answer, or not all of it
        └── VerificationError   a new generation failed its checks; nothing was published

A message says what went wrong, which value, and what to do. Third-party errors are translated where they enter,
with `raise ... from exc`.
"""

from __future__ import annotations


class PathlitError(Exception):
    """Base of the tree. `code` names the kind for programs, `exit_code` is what the command line returns."""

    code = "error"
    exit_code = 1


class InputError(PathlitError):
    code = "invalid_input"
    exit_code = 2


class MalformedFileError(InputError):
    """A file that cannot be read to its end; says file, line and how many records came before."""

    code = "malformed_file"

    def __init__(self, source: str, line: int, records_before: int, reason: str) -> None:
        self.source, self.line, self.records_before, self.reason = source, line, records_before, reason
        super().__init__(f"{source}, line {line}: {reason} ({records_before:,} records were read before it)")


class RecordError(InputError):
    """One record that cannot be used. `identifier` is its PMID or, without one, its place in the source."""

    code = "rejected_record"

    def __init__(self, source: str, identifier: str, reason: str) -> None:
        self.source, self.identifier, self.reason = source, identifier, reason
        super().__init__(f"{source}, record {identifier}: {reason}")


class ImageError(InputError):
    """An image that cannot be searched by. `kind` says why in one word, `measure` is the number that decided."""

    code = "unusable_image"

    def __init__(self, kind: str, message: str, *, measure: float | None = None) -> None:
        self.kind, self.measure = kind, measure
        super().__init__(message)


class ArticleNotFoundError(PathlitError):
    code = "article_not_found"


class ConfigurationError(PathlitError):
    code = "configuration"
    exit_code = 2


class SourceError(PathlitError):
    code = "source_failed"
    exit_code = 4


class BusyError(PathlitError):
    code = "busy"
    exit_code = 5


class GateError(PathlitError):
    code = "held_back"


class OutOfTimeError(PathlitError):
    code = "out_of_time"


class CatalogError(PathlitError):
    code = "catalog"
    exit_code = 3


class GenerationError(PathlitError):
    code = "generation"
    exit_code = 3


class NotPublishedError(GenerationError):
    code = "not_published"


class IncompatibleError(GenerationError):
    code = "incompatible_generation"


class UnavailableError(GenerationError):
    code = "index_unavailable"


class VerificationError(GenerationError):
    code = "verification_failed"
