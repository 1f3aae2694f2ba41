"""The records in which a model is handed to the kernel: what it has, and where it stands.

Positions are of three kinds: ``x`` in the vector of parameters, ``data`` in the array of doubles,
``codes`` in that of integers; -1 is none.
"""

from __future__ import annotations

import numpy as np

NONE = -1
BLOCK_ROWS = 256
"""Rows that are done at once, so that what is in between stays in the fastest cache."""


def _record(ints: str, doubles: str = "") -> np.dtype:
    fields = [(name, np.int64) for name in ints.split()]
    return np.dtype(fields + [(name, np.float64) for name in doubles.split()])


HEAD = _record(
    "n_dim n_scalars n_groups responses n_responses"
    " scalars terms groups blocks shifts reflections ordered shares shrunk unlike"
    " data codes n_data n_codes n_terms n_blocks n_shifts n_reflections n_ordered n_shares n_shrunk"
    " n_unlike scratch work mixed units tied n_tied cars n_cars gps n_gps steps n_steps"
    " latents n_latents climbs n_climbs"
)
"""The model: counts, and addresses of the tables.

Where ``units`` is an address, the sampler's numbers are x in these units. ``mixed`` is where in
scratch x stands with levels mixed, `UNLIKE`; ``work`` is how much of it rows need, from ``scratch``
on.
"""

RESPONSE = _record(
    "rows n_rows block_rows varying y aux weights weights_step shared n_shared mean_link"
    " predictors n_predictors n_dpars variances n_variances curve"
)
"""A response: the loop over its rows, and positions in ``data`` of its columns.

``rows`` is the loop's address. ``block_rows`` are done at once: `BLOCK_ROWS`, or all where they
hang together. ``varying`` is 1 if a dpar after the first differs between rows. ``aux`` is the first
addition term; the others follow, ``n_rows`` apart. ``weights_step`` is 0 where the weights are one
block of ones. ``shared`` is where the vector that all rows share stands in x, ``n_shared`` numbers
long. ``mean_link`` is that of the first predictor, for variance functions of the mean.

``predictors`` is the address of its first `PREDICTOR`: the first ``n_dpars`` of them are those of
dpars; those of nonlinear parameters follow. ``variances`` is that of its first `VARIANCE`,
``curve`` that of its `CURVE`, or 0. These count predictors from the response's first.
"""

SCALAR = _record("at transform code", "lower upper a b c")
"""A parameter with a prior of its own, at ``at`` in x."""

PREDICTOR = _record(
    "intercept slopes n_slopes columns offset link scale plain constant term n_terms"
)
"""A dpar of a response. ``intercept`` and ``slopes`` are in x, ``columns`` (tiles) and ``offset``
in data.

``plain`` is 1 if the linear predictor is the value itself, ``constant`` if it is the same in all
rows.
"""

POWER, EXPON, CONST_POWER = 0, 1, 2
VARIANCE = _record("kind target rate const covariate codes strata centres")
"""A variance function of this ``kind`` in predictor number ``target``.

``rate`` (the power, or what the covariate is multiplied by) and ``const`` are in x, one for each of
the ``strata``; ``codes`` are those of the rows; the ``covariate`` is in data, of a power its
logarithm, or -1 for the mean. What is at ``centres`` in data, times the rates, is taken away: the
intercept is the scale where the covariate has its usual value.
"""

TERM = _record("at stride codes runs intercept n_columns columns climb n_climbs")
"""A bracket. ``at`` is its first coefficient of the group's first level, in x.

``runs`` is 1 where most rows have the level of the row before. With ``n_climbs`` it is one column,
which is multiplied by heights too (`CLIMB`).
"""

CLIMB = _record("at codes")
"""Heights of levels from ``at`` in x on, and in codes how many steps up each row is."""

GROUP = _record("size k strata strata_of counts sd effects factor work block n_blocks centered")
"""A grouping factor: ``strata_of`` (of levels), ``counts`` (of strata) and ``centered`` (of
coefficients, 0 or 1) in codes, ``factor`` and ``work`` in scratch.
"""

UNLIKE = _record("effects size k factor df mixing weights")
"""A group whose levels are not alike: ``size`` levels of ``k`` numbers from ``effects`` in x; where
it has them the ``factor`` of the levels' covariances and ``weights`` of their densities in data,
degrees of freedom and the levels' ``mixing`` in x.
"""

