"""What an event may hold."""

from typing import Any

from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)

# What JSON-RPC allows as an id and MCP does not, or what no answer could hold.
NO_IDS: list[Any] = [None, True, False, 1.5, [], {}, "\ud800"]
