"""Where and in which precision networks run.

What belongs here: choosing device and precision, compiling. What does not: the loop
(see `training`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

MIN_STEPS_TO_COMPILE = 2000
"""Compiling takes about a minute; shorter trainings are over before it has paid."""


def choose_device() -> torch.device:
    """Returns the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Returns bfloat16 where the device computes it natively, else None (float32)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else None


def compiled_where_it_pays(
    model: nn.Module, device: torch.device, steps: int, cpu_steps: int | None = None
) -> Callable[[Tensor], Tensor]:
    """Returns what to call in the step: the model, or the model compiled for long trainings.

    Args:
        model: on the device.
        device: of the training.
        steps: of the whole training.
        cpu_steps: from how many steps on it pays on a CPU as well; None for never. Where a step
            is bound by matrix products it does not pay; where it is bound by what lies between
            them (pooling, activations, norms) a step takes half the time. Needs a C++ compiler;
            without one nothing is compiled.
    """
    if device.type == "cuda" and steps >= MIN_STEPS_TO_COMPILE:
        # What was compiled before for another length would make lengths symbolic, which
        # Inductor 2.13 cannot lower here; batches may differ, the last one is smaller.
        torch.compiler.reset()
        return torch.compile(model)
    pays = device.type == "cpu" and cpu_steps is not None and steps >= cpu_steps
    if pays and shutil.which("g++"):
        torch.compiler.reset()
        return torch.compile(model, dynamic=False)
    return model
