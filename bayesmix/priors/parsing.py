"""From the text of a prior to its distribution."""

from __future__ import annotations

import re
from typing import Any

from bayesmix.errors import PriorError, did_you_mean, listed
from bayesmix.priors.distributions import FLAT, Distribution, signature
from bayesmix.priors.laws import DISTRIBUTIONS
from bayesmix.priors.shrinkage import SHRINKAGES, Shrinkage

__all__ = ["parse_distribution"]

_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(((?:[^()]|c\s*\([^()]*\))*)\)")
_VECTOR = re.compile(r"c\s*\(([^()]*)\)")
_NAME = re.compile(r"([A-Za-z_][\w.]*)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_KNOWN = (*(name for name in DISTRIBUTIONS if name != "flat"), *SHRINKAGES)
_WORDS = {"TRUE": True, "T": True, "True": True, "FALSE": False, "F": False, "False": False}
_NOTHING = ("NULL", "None")
_COMMA = re.compile(r",(?![^()]*\))")
_NOT_YET = frozenset("lasso multi_normal frechet pareto exp_mod_normal von_mises".split())
_ELSEWHERE = {
    "laplace": "double_exponential",
    "exp": "exponential",
    "norm": "normal",
    "gaussian": "normal",
    "t": "student_t",
    "invgamma": "inv_gamma",
    "inverse_gamma": "inv_gamma",
    "unif": "uniform",
    "chisquared": "chi_square",
    "lkjcholeskycov": "lkj",
    "lkj_corr": "lkj",
    "lkj_corr_cholesky": "lkj",
}


def parse_distribution(text: str) -> Distribution | Shrinkage:
    """The distribution that a string such as ``"student_t(3, 0, 2.5)"`` names.

    Parameters
    ----------
    text : str
        A distribution of Stan with numbers in Stan's order; ``""`` is the flat prior. Those of a
        Dirichlet may stand in R's ``c(…)``, the arguments of ``horseshoe`` and ``R2D2`` be named.

    Returns
    -------
    Distribution or Shrinkage

    Raises
    ------
    PriorError
        If the text isn't one distribution with numbers that it takes; quotes the part at fault.

    Examples
    --------
    >>> parse_distribution("student_t(3, 0, 2.5)")
    Distribution(name='student_t', params=(3.0, 0.0, 2.5))
    """
    if not isinstance(text, str):
        raise PriorError(f"A prior is a string such as 'normal(0, 1)', not {text!r}.")
    stripped = text.strip()
    if not stripped:
        return FLAT
    name, inside = _split(stripped)
    if name in SHRINKAGES:
        return _shrinkage(SHRINKAGES[name], inside, " ".join(text.split()))
    return Distribution(name, tuple(_number(a, name, text) for a in _arguments(inside)))


def _split(text: str) -> tuple[str, str]:
    """Name and argument text; an unknown name is reported before bad arguments are."""
    start = _NAME.match(text)
    if not start:
        raise PriorError(f"{text!r} is no prior: it must start with a distribution's name.")
    _check_name(start[1], text)
    call = _CALL.match(text)
    if not call:
        how = f"{start[1]}()" if start[1] in SHRINKAGES else signature(start[1])
        raise PriorError(f"{text!r} can't be read; write {how!r} with numbers.")
    rest = text[call.end() :].strip()
    if rest:
        raise PriorError(
            f"{text!r}: {rest!r} after the distribution can't be read. A prior is one "
            "distribution; bounds are given as lb= and ub=."
        )
    vector = _VECTOR.fullmatch(call[2].strip())
    if vector and call[1] in DISTRIBUTIONS and DISTRIBUTIONS[call[1]].many:
        return call[1], vector[1]
    return call[1], call[2]


def _check_name(name: str, text: str) -> None:
    if name in _KNOWN:
        return
    raise PriorError(f"{text!r}: {_about_name(name)}")


def _about_name(name: str) -> str:
    other = _ELSEWHERE.get(name.casefold())
    if other:
        return f"Stan's name of {name!r} is {other!r}: write {signature(other)!r}."
    if name in _NOT_YET:
        return f"{name!r} is not supported yet. There is {listed(_KNOWN, limit=len(_KNOWN))}."
    if name.casefold().startswith("half") and (whole := _whole_of_half(name)):
        return (
            f"there is no {name!r}: write {signature(whole)!r}. A standard deviation is bounded "
            "at 0 anyway; for another parameter add lb=0."
        )
    near = did_you_mean(name, _KNOWN)
    return f"there is no distribution {name!r}.{near} There is {listed(_KNOWN, limit=len(_KNOWN))}."


def _whole_of_half(name: str) -> str | None:
    bare = name.casefold().removeprefix("half").strip("_").replace("studentt", "student_t")
    bare = _ELSEWHERE.get(bare, bare)
    return bare if bare in _KNOWN else None


def _arguments(inside: str) -> list[str]:
    return [a.strip() for a in inside.split(",")] if inside.strip() else []


def _number(argument: str, name: str, text: str) -> float:
    if _NUMBER.fullmatch(argument):
        return float(argument)
    if "=" in argument:
        raise PriorError(
            f"{text!r}: {argument!r} names its argument. Numbers go by position: "
            f"{signature(name)!r}."
        )
    raise PriorError(
        f"{text!r}: {argument!r} is not a number. {signature(name)!r} takes plain numbers only."
    )


def _shrinkage(kind: type[Shrinkage], inside: str, text: str) -> Shrinkage:
    """A shrinkage prior from arguments by position or by name."""
    names = [f.name for f in kind.arguments()]
    given: dict[str, Any] = {}
    for place, argument in enumerate(a.strip() for a in _COMMA.split(inside) if a.strip()):
        name, equals, value = (part.strip() for part in argument.partition("="))
        if not equals:
            name, value = names[place] if place < len(names) else "", name
        if name not in names:
            near = did_you_mean(name, names)
            raise PriorError(
                f"{text!r}: {argument!r} is no argument of {kind.name}().{near} It takes "
                f"{listed(names, limit=len(names))}."
            )
        if name in given:
            raise PriorError(f"{text!r}: {name} is given twice.")
        given[name] = _value(value, kind.name, text)
    return kind(**given, given=text)


def _value(text: str, name: str, whole: str) -> Any:
    """A number, several in ``c(…)``, TRUE, FALSE or NULL."""
    if text in _WORDS or text in _NOTHING:
        return _WORDS.get(text)
    vector = _VECTOR.fullmatch(text)
    if vector:
        return tuple(_plain_number(a, name, whole) for a in _arguments(vector[1]))
    return _plain_number(text, name, whole)


def _plain_number(text: str, name: str, whole: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise PriorError(f"{whole!r}: {text!r} is not a number, as {name}() takes them.")
    return float(text)
