import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import BOOGIE, phrase

torch = pytest.importorskip("torch", reason="torch is only installed to convert")

from models import convert as converting  # noqa: E402
from models.convert import convert, main, read_encoder, read_sizes  # noqa: E402
from models.errors import ModelError  # noqa: E402
from models.notes import Phrase, note_array  # noqa: E402
from models.specdiff import SpecDiff, phrase_tokens  # noqa: E402
from models.specdiff_network import PublishedEncoder, published_names  # noqa: E402

SMALL = {
    "_class_name": "SpectrogramNotesEncoder",
    "vocab_size": 1536,
    "max_length": 256,
    "d_model": 64,
    "num_layers": 2,
    "num_heads": 3,
    "d_kv": 16,
    "d_ff": 96,
    "dropout_rate": 0.1,
    "feed_forward_proj": "gated-gelu",
    "is_decoder": False,
}
FULL = SMALL | {"max_length": 2048, "d_model": 768, "num_layers": 12, "num_heads": 12}
FULL |= {"d_kv": 64, "d_ff": 2048}
SEGMENTS = 20
LEAST = 0.999


def random_state(config: dict[str, Any]) -> dict[str, Any]:
    """Weights under their published names, spread as T5 is initialised (Raffel et al. 2020)."""
    width, inner = config["d_model"], config["num_heads"] * config["d_kv"]
    draw = torch.Generator().manual_seed(0)

    def matrix(rows: int, columns: int, size: float) -> Any:
        return torch.randn(rows, columns, generator=draw) * size

    state = {
        "token_embedder.weight": matrix(config["vocab_size"], width, 1.0),
        "position_encoding.weight": matrix(config["max_length"], width, 0.5),
        "layer_norm.weight": torch.rand(width, generator=draw) + 0.5,
    }
    for number in range(config["num_layers"]):
        attention, hidden = (f"encoders.{number}.layer.{part}." for part in (0, 1))
        for part in "qkv":  # scores are not scaled, so queries are small to begin with
            size = (width * (config["d_kv"] if part == "q" else 1)) ** -0.5
            state[f"{attention}SelfAttention.{part}.weight"] = matrix(inner, width, size)
        state[f"{attention}SelfAttention.o.weight"] = matrix(width, inner, inner**-0.5)
        for part in ("wi_0", "wi_1"):
            state[f"{hidden}DenseReluDense.{part}.weight"] = matrix(
                config["d_ff"], width, width**-0.5
            )
        state[f"{hidden}DenseReluDense.wo.weight"] = matrix(
            width, config["d_ff"], config["d_ff"] ** -0.5
        )
        for part in (attention, hidden):
            state[f"{part}layer_norm.weight"] = torch.rand(width, generator=draw) + 0.5
    return state


def write(folder: Path, config: dict[str, Any], state: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(state, folder / "diffusion_pytorch_model.bin")
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "small", SMALL, random_state(SMALL))


# -- reading ---------------------------------------------------------------------------------------


def test_half_precision_is_read_as_single(tmp_path: Path) -> None:
    state = {name: value.half() for name, value in random_state(SMALL).items()}
    encoder = read_encoder(write(tmp_path / "half", SMALL, state))
    assert {value.dtype for value in encoder.state_dict().values()} == {torch.float32}


def test_both_kinds_of_file_give_the_same(folder: Path, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    other = write(tmp_path / "safe", SMALL, {})
    (other / "diffusion_pytorch_model.bin").unlink()
    safetensors.save_file(random_state(SMALL), other / "diffusion_pytorch_model.safetensors")
    pairs = zip(
        read_encoder(folder).state_dict().values(),
        read_encoder(other).state_dict().values(),
        strict=True,
    )
    assert all(torch.equal(one, same) for one, same in pairs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_class_name": "SpectrogramContEncoder"}, "is of a SpectrogramContEncoder"),
        ({"feed_forward_proj": "relu"}, "feed_forward_proj is 'relu', must be 'gated-gelu'"),
        ({"is_decoder": True}, "is_decoder is True"),
        ({"d_model": None}, "d_model is None, must be a whole number"),
        ({"num_layers": 0}, "num_layers is 0"),
        ({"d_kv": "64"}, "d_kv is '64'"),
        ({"vocab_size": 1390}, "vocab_size is 1390, must be at least 1391"),
    ],
)
def test_another_configuration_is_refused(folder: Path, change: dict[str, Any], said: str) -> None:
    (folder / "config.json").write_text(json.dumps(SMALL | change))
    with pytest.raises(ModelError, match=rf"config\.json: {said}"):
        read_sizes(folder / "config.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[]", b"7"])
