"""UK spellings to US ones, for matching only; what people read is never changed.

The rules name the stems of medical and common English in which the two differ. A rule may touch a word that is no
UK spelling; since questions and articles pass the same rules, that merely makes two spellings meet.
"""

from __future__ import annotations

import re

# Stem as written in the UK -> in the US. Matched at the start of a word.
_BEGINNINGS = {
    "aetio": "etio", "anaem": "anem", "anaesth": "anesth", "analyse": "analyze", "analysing": "analyzing",
    "apnoea": "apnea", "artefact": "artifact", "caec": "cec", "caesar": "cesar", "catalogue": "catalog",
    "catalyse": "catalyze", "centre": "center", "coeliac": "celiac", "coeliot": "celiot", "coelom": "celom",
    "diarrhoe": "diarrhe", "dialyse": "dialyze", "dyspnoe": "dyspne", "defence": "defense",
    "faec": "fec", "fibre": "fiber", "foet": "fet", "gonorrhoe": "gonorrhe", "goitre": "goiter", "grey": "gray",
    "gynaec": "gynec", "haem": "hem", "hydrolyse": "hydrolyze", "licence": "license", "litre": "liter",
    "manoeuv": "maneuv", "metre": "meter", "mould": "mold", "naev": "nev", "oedem": "edem", "oesoph": "esoph",
    "oestr": "estr", "offence": "offense", "ageing": "aging", "orthopaed": "orthoped", "paed": "ped",
    "palaeo": "paleo", "paralyse": "paralyze", "plough": "plow", "practise": "practice",
    "sceptic": "skeptic", "sulph": "sulf", "titre": "titer", "fulfill": "fulfil", "instill": "instil",
}  # fmt: skip
# Anywhere in a word: these stems stand behind prefixes (lymphoedema, hyperaemia, bacteraemia, microcentre).
_INSIDE = {
    "aemi": "emi", "aemat": "emat", "aesthe": "esthe", "anaem": "anem", "aetio": "etio", "caec": "cec",
    "faec": "fec", "haem": "hem", "gynaec": "gynec", "oedem": "edem", "oesoph": "esoph",
    "oestr": "estr", "paed": "ped", "pnoea": "pnea", "rrhoe": "rrhe", "sulph": "sulf", "leucocyt": "leukocyt",
    "leucaem": "leukem", "thalassaem": "thalassem", "homoeo": "homeo", "phaeo": "pheo", "archae": "arche",
}  # fmt: skip
_OUR = "arb arm behavi ard col clam fav fl glam harb hon hum lab neighb od parl rum sav splend tum vap vig val ranc end"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # -our: named stems only, so that hour, four, pour, contour and your stay.
    (re.compile(rf"\b(|mis|dis|un|non|micro|pseudo)({'|'.join(_OUR.split())})our(?!i?ee)"), r"\1\2or"),
    # -ise, -yse and their forms, where enough word stands before them (not rise, wise, noise, raise, disease).
    (re.compile(r"(?<=[a-z]{3}[bcdfgklmnprtv])is(e|ed|es|er|ers|ing|ation|ations|ational)$"), r"iz\1"),
    (re.compile(r"(?<=[a-z]l)ys(e|ed|es|er|ers|ing)$"), r"yz\1"),
    (re.compile(r"^programmes?$"), "program"),
    # Doubled l before an ending: labelled, signalling, tunnelled.
    (re.compile(r"(?<=[aeiou]b|nn|gn)(el|al)l(ed|ing)$"), r"\1\2"),
)
# Most words hold none of these and are done at once.
_HINT = re.compile(r"[ao]e|our|[iy]s[eia]|l(?:ed|ing)$|ll|re|mm|ph|cyt|grey|mould|plough|ence|gue|arte|agein|scep")
_BEGINNING = re.compile("|".join(sorted(_BEGINNINGS, key=len, reverse=True)))
_WITHIN = re.compile("|".join(sorted(_INSIDE, key=len, reverse=True)))
# Words in which -ise is not the UK form of -ize.
_KEPT_ISE = re.compile(
    r"(?:adv|appr|comprom|concis|dev|disgu|enterpr|exerc|exc|expert|franch|improv|inc|merchand|otherw|prec|prem|"
    r"prom|rev|superv|surpr|telev|compr|circumc|likew|clockw)is(?:e|ed|es|er|ers|ing)$"
)


def american(word: str) -> str:
    """The US spelling of a lower-case word; any other word unchanged."""
    if not _HINT.search(word):
        return word
    if match := _BEGINNING.match(word):
        word = _BEGINNINGS[match.group()] + word[match.end() :]
    word = _WITHIN.sub(lambda m: _INSIDE[m.group()], word)
    kept = _KEPT_ISE.search(word) is not None
    for index, (pattern, replacement) in enumerate(_RULES):
        if not (kept and index == 1):
            word = pattern.sub(replacement, word)
    return word


def rules() -> str:
    """All tables and patterns as one text: another one may make other words of the same."""
    patterns = [(pattern.pattern, replacement) for pattern, replacement in _RULES]
    return repr((sorted(_BEGINNINGS.items()), sorted(_INSIDE.items()), patterns, _HINT.pattern, _KEPT_ISE.pattern))
