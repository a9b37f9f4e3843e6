"""ConvNeXt1D in a long training: loss and accuracy by steps, of training and held-out spectra.

    python -m benchmarks.paper_training data/store/paper [--split random] [--fold 0] [--minutes 5]

adds a run to docs/paper_training.json and draws docs/training_curve.png; `--draw` only draws, and
`--derivative` trains on first derivatives of the fine spectra. On a
GPU a step (forward, backward, clipping) is captured once as a CUDA graph and replayed, the
depthwise convolutions are sums of shifted products, which Inductor fuses, and the optimiser works
on one flat vector: on an H100 three such processes made 628 steps per second together, ten of
the package's loop 164. The optimiser is the package's; an epoch's last, smaller batch
is left out; augmentation runs before the captured step, on the device too. The stored runs were
made by a first form of this loop; this one ran on a CPU only.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.preparation import first_derivative
from benchmarks.training import load
from raman_pipeline.learning.data.labelled import LabelledSpectra
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.learning.geolocation.families.convnext import build
from raman_pipeline.learning.models.convnext1d import DepthwiseConv
from raman_pipeline.learning.training.augmentation import Augmenter, mixup
from raman_pipeline.learning.training.classifier import TrainingSet, cropped
from raman_pipeline.learning.training.device import choose_device
from raman_pipeline.learning.training.loop import optimiser_of
from raman_pipeline.learning.training.presets import PRESETS, ConvNeXtPreset
from raman_pipeline.plots.style import BLUE, GREY, ORANGE, RED, new_figure
from raman_pipeline.spectra.tensor_file import SpectrumTensor, open_tensor

DOCS = Path(__file__).parents[1] / "docs"
OUT = DOCS / "paper_training.json"
COLUMNS = ["steps", "training_loss", "training_accuracy", "test_loss", "test_accuracy"]
EVERY = 500
"""Steps between two evaluations."""


def derivatives(spectra: LabelledSpectra, fine: SpectrumTensor) -> LabelledSpectra:
    """Returns the same rows as first derivatives of the fine spectra, each of unit variance."""
    rows = fine.rows_of(spectra.metadata["member_id"].tolist())
    found = first_derivative(np.asarray(fine.intensity[rows]), 7)
    grid = np.linspace(fine.grid[0], fine.grid[-1], len(spectra.grid))
    found = np.stack([np.interp(grid, fine.grid, row) for row in found])
    found /= np.maximum(found.std(axis=1, keepdims=True), 1e-6)
    return replace(spectra, intensity=found.astype(np.float32), grid=grid)


def shifted_products(conv: DepthwiseConv, x: Tensor) -> Tensor:
    """Returns the depthwise convolution of [batch, length, channels], without a convolution."""
    (size,), length = conv.kernel_size, x.shape[1]
    padded = nn.functional.pad(x, (0, 0, size // 2, size // 2))
    terms = (padded[:, k : k + length] * conv.weight[:, 0, k] for k in range(size))
    return sum(terms, conv.bias)


class Steps:
    """Optimisation of a network whose parameters are parts of one flat vector.

    Args:
        network: on the device.
        data: the training set.
        preset: batch size, augmentation and optimiser.
    """

    def __init__(self, network: nn.Module, data: TrainingSet, preset: ConvNeXtPreset) -> None:
        self.network, self.preset, device = network, preset, next(network.parameters()).device
        self.x, self.y = (torch.tensor(a, device=device) for a in (data.spectra, data.label))
        self.cuda, recipe = self.x.is_cuda, preset.augmentation
        self.augment = recipe and Augmenter(recipe, self.x, data.specimens, data.step_cm1)
        parameters = list(network.parameters())
        self.flat = nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
        self.flat.grad = torch.zeros_like(self.flat)
        at = 0
        for p in parameters:
            part = slice(at, at + p.numel())
            p.data = self.flat.data[part].view_as(p)
            p.grad = self.flat.grad[part].view_as(p)
            at += p.numel()
        self.optimizer = optimiser_of([self.flat], preset)
        # What a captured step reads: spectra, labels, labels of the mixup partners, first weight.
        self.batch = self.x[: preset.batch_size].clone()
        self.labels, self.partners = (self.y[: preset.batch_size].clone() for _ in range(2))
        self.weight = torch.ones((), device=device)
        self.totals = torch.zeros(2, device=device)
        self.forward = torch.compile(network, dynamic=False) if self.cuda else network
        self.train()
        self.replay = self._captured() if self.cuda else self._gradient

    def train(self) -> None:
        """Sets training mode."""
        self.network.train()
        self.optimizer.train()

    def epoch(self, order: Tensor) -> tuple[float, float]:
        """Runs all whole batches of an order; returns mean loss and accuracy."""
        self.totals.zero_()
        size = self.preset.batch_size
        batches = order[: len(order) // size * size].split(size)
        for rows in batches:
            self._fill(rows)
            self.replay()
            self.optimizer.step()
        loss, accuracy = (self.totals / len(batches)).tolist()
        return loss, accuracy

    def scores(self, spectra: Tensor, label: Tensor) -> tuple[float, Tensor]:
        """Returns the loss, and the ranks of the labels from 0, with the averaged weights."""
        self.network.eval()
        self.optimizer.eval()
        with torch.inference_mode():
            logits = torch.cat([self.network(part) for part in spectra.split(512)])
        self.train()
        loss = nn.functional.cross_entropy(logits, label)
        return float(loss), (logits > logits.gather(1, label[:, None])).sum(dim=1)

    def _fill(self, rows: Tensor) -> None:
        x, y, recipe = self.x[rows], self.y[rows], self.preset.augmentation
        self.labels.copy_(y)
        self.partners.copy_(y)
        if self.augment and recipe:
            x = self.augment(rows)
            if recipe.mixup:
                x, partner, weight = mixup(x, recipe.mixup)
                self.partners.copy_(y[partner])
                self.weight.fill_(weight)
        self.batch.copy_(x)

    def _gradient(self) -> None:
        grad = self.flat.grad
        assert grad is not None
        grad.zero_()
        # A captured graph must not keep casts of weights that change.
        with torch.autocast(self.x.device.type, torch.bfloat16, self.cuda, cache_enabled=False):
            logits = self.forward(self.batch).float()
        loss, mixed = (nn.functional.cross_entropy(logits, y) for y in (self.labels, self.partners))
        loss = self.weight * loss + (1 - self.weight) * mixed
        loss.backward()
        grad.mul_((self.preset.clip_norm / (grad.norm() + 1e-6)).clamp(max=1))
        right = (logits.argmax(dim=1) == self.labels).float().mean()
        self.totals += torch.stack([loss.detach(), right])

    def _captured(self):  # noqa: ANN202
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._gradient()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._gradient()
        return graph.replay


def by_group(
    train: LabelledSpectra, test: LabelledSpectra, right: npt.NDArray[np.bool_]
) -> dict[str, tuple[float, int]]:
    """Returns accuracy and n of test spectra by what training has of their specimen."""
    pair, specimen = (
        test.metadata[key].isin(train.metadata[key]).to_numpy()
        for key in ("measurement_key", "rruff_id")
    )
    groups = {"pair": pair, "other siblings only": specimen & ~pair, "new": ~specimen}
    return {
        name: (round(float(right[rows].mean()), 4), int(rows.sum()))
        for name, rows in groups.items()
        if rows.any()
    }


def train_for(
    seconds: float, train: LabelledSpectra, test: LabelledSpectra, preset: ConvNeXtPreset, seed: int
) -> dict[str, object]:
    """Trains for some time; returns the curve and what it was made with."""
    device = choose_device()
    if device.type == "cuda":
        DepthwiseConv.forward = shifted_products
        # Inductor's own random numbers may be the same at every replay.
        torch._inductor.config.fallback_random = True
    data = TrainingSet.of(train, preset)
    torch.manual_seed(seed)
    network = build(preset, data.spectra.shape[1], len(train.classes)).to(device)
    held_out = [torch.tensor(a, device=device) for a in (cropped(test, preset), test.label)]
    steps = Steps(network, data, preset)
    generator = torch.Generator().manual_seed(seed)
    per_epoch, done, curve = len(train) // preset.batch_size, 0, [[0.0] * len(COLUMNS)]
    start = time.perf_counter()
    while (used := time.perf_counter() - start) < seconds:
        found = steps.epoch(torch.randperm(len(train), generator=generator).to(device))
        done += per_epoch
        if done - curve[-1][0] >= EVERY:
            loss, rank = steps.scores(*held_out)
            row = (*found, loss, float((rank == 0).float().mean()))
            curve.append([done, *(round(v, 4) for v in row)])
            print(dict(zip(COLUMNS, curve[-1], strict=True)), flush=True)
    rank = steps.scores(*held_out)[1].cpu().numpy()
    return {
        "seed": seed,
        "training": len(train),
        "test": len(test),
        "steps": done,
        "steps_per_s": round(done / used, 1),
        "processes": 1,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU, one thread",
        "groups": by_group(train, test, rank == 0),
        "test_top5": round(float((rank < 5).mean()), 4),
        "curve": curve[1:],
    }


def draw(results: dict) -> None:
    """Draws accuracy and loss by steps: the longest run of each preset, split and fold."""
    figure, axes = new_figure(11, 4.2, 2)
    shown = {
        ("paper", "random", 0): ("random, fold 0", BLUE),
        ("paper", "random", 1): ("random, fold 1", GREY),
        ("paper, derivative", "random", 0): ("random, fold 0, derivative", ORANGE),
        ("paper", "specimen", 0): ("specimen, fold 0", RED),
    }
    longest: dict[tuple, dict] = {}
    for run in sorted(results["runs"], key=lambda run: run["steps"]):
        longest[run["preset"], run["split"], run["fold"]] = run
    for key, (name, colour) in shown.items():
        curve = np.array(longest[key]["curve"])
        for ax, column in ((axes[0], 1), (axes[1], 0)):
            steps = curve[:, 0] / 1000
            ax.plot(steps, curve[:, 3 + column], color=colour, label=f"{name}: test")
            ax.plot(steps, curve[:, 1 + column], ":", color=colour, label=f"{name}: training")
    axes[0].axhline(results["majority"], color="black", lw=0.8, ls="--", label="majority class")
    axes[0].axhline(0.93, color="black", lw=0.8, ls="-.", label="the paper, random split")
    axes[0].set(xlabel="thousand steps of 64 spectra", ylabel="accuracy", ylim=(0, 1))
    axes[1].set(xlabel="thousand steps of 64 spectra", ylabel="loss, nats", ylim=(0, 7))
    axes[0].legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(f"ConvNeXt1D (paper): {results['data']}", fontsize=10)
    figure.savefig(DOCS / "training_curve.png", dpi=110)


def main() -> None:
    """Trains, adds the run to the results and draws them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="store of a profile, run up to the folds")
    parser.add_argument("--split", default="random", choices=SPLITS)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--preset", default="paper", choices=list(PRESETS))
    parser.add_argument("--no-augmentation", action="store_true")
    parser.add_argument("--derivative", action="store_true", help="of the fine spectra")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--draw", action="store_true", help="only draw the runs that are stored")
    chosen = parser.parse_args()
    results = json.loads(OUT.read_text())
    if not chosen.draw:
        torch.set_num_threads(1)
        preset = PRESETS[chosen.preset]
        if chosen.no_augmentation:
            preset = preset.model_copy(update={"augmentation": None})
        train, test = load(chosen.store / "assets", chosen.split, chosen.fold)
        if chosen.derivative:
            fine = open_tensor(chosen.store / "assets" / "fine_spectra.safetensors")
            train, test = derivatives(train, fine), derivatives(test, fine)
            preset = preset.model_copy(update={"transform": "none", "crop": None})
        run = train_for(60 * chosen.minutes, train, test, preset, chosen.fold)
        preset_name = chosen.preset + ", augmented" * bool(preset.augmentation)
        preset_name += ", derivative" * chosen.derivative
        name = {"preset": preset_name, "split": chosen.split, "fold": chosen.fold}
        results["runs"].append(name | run)
        OUT.write_text(json.dumps(results, separators=(",", ":")))
    draw(results)


if __name__ == "__main__":
    main()
