"""What a learned router sees of a question: numbers that can be read, from which no question can be told back."""

from __future__ import annotations

import re
from math import log1p
from typing import Final

from retrieval.router.base import Asked
from retrieval.router.form import form_of
from retrieval.router.rules import says_more_than_the_image
from retrieval.router.small_talk import kind_of_talk

FEATURES: Final = (
    "length",
    "asks",
    "question_mark",
    "keywords",
    "symbols",
    "numbers",
    "medical",
    "long_words",
    "to_assistant",
    "about_asker",
    "talk",
    "names_something",
    "points",
    "image",
    "slide",
)
"""
length            log(1 + words) / 3
asks              a question mark, or a first word that asks or orders
question_mark     the mark alone
keywords          one to three words that do not ask
symbols           share of the words that are written like markers and genes
numbers           share of the words that hold a digit
medical           share of the words with an ending or a stem of medicine
long_words        share of the words with nine letters or more
to_assistant      you, your
about_asker       I, my, we, our
talk              small talk, a sum, a question about the assistant, as the rules tell it
names_something   words that say more than "what does this image show"
points            this, it, here: words that mean what is shown rather than name it, where an image is given
image, slide      what was handed over
"""

_MEDICAL: Final = re.compile(
    r".{2,}(?:omas?|itis|os[ei]s|a?emias?|ectomy|pathy|pathic|plasi[ac]|plastic|trophy|genesis|genic|ases?|cytes?|cytic"
    r"|ergic|mab|nib|statins?|uria|algia|scopy|scopic|graphy|otomy|olysis|blasts?|philic|toxic|toxicity)"
    r"|(?:cancer|tumou?r|cell|gene|genetic|protein|patient|disease|syndrome|receptor|clinic|therap|treatment|drug|dose|trial"
    r"|tissue|blood|immun|infect|surg|mutat|express|diagnos|prognos|biops|metasta|malignan|lesion|histo|patho|cardi|hepat"
    r"|renal|neuro|pulmon|diabet|vaccin|antibod|bacteri|vir(?:us|al)|inflamm|chronic|acute|risk|mortality|survival|kinase"
    r"|stain|marker|hormon|insulin|stem|dna|rna|mice|mouse|rat).*",
    re.IGNORECASE,
)
_YOU: Final = frozenset("you your yours yourself".split())
_I: Final = frozenset("i i'm me my mine we our us".split())
_POINTING: Final = frozenset("this these it its here shown seen attached".split())
_LONG: Final = 9


def features_of(asked: Asked) -> dict[str, float]:
    """Each feature by its name; most lie in 0..1."""
    form = form_of(asked.text)
    words = [word.replace("’", "'") for word in form.words]
    folded = [word.casefold() for word in words]
    shown = asked.has_image or asked.has_slide

    def share(count: int) -> float:
        return count / len(words) if words else 0.0

    return {
        "length": log1p(len(words)) / 3,
        "asks": float(form.asks),
        "question_mark": float("?" in asked.text),
        "keywords": float(form.keywords),
        "symbols": share(len(form.symbols)),
        "numbers": share(sum(any(c.isdigit() for c in word) for word in words)),
        "medical": share(sum(_MEDICAL.fullmatch(word) is not None for word in words)),
        "long_words": share(sum(len(word) >= _LONG for word in words)),
        "to_assistant": float(any(word in _YOU for word in folded)),
        "about_asker": float(any(word in _I for word in folded)),
        "talk": float(bool(kind_of_talk(asked.text))),
        "names_something": float(says_more_than_the_image(asked.text)),
        "points": float(shown and any(word in _POINTING for word in folded)),
        "image": float(asked.has_image),
        "slide": float(asked.has_slide),
    }
