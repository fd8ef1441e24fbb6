"""Label Studio tasks: boxes as predictions that people can correct, and what they corrected read back.

A drawing is a task; its metadata `file_name` is the picture, which the labelling project must know by that name. Places
and sizes are percentages of the page. The project's labelling configuration is
<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"/></View>.

Source: https://labelstud.io/guide/predictions and https://labelstud.io/tags/rectanglelabels
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, Field

from strokewright.drawing import Box, Drawing
from strokewright.errors import FormatError
from strokewright.files.format import Format, only_boxes
from strokewright.files.json_files import parse_json, write_json

_KIND = "rectanglelabels"
_DIGITS = 6


class _Value(BaseModel):
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    rotation: float = 0.0
    rectanglelabels: list[str] = []


class _Result(BaseModel):
    type: str = ""
    original_width: float = 0.0
    original_height: float = 0.0
    score: float | None = None
    value: _Value = _Value()


class _Answer(BaseModel):
    result: list[_Result]
    model_version: str | None = None


class _Data(BaseModel):
    image: str = ""
    width: float = 0.0
    height: float = 0.0


class _Task(BaseModel):
    data: _Data
    annotations: list[_Answer] = Field(default=[])
    predictions: list[_Answer] = Field(default=[])


def read_label_studio(stream: BinaryIO) -> Iterator[Drawing]:
    """Yield a drawing a task: the first annotation if a person made one, else the first prediction.

    Raises:
        FormatError: Not such a file, a turned rectangle, or a task that does not say how large its picture is.
    """
    tasks = parse_json(stream, list[_Task], "Label Studio")
    if not tasks:
        raise FormatError("Label Studio: expected at least one task, got none; check that the file is whole")
    for task in tasks:
        answer = next(iter([*task.annotations, *task.predictions]), _Answer(result=[]))
        results = [result for result in answer.result if result.type == _KIND]
        width, height = task.data.width, task.data.height
        if results:
            width, height = results[0].original_width, results[0].original_height
        if width <= 0 or height <= 0:
            raise FormatError("Label Studio: expected original_width and original_height > 0; export the tasks again")
        boxes = tuple(_to_box(result, width, height) for result in results)
        facts = {"file_name": task.data.image} if task.data.image else {}
        yield Drawing(boxes, (width, height), maker=answer.model_version or "", metadata=facts)


def _to_box(result: _Result, width: float, height: float) -> Box:
    value = result.value
    if value.rotation % 360:
        raise FormatError(f"Label Studio: expected upright rectangles, got one turned by {value.rotation:g}°")
    x0, y0 = value.x * width / 100, value.y * height / 100
    x1, y1 = x0 + value.width * width / 100, y0 + value.height * height / 100
    label = value.rectanglelabels[0] if value.rectanglelabels else ""
    return Box(x0, y0, x1, y1, label=label, score=1.0 if result.score is None else result.score)


def write_label_studio(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write a task a drawing, its boxes as one prediction. Raises FormatError for other marks."""
    write_json([_task(drawing) for drawing in drawings], stream)


def _task(drawing: Drawing) -> dict[str, Any]:
    boxes = only_boxes(drawing, "Label Studio")
    width, height = drawing.size
    prediction = {
        "model_version": drawing.maker,
        "score": round(float(np.mean([box.score for box in boxes])), _DIGITS) if boxes else 0.0,
        "result": [_result(box, number, width, height) for number, box in enumerate(boxes)],
    }
    data = {"image": drawing.metadata.get("file_name", ""), "width": width, "height": height}
    return {"data": data, "predictions": [prediction]}


def _result(box: Box, number: int, width: float, height: float) -> dict[str, Any]:
    share = {
        "x": box.x0 / width,
        "y": box.y0 / height,
        "width": (box.x1 - box.x0) / width,
        "height": (box.y1 - box.y0) / height,
    }
    value = {name: round(100 * part, _DIGITS) for name, part in share.items()}
    return {
        "id": f"box{number}",
        "type": _KIND,
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "score": round(box.score, _DIGITS),
        "value": value | {"rotation": 0, _KIND: [box.label]},
    }


LABEL_STUDIO = Format(
    "Label Studio",
    "boxes with label and score, page size, file_name, maker; no colours",
    read_label_studio,
    write_label_studio,
    holds_many=True,
    precision_px=0.001,
    kind=Box,
)
