"""What a spawned process of a test does; in a module of its own, which loads no Dagster."""

from raman_pipeline.orchestration.progress import Progress, publish


def work(number):
    for epoch in range(1, 4):
        publish(Progress(f"net {number}", epoch, 3, f"loss {epoch}"))
