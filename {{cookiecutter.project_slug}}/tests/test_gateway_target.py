"""What a Gateway's model reads of a tool's result."""

import json

import gateway_target
from limits import MAX_RESPONSE_BYTES


def test_a_structured_answer_is_read_in_the_place_of_the_text_that_says_the_same() -> None:
    assert gateway_target.told({"structuredContent": {"a": 1}, "content": []}) == {"a": 1}
    failed = {"structuredContent": {"a": 1}, "content": [], "isError": True}
    assert gateway_target.told(failed) == failed


def test_it_is_whole_up_to_the_last_byte_that_lambda_carries_and_then_says_so() -> None:
    frame = len(json.dumps({"result": ""}))
    for more in (0, 1):
        text = "x" * (MAX_RESPONSE_BYTES - frame + more)
        told = gateway_target.told({"structuredContent": {"result": text}, "content": [{"type": "text", "text": text}]})
        assert (told == {"result": text}) is (more == 0)
    assert told["isError"] is True
    assert "Ask for less" in told["content"][0]["text"]
