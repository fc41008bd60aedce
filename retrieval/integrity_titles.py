"""What publishers print before a title: "RETRACTED:", "[Retracted]", "WITHDRAWN:", "Corrigendum to ...".

Only what is unmistakable counts: "Retraction of the tympanic membrane" is about an ear, "Withdrawn patients" about a
trial, and "Correction of astigmatism" about an eye.
"""

from __future__ import annotations

import re
from typing import Final

from retrieval.records import IntegrityStatus

# Every pattern below begins with one of these words; this one look spares nearly all titles the rest.
_FIRST_WORD: Final = re.compile(
    r"[\[(*\s]*(?:retract|withdraw|remov|temporary|partial|notice|statement|editor|expression|errat|corrig|correct"
    r"|author|publisher)",
    re.IGNORECASE,
)
_END: Final = r"\W*$"
# What follows a word that only notices use, and what must follow one that prose uses as well.
_TO_PAPER: Final = rf"(?:\s*[:–—]|\s+(?:to|for)\b|{_END})"
_COLON: Final = rf"(?:\s*:|\s+(?:to|for)\s*[:\"'“‘]|{_END})"

# In order of trial. A title in capitals is a publisher's mark where the same word in small letters may be prose.
_PREFIXES: Final = tuple(
    (re.compile(pattern), status)
    for pattern, status in (
        (
            r"(?i:[\[(*]\s*retracted(?:\s+(?:article|paper|chapter))?\s*[\])*])"
            r"|(?i:retracted(?:\s+(?:article|paper|chapter))?(?:\s+and\s+(?:republished|replaced))?\s*:)",
            IntegrityStatus.RETRACTED,
        ),
        (
            r"(?:TEMPORARY\s+REMOVAL|WITHDRAWN|REMOVED)(?:\s+ARTICLE)?\s*:"
            r"|(?i:[\[(*]\s*withdrawn(?:\s+article)?\s*[\])*])"
            r"|(?i:(?:withdrawn|removed)\s+article\s*:)",
            IntegrityStatus.WITHDRAWN,
        ),
        (
            # A partial retraction is an erratum to NLM.
            rf"(?i:partial\s+retraction){_COLON}",
            IntegrityStatus.ERRATUM_NOTICE,
        ),
        (
            rf"(?i:retraction(?:\s+(?:note|notice|statement)){_TO_PAPER})"
            rf"|(?i:(?:notice|statement)\s+of\s+(?:retraction|withdrawal)\b)"
            rf"|(?i:(?:editorial\s+)?retraction{_COLON})"
            rf"|(?i:withdrawal\s+(?:note|notice|statement){_TO_PAPER})",
            IntegrityStatus.RETRACTION_NOTICE,
        ),
        (
            r"(?i:[\[(*]?\s*(?:(?:editor(?:ial|['’]?s)?|publisher(?:['’]?s)?)(?:\s+note)?\s*:?\s+)?"
            rf"expression\s+of\s+concern\s*(?:[\])*]|\s+to\b|{_COLON}))"
            rf"|(?i:notice\s+of\s+concern{_COLON})",
            IntegrityStatus.CONCERN_NOTICE,
        ),
        (
            rf"(?i:(?:erratum|errata|corrigendum|corrigenda){_TO_PAPER})"
            rf"|(?i:(?:(?:author|publisher)(?:['’]?s)?\s+)?correction{_COLON})",
            IntegrityStatus.ERRATUM_NOTICE,
        ),
    )
)


def marked_by_title(title: str) -> IntegrityStatus | None:
    """What the beginning of a title says of the record; None where it says nothing, or nothing for certain."""
    if not _FIRST_WORD.match(title):
        return None
    text = title.strip()
    return next((status for pattern, status in _PREFIXES if pattern.match(text)), None)
