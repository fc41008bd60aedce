"""Texts that no literature answers: greetings, thanks, sums, questions about the assistant, requests of other kinds.

Only a text that is nothing else counts: "Hello, which stain shows amyloid?" asks of the literature.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 200
"""Characters; longer texts say more than that."""


def _any(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


_GREETING: Final = (
    _any(
        "hi",
        "hello",
        "hey",
        "hallo",
        "howdy",
        "greetings",
        "good (?:morning|afternoon|evening|day|night)",
        "how are you(?: doing)?(?: today)?",
        "how do you do",
        "how is it going",
        "what's up",
        "nice to meet you",
        "bye(?: bye)?",
        "goodbye",
        "see you(?: later| soon| tomorrow)?",
    )
    + _any(" there", " again", " everyone", " everybody", " all", " today", " pathlit", " assistant")
    + "{0,2}"
)
_THANKS: Final = _any(
    "ok(?:ay)?",
    "great",
    "perfect",
    "wonderful",
    "excellent",
    "nice",
    "cool",
    "super",
    "fine",
    "good",
    "well done",
    "good job",
    "got it",
    "i see",
    "understood",
    "all ?right",
    "yes",
    "no",
    "sure",
    "please",
    "sorry",
    "never ?mind",
    "that(?:'s| is) all",
    "that (?:was|is) (?:very )?(?:helpful|useful|great)",
    "(?:many |a lot of )?thank(?:s| you)(?: so much| very much| a lot| again)?(?: for (?:all )?(?:the|your) \\w+)?",
    "much appreciated",
    "cheers",
    "you(?:'re| are) (?:right|welcome)",
)
_COURTESIES: Final = re.compile(rf"(?:{_any(_GREETING, _THANKS)}(?![\w'-])[\s,.;:!?)…]*)+", re.IGNORECASE)

_ASKS: Final = _any("what(?:'s| is)", "how much is", "(?:please )?(?:calculate|compute)")
_NUMBER: Final = r"[-+(\s]*\d[\d.,]*[)\s]*"
_SUM: Final = re.compile(
    rf"(?:{_ASKS} )?{_NUMBER}"
    rf"(?:(?:\*\*|[-+*/^×÷]|plus|minus|times|divided by|to the power of|% of|percent of){_NUMBER})+[=?.!\s]*",
    re.IGNORECASE,
)
_ROOT: Final = re.compile(
    rf"{_ASKS} (?:the )?(?:square root|cube root|logarithm|square|half|double) of {_NUMBER}[?.!]*", re.IGNORECASE
)
_CONVERSION: Final = re.compile(
    rf"(?:please )?(?:convert {_NUMBER}[\w°]+ (?:in)?to [\w° ]+"
    rf"|how many \w+ (?:is|are)(?: there)?(?: in)? {_NUMBER}[\w°]+)[?.!]*",
    re.IGNORECASE,
)
_YEARS: Final = re.compile(r"\d{4}\s*-\s*\d{2,4}")

_ABOUT: Final = re.compile(
    "(?:please )?(?:(?:tell me|explain|describe) )?"
    + _any(
        "(?:who|what) (?:exactly )?are you",
        "what(?:'s| is) your (?:name|purpose|version|job|knowledge cutoff)",
        "who (?:made|built|created|trained|developed|wrote) you",
        r"(?:what|how) (?:can|do|could) you (?:do|work|help)(?: \w+){0,4}",
        r"(?:what|which) (?:languages?|files?|formats?|models?|version|sources?|databases?) (?:can|do|are|did) you"
        r"(?: \w+){0,6}",
        r"(?:what|which) (?:model|version) are you(?: \w+){0,3}",
        "are you (?:an? )?(?:real )?(?:ai|bot|robot|human|person|doctor|machine|computer|program|language model)",
        r"(?:can|could|will) you (?:help(?: me)?|speak \w+|understand \w+|remember(?: \w+){1,4})",
        r"do you (?:speak|understand|remember|store|keep|save|log|share|sleep|have (?:a name|feelings))(?: \w+){0,6}",
        "how (?:old|smart|accurate|reliable) are you",
        "(?:something )?about yourself",
        "(?:i need )?help(?: me)?",
        "can i trust you",
    ),
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(
    "(?:(?:can|could|would) you )?(?:please )?"
    + _any(
        r"(?:tell|give) me (?:a|another|one|some) (?:joke|jokes|story|riddle|fun fact)(?: about \w+)?",
        r"(?:write|compose) (?:me )?(?:an? |the )?(?:\w+ )?(?:poem|haiku|song|story|limerick|e-?mail|letter)\b.*",
        r"what(?:'s| is) the (?:weather|time|date)\b.*",
        r"what (?:time|day|date|year) is it\b.*",
        r"(?:will it|is it going to) rain\b.*",
        r"(?:remind|wake) me\b.*",
        r"set (?:an? |the )?(?:alarm|timer|reminder)\b.*",
        r"translate\b.* (?:in)?to \w+",
        r"(?:say|repeat|rephrase|shorten|rewrite) (?:that|this|it|your (?:last )?(?:answer|reply))\b.*",
        r"(?:play|recommend|book|order) (?:me )?(?:a |some )?(?:music|song|movie|film|table|flight|hotel|pizza)\b.*",
    ),
    re.IGNORECASE,
)


def kind_of_talk(text: str) -> str:
    """What it is, in words that complete "This is ..."; empty for a text that may ask of the literature."""
    if len(text) > _LONGEST:
        return ""
    text = " ".join(text.replace("’", "'").split())
    courtesies = _COURTESIES.match(text)
    rest = text[courtesies.end() :].strip() if courtesies else text
    if courtesies and not rest:
        return "a greeting or a courtesy"
    if not _YEARS.fullmatch(rest) and any(form.fullmatch(rest) for form in (_SUM, _ROOT, _CONVERSION)):
        return "a sum or a conversion"
    bare = rest.rstrip(" ?!.")
    if _ABOUT.fullmatch(bare):
        return "a question about the assistant"
    if _ASIDE.fullmatch(bare):
        return "a request that has nothing to do with literature"
    return ""
