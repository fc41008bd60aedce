"""What in a sentence speaks for, or against, its needing a citation: one pattern each, with its weight and its words.

A sentence claims something that others found when the weights of its cues, and BIAS, add up to more than zero. The
weights are set by hand, on the scale of log-odds, while looking at what they get wrong in abstracts of Evidence
Inference and PubMed and in claims of SciFact and HealthVer. Weights fitted to sections of abstracts learn above all
that the past tense is an own result, and lose aims and own work.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Cue(NamedTuple):
    name: str
    weight: float
    reason: str
    """As told to people: "It ..."."""
    pattern: re.Pattern[str]


def _cue(name: str, weight: float, reason: str, pattern: str, *, keep_case: bool = False) -> Cue:
    return Cue(name, weight, reason, re.compile(pattern, re.VERBOSE | (0 if keep_case else re.IGNORECASE)))


_OWN_WORK = r"""(?:our|this|these|the\s(?:present|current)|present)
    \s(?:\w+[\s-]){0,3}?(?:stud(?:y|ies)|trial|work|paper|article|review|report|analys[ie]s|series|cohort|experiments?
    |results?|findings?|data|patients?|cases?|observations?|institutions?|laborator(?:y|ies)|department|group|survey
    |investigation|approach|models?|methods?|population|sample)\b"""

CUES: Final = (
    _cue(
        "other_studies",
        4.0,
        "tells what other studies found",
        r"""\b(?:(?:previous|prior|earlier|recent|several|many|numerous|other|some|most|various|multiple|few|past
        |published|epidemiologic(?:al)?|clinical|animal|experimental|observational|randomi[sz]ed)
        \s(?:\w+[\s-]){0,3}?(?:stud(?:y|ies)|reports?|trials?|authors|investigators|researchers|groups|meta-analys[ei]s
        |reviews|series|work|data|evidence|literature|findings)\b
        (?!\s(?:are|is|were|will\sbe)\s(?:needed|required|warranted|necessary))
        |(?:it\s)?(?:has|have)\s(?:\w+ly\s|also\s)?been\s(?:\w+ly\s)?(?:shown|reported|demonstrated|described|suggested
        |proposed|implicated|associated|linked|established|found|observed|identified|documented|used|recogni[sz]ed)
        |(?:is|are)\s(?:well[\s-])?(?:known|established|believed|thought|recogni[sz]ed|considered|reported)
        |(?:studies|evidence|research|investigators|authors|meta-analys[ei]s|literature)\s(?:\w+ly\s)?(?:ha(?:s|ve)\s
        |from\s[\w\s]{1,30})?(?:shown?|shows|suggests?|suggested|indicates?|reported|demonstrates?|demonstrated|found)
        |according\sto\s(?!the\s(?:protocol|manufacturer)|our)|et\sal\b)""",
    ),
    _cue(
        "prevalence",
        1.6,
        "says how common something is",
        r"""\b(?:prevalen(?:ce|t)|inciden(?:ce|t)|(?:most|more|less|very|second|third)\s(?:\w+\s)?common|common(?:ly)?
        |leading\scauses?|major\s(?:cause|health|public|problem)|epidemic|worldwide|globally|annually|each\syear|per\syear
        |one\sin\s\w+|\d+\sin\s\d+|accounts?\sfor|estimated|affects?|million|billion|per\s1[0,\s]*\b|burden|frequent(?:ly)?
        |rare(?:ly)?|(?:high|increased|low)\s(?:morbidity|mortality)|increasing(?:ly)?)\b""",
    ),
    _cue(
        "causal",
        0.7,
        "says what causes, changes or predicts something",
        r"""\b(?:caus(?:e|es|ed|ing)|leads?\sto|led\sto|induc(?:e|es|ed|ing)|inhibit(?:s|ed|ing)?|promot(?:e|es|ed|ing)
        |results?\sin|resulted\sin|(?:is|are|was|were|be)\s(?:\w+ly\s)?(?:associated|correlated|linked)\swith
        |risk\s(?:factors?\s)?(?:of|for)|due\sto|mediat(?:e|es|ed)|prevents?|prevented|predict(?:s|ed|or|ors)?
        |contribut(?:e|es|ed|ing)\sto|activat(?:e|es|ed|ing)|regulat(?:e|es|ed|ing)|suppress(?:es|ed)?|drives?|triggers?
        |plays?\s(?:an?\s)?(?:\w+\s){0,2}role|impairs?|reduc(?:es|ing)|increases|improves|decreases|enhances?
        |protects?|required\sfor|essential\sfor|confers?|effective(?:ness)?)\b""",
    ),
    _cue(
        "comparison",
        0.4,
        "compares",
        r"""\b(?:(?:more|less|higher|lower|greater|better|worse|fewer|longer|shorter|larger|smaller|earlier|older|younger)
        \b[^.;]{0,80}?\bthan|compared\s(?:with|to)|superior\sto|inferior\sto|non-?inferior|versus|vs\b|no\sdifference
        |differs?\sfrom|as\s\w+\sas|twice|-?fold)""",
    ),
    _cue("number", 0.5, "gives a number", r"\d"),
    _cue(
        "present",
        1.5,
        "states as a fact what holds in general",
        r"""\b(?:is|are|has|have|can|cannot|could|may|might|does|do|remains?|plays?|occurs?|requires?|represents?|includes?|provides?|exists?
        |causes?|leads?|increases|reduces|inhibits?|induces?|promotes?|regulates?|suffers?|encodes?|binds?|depends?
        |expresses|contains?|forms?|involves?|arises?|develops?|constitutes?|improves|affects|decreases|contributes?
        |becomes?|comprises?|lacks?|carr(?:y|ies)|shows?|mediates?|drives|activates?|results\sin|correlates?)\b""",
    ),
    _cue(
        "gap",
        1.6,
        "says what is not known or is disputed",
        r"""\b(?:unknown|unclear|controvers\w+|(?:little|less|not\smuch)\s(?:\w+\s)?(?:is|information|evidence|data)
        |(?:few|no)\s(?:\w+\s){0,2}(?:stud(?:y|ies)|trials?|data|evidence)|lack(?:s|ing)?\sof|limited
        |not\s(?:\w+ly\s)?(?:been\s)?(?:well\s)?(?:understood|known|established|studied|investigated|clear)
        |poorly\sunderstood|conflicting|inconsistent|inconclusive|debated?)\b""",
    ),
    _cue(
        "contrast",
        0.9,
        "sets one thing that is known against another",
        r"^(?:however|although|despite|while|whereas|in\scontrast|nevertheless|since|because|moreover|furthermore)\b",
    ),
    _cue(
        "aim",
        -3.0,
        "says what was asked, not what is known",
        r"""\b(?:aim(?:s|ed)?|objectives?|purposes?|goals?|hypothes[ie][sz]?e?d?|sought|intend(?:s|ed)?
        |(?:we|study|trial|paper|review|article|work)\s(?:\w+\s){0,3}?(?:investigat|evaluat|assess|examin|compar|determin
        |explor|test|stud[iy]|address|describ|present|discuss|summari[sz]|review)(?:e[sd]?|s|ed|ied|ies|y)?\b)
        |^(?:\(?\d\)?\s)?to\s(?:\w+ly\s)?(?:investigate|evaluate|assess|examine|compare|determine|explore|test|study
        |describe|identify|establish|find|analy[sz]e|report|review|characteri[sz]e|quantify|measure|develop)\b
        |\b(?:was|were)\sto\s\w+|\bwhether\b""",
    ),
    _cue(
        "own",
        -2.0,
        "tells of the authors' own work",
        rf"""\b(?:we|ours?|us|(?:the|this|present|current)\sauthors?)\b|\b{_OWN_WORK}|\b(?:here|herein)\b
        |\b(?:in|from|at)\s(?:our|this|the\spresent|the\scurrent)\b""",
    ),
    _cue(
        "method",
        -1.8,
        "describes what was done",
        r"""\b(?:(?:was|were|been|will\sbe)\s(?:\w+ly\s|then\s|also\s|all\s){0,2}(?:perform|conduct|carried|measur|assess
        |evaluat|randomi[sz]|recruit|enrol|includ|exclud|collect|obtain|analy[sz]|stain|assign|allocat|treat|administer
        |record|monitor|calculat|determin|examin|investigat|compar|review|retriev|used|given|divided|select|screen|tested
        |follow|defined|invited|interview|incubat|cultur|extract|sequenc|transfect|purchas|prepar|taken|done|computed
        |identified|asked|received|classified|graded|scored|sampled|studied)\w*
        |received|underwent|participated|completed|using|questionnaires?|end\s?points?|outcomes?\s(?:measures?|were|was)
        |design|(?:prospective|retrospective|randomi[sz]ed|controlled|cross-sectional|multicent(?:er|re))\b[\w\s-]{0,60}?\s(?:study|trial|series|analysis|review)\.?$|double-blind|open-label|placebo-controlled|protocol|inclusion\scriteria|follow(?:ed)?[\s-]up
        |(?:n|N)\s?=\s?\d+|registered|approved\sby|informed\sconsent|SPSS|ANOVA|t-test|chi-square|regression)\b""",
    ),
    _cue(
        "statistics",
        -2.2,
        "gives the statistics of a result",
        r"""(?:\bp\s?[<>=≤≥]\s?0?[.·]\d|\bp\s?(?:value)?\s?[<>=≤≥]|\d\s?%\s?(?:CI|confidence)|\bconfidence\sinterval
        |\bC\.?I\.?\b|±|\bs\.?d\.?\b|\bstandard\sdeviation|\b[aO]?OR\s?[=:]|\bHR\s?[=:]|\bIQR\b|\bn\s?=
        |\b(?:not\s)?(?:statistically\s)?significant(?:ly)?\b|\brespectively\b|\bbaseline\b|\bgroups?\b|\barms?\b)""",
    ),
    _cue(
        "past",
        -1.6,
        "tells in the past tense what happened once",
        r"""\b(?:was|were|had|did|showed|found|revealed|increased|decreased|improved|reduced|occurred|remained|demonstrated
        |resulted|observed|differed|achieved|reported|died|experienced|led|became|changed|exhibited|declined|reached)\b""",
    ),
    _cue(
        "future",
        -3.0,
        "says what will, or should, be done",
        r"""\b(?:will\b|should\b|(?:further|future|more|larger|additional)\s(?:\w+\s){0,3}?(?:stud(?:y|ies)|research|trials?
        |work|investigations?)|warranted|(?:are|is)\s(?:needed|required|necessary)|recommend(?:s|ed)?|must\b)""",
    ),
    _cue(
        "structure",
        -6.0,
        "tells how the text goes on",
        r"""\b(?:(?:as\s)?(?:described|discussed|mentioned|shown|noted|outlined|detailed)\s(?:above|below|earlier|later
        |elsewhere\sin|in\s(?:section|the\s(?:next|following|previous)))|(?:next|following|previous|remaining)
        \s(?:sections?|chapters?|paragraphs?|pages)|remainder\sof\s(?:this|the)|is\sorgani[sz]ed\sas\sfollows
        |(?:sections?|chapters?)\s\d+|see\s(?:below|above)|hereafter|hereinafter|in\swhat\sfollows|let\sus\b)""",
    ),
    _cue(
        "figure",
        -4.0,
        "points at a figure or table of the text itself",
        r"\b(?:Fig(?:ure|s|ures)?\b\.?|Tables?|Supplementa(?:ry|l)|Appendix|Panels?)\s?(?:[A-Z]?\d|[A-Z]\b|[IVX]+\b)",
    ),
    _cue(
        "definition",
        -4.0,
        "defines a word for this text",
        r"""\b(?:we|is|are|was|were|be)\s(?:\w+ly\s|here\s)?(?:defined?|denoted?|abbreviated)\b(?!\sby\s(?:the\s)?WHO)
        |\babbreviations?\s?:|\brefers?\sto\b.{0,60}\b(?:in\sthis|here|hereafter)\b|\b(?:the\sterm|we\suse)\b.{0,80}\bto
        \s(?:mean|denote|refer)""",
    ),
    _cue(
        "back_matter",
        -8.0,
        "is no claim: thanks, funding, ethics, rights or registration",
        r"""(?:©|\bcopyright|\ball\srights\sreserved|\bthe\sauthors?\s(?:declare|thank|acknowledge|have\sno|report\sno)
        |\bwe\s(?:thank|acknowledge|are\s(?:grateful|indebted))|\b(?:supported|funded)\sby\s(?:a\s|the\s)?(?:grants?|\w+
        \s(?:foundation|institutes?|council|inc))|\bconflicts?\sof\sinterests?|\bcompeting\sinterests?|\bNCT\d{4}|\bISRCTN
        |\btrial\sregistration|\bethics\scommittee|\binstitutional\sreview\sboard|\binformed\sconsent|\bdata\savailability)
        """,
    ),
)
BIAS: Final = 0.4
"""What a sentence without any cue has: stated plainly, in a draft, it needs a source."""
