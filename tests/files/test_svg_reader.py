"""SVG in: before/after pairs, an independent renderer as witness, another parser for path data, limits."""

import math
from pathlib import Path

import numpy as np
import pytest
import resvg_py
import svgelements
from numpy.testing import assert_allclose

from strokewright.drawing import Stroke
from strokewright.drawing.curves import evaluate
from strokewright.errors import FormatError
from strokewright.files.raster import read_picture
from strokewright.files.svg import from_svg, to_svg
from strokewright.files.svg.path_data import parse_path
from strokewright.render.skia import render

PAIRS = sorted((Path(__file__).parent / "svg").glob("*.before.svg"))


def seen_by_resvg(svg: str, width: int, height: int) -> np.ndarray:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, background="white", dpi=96)
    return read_picture(bytes(png))[..., :3].transpose(2, 0, 1)


@pytest.mark.parametrize("before", PAIRS, ids=lambda path: path.name.split(".")[0])
def test_before_after_pairs(before: Path) -> None:
    after = before.with_name(before.name.replace("before", "after")).read_text()
    assert to_svg(from_svg(before.read_bytes())) == after
    assert to_svg(from_svg(after)) == after


@pytest.mark.parametrize("before", [path for path in PAIRS if "layers" not in path.name], ids=lambda path: path.name)
def test_what_is_read_looks_like_what_another_renderer_sees(before: Path) -> None:
    drawing = from_svg(before.read_bytes())
    width, height = (2 * round(side) for side in drawing.size)
    difference = seen_by_resvg(before.read_text(), width, height) - render(drawing, (width, height))
    assert (difference**2).mean() < 3e-4


def test_layers_background_and_fills() -> None:
    drawing = from_svg(next(path for path in PAIRS if "layers" in path.name).read_bytes())
    assert [stroke.layer for stroke in drawing.strokes] == ["2-red", "2-red", "layer7", "layer7", "1"]
    assert drawing.background == (1.0, 1.0, 238 / 255)
    assert drawing.strokes[-1].is_closed, "a filled shape is read as its outline"
    assert not drawing.strokes[2].is_polyline
    assert drawing.strokes[0].is_polyline


def random_path(random: np.random.Generator) -> str:
    spelled = [f"M{random.integers(0, 50)},{random.integers(0, 50)}"]
    for _ in range(random.integers(1, 12)):
        command = str(random.choice(list("LlHhVvCcSsQqTtAaZzMm")))
        if command in "SsTt" and spelled[-1][0] not in {"S": "CcSs", "T": "QqTt"}[command.upper()]:
            continue  # after another kind of curve, svgelements mirrors its handle, against the specification
        numbers = random.integers(-400, 400, 7) / 8
        if command in "Aa":
            rx, ry, turned, x, y = numbers[:5]
            text = f"{abs(rx) + 1} {abs(ry) + 1} {turned} {random.integers(2)} {random.integers(2)} {x + 0.1} {y}"
        else:
            count = {"H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "Z": 0}.get(command.upper(), 2)
            text = " ".join(str(number) for number in numbers[:count])
        spelled.append(command + text)
    return "".join(spelled)


def test_path_data_agrees_with_svgelements() -> None:
    random = np.random.default_rng(3)
    for _ in range(150):
        text = random_path(random)
        ours = [Stroke(*chain.arrays()) for chain in parse_path(text)]
        middles = np.array([evaluate(control, [0.5, 1]) for stroke in ours for control in stroke.controls]).reshape(
            -1, 2
        )
        theirs = [
            (point.x, point.y)
            for segment in svgelements.Path(text)
            if not isinstance(segment, svgelements.Move) and segment.start != segment.end
            for piece in (segment.as_cubic_curves() if isinstance(segment, svgelements.Arc) else [segment])
            for point in (piece.point(0.5), piece.end)
        ]
        if "A" in text.upper():  # arcs may be cut at other places
            middles, theirs = middles[-1:], theirs[-1:]
        assert_allclose(middles, np.array(theirs).reshape(-1, 2), atol=1e-6, err_msg=text)


@pytest.mark.parametrize("flags", ["00", "01", "10", "11"])
def test_arcs_stay_on_their_ellipse(flags: str) -> None:
    (chain,) = parse_path(f"M10 20A30 15 25 {flags[0]} {flags[1]} 40 25")
    nodes, handles = chain.arrays()
    points = np.concatenate([evaluate(control, np.linspace(0, 1, 9)) for control in Stroke(nodes, handles).controls])
    cos, sin = math.cos(math.radians(25)), math.sin(math.radians(25))
    level = points @ np.array([[cos / 30, -sin / 15], [sin / 30, cos / 15]])  # in the ellipse's axes, a unit circle
    rows = np.column_stack([2 * level, np.ones(len(level))])
    solution = np.linalg.lstsq(rows, (level**2).sum(axis=1), rcond=None)[0]
    radius = math.sqrt(solution[2] + solution[:2] @ solution[:2])
    assert_allclose(radius, 1, atol=1e-3)
    assert_allclose(np.linalg.norm(level - solution[:2], axis=1), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="2in" height="25.4mm"', (192, 96)),
        ('viewBox="5 5 40 30"', (40, 30)),
        ('width="80" viewBox="0 0 40 30"', (80, 60)),
        ('width="100%" height="100%" viewBox="0 0 40 30"', (40, 30)),
        ('width="3pc" height="72pt"', (48, 96)),
        ("", (92, 52)),
    ],
)
def test_page_sizes(attributes: str, size: tuple[float, float]) -> None:
    drawing = from_svg(f'<svg {attributes}><path stroke="red" d="M1 1L90.5 50.5"/></svg>')
    assert drawing.size == size


