from __future__ import annotations

import pytest

from bayesmix.errors import FamilyError
from bayesmix.families import FAMILIES, family
from bayesmix.families.registry import ELSEWHERE


@pytest.mark.parametrize("name", FAMILIES)
def test_found_by_name(name):
    assert family(name) is FAMILIES[name]
    assert family(FAMILIES[name]) is FAMILIES[name]


def test_brms_spells_two_of_them_small():
    assert family("gamma") is FAMILIES["Gamma"]
    assert family("beta") is FAMILIES["Beta"]


def test_links_of_several_parameters():
    found = family("student", link="log", link_sigma="identity", link_nu="identity")
    assert [d.link for d in found.dpars] == ["log", "identity", "identity"]
    assert family(found, link="inverse").dpar("sigma").link == "identity"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gausian", "There is no family 'gausian'. Did you mean 'gaussian'"),
        ("Poisson", "Did you mean 'poisson'"),
        ("normal", "Did you mean 'gaussian'"),
        ("negative_binomial", "Did you mean 'negbinomial'"),
        ("Negative Binomial", "Did you mean 'negbinomial'"),
        ("xyzzy", "There is no family 'xyzzy'. There is 'gaussian', 'student'"),
        (None, "not as NoneType"),
        (["poisson"], "not as list"),
    ],
)
def test_unknown_families(name, message):
    with pytest.raises(FamilyError, match=message):
        family(name)


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"link": "logti"}, "can't have the link 'logti'"),
        ({"link": "sqrt"}, "'mu' of family 'gaussian' can't have the link 'sqrt'"),
        ({"link": 3}, "can't have the link 3"),
        ({"sigma": "log"}, "no argument 'sigma'; for family 'gaussian' it takes 'link', 'link_si"),
        ({"link_nu": "log"}, "has no parameter 'nu'"),
    ],
)
def test_unknown_links(links, message):
    with pytest.raises(FamilyError, match=message):
        family("gaussian", **links)


def test_names_in_hints_are_of_the_right_kind():
    assert set(ELSEWHERE.values()) <= set(FAMILIES)
    assert not set(ELSEWHERE) & set(FAMILIES)
