"""The programs of the package's pages run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAGES = [
    ROOT / "bindings" / "python" / "README.md",
    ROOT / "docs" / "python-migration.md",
    ROOT / "docs" / "python-xarray.md",
    ROOT / "docs" / "time.md",
]


def programs() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        texts = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found += [(f"{page.stem} {number}", text) for number, text in enumerate(texts)]
    return found


@pytest.mark.parametrize(("name", "text"), programs(), ids=[name for name, _ in programs()])
def test_programs(name: str, text: str, tmp_path: Path) -> None:
    # A file, which other processes can import.
    (tmp_path / "program.py").write_text(text)
    process = subprocess.run(
        [sys.executable, "-W", "error", "program.py"], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert (process.returncode, process.stderr) == (0, ""), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