def test_a_configuration_that_is_none_is_one_clear_line(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json: not ") as caught:
        read_encoder(folder)
    assert "\n" not in str(caught.value)


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: cannot be read"):
        read_encoder(tmp_path / "none")


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "diffusion_pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match=r"small: holds neither .*safetensors nor .*bin"):
        read_encoder(folder)


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", converting.WEIGHTS[0]])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_weights_that_are_none_are_one_clear_line(folder: Path, name: str, content: bytes) -> None:
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors", reason="safetensors is not installed")
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: not a file of weights") as caught:
        read_encoder(folder)
    assert "\n" not in str(caught.value)


class Code:
    """Makes a folder when it is unpickled by someone careless."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_code_in_a_checkpoint_is_not_executed(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    write(folder, SMALL, random_state(SMALL) | {"layer_norm.weight": Code(mark)})
    with pytest.raises(ModelError, match="not a file of weights"):
        read_encoder(folder)
    assert not mark.exists()


@pytest.mark.parametrize("state", [[1, 2], {"layer_norm.weight": 3}])
def test_other_things_than_tensors_are_refused(folder: Path, state: Any) -> None:
    write(folder, SMALL, state)
    with pytest.raises(ModelError, match="other than tensors"):
        read_encoder(folder)


def test_missing_strange_and_misshapen_weights_are_named(folder: Path) -> None:
    name = "encoders.1.layer.0.SelfAttention.q.weight"
    full = random_state(SMALL)
    for state, said in (
        ({key: value for key, value in full.items() if key != name}, rf"{name} is missing;"),
        ({}, r"encoders\.0\.layer.* is missing \(and 20 more\)"),
        (full | {"encoders.2.x": full[name]}, r"encoders\.2\.x belongs to another architecture"),
        (full | {name: full[name].T}, rf"{name} is \(64, 48\), config\.json says \(48, 64\)"),
    ):
        with pytest.raises(ModelError, match=said):
            read_encoder(write(folder, SMALL, state))


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.tflite"
    assert main(["specdiff", "--checkpoint", str(tmp_path / "none"), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("windows", [[], [1], [32, 257]])
def test_windows_that_the_encoder_has_not_are_refused(folder: Path, windows: list[int]) -> None:
    with pytest.raises(ModelError, match=r"takes 2\.\.256 tokens"):
        convert(folder, folder / "out.tflite", windows)


# -- the network -----------------------------------------------------------------------------------


def test_padding_makes_no_difference(folder: Path) -> None:
    encoder = read_encoder(folder)
    tokens = torch.randint(3, 1391, (1, 40), dtype=torch.int32)
    with torch.no_grad():
        alone = encoder(tokens)
        padded = encoder(torch.cat([tokens, torch.zeros((1, 9), dtype=torch.int32)], 1))
    assert torch.allclose(alone, padded[:, :40], atol=1e-5)


def test_the_network_gives_what_the_reference_gives(folder: Path) -> None:
    assert (
        least_token_cosine(Reference(SMALL, random_state(SMALL)), read_encoder(folder)) > 0.999999
    )


def test_attention_scaled_as_elsewhere_would_be_noticed(folder: Path) -> None:
    encoder = read_encoder(folder)
    with torch.no_grad():
        encoder.layers[1].attention.query.weight *= SMALL["d_kv"] ** -0.5
    assert least_token_cosine(Reference(SMALL, random_state(SMALL)), encoder) < LEAST


class Reference:
    """The encoder of diffusers."""

    def __init__(self, config: dict[str, Any], state: dict[str, Any]) -> None:
        pytest.importorskip("transformers", reason="the reference needs transformers")
        name = "diffusers.pipelines.deprecated.spectrogram_diffusion.notes_encoder"
        module = pytest.importorskip(
            name, reason="no diffusers with spectrogram diffusion", exc_type=ImportError
        )
        kind = module.SpectrogramNotesEncoder
        if not hasattr(kind, "get_extended_attention_mask"):  # transformers 5 has dropped it
            kind.get_extended_attention_mask = _extended_mask
        self.encoder = kind(**{k: v for k, v in config.items() if k[0] != "_"}).eval()
        self.encoder.load_state_dict(state)

    def outputs(self, tokens: list[int]) -> Any:
        """One row a token, computed with padding behind them."""
        room = self.encoder.config.max_length - len(tokens)
        padded = torch.tensor([tokens + min(32, room) * [0]])
        with torch.no_grad():
            return self.encoder(padded, padded > 0)[0][0, : len(tokens)].numpy()


def _extended_mask(self: Any, mask: Any, shape: Any) -> Any:
    return (~mask)[:, None, None, :] * torch.finfo(torch.float32).min


def least_token_cosine(reference: Reference, encoder: PublishedEncoder) -> float:
    found = []
    for tokens in segment_tokens(200):
        with torch.no_grad():
            ours = encoder(torch.tensor([tokens]))[0].numpy()
        found.append(cosines(reference.outputs(tokens), ours).min())
    return float(min(found))


def cosines(one: Any, other: Any) -> Any:
    return (one * other).sum(-1) / (np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1))


def segments() -> list[Phrase]:
    """Twenty phrases, of 8 to 80 notes, slow and fast, with and without pedal."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(SEGMENTS):
        count = 8 + 4 * number * (number % 5 != 0)
        onsets = np.sort(rng.integers(0, 32, count)) / 4
        rows = [(b, rng.uniform(0.1, 1), 36 + rng.integers(48), 80) for b in onsets.tolist()]
        pattern = phrase(36, BOOGIE, bpm=60.0 + 8 * number, pedal=127 * (number % 2))
        found.append(replace(pattern, notes=note_array(rows)))
    return found


def segment_tokens(most: int) -> list[list[int]]:
    return [tokens for one in segments() for tokens in phrase_tokens(one, most)]


# -- the file --------------------------------------------------------------------------------------


@pytest.fixture
def exporter() -> None:
    pytest.importorskip("litert_torch", reason="litert-torch is only installed to convert")
    pytest.importorskip("ai_edge_litert", reason="no runtime for the converted file")


def check_file(path: Path, reference: Reference, least: float) -> None:
    """Every segment's vector is that of the reference within LEAST, every token's output within
    `least`."""
    embedder = SpecDiff(path)
    for one in segments():
        parts = phrase_tokens(one, embedder.windows[-1])
        wanted = [reference.outputs(tokens) for tokens in parts]
        found = [embedder.outputs(tokens) for tokens in parts]
        assert cosines(np.concatenate(wanted), np.concatenate(found)).min() > least
        assert cosines(np.concatenate(wanted).sum(axis=0), embedder.embed([one])[0]) > LEAST


@pytest.mark.slow
@pytest.mark.usefixtures("exporter")
@pytest.mark.parametrize("int8", [False, True])
def test_a_small_file_gives_what_the_reference_gives(folder: Path, int8: bool) -> None:
    out = folder / "small.tflite"
    assert convert(folder, out, (64, 256), int8) > LEAST
    assert SpecDiff(out).windows == (64, 256)
    check_file(out, Reference(SMALL, random_state(SMALL)), 0.99 if int8 else 0.99999)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "diffusion_pytorch_model.bin",
        "small.tflite",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("exporter")
def test_a_file_that_differs_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "least_cosine", lambda *_: 0.9)
    out = folder / "small.tflite"
    out.write_bytes(b"the one before")
    with pytest.raises(ModelError, match=r"small\.tflite: not written: cosine 0\.9000"):
        convert(folder, out, (64,))
    assert out.read_bytes() == b"the one before"


@pytest.mark.slow
@pytest.mark.usefixtures("exporter")
def test_a_folder_that_is_not_there_is_one_clear_line(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"x\.tflite: cannot be written"):
        convert(folder, folder / "none" / "x.tflite", (64,))


@pytest.mark.slow
@pytest.mark.usefixtures("exporter")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("int8", "megabytes", "least"), [(False, 370, 0.99999), (True, 120, 0.99)])
def test_the_full_size_gives_what_the_reference_gives(
    tmp_path: Path, int8: bool, megabytes: int, least: float
) -> None:
    state = random_state(FULL)
    assert set(state) == set(published_names(12))
    out = tmp_path / "specdiff.tflite"
    convert(write(tmp_path / "full", FULL, state), out, int8=int8)
    assert out.stat().st_size < megabytes * 1e6
    check_file(out, Reference(FULL, state), least)
