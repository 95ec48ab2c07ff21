"""What AWS charges in us-east-1, in US dollars, before free tiers and discounts of volume.

The pages write their prices by script, so that they were read in what others quote of them, who agree with each other.
"""

from dataclasses import dataclass

AS_OF = "2026-11"
REGION = "us-east-1"


@dataclass(frozen=True)
class Price:
    """A price: dollars for one `unit`, and where it is published."""

    dollars: float
    unit: str
    source: str


_LAMBDA = "https://aws.amazon.com/lambda/pricing/"

REQUEST = Price(0.20 / 1e6, "request to Lambda", _LAMBDA)
GB_SECOND = {
    "arm64": Price(0.0000133334, "GB-second, arm64", _LAMBDA),
    "x86_64": Price(0.0000166667, "GB-second, x86_64", _LAMBDA),
}
SNAPSHOT_GB_SECOND = Price(0.0000015046, "GB-second of a SnapStart snapshot kept", _LAMBDA)
SNAPSHOT_GB_RESTORED = Price(0.0001397998, "GB restored from a SnapStart snapshot", _LAMBDA)
HTTP_API_REQUEST = Price(
    1.00 / 1e6, "request to an HTTP API, of up to 512 KB", "https://aws.amazon.com/api-gateway/pricing/"
)
GATEWAY_CALL = Price(5.00 / 1e6, "call to an AgentCore Gateway", "https://aws.amazon.com/bedrock/agentcore/pricing/")

PRICES = (
    REQUEST,
    *GB_SECOND.values(),
    SNAPSHOT_GB_SECOND,
    SNAPSHOT_GB_RESTORED,
    HTTP_API_REQUEST,
    GATEWAY_CALL,
)