def test_non_scaling_strokes_and_hidden_ones() -> None:
    drawing = from_svg(
        '<svg><g transform="scale(3)">'
        '<path stroke="red" stroke-width="2" vector-effect="non-scaling-stroke" d="M0 0h9"/>'
        '<path stroke="red" stroke-width="2" d="M0 0h9"/><path stroke="none" fill="none" d="M0 0h9"/>'
        '<path stroke="red" stroke-width="2" d="M0 0h9" style="display:none"/></g></svg>'
    )
    assert [stroke.width[0] for stroke in drawing.strokes] == [2, 6]


USES = "".join(f'<g id="g{i}">' + f'<use href="#g{i - 1}"/>' * 10 + "</g>" for i in range(1, 9))


@pytest.mark.parametrize(
    ("svg", "message"),
    [
        ("<svg>" + "<g>" * 10_000 + "</g>" * 10_000 + "</svg>", "inside each other"),
        ('<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><svg>&c;</svg>', "entities"),
        ('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', "entities"),
        ('<svg><g id="a"><use href="#a"/></g></svg>', "own copy"),
        (f'<svg><defs><path id="g0" d="M0 0"/>{USES}</defs><use href="#g8"/></svg>', "copied by"),
        ("<svg><style>" + "*{x:y}" * 2000 + "</style>" + "<g/>" * 2000 + "</svg>", "style rules"),
        ("<html></html>", "is this SVG"),
        ("hello", "well-formed"),
        ('<svg>\n\n<path stroke="red" d="M0 0L5 nan"/></svg>', "number, got 'nan'"),
        ('<svg>\n\n<path stroke="red" d="M0 0L5 1e999"/></svg>', "too large"),
        ('<svg>\n\n<path stroke="red" d="M0 0L1e200 0" transform="scale(1e200)"/></svg>', "infinity"),
        ('<svg>\n\n<path stroke="red" d="M0 0A1e300 1e-320 0 0 1 1e300 5"/></svg>', "arc"),
        ('<svg>\n\n<rect width="5' + " " * 300_000 + '!" height="5"/></svg>', "length"),
        ('<svg>\n\n<g transform="' + " " * 300_000 + 'x"/></svg>', "transform"),
        ('<svg width="0" height="5"/>', "page"),
        ('<svg viewBox="0 0 5"/>', "viewBox"),
        ('<svg><metadata><drawing xmlns="urn:strokewright"><seed>x</seed></drawing></metadata></svg>', "int"),
    ],
    ids=lambda value: None if value.startswith("<") else value,
)
def test_hostile_and_broken_files_are_refused_quickly(svg: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        from_svg(svg)
    assert caught.value.line == 3 or "\n\n" not in svg