BLOCK = _record("size members cpc kind", "eta")
"""Correlated coefficients: ``members`` in codes, ``cpc`` in x: canonical partial correlations, or
of a structure of another ``kind`` (`numerics.correlations`) what its one correlation is made of.
"""

TIED = _record("at source")
"""A standard deviation at ``at`` in x that is the same as another."""

ORDERED = _record("places size")
"""Numbers that increase, ``size`` of them: the first, then logs of differences.

Their ``places`` in x are in codes.
"""

SHIFT = _record("target size source weights")
"""What parameters are more than the effects or the coefficient, ``size`` of them from ``target`` in
x, that they are for: what is at ``source`` in x, times ``weights`` in data.
"""

REFLECTION = _record("effects stride size mean")
"""One coefficient's effects, ``size`` of them from ``effects`` in x, which are reflected: at
``mean`` in x is the root of ``size`` times their mean.
"""

SHARES = _record("at size alpha")
"""Shares that add up to one, ``size`` of them from ``at`` in x; ``alpha`` of their Dirichlet
distribution in data.
"""

STEPS = _record("at size")
"""Shares of ``size`` steps of a monotonic effect, from ``at`` in x on."""

CURVE = _record(
    "function first n_parameters columns n_columns n_rows numbers n_numbers operations n_operations"
    " result"
)
"""What the first dpar is of nonlinear parameters, ``n_parameters`` predictors from number ``first``
on, of ``columns`` (``n_rows`` each) and of ``numbers`` in data.

``operations`` are in codes: what (`numerics.operations`), and the registers of its two arguments.
Registers are those of the parameters, columns, numbers and operations, and ``result`` is that of
the curve. ``function`` is the address of what carries them out.
"""

HORSESHOE, R2D2 = 0, 1
SHRUNK = _record("kind at local level slab unit standardised", "slab_scale")
"""A number at ``at`` in x that is shrunk by a prior of this ``kind``.

In x: of the horseshoe ``local``, the global ``level`` (in units of ``unit``, if that is there) and
the ``slab``; of R2D2 the number's share (``local``) and R² (``level``). ``standardised`` is 0 where
the value is the scale itself.
"""

ESCAR, ICAR, BYM2 = 0, 1, 2
CAR = _record("kind at free size sd share edges n_edges counts values", "kept variance")
"""Effects of this ``kind`` of ``size`` regions, from ``at`` in x, where their ``sd`` and, if they
have one, their ``share`` are too.

Intrinsic ones are made of the numbers from ``free`` on, which of ``ICAR`` are in their own place,
and keep ``kept`` of the numbers' mean; of ``BYM2`` ``variance`` is their typical one. In codes from
``edges`` on there are pairs of neighbours; in data of ``ESCAR`` the ``counts`` of neighbours and
eigenvalues (``values``).
"""

EXPONENTIAL, GAUSSIAN, MATERN3, MATERN5 = 0, 1, 2, 3
"""How correlations of residuals decay with distances."""

LATENT = _record("at size sd shared n_shared aux work colour")
"""Residuals of a linear predictor, a row's each, ``size`` of them from ``at`` in x, where their
``sd`` and the correlation's parameters (``shared``) are too; ``aux`` in data is what `series` has
as addition terms, ``work`` in scratch, ``colour`` the address of what makes them.
"""

PROCESS = _record(
    "at size sd scale several dims squares function work known beside n_beside",
    "smoothness constant",
)
"""Coefficients of an approximate Gaussian process's basis functions, ``size`` of them from ``at``
in x, where their ``sd`` and length scales (from ``scale`` on, one for each of ``dims`` covariates
if there are ``several``) are too.

In data from ``squares`` on are the squares of frequencies, functions × covariates; ``smoothness``
is Matérn's, 0 for the squared exponential, and ``constant`` the logarithm of what the spectral
density has of its own.

An exact one has ``size`` places, and values there in the place of coefficients; ``squares`` are
those of distances, ``dims`` × places × places, ``function`` is the address of what evaluates it
(`exact`), and ``work`` is in scratch. Where ``known`` is a position in data, there is what rows say
of the values: precisions, these times values, and for each of the ``n_beside`` coefficients from
``beside`` in x what they are less by it (`informed`).
"""
