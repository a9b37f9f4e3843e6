"""Where and in which precision networks run.

What belongs here: choosing device and precision, compiling. What does not: the loop
(see `training`).
"""

from __future__ import annotations

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
    model: nn.Module, device: torch.device, steps: int
) -> Callable[[Tensor], Tensor]:
    """Returns what to call in the step: the model, compiled on a GPU for long trainings.

    On a CPU in float32 the step is bound by matrix products, and compiling takes minutes, so
    the model is returned as it is.
    """
    if device.type == "cuda" and steps >= MIN_STEPS_TO_COMPILE:
        # What was compiled before for another length would make lengths symbolic, which
        # Inductor 2.13 cannot lower here; batches may differ, the last one is smaller.
        torch.compiler.reset()
        return torch.compile(model)
    return model
