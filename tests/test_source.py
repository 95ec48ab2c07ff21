"""The template before it is rendered: what linters, editors and people read."""

import ast
import json
import re
import tomllib
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
import yaml

from variants import (
    CHOICES,
    COMBINATIONS,
    CONTEXT,
    MANIFEST,
    QUESTIONS,
    ROOT,
    TEMPLATE,
    facts,
    needed,
    sources,
)


def files(*suffixes: str, below: Path = TEMPLATE) -> list[Path]:
    paths = [ROOT / path for path in sources()]
    return [path for path in paths if path.suffix in suffixes and path.is_relative_to(below)]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files(".py"), ids=relative)
def test_python_is_plain_python(path: Path) -> None:
    text = path.read_text()
    ast.parse(text)
    assert "cookiecutter" not in text
    assert not re.search(r"\{[{%#]|^\s*#%", text, re.MULTILINE)


class UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; CloudFormation's own tags are data here."""


def construct_mapping(loader: UniqueKeys, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    repeated = {key for key in keys if keys.count(key) > 1}
    assert not repeated, f"repeated on line {node.start_mark.line + 1}: {repeated}"
    return loader.construct_mapping(node, deep=True)


def construct_tag(loader: UniqueKeys, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct_mapping)
UniqueKeys.add_multi_constructor("!", construct_tag)


@pytest.mark.parametrize("path", files(".yaml", ".yml"), ids=relative)
def test_yaml_parses_with_no_key_twice(path: Path) -> None:
    assert yaml.load(path.read_text(), UniqueKeys)  # it is a safe loader


def test_a_repeated_key_would_be_found() -> None:
    with pytest.raises(AssertionError, match="repeated"):
        yaml.load("a: {b: 1, b: 2}", UniqueKeys)


@pytest.mark.parametrize("path", files(".toml"), ids=relative)
def test_toml_parses(path: Path) -> None:
    assert tomllib.loads(path.read_text())


def test_the_manifest_names_files_that_exist_and_answers_that_can_be_given() -> None:
    given = {question: {facts(answers)[question] for answers in COMBINATIONS} for question in facts(COMBINATIONS[0])}
    for path, only in MANIFEST["only"].items():
        assert (TEMPLATE / path).exists() or path in MANIFEST["alternatives"], path
        for question, choices in only.items():
            assert set(choices) < given[question], f"{path}: {question}"
    assert list(MANIFEST["only"]) == sorted(MANIFEST["only"])
    assert list(MANIFEST["alternatives"]) == sorted(MANIFEST["alternatives"])


def test_a_python_and_a_processor_are_words_that_are_put_in_and_decide_about_nothing_else() -> None:
    # This is why they can take turns where each combination of the other answers is rendered.
    names = r"cookiecutter\.(python_version|architecture|__adapter_layer)\b"
    text = "".join((ROOT / path).read_text() for path in sources() if (ROOT / path).is_relative_to(TEMPLATE))
    assert len(re.findall(names, text)) == len(re.findall(rf"\{{\{{ {names} \}}\}}", text)) > 0
    derived = [name for name, value in CONTEXT.items() if isinstance(value, str) and re.search(names, value)]
    assert derived == ["__adapter_layer"]
    assert not re.search("python_version|architecture|__adapter_layer", json.dumps(MANIFEST))


def test_what_is_refused_has_a_reason_and_something_to_choose_instead() -> None:
    for pair in MANIFEST["refused"]:
        for question, choices in pair["answers"].items():
            assert set(choices) < set(CHOICES[question])
        assert pair["reason"]
        for question, choice in re.findall(r"(\w+)=([\w-]+)", pair["instead"]):
            assert choice in CHOICES[question]
            assert choice not in pair["answers"][question]


def test_every_alternative_has_a_file_and_every_file_a_use() -> None:
    on_disk = {str(path.relative_to(TEMPLATE)) for path in files(".py", ".in", ".txt", below=TEMPLATE / "variants")}
    on_disk |= {str(path.relative_to(TEMPLATE)) for path in (TEMPLATE / "variants").glob("**/readme.md")}
    used = set()
    for path, source in MANIFEST["alternatives"].items():
        assert not (TEMPLATE / path).exists(), f"{path} is both a file and a choice of files"
        wanted = {source.format(**facts(answers)) for answers in COMBINATIONS if needed(path, answers)}
        assert wanted & on_disk, path
        used |= wanted
    assert on_disk <= used


def test_every_fragment_is_included_somewhere() -> None:
    including = "".join(path.read_text() for path in files(".yaml", ".json", ".md", "", below=TEMPLATE))
    included = re.findall(r"#% include (.*)", including)
    patterns = {
        re.sub(r'" ~ cookiecutter\.\w+ ~ "', r"[\\w-]+", quoted)
        for line in included
        for quoted in re.findall(r'"((?:[^"]|" ~ cookiecutter\.\w+ ~ ")+)"', line)
    } | {re.sub(r"\{\w+\}", r"[\\w-]+", source) for source in MANIFEST["alternatives"].values()}
    for path in files(".yaml", ".json", ".md", below=TEMPLATE / "variants"):
        assert any(re.fullmatch(pattern, str(path.relative_to(TEMPLATE))) for pattern in patterns), relative(path)


def test_every_question_has_a_prompt_and_every_shape_choice_a_sentence() -> None:
    assert set(CONTEXT["__prompts__"]) == set(QUESTIONS)
    for question, prompt in CONTEXT["__prompts__"].items():
        if isinstance(prompt, dict):
            assert set(prompt) == {"__prompt__", *CHOICES[question]}


def test_the_readme_lists_every_question_and_choice() -> None:
    table = (ROOT / "README.md").read_text().split("\n## Questions\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    assert list(rows) == QUESTIONS
    for question, choices in CHOICES.items():
        assert re.findall(r"`([^`]+)`", rows[question]) == choices


def test_the_map_of_the_local_stack_names_each_of_its_modules() -> None:
    modules = {path.stem for path in files(".py", below=TEMPLATE / "local") if path.parent.name == "local"}
    described = re.findall(r"`(\w+)`", (TEMPLATE / "local/__init__.py").read_text())
    # Not every project has the stand-in for the web adapter, which `layers` names, or policies, which doors import.
    assert set(described) == modules - {"__init__", "policies", "web_adapter"} | {"door"}


def test_make_test_names_every_file_of_tests_once() -> None:
    """But for the load, which is measured, and for what wants dozens of artifacts: `make robustness`."""
    recipe = (ROOT / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0]
    named = [Path(name) for name in re.findall(r"tests/[\w./]+", recipe)]
    tests = [path for path in sources() if path.match("tests/**/test_*.py") and not path.is_relative_to("tests/golden")]
    counted = {path: sum(path.is_relative_to(name) for name in named) for path in tests}
    elsewhere = {Path(f"tests/robustness/test_{name}.py"): 0 for name in ("handling", "load")}
    assert {path: count for path, count in counted.items() if count != 1} == elsewhere
