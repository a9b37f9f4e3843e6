"""Device, precision and compilation of networks."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

MIN_STEPS_TO_COMPILE = 2000
"""Compilation takes about a minute and does not pay in shorter trainings."""


def choose_device() -> torch.device:
    """Returns the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Returns bfloat16 if the device has it natively, else None (float32)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else None


def compiled_where_it_pays(
    model: nn.Module, device: torch.device, steps: int, cpu_steps: int | None = None
) -> Callable[[Tensor], Tensor]:
    """Returns the model, compiled if the training is long enough.

    Args:
        model: on the device.
        device: of the training.
        steps: of the whole training.
        cpu_steps: number of steps from which compilation pays on a CPU; None for never. It halves
            the time of steps bound by pooling, activations and norms, not of those bound by
            matrix products. Needs a C++ compiler; without one nothing is compiled.
    """
    if device.type == "cuda" and steps >= MIN_STEPS_TO_COMPILE:
        # A graph compiled for another length would make lengths symbolic, which Inductor 2.13
        # cannot lower here; batch sizes may differ, the last batch is smaller.
        torch.compiler.reset()
        return torch.compile(model)
    pays = device.type == "cpu" and cpu_steps is not None and steps >= cpu_steps
    if pays and shutil.which("g++"):
        torch.compiler.reset()
        return torch.compile(model, dynamic=False)
    return model
