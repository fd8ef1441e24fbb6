"""COCO detections: boxes with a category and a score, for as many pictures as there are drawings.

A drawing is an image; its metadata `file_name` is the picture it was made from. A score is kept beside each annotation,
as in COCO's own result files, and a category's colour as in its panoptic files.

Source: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from pydantic import BaseModel

from strokewright.drawing import Box, Drawing
from strokewright.drawing.drawing import BLACK, Colour
from strokewright.errors import FormatError
from strokewright.files.format import Format, only_boxes
from strokewright.files.json_files import parse_json, write_json

_DIGITS = 4


class _Image(BaseModel):
    id: int
    width: float
    height: float
    file_name: str = ""


class _Category(BaseModel):
    id: int
    name: str
    color: tuple[float, float, float] | None = None

    @property
    def colour(self) -> Colour:
        if self.color is None:
            return BLACK
        red, green, blue = (channel / 255 for channel in self.color)
        return red, green, blue


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float = 1.0


class _File(BaseModel):
    info: dict[str, Any] = {}
    images: list[_Image]
    categories: list[_Category] = []
    annotations: list[_Annotation]


def read_coco(stream: BinaryIO) -> Iterator[Drawing]:
    """Yield a drawing an image. Raises FormatError."""
    file = parse_json(stream, _File, "COCO")
    if not file.images:
        raise FormatError("COCO: expected at least one image, got none; check that the file is whole")
    categories = {category.id: category for category in file.categories}
    boxes: dict[int, list[Box]] = {image.id: [] for image in file.images}
    for annotation in file.annotations:
        if annotation.image_id not in boxes or annotation.category_id not in categories:
            place = f"image {annotation.image_id}, category {annotation.category_id}"
            raise FormatError(f"COCO: expected annotations of listed images and categories, got {place}; add them")
        category, (x, y, width, height) = categories[annotation.category_id], annotation.bbox
        boxes[annotation.image_id].append(
            Box(x, y, x + width, y + height, category.colour, category.name, annotation.score)
        )
    maker = file.info.get("contributor", "")
    for image in file.images:
        facts = {"file_name": image.file_name} if image.file_name else {}
        yield Drawing(tuple(boxes[image.id]), (image.width, image.height), maker=str(maker), metadata=facts)


def write_coco(drawings: Sequence[Drawing], stream: BinaryIO) -> None:
    """Write the drawings' boxes; a category has the colour of its first box. Raises FormatError for other marks."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: dict[str, dict[str, Any]] = {}
    for number, drawing in enumerate(drawings, 1):
        width, height = (int(side) if side.is_integer() else side for side in drawing.size)
        name = drawing.metadata.get("file_name", "")
        images.append({"id": number, "width": width, "height": height, "file_name": name})
        for box in only_boxes(drawing, "COCO"):
            colour = [round(255 * channel) for channel in box.colour]
            fresh = {"id": len(categories) + 1, "name": box.label, "supercategory": "", "color": colour}
            category = categories.setdefault(box.label, fresh)
            annotations.append(_annotation(box, len(annotations) + 1, number, category["id"]))
    write_json(
        {
            "info": {"description": "Boxes", "contributor": drawings[0].maker if drawings else ""},
            "images": images,
            "categories": list(categories.values()),
            "annotations": annotations,
        },
        stream,
    )


def _annotation(box: Box, number: int, image: int, category: int) -> dict[str, Any]:
    x0, y0, x1, y1 = (round(value, _DIGITS) for value in (box.x0, box.y0, box.x1, box.y1))
    width, height = round(x1 - x0, _DIGITS), round(y1 - y0, _DIGITS)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x0, y0, width, height],
        "area": round(width * height, _DIGITS),
        "segmentation": [[x0, y0, x1, y0, x1, y1, x0, y1]],
        "iscrowd": 0,
        "score": round(box.score, 6),
    }


COCO = Format(
    "COCO",
    "boxes with label and score, colour a label, page size, file_name, maker",
    read_coco,
    write_coco,
    holds_many=True,
    precision_px=0.001,
    kind=Box,
)
