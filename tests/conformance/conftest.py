"""Prints what conforms, as a table below the tests."""

import pytest

FIGURE = "conformance"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == FIGURE
    ]
    if rows:
        terminalreporter.write_line(f"\n{'shape':40} {'revision':12} scenarios passed, of those scored")
    for shape, revision, passed, scored in rows:
        terminalreporter.write_line(f"{shape:40} {revision:12} {passed} of {scored}")
