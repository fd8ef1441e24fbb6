"""Small made-up sets of sketches and photos, laid out as the real ones are."""

import io
import json
import zipfile

import numpy as np
from PIL import Image

PHOTO_TX = ("000000000000", "000100000000")
SKETCH_TX = (*PHOTO_TX, "000000000010", "000000000110", "000000001010", "000000001110")
STATS = "CategoryID,Category,ImageNetID,SketchID,Difficulty,Stroke_Count,WrongPose?,Context?,Ambiguous?,Error?\n"


def disc(size=32, colour=(200, 40, 40), ground=(240, 240, 235)):
    """A photo of a disc on plain ground."""
    y, x = np.indices((size, size)) - (size - 1) / 2
    inside = np.hypot(x, y) < 0.32 * size
    return np.where(inside[..., None], colour, ground).astype(np.uint8)


def ring(size=32):
    """A sketch of a disc: a black ring on white."""
    y, x = np.indices((size, size)) - (size - 1) / 2
    return np.where(np.abs(np.hypot(x, y) - 0.32 * size) < 1.2, 0, 255).astype(np.uint8)


def encoded(pixels, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_pairs(folder):
    """Write one small file of each kind of pairs and photos; return the dataset's name → path."""
    photo, sketch, jpg = disc(), ring(), encoded(disc(), "JPEG")
    labels = {
        "sun": {"label": "sun", "group": 5, "split": "train"},
        "x": {"label": "x", "group": None, "split": "test"},
    }
    fluent = {name: fact | {"hexcode": "2600" if name == "sun" else ""} for name, fact in labels.items()}
    files = {
        "sketchy-pairs": {
            "train/photo/ant/n1_2.jpg": jpg,
            "train/sketch/ant/n1_2-1.png": encoded(sketch),
            "train/sketch/ant/n1_2-3.png": encoded(sketch),
            "test/photo_only/bee/n2_5.jpg": jpg,
        },
        "pacs-pairs": {
            "train/photo/dog/n1_2.jpg": jpg,
            "train/sketch/dog/n1_2-1.png": encoded(sketch),
            "train/sketch/dog/8001.png": encoded(sketch),
        },
        "openmoji-pairs": {
            "train/color/2600.png": encoded(photo),
            "train/line/2600.png": encoded(sketch),
            "labels.json": json.dumps({"2600": labels["sun"]}),
        },
        "fluent-pairs": {
            "train/render/sun.jpg": jpg,
            "train/glyph/sun.png": encoded(np.where(disc()[..., 1] < 100, 0, 255).astype(np.uint8)),
            "test/render/x.jpg": jpg,
            "test/glyph/x.png": encoded(sketch),
            "labels.json": json.dumps(fluent),
        },
        "photo-folder": {
            "train/hat/a.jpg": jpg,
            "valid/hat/b.jpg": jpg,
            "test/sock/c.jpg": jpg,
            "lost.jpg": jpg,
        },
    }
    paths = {name: write_zip(folder / f"{name}.zip", content) for name, content in files.items()}
    paths["sketchy"] = write_sketchy(folder / "sketchy")
    paths["object-sketches"], paths["cifar10"] = folder / "objects.npz", folder / "cifar.npz"
    np.savez(
        paths["object-sketches"],
        sketches=np.stack([sketch] * 3),
        renders=np.stack([photo, photo]),
        object=np.array([0, 1, 1], np.uint8),
        names=np.array(["crow", "pug"]),
        game=np.array([7, 3, 0], np.int16),
    )
    colours = {"x_train": np.stack([photo] * 4), "x_test": np.stack([photo])}
    np.savez(paths["cifar10"], **colours, y_train=np.array([0, 1, 9, 9]), y_test=np.array([3]))
    return paths


def write_sketchy(root):
    """Write a database of two classes, four photos each, two sketches a photo, numbers 1 and 4."""
    rows = [STATS]
    for number, name in enumerate(("hot-air_balloon", "alarm_clock")):
        for photo in range(4):
            photo_id = f"n0{number}_{photo}"
            for tx in PHOTO_TX:
                _write(root / "rendered_256x256/256x256/photo" / tx / name / f"{photo_id}.jpg", encoded(disc(), "JPEG"))
            for k in (1, 4):
                for tx in SKETCH_TX:
                    place = root / "rendered_256x256/256x256/sketch" / tx / name / f"{photo_id}-{k}.png"
                    _write(place, encoded(ring()))
                pose = int((number, photo, k) == (0, 1, 1))
                rows.append(f"{number},{name.replace('_', ' ')},{photo_id},{k},1,9,{pose},0,0,0\n")
    info = root / "info-06-04/info"
    _write(info / "stats.csv", "".join(rows).encode())
    _write(info / "testset.txt", b"hot air balloon/n00_0.jpg\r\nalarm_clock/n01_0.jpg\r\n")
    _write(info / "invalid-error.txt", b"n01_1-4 \r\n")
    _write(info / "invalid-context.txt", b"n01_2-1\r\n")
    return root


def _write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
