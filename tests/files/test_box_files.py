"""COCO, Label Studio and CSV as their readers expect them, and what people send back."""

import csv
import io
import json

import pytest

from strokewright.drawing import Box, Drawing
from strokewright.errors import FormatError
from strokewright.files import read, read_many, write, write_many

BLUE = (0.2, 0.4, 1.0)
ROOMS = Drawing(
    (Box(10, 20, 110, 70.5, BLUE, "Kitchen", 0.75), Box(0, 0, 50, 40, (1, 0, 0), "Bath", 0.5)),
    (200, 100),
    maker="rooms/floorplans",
    metadata={"file_name": "plan.png"},
)


def text_of(drawing, suffix):
    stream = io.BytesIO()
    write(drawing, stream, suffix)
    return stream.getvalue().decode()


def test_coco_has_the_fields_that_tools_ask_for():
    file = json.loads(text_of(ROOMS, ".coco.json"))
    assert file["images"] == [{"id": 1, "width": 200, "height": 100, "file_name": "plan.png"}]
    assert [c["name"] for c in file["categories"]] == ["Kitchen", "Bath"]
    first = file["annotations"][0]
    assert (first["bbox"], first["area"], first["score"]) == ([10, 20, 100, 50.5], 5050, 0.75)
    assert (first["image_id"], first["category_id"], first["iscrowd"]) == (1, 1, 0)
    assert first["segmentation"] == [[10, 20, 110, 20, 110, 70.5, 10, 70.5]]


@pytest.mark.parametrize("suffix", [".coco.json", ".labelstudio.json"])
def test_facts_and_pictures_survive(suffix):
    stream = io.BytesIO()
    empty = Drawing((), (30, 40), metadata={"file_name": "empty.png"})
    write_many([ROOMS, empty], stream, suffix)
    first, second = read_many(stream.getvalue(), suffix)
    assert (first.maker, first.metadata, first.size) == (ROOMS.maker, ROOMS.metadata, ROOMS.size)
    assert (second.marks, second.size, second.metadata["file_name"]) == ((), (30, 40), "empty.png")


def test_coco_keeps_a_labels_colour():
    back = read(text_of(ROOMS, ".coco.json").encode(), ".coco.json")
    assert back.marks[0].colour == pytest.approx(BLUE)


def test_label_studio_counts_in_percent_and_corrections_win():
    tasks = json.loads(text_of(ROOMS, ".labelstudio.json"))
    result = tasks[0]["predictions"][0]["result"][0]
    assert result["value"] == {
        "x": 5,
        "y": 20,
        "width": 50,
        "height": 50.5,
        "rotation": 0,
        "rectanglelabels": ["Kitchen"],
    }
    assert (result["type"], result["original_width"], result["score"]) == ("rectanglelabels", 200, 0.75)
    corrected = json.loads(json.dumps(result)) | {"score": None}
    corrected["value"]["rectanglelabels"] = ["Bedroom"]
    tasks[0]["annotations"] = [{"result": [corrected, {"type": "choices", "value": {"choices": ["good"]}}]}]
    back = read(json.dumps(tasks).encode(), ".labelstudio.json")
    assert [(box.label, box.score) for box in back.marks] == [("Bedroom", 1.0)]
    corrected["value"]["rotation"] = 30
    with pytest.raises(FormatError, match="upright rectangles"):
        read(json.dumps(tasks).encode(), ".labelstudio.json")


def test_csv_is_a_plain_table():
    rows = list(csv.DictReader(io.StringIO(text_of(ROOMS, ".csv"))))
    assert rows[0] == {
        "label": "Kitchen",
        "score": "0.75",
        "x0": "10.0",
        "y0": "20.0",
        "x1": "110.0",
        "y1": "70.5",
        "colour": "#3366ff",
        "page_width": "200",
        "page_height": "100",
    }


def test_damage_is_named():
    with pytest.raises(FormatError, match="much"):
        read(text_of(ROOMS, ".csv").replace("0.75", "much").encode(), ".csv")
    with pytest.raises(FormatError, match="columns"):
        read(b"label,score\n", ".csv")
    with pytest.raises(FormatError, match=r"annotations\.0\.bbox"):
        read(text_of(ROOMS, ".coco.json").replace('"bbox"', '"box"').encode(), ".coco.json")
    with pytest.raises(FormatError, match="listed images"):
        read(text_of(ROOMS, ".coco.json").replace('"image_id": 1', '"image_id": 7').encode(), ".coco.json")
