"""Made-up biomedical prose: words from a vocabulary of thousands, the common ones common, as in real abstracts."""

from __future__ import annotations

import random
from functools import cache
from itertools import accumulate, islice, product

_FREQUENT = (
    "the of and in to a with for was were by that is on we patients from as an this between or at study are results be "
    "after these not cells group using than may had treatment clinical which who cases during expression both all also "
    "analysis compared associated tumor tissue cancer increased levels significantly more disease its used one two data"
).split()
_BEGINNINGS = (
    "adeno angio arthro broncho cardio chondro cyto dermato derma encephalo entero erythro fibro gastro glio haemato "
    "hepato histo immuno kerato laryngo leuko lipo lympho melano meningo myelo myo nephro neuro oligo osteo pneumo "
    "procto pyelo retino sarco sclero spleno thrombo uro vaso"
).split()
_MIDDLES = (
    " blast carcin cyt fibr gen glyc graph kin lys metr necr phil phos plas plast scler som thel trop vascul".split(" ")
)
_ENDS = (
    "aemia al algia ation ectasia ectomy genesis ic ically ide in itis lysis megaly oma opathy ose osis otic ous "
    "pathy penia plasty protein scopy statin therapy trophy ular"
).split()
_VOCABULARY = 6_000
_STREAM = 1 << 19


@cache
def vocabulary() -> tuple[str, ...]:
    """From the most frequent word to the rarest."""
    dice = random.Random(1)
    made = list(dict.fromkeys(b.removesuffix("o") + m + e for b, m, e in product(_BEGINNINGS, _MIDDLES, _ENDS)))
    dice.shuffle(made)
    return (*_FREQUENT, *islice(made, _VOCABULARY - len(_FREQUENT)))


@cache
def _stream() -> tuple[str, ...]:
    """Half a million words drawn after Zipf's law; sentences are cut from it, which costs less than drawing them."""
    words = vocabulary()
    weights = tuple(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    return tuple(random.Random(2).choices(words, cum_weights=weights, k=_STREAM))


def sentence(dice: random.Random, least: int, most: int) -> str:
    """Of `least` to `most` words; every third one with a figure or a name that hardly any other text has."""
    words = _stream()
    start = int(dice.random() * (_STREAM - most))
    text = " ".join(words[start : start + least + int(dice.random() * (most - least + 1))])
    kind = int(dice.random() * 9)
    if kind == 0:
        text += f" (p < 0.{int(dice.random() * 1000):03})"
    elif kind == 1:
        number = int(dice.random() * 17_576)
        text += f" {chr(65 + number // 676)}{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}{number % 37}"
    elif kind == 2:
        text += f" in {dice.random() * 100:.1f}%"
    return f"{text[0].upper()}{text[1:]}."


def paragraph(dice: random.Random, sentences: int) -> str:
    return " ".join([sentence(dice, 14, 24) for _ in range(sentences)])
