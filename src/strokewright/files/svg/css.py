"""CSS as SVG files use it: rules of <style> elements, matched by tag, class, id and ancestors; style attributes.

A selector is a chain of simple ones ("g.ink > path"): blank asks for an ancestor, ">" for the parent. Rules with
anything else (:hover, [attribute], @media, @import, …) are passed over; nothing is ever loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from strokewright.errors import FormatError
from strokewright.files.svg.tree import Element

MAX_RULES = 20_000
MAX_TRIALS = 1_000_000
_SIMPLE = re.compile(r"(?:[\w-]+|\*)?(?:[.#][\w-]+)*")
_PART = re.compile(r"([.#]?)([\w-]+)")
_MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class _Simple:
    """One part of a selector, such as "path.ink#outline"; empty fields match anything."""

    tag: str
    ids: tuple[str, ...]
    classes: tuple[str, ...]

    def matches(self, element: Element) -> bool:
        if self.tag and self.tag != element.tag:
            return False
        if self.ids and set(self.ids) != {element.attributes.get("id")}:
            return False
        return not self.classes or set(self.classes) <= set(element.attributes.get("class", "").split())

    @property
    def weight(self) -> tuple[int, int, int]:
        return len(self.ids), len(self.classes), bool(self.tag)


_Chain = tuple[tuple[_Simple, ...], ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    chain: _Chain
    declarations: tuple[tuple[str, str], ...]
    important: bool
    rank: tuple[bool, int, int, int, int]


@dataclass(slots=True)
class StyleSheet:
    """The rules of all <style> elements, found by what the last part of their selector asks for."""

    by_key: dict[str, list[_Rule]] = field(default_factory=dict[str, list[_Rule]])
    count: int = 0
    trials: int = 0

    def add(self, text: str) -> None:
        """Add the rules of one <style> element. Raises FormatError for more than 20,000 rules."""
        for selectors, body in _split_rules(_without_comments(text)):
            declarations = list(parse_declarations(body))
            for selector in selectors.split(","):
                chain = _parse_selector(selector)
                if chain is None:
                    continue
                for important in (False, True):
                    chosen = tuple((name, value) for name, value, urgent in declarations if urgent == important)
                    if chosen:
                        self._keep(chain, chosen, important)

    def _keep(self, chain: _Chain, declarations: tuple[tuple[str, str], ...], important: bool) -> None:
        self.count += 1
        if self.count > MAX_RULES:
            raise FormatError(f"expected at most {MAX_RULES} style rules, got more")
        ids, classes, tags = (
            sum(column) for column in zip(*(simple.weight for run in chain for simple in run), strict=True)
        )
        last = chain[-1][-1]
        key = f"#{last.ids[0]}" if last.ids else f".{last.classes[0]}" if last.classes else last.tag
        rule = _Rule(chain, declarations, important, (important, ids, classes, tags, self.count))
        self.by_key.setdefault(key, []).append(rule)

    def apply(self, element: Element, ancestors: Sequence[Element]) -> dict[str, str]:
        """Return an element's attributes with the cascade applied: attributes, rules by weight, style, !important.

        Raises:
            FormatError: Too many rules for too many elements.
        """
        result = dict(element.attributes)
        keys = ["", element.tag, f"#{result.get('id', '')}"]
        keys += [f".{name}" for name in result.get("class", "").split()] if self.by_key else []
        candidates = [rule for key in keys for rule in self.by_key.get(key, ())]
        self.trials += len(candidates) + sum(len(rule.declarations) for rule in candidates) // 10
        if self.trials > MAX_TRIALS:
            raise FormatError("expected fewer style rules for so many elements; simplify the style", line=element.line)
        path = [*ancestors, element]
        found = [rule for rule in candidates if _matches(rule.chain, path)]
        found.sort(key=lambda rule: rule.rank)
        for rule in found:
            if not rule.important:
                result.update(rule.declarations)
        own = list(parse_declarations(result["style"])) if "style" in result else []
        result.update((name, value) for name, value, _ in own)
        for rule in found:
            if rule.important:
                result.update(rule.declarations)
        result.update((name, value) for name, value, urgent in own if urgent)
        return result


def parse_declarations(body: str) -> Iterable[tuple[str, str, bool]]:
    """Yield (name, value, whether !important) of "stroke: red; fill: none"."""
    for declaration in body.split(";"):
        name, colon, value = declaration.partition(":")
        plain, urgent, _ = value.partition("!")
        if colon and plain.strip():
            yield name.strip().lower(), plain.strip(), bool(urgent)


def _without_comments(text: str) -> str:
    """Drop comments; one that never ends takes the rest with it."""
    first, *others = text.replace("<!--", " ").replace("-->", " ").split("/*")
    return " ".join([first, *(other.partition("*/")[2] for other in others)])


def _split_rules(text: str) -> Iterable[tuple[str, str]]:
    """Yield (selectors, body) of the rules outside @-blocks; one pass, whatever the text."""
    at = 0
    while True:
        brace = text.find("{", at)
        if brace < 0:
            return
        head = text[at:brace].rpartition(";")[2].strip()
        end = text.find("}", brace)
        if head.startswith("@"):
            at = _end_of_block(text, brace)
            continue
        if end < 0:
            return
        yield head, text[brace + 1 : end]
        at = end + 1


def _end_of_block(text: str, brace: int) -> int:
    depth = 0
    for match in re.compile("[{}]").finditer(text, brace):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _parse_selector(text: str) -> _Chain | None:
    """Return a selector as runs of parent and child (">"), each run somewhere below the one before; None if unknown."""
    runs: list[list[_Simple]] = []
    joins = True
    for word in text.replace(">", " > ").split():
        if word == ">":
            if joins:
                return None
            joins = True
        elif _SIMPLE.fullmatch(word):
            if joins and runs:
                runs[-1].append(_parse_simple(word))
            else:
                runs.append([_parse_simple(word)])
            joins = False
        else:
            return None
    if joins or sum(map(len, runs)) > _MAX_CHAIN:
        return None
    return tuple(tuple(run) for run in runs)


def _parse_simple(word: str) -> _Simple:
    parts = _PART.findall(word)
    return _Simple(
        next((name for mark, name in parts if not mark), ""),
        tuple(name for mark, name in parts if mark == "#"),
        tuple(name for mark, name in parts if mark == "."),
    )


def _matches(chain: _Chain, path: Sequence[Element]) -> bool:
    """Whether the last run ends at the last element and the others fit above it, each as low as it can."""
    if not chain[-1][-1].matches(path[-1]):
        return False
    if len(chain) == len(chain[0]) == 1:
        return True
    end = len(path)
    for run in reversed(chain):
        places = (end,) if end == len(path) else range(end, len(run) - 1, -1)
        end = next((place - len(run) for place in places if _fits(run, path[max(0, place - len(run)) : place])), -1)
        if end < 0:
            return False
    return True


def _fits(run: Sequence[_Simple], elements: Sequence[Element]) -> bool:
    return len(run) == len(elements) and all(simple.matches(e) for simple, e in zip(run, elements, strict=True))
