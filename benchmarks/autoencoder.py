"""Denoising autoencoders: speed and error by patch size, compared with a plain transformer.

The plain one is `nn.TransformerEncoder` with its defaults on patches and the usual
initialisation. All train on the same spectra for about the same CPU time, so that a faster
network has more epochs; the error is on held-out specimens, at one noise level.

    python -m benchmarks.autoencoder data/store/rruff [--seconds 300]

writes docs/autoencoder.json and prints a table. CPU times are of one thread.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.corpus import CORPUS_COLUMNS, Corpus, held_out, make_corpus
from raman_pipeline.learning.denoising.objective import Denoising
from raman_pipeline.learning.denoising.presets import AUTOENCODERS, AutoencoderPreset
from raman_pipeline.learning.models.transformer_autoencoder import TransformerAutoencoder
from raman_pipeline.learning.training.loop import optimise
from raman_pipeline.profiles import load_settings
from raman_pipeline.spectra.tensor_file import open_tensor

OUT = Path(__file__).parents[1] / "docs" / "autoencoder.json"
NOISE = 0.05
PATCHES = (4, 8, 16, 24, 40)


class PlainTransformer(nn.Module):
    """A linear embedding of patches, `nn.TransformerEncoder`, a linear layer back."""

    def __init__(self, length: int, preset: AutoencoderPreset) -> None:
        super().__init__()
        self.patch = preset.patch
        self.embed = nn.Linear(preset.patch, preset.dim)
        self.position = nn.Parameter(0.02 * torch.randn(length // preset.patch, preset.dim))
        layer = nn.TransformerEncoderLayer(
            preset.dim, preset.heads, 4 * preset.dim, dropout=0.0, batch_first=True
        )
        depth = preset.encoder_depth + preset.decoder_depth
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.out = nn.Linear(preset.dim, preset.patch)

    def encode(self, spectra: Tensor) -> Tensor:
        """Returns tokens."""
        tokens = self.embed(spectra.unflatten(1, (-1, self.patch))) + self.position
        return self.encoder(tokens)

    def decode(self, tokens: Tensor) -> Tensor:
        """Returns spectra."""
        return self.out(tokens).flatten(1)


def load(store: Path) -> tuple[Corpus, Corpus]:
    """Returns training and held-out spectra of seed 0."""
    assets, settings = store / "assets", load_settings("rruff", store=store)
    tensor = open_tensor(assets / "fine_spectra.safetensors")
    spectra = StoredTable(assets / "spectra.parquet").select(CORPUS_COLUMNS).to_pandas()
    corpus = make_corpus(spectra, tensor)
    rows = held_out(corpus, settings.clustering.hard_minerals, 0)
    return corpus.subset(~rows), corpus.subset(rows)


def measure(name: str, patch: int, store: Path, seconds: float) -> dict[str, object]:
    """Trains for a CPU time; returns speed, error on held-out spectra and memory."""
    torch.set_num_threads(1)
    train, test = load(store)
    preset = AUTOENCODERS["default"].model_copy(
        update={"patch": patch, "code": max(patch, 16), "contrastive_weight": 0.0, "epochs": 1}
    )
    few = Corpus(train.intensity[:512], train.grid, train.metadata.iloc[:512])
    start = time.process_time()
    warming = _objective(name, few, preset)
    optimise(warming.model, warming, preset, preset.epochs, 0, "")
    pace = len(few) / (time.process_time() - start)
    epochs = max(int(seconds * pace / len(train)), 1)
    preset = preset.model_copy(update={"epochs": epochs})
    objective = _objective(name, train, preset)
    start = time.process_time()
    optimise(objective.model, objective, preset, preset.epochs, 0, "")
    cpu = time.process_time() - start
    rng = np.random.default_rng(0)
    noisy = test.intensity + NOISE * rng.standard_normal(test.intensity.shape, dtype=np.float32)
    with torch.inference_mode():
        parts = torch.from_numpy(noisy).split(256)
        found = torch.cat([objective.model.decode(objective.model.encode(p)) for p in parts])
    return {
        "network": name,
        "patch": patch,
        "parameters": sum(p.numel() for p in objective.model.parameters()),
        "epochs": epochs,
        "cpu_s": round(cpu, 1),
        "spectra_per_s": round(len(train) * epochs / cpu, 1),
        "mse": float(np.square(found.numpy() - test.intensity).mean()),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def attention_kernels(store: Path) -> dict[str, float]:
    """Returns milliseconds of a forward and backward pass by attention kernel, CPU."""
    torch.set_num_threads(1)
    train, _ = load(store)
    times = {}
    for backend in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
        objective = _objective("this project's", train, AUTOENCODERS["default"])
        with sdpa_kernel(backend):
            for repeat in range(12):
                if repeat == 2:
                    start = time.process_time()
                objective.loss(torch.arange(32))[0].backward()
        times[backend.name.lower()] = round(1000 * (time.process_time() - start) / 10, 1)
    return times


def _objective(name: str, corpus: Corpus, preset: AutoencoderPreset) -> Denoising:
    torch.manual_seed(0)
    length = corpus.grid.size
    if name == "plain":
        model = PlainTransformer(length, preset)
    else:
        model = TransformerAutoencoder(
            length, preset.patch, preset.dim, preset.heads, preset.encoder_depth,
            preset.decoder_depth, preset.code, preset.context, preset.projection,
        )  # fmt: skip
    return Denoising(model, corpus.intensity, corpus.specimens, preset)  # type: ignore[arg-type]


def main() -> None:
    """Measures each network in its own process and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="store of a profile, run up to the spectra")
    parser.add_argument("--seconds", type=float, default=300.0, help="CPU time per training")
    chosen = parser.parse_args()
    networks = [("this project's", p) for p in PATCHES] + [("plain", p) for p in (8, 16)]
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        rows = [
            pool.submit(measure, name, patch, chosen.store, chosen.seconds).result()
            for name, patch in networks
        ]
        kernels = pool.submit(attention_kernels, chosen.store).result()
    result = {
        "machine": f"{platform.processor() or platform.machine()}, one thread",
        "protocol": f"spectra of seed 0, {chosen.seconds:g} s of CPU time each, error at noise "
        f"{NOISE} on held-out specimens",
        "torch": torch.__version__,
        "rows": rows,
        "attention_ms_per_step": kernels,
    }
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    table = Table(title=str(result["protocol"]))
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(f"{v:.2e}" if k == "mse" else str(v) for k, v in row.items()))
    console = Console(width=160)
    console.print(table)
    console.print(f"attention, ms per step: {kernels}")


if __name__ == "__main__":
    main()
