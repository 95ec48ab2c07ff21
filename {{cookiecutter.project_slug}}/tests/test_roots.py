"""What lies inside a client's roots, and what only looks as if it did."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import roots

ROOT = "file:///home/ann/work"
name = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\%"), min_size=1).filter(
    lambda text: text.strip(". ")
)
path = st.lists(name, min_size=1, max_size=4)


def uri(*names: str) -> str:
    return "file:///" + "/".join(quote(each, safe="") for each in names)


@pytest.mark.parametrize(
    "inside",
    [
        "file:///home/ann/work/functions.csv",
        "file:///home/ann/work/2026/functions.csv",
        "file://localhost/home/ann/work/functions.csv",
        "FILE://LOCALHOST/home/ann/work/functions.csv",
        "file:/home/ann/work/functions.csv",
        "file:///home//ann/./work///functions.csv",
        "file:///%68ome/ann/work/functions%20of%20May.csv",
        "file:///home/ann/work/functions of May.csv",
        "file:///home/ann/work/100%25.csv",
        "file:///home/ann/work/..functions.csv",
    ],
)
def test_what_is_inside_may_be_written_in_several_ways(inside: str) -> None:
    assert roots.contain([ROOT], inside)
    assert roots.contain([f"{ROOT}/"], inside)
    assert roots.contain(["file:///elsewhere", "file://localhost/home/ann//work/"], inside)


@pytest.mark.parametrize(
    "outside",
    [
        "file:///home/ann/workshop/functions.csv",
        "file:///home/ann/work.csv",
        "file:///home/ann/work",
        "file:///home/ann/work/",
        "file:///home/ann/functions.csv",
        "file:///home/ann/Work/functions.csv",
        "file:///home/ann/work/../functions.csv",
        "file:///home/ann/work/%2e%2e/functions.csv",
        "file:///home/ann/work/%2E./functions.csv",
        "file:///home/ann/work/%252e%252e/functions.csv",
        "file:///home/ann/work/..%2Ffunctions.csv",
        "file:///home/ann/work/..%5Cfunctions.csv",
        "file:///home/ann/work/..\\functions.csv",
        "file:///home/ann/work/.. /functions.csv",
        "file:///home/ann/work/.../functions.csv",
        "file:///home/ann/work/a/../functions.csv",
        "file:///home/ann/work/functions.csv%00.txt",
        "file:///home/ann/work/functions.csv\x00",
        "file:///home/ann/work/functions\n.csv",
        "file:///home/ann/work/%ff.csv",
        "file:///home/ann/work/%zz.csv",
        "file:///home/ann/work/functions.csv?x=/../..",
        "file:///home/ann/work/functions.csv#x",
        "file://example.com/home/ann/work/functions.csv",
        "file://home/ann/work/functions.csv",
        "file:home/ann/work/functions.csv",
        "file:xhome/ann/work/functions.csv",
        "//home/ann/work/functions.csv",
        "/home/ann/work/functions.csv",
        "https://localhost/home/ann/work/functions.csv",
        "profile:///home/ann/work/functions.csv",
        " file:///home/ann/work/functions.csv",
        "file:",
        "file://",
        "",
    ],
)
def test_what_could_be_elsewhere_is_outside(outside: str) -> None:
    assert not roots.contain([ROOT], outside)


@pytest.mark.parametrize("root", ["file:///C:/work", "file:///c:/work/", "file:///c%3A/work", "file:///C|/work"])
def test_a_drive_is_the_same_in_each_of_its_forms(root: str) -> None:
    for inside in ("file:///C:/work/a.csv", "file:///c%3a/work/a.csv", "file:///c|/work/a.csv"):
        assert roots.contain([root], inside)
    for outside in ("file:///D:/work/a.csv", "file:///C:/a.csv", "file:///C:/work", "file:///work/a.csv"):
        assert not roots.contain([root], outside)
    assert not roots.contain([root], "file:///C:/work/..%5Ca.csv")


def test_the_root_of_the_file_system_contains_every_file() -> None:
    assert roots.contain(["file:///"], "file:///a.csv")
    assert not roots.contain(["file:///"], "file:///../a.csv")


@pytest.mark.parametrize("bad", ["", "file:///a/../b", "https://localhost/", "file:///a%00", "file:///%ff"])
def test_what_is_no_root_contains_nothing(bad: str) -> None:
    assert not roots.contain([], "file:///a/b")
    assert not roots.contain([bad], "file:///b/c")
    assert not roots.contain([bad], "file:///a/c")


@given(path, path)
def test_whatever_the_names_what_is_below_is_inside(above: list[str], below: list[str]) -> None:
    assert roots.contain([uri(*above)], uri(*above, *below))
    assert roots.contain([uri(*above) + "/"], uri(*above, *below))


@given(path, path)
def test_whatever_the_names_what_is_elsewhere_is_outside(above: list[str], other: list[str]) -> None:
    expected = len(other) > len(above) and other[: len(above)] == above
    assert roots.contain([uri(*above)], uri(*other)) is expected


@given(path, path, st.integers(0, 4), st.sampled_from(["..", "%2e%2e", ".%2E", "..%20", "%2E%2E."]))
def test_a_step_up_is_refused_wherever_it_is(above: list[str], below: list[str], place: int, step: str) -> None:
    names = [quote(each, safe="") for each in (*above, *below)]
    names.insert(place, step)
    assert not roots.contain([uri(*above)], "file:///" + "/".join(names))


@given(path, name, name)
def test_a_name_that_begins_as_the_roots_does_is_another(above: list[str], more: str, file: str) -> None:
    sibling = [*above[:-1], above[-1] + more]
    assert not roots.contain([uri(*above)], uri(*sibling, file))


@given(st.text(), st.text())
@example("file:///\ud800", "file:///\ud800/a")
def test_whatever_is_said_there_is_an_answer(root: str, asked: str) -> None:
    for before in ("", "file://", "file:///"):
        assert roots.contain([before + root], before + asked) in {True, False}
