"""A trained model: numbers and facts about them, kept in a plain folder that holds no code.

The folder has exactly three files. ``model.json``: format number, name, version, categories, feature settings,
calibration, thresholds, digests, and what the model was trained on. ``weights.npz``: one array, read without pickle.
``README.md``: the model card.

`FORMAT` goes up when an older reader would misread a newer folder; the reader of every past format stays in `_READERS`
with a folder of that format under ``tests/classifier/formats``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.classifier.calibration import Calibration, sigmoid
from moderation.classifier.length import length_norm
from moderation.errors import CannotCreateError, ModelError, NoInputError
from moderation.text.hashing import FEATURES
from moderation.text.ngrams import WEIGHT_COLUMNS, ZERO, Buffers, pack_weights, sum_weights

FORMAT = 1
MAX_JSON_BYTES = 1_000_000
MAX_CARD_BYTES = 1_000_000
MAX_WEIGHT_BYTES = 64_000_000
MAX_BITS = 22
_FILES = {"model.json", "weights.npz", "README.md"}

Floats = npt.NDArray[np.float64]
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, tokenize.TokenError, ValueError, EOFError, OSError, RuntimeError, MemoryError)
"""What the standard library and numpy raise on archives made to be bad; RuntimeError where one is encrypted or nested."""


@dataclass(frozen=True)
class Thresholds:
    """The two working points of a category, as probabilities: ``review`` for recall, ``act`` for proven precision."""

    review: float
    act: float


@dataclass(frozen=True)
class Scores:
    """Calibrated probabilities ``(n, categories)``, how many features each message had, and which were cut."""

    probabilities: npt.NDArray[np.float32]
    features: npt.NDArray[np.int32]
    cut: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs.

    Attributes:
        name: What people call it.
        version: Which training of it.
        weights: ``(2 ** bits, WEIGHT_COLUMNS)`` whole numbers: a column a category, then the squared idf.
        scale: ``(categories,)`` what one unit of a category's weights is worth.
        intercept: ``(categories,)``.
        calibration: One a category.
        thresholds: One a category.
        facts: Training fingerprint, figures and licences; anything JSON can hold.
        card: The model card in Markdown.
        concepts: Whether words stand for concepts, too.
    """

    name: str
    version: str
    weights: npt.NDArray[np.int16]
    scale: Floats
    intercept: Floats
    calibration: tuple[Calibration, ...]
    thresholds: tuple[Thresholds, ...]
    facts: dict[str, Any] = field(default_factory=dict, repr=False)
    card: str = field(default="", repr=False)
    concepts: bool = True

    @property
    def bits(self) -> int:
        """Binary logarithm of the number of buckets."""
        return len(self.weights).bit_length() - 1

    @property
    def trained(self) -> npt.NDArray[np.bool_]:
        """``(categories,)`` which of them there is a head for; the others are never flagged."""
        return np.asarray(self.weights[:, : len(CATEGORIES)].any(axis=0))

    @property
    def contributions(self) -> Floats:
        """``(categories, 2 ** bits)`` what each bucket adds to a raw score, before the length of the message."""
        return np.asarray(self.weights[:, : len(CATEGORIES)].T * self.scale[:, None])

    @cached_property
    def _table(self) -> npt.NDArray[np.uint64]:
        return pack_weights(self.weights)

    @cached_property
    def _platt(self) -> tuple[Floats, Floats]:
        slope, intercept = np.array(self.calibration).T
        return slope, intercept

    def decide(self, texts: pa.Array | Buffers) -> tuple[Floats, npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Raw scores ``(n, categories)`` of the texts, their feature counts and which were cut."""
        found = sum_weights(texts, self._table, concepts=self.concepts)
        norm = length_norm(found.sums[:, WEIGHT_COLUMNS - 1])
        sums = found.sums[:, : len(CATEGORIES)] * (self.scale / norm[:, None])
        return sums + self.intercept, found.features, found.cut

    def raw(self, texts: pa.Array) -> Floats:
        """Raw scores ``(n, categories)`` alone."""
        return self.decide(texts)[0]

    def calibrate(self, scores: Floats) -> Floats:
        """Probabilities of raw scores, same shape."""
        slope, intercept = self._platt
        return sigmoid(scores * slope + intercept)

    def score(self, texts: pa.Array | Buffers) -> Scores:
        """Score an Arrow string array; a text without features gets probability 0: the model abstains."""
        scores, features, cut = self.decide(texts)
        probabilities = self.calibrate(scores).astype(np.float32)
        probabilities[features == 0] = 0
        return Scores(probabilities, features, cut)


def check_target(folder: Path, *, force: bool = False) -> None:
    """Look whether a model may be saved here, before hours of training.

    Raises:
        CannotCreateError: The folder exists and ``force`` is off, it holds something else than a model, or cannot be made.
    """
    if folder.exists() and not force:
        raise CannotCreateError(f"{folder} exists; choose another name or give --force")
    if folder.exists() and not (folder / "model.json").is_file():
        raise CannotCreateError(f"{folder} is no model folder; it is not replaced, even with --force")
    home = next(parent for parent in folder.absolute().parents if parent.exists())
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        raise CannotCreateError(f"cannot create {folder}: {home} is no folder that may be written to")


def save_model(model: Model, folder: Path, *, force: bool = False) -> None:
    """Write the model beside ``folder`` and rename it when whole.

    Raises:
        CannotCreateError: The folder exists and ``force`` is off, it holds something else than a model, or cannot be made.
        ValueError: The facts cannot be written as JSON.
    """
    check_target(folder, force=force)
    packed = io.BytesIO()
    np.savez_compressed(packed, weights=np.ascontiguousarray(model.weights.T))
    files = {"weights.npz": packed.getvalue(), "README.md": model.card.encode()}
    described = {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "categories": list(CATEGORIES),
        "features": {"version": FEATURES, "bits": model.bits, "concepts": model.concepts},
        "scale": model.scale.tolist(),
        "intercept": model.intercept.tolist(),
        "calibration": [c._asdict() for c in model.calibration],
        "thresholds": {c: {"review": t.review, "act": t.act} for c, t in zip(CATEGORIES, model.thresholds, strict=True)},
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
        },
        "facts": model.facts,
    }
    files["model.json"] = (json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise CannotCreateError(f"cannot create {folder}: {error.strerror}") from None
    try:
        part.chmod(0o755)
        for name, content in files.items():
            with (part / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            old = part.with_name(f"{part.name}.old")
            folder.rename(old)
            try:
                part.rename(folder)
            except BaseException:
                old.rename(folder)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def load_model(folder: Path) -> Model:
    """Read a model folder; checks names, sizes and digests first and executes nothing.

    Raises:
        NoInputError: There is no such folder.
        ModelError: The folder is refused; the message says why.
    """
    if not folder.is_dir():
        raise NoInputError(f"no model folder at {folder}")
    names = {entry.name for entry in folder.iterdir()}
    pickles = sorted(n for n in names if Path(n).suffix in (".pkl", ".pickle", ".joblib", ".pt", ".bin"))
    if pickles:
        raise ModelError(f"{folder} holds {pickles[0]}, which could run code; a model folder holds numbers only")
    names -= {name for name in names if not (folder / name).is_file()} & _FILES
    if names != _FILES:
        missing, extra = sorted(_FILES - names), sorted(names - _FILES)
        raise ModelError(
            f"{folder} is not a model folder: " + (f"{missing[0]} is missing" if missing else f"{extra[0]} does not belong")
        )
    described = _read_description(folder)
    number = described.get("format")
    if not isinstance(number, int) or number not in _READERS:
        newer = isinstance(number, int) and number > FORMAT
        hint = "it was written by a newer moderation, upgrade to read it" if newer else f"this moderation reads up to {FORMAT}"
        raise ModelError(f"{folder} has model format {number!r}; {hint}")
    try:
        return _READERS[number](folder, described)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"{folder}/model.json is damaged: {type(error).__name__}") from None


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ModelError(f"{path} is larger than {MAX_JSON_BYTES} bytes")
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ModelError(f"{path} is not JSON") from None
    if not isinstance(described, dict):
        raise ModelError(f"{path} is not a JSON object")
    return described


def _checked_bytes(folder: Path, name: str, described: dict[str, Any], limit: int) -> bytes:
    path = folder / name
    size = path.stat().st_size
    if size > limit:
        raise ModelError(f"{path} is larger than {limit} bytes")
    content = path.read_bytes()
    said = described["files"][name]
    if size != said["bytes"] or hashlib.sha256(content).hexdigest() != said["sha256"]:
        raise ModelError(f"{path} does not match its digest in model.json")
    return content


def _read_weights(content: bytes, buckets: int) -> npt.NDArray[np.int16]:
    """The one array of the archive, refused before anything large is unpacked or allocated."""
    shape = WEIGHT_COLUMNS, buckets
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if [e.filename for e in entries] != ["weights.npy"] or entries[0].compress_type not in _COMPRESSIONS:
                raise ModelError("weights.npz holds something else than weights")
            if entries[0].file_size > 2 * WEIGHT_COLUMNS * buckets + 1024:
                raise ModelError("weights.npz declares a size that its settings do not explain")
            array = io.BytesIO(archive.read(entries[0]))
        # numpy would allocate what the header asks for before it looks how much there is.
        version = np.lib.format.read_magic(array)
        if version != (1, 0) or np.lib.format.read_array_header_1_0(array) != (shape, False, np.dtype("<i2")):
            raise ModelError("weights.npz has another shape than its settings say")
        weights = np.frombuffer(array.read(), "<i2").reshape(shape)
    except _UNREADABLE:
        raise ModelError("weights.npz cannot be read as plain numbers") from None
    if weights.min() < -ZERO or weights.max() >= ZERO:
        raise ModelError("weights.npz holds numbers of more than 12 bits")
    return weights.T.astype(np.int16, order="K", copy=False)


def _read_format_1(folder: Path, described: dict[str, Any]) -> Model:
    if described["categories"] != list(CATEGORIES):
        raise ModelError(f"{folder} was trained for other categories")
    bits = int(described["features"]["bits"])
    if not 8 <= bits <= MAX_BITS:
        raise ModelError(f"{folder} asks for 2**{bits} buckets; at most 2**{MAX_BITS} are read")
    if described["features"].get("version") != FEATURES:
        raise ModelError(f"{folder} was trained on other features than this moderation sees in a message; train it again")
    card = _checked_bytes(folder, "README.md", described, MAX_CARD_BYTES)
    weights = _read_weights(_checked_bytes(folder, "weights.npz", described, MAX_WEIGHT_BYTES), 1 << bits)
    model = Model(
        name=str(described["name"]),
        version=str(described["version"]),
        weights=weights,
        scale=np.array(described["scale"], np.float64),
        intercept=np.array(described["intercept"], np.float64),
        calibration=tuple(Calibration(float(c["slope"]), float(c["intercept"])) for c in described["calibration"]),
        thresholds=tuple(
            Thresholds(float(described["thresholds"][c]["review"]), float(described["thresholds"][c]["act"])) for c in CATEGORIES
        ),
        facts=dict(described["facts"]),
        card=card.decode("utf-8"),
        concepts=described["features"]["concepts"],
    )
    if not isinstance(model.concepts, bool):
        raise ModelError(f"{folder}/model.json is damaged: concepts are true or false")
    if not (model.scale.shape == model.intercept.shape == (len(CATEGORIES),) and len(model.calibration) == len(CATEGORIES)):
        raise ModelError(f"{folder}/model.json is damaged: one number a category is expected")
    points = [point for t in model.thresholds for point in (t.review, t.act)]
    if not np.isfinite([*model.scale, *model.intercept, *np.ravel(model.calibration), *points]).all():
        raise ModelError(f"{folder}/model.json is damaged: a number is not finite")
    if not 0 <= min(points) <= max(points) <= 1:
        raise ModelError(f"{folder}/model.json is damaged: a threshold is no probability")
    return model


_READERS = {1: _read_format_1}
