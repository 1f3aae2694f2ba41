"""A graph written out as the lines of a Python function that loops can be made of.

What only one side of a choice needs, and the data decide the choice, is written in that branch
alone; where a parameter decides, both sides are computed and one is selected, which a compiler can
do for several rows at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from bayesmix.families.derived.expression import Node
from bayesmix.families.derived.functions import PRIMITIVES, TEXTS

__all__ = ["lines"]

CHEAP = frozenset("constant variable add sub mul neg lt le eq and or not where abs sign".split())


def lines(outputs: Sequence[Node], last: Sequence[str] = ("return {0}",)) -> list[str]:
    """The statements that compute some nodes.

    Parameters
    ----------
    outputs : sequence of Node
    last : sequence of str
        What is done with them, with places for their values.

    Examples
    --------
    >>> from bayesmix.families.derived.expression import make, variable
    >>> x, y = variable("x", True), variable("y", False)
    >>> lines([make("where", y < 1.0, make("exp", x), x * x + 2.0)])
    ['t0 = y < 1.0', 'if t0:', '    t2 = exp(x)', '    t1 = t2', 'else:', \
'    t3 = x * x', '    t4 = t3 + 2.0', '    t1 = t4', 'return t1']
    """
    writer = _Writer()
    body = writer.block(outputs)
    values = [writer.text(node) for node in outputs]
    return [*body, *(line.format(*values) for line in last)]


@dataclass
class _Writer:
    """Names of what is computed so far, and how often each node is used."""

    names: dict[int, str] = field(default_factory=dict)
    count: int = 0

    def block(self, outputs: Iterable[Node]) -> list[str]:
        """What computes the outputs, from what is known."""
        found: list[str] = []
        for step in _in_order(outputs, self.names):
            found += self._choice(step) if isinstance(step, list) else self._statement(step)
        return found

    def text(self, node: Node) -> str:
        """A node that is known, a constant or a variable."""
        if node.op == "variable":
            return node.args[0]
        return repr(node.args[0]) if node.op == "constant" else self.names[id(node)]

    def _statement(self, node: Node) -> list[str]:
        if node.op.startswith("part"):
            self.names[id(node)] = f"{self.text(node.args[0])}_{node.op.removeprefix('part')}"
            return []
        name, args = self._name(node), [self.text(a) for a in node.args]
        if node.op not in PRIMITIVES:
            return [f"{name} = {TEXTS[node.op].format(*args)}"]
        slopes = "".join(f", {name}_{i}" for i in range(1, 1 + len(args)))
        return [f"{name}{slopes} = {node.op}({', '.join(args)})"]

    def _choice(self, nodes: list[Node]) -> list[str]:
        """Choices by one condition, as one ``if``."""
        before = dict(self.names)
        names = [self._new() for _ in nodes]
        found = [f"if {self.text(nodes[0].args[0])}:"]
        for side, otherwise in ((1, "else:"), (2, None)):
            body = self.block(n.args[side] for n in nodes)
            body += [f"{v} = {self.text(n.args[side])}" for v, n in zip(names, nodes, strict=True)]
            found += [f"    {line}" for line in body]
            found += [otherwise] if otherwise else []
            self.names = dict(before)
        self.names |= {id(n): v for n, v in zip(nodes, names, strict=True)}
        return found

    def _name(self, node: Node) -> str:
        self.names[id(node)] = self._new()
        return self.names[id(node)]

    def _new(self) -> str:
        self.count += 1
        return f"t{self.count - 1}"


def _in_order(outputs: Iterable[Node], known: Mapping[int, str]) -> Iterator[Node | list[Node]]:
    """What isn't known yet, each node after what it needs; choices by one condition together.

    A choice is a level above all that it needs. On each level choices come first, so that those
    of one level can't need each other.
    """
    levels: dict[int, int] = {}
    wanted: dict[int, Node] = {}
    for node in outputs:
        _gather(node, known, wanted)
    for level in sorted({_level(n, levels) for n in wanted.values()}):
        own = [n for n in wanted.values() if _level(n, levels) == level]
        choices: dict[int, list[Node]] = {}
        for node in filter(_is_choice, own):
            choices.setdefault(id(node.args[0]), []).append(node)
        yield from choices.values()
        yield from (n for n in own if not _is_choice(n))


def _gather(node: Node, known: Mapping[int, str], wanted: dict[int, Node]) -> None:
    """Add a node, after what it needs in any case."""
    if node.op in ("constant", "variable") or id(node) in known or id(node) in wanted:
        return
    for a in node.args[:1] if _is_choice(node) else node.args:
        _gather(a, known, wanted)
    wanted[id(node)] = node


def _level(node: Node, known: dict[int, int]) -> int:
    if node.op in ("constant", "variable"):
        return 0
    if id(node) not in known:
        known[id(node)] = max(_level(a, known) for a in node.args) + _is_choice(node)
    return known[id(node)]


def _is_choice(node: Node) -> bool:
    """Whether it is worth a branch: the data decide it, and a side takes time."""
    if node.op != "where" or node.args[0].moves:
        return False
    return not all(_is_cheap(side) for side in node.args[1:])


@cache
def _is_cheap(node: Node) -> bool:
    return node.op in ("constant", "variable") or (
        node.op in CHEAP and all(map(_is_cheap, node.args))
    )
