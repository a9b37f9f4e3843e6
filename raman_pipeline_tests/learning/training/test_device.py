import torch

from raman_pipeline.learning.training.device import autocast_dtype, compiled_where_it_pays


def test_bf16_only_where_the_processor_has_it(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert autocast_dtype(cpu) is None
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert autocast_dtype(cpu) is torch.bfloat16


def test_nothing_is_compiled_on_the_cpu_or_for_a_short_training():
    model = torch.nn.Identity()
    assert compiled_where_it_pays(model, torch.device("cpu"), 10**6) is model
    assert compiled_where_it_pays(model, torch.device("cuda"), 10) is model
