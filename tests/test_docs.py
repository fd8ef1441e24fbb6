"""Pages that cannot go stale: what they list is compared with the code."""

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from strokewright.cli.app import COMMANDS, build
from strokewright.files import FORMATS, find_format

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_commands_page_is_current(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    spec = importlib.util.spec_from_file_location("make_commands", ROOT / "docs/make_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == text_of("docs/commands.md"), "stale: run python docs/make_commands.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_on_pages_parse_and_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    names = "|".join(COMMANDS)
    for line in re.findall(rf"^(?:\.venv/bin/)?strokewright ((?:{names}) .*)$", text, re.MULTILINE):
        build().parse_args(shlex.split(line), exit_on_error=False, print_error=False)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text):
        assert (page.parent / target).exists(), target


def test_the_readmes_five_lines_run(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "strokes" in capsys.readouterr().out
    assert (tmp_path / "out/cat.svg").exists()


def test_every_format_is_described_as_it_is():
    rows = {line.split("`")[1]: line for line in text_of("docs/formats.md").splitlines() if line.startswith("| `.")}
    assert set(rows) == set(FORMATS)
    for suffix, line in rows.items():
        chosen = find_format(suffix)
        read, write, many = (cell.strip() for cell in line.split("|")[2:5])
        assert (read == "yes") == (chosen.read is not None), suffix
        assert (write == "yes") == (chosen.write is not None), suffix
        assert (many == "yes") == chosen.holds_many, suffix


def test_every_dependency_has_a_reason():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    named = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    page = text_of("docs/dependencies.md")
    missing = {re.split(r"[<>=\[]", name)[0] for name in named} - set(re.findall(r"[\w-]+", page))
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_package_is_on_the_map(page):
    packages = {path.parent.name for path in (ROOT / "src/strokewright").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"(\w+)/", text_of(page)))


def test_the_layers_hold():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
