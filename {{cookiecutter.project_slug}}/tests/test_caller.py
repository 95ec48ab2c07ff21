"""The caller of the request that is being served."""

import caller
from caller import Caller


def test_the_caller_is_known_during_the_call_and_forgotten_after_it() -> None:
    assert caller.current() == Caller()
    with caller.acting_for(Caller("alice")):
        assert caller.current().subject == "alice"
    assert caller.current() == Caller()
