import re
import signal
import subprocess
import sys

import httpx


def test_the_page_is_served_until_it_is_interrupted(library_file):
    command = [sys.executable, "-m", "raman_pipeline.cli.main", "page", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--library", str(library_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().startswith(f"library: {library_file}, 48 spectra")
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        for attempt in range(100):
            try:
                assert httpx.get(f"{address}/health", timeout=30).json()["status"] == "ok"
                break
            except httpx.TransportError:
                assert attempt < 99
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)
    finally:
        process.kill()
    assert "Traceback" not in "".join(output)


def test_without_a_library_the_remedy_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "raman_pipeline.cli.main", "page", "--port", "0", "--library",
         str(tmp_path / "none.safetensors")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "build-library" in done.stderr
