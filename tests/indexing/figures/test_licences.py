"""Licences by one name each."""

from __future__ import annotations

import pytest

from indexing.figures.licences import creative_commons, licence_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CC BY", "CC BY"),
        ("cc-by-4.0", "CC BY"),
        ("CC BY 4.0", "CC BY"),
        ("CC BY-NC-ND", "CC BY-NC-ND"),
        ("CC_BY_NC_SA_3.0", "CC BY-NC-SA"),
        ("CC0", "CC0"),
        ("CC0 1.0", "CC0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC BY"),
        ("http://creativecommons.org/licenses/by-sa/3.0/igo/legalcode", "CC BY-SA"),
        ("creativecommons.org/licenses/by-nc-nd/4.0", "CC BY-NC-ND"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "PUBLIC DOMAIN"),
        ("Creative Commons Attribution-ShareAlike 4.0", "CC BY-SA"),
        ("tdm", "TDM"),
        (" Some  other terms ", "SOME OTHER TERMS"),
        ("", ""),
    ],
)
def test_a_licence_has_one_name(text: str, code: str) -> None:
    assert licence_code(text) == code


@pytest.mark.parametrize("text", ["TDM", "all rights reserved", "CC", "Creative Commons", "by"])
def test_what_names_no_creative_commons_licence(text: str) -> None:
    assert creative_commons(text) == ""
