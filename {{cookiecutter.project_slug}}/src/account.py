"""What the sample tools ask this AWS account, as typed answers; it knows nothing of MCP."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

import aws
import runtimes

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import DescribeInstancesRequestTypeDef
    from mypy_boto3_lambda.type_defs import (
        FunctionConfigurationResponseTypeDef,
        FunctionConfigurationTypeDef,
        ListFunctionsRequestTypeDef,
    )

InstanceState = Literal["pending", "running", "shutting-down", "stopping", "stopped", "terminated"]

_INSTANCES_A_PAGE = 50
_FUNCTIONS_A_PAGE = 50


class Instance(BaseModel):
    """One EC2 instance."""

    instance_id: str
    name: str | None = Field(description="The Name tag, where there is one")
    instance_type: str
    state: InstanceState
    availability_zone: str
    private_ip: str | None
    launched_at: datetime


class Instances(BaseModel):
    """One page of EC2 instances."""

    instances: list[Instance]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page; None on the last one")


class Function(BaseModel):
    """One Lambda function, without its environment: that often holds secrets."""

    name: str
    runtime: str | None = Field(description="None for a container image")
    deprecated: bool = Field(description="True if AWS no longer updates the runtime")
    memory_mb: int
    timeout_seconds: int
    last_modified: str
    description: str


class Functions(BaseModel):
    """One page of Lambda functions."""

    functions: list[Function]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page; None on the last one")


@aws.explained()
def instances(state: InstanceState, cursor: str | None) -> Instances:
    """Return one page of the EC2 instances in `state`."""
    request: DescribeInstancesRequestTypeDef = {
        "Filters": [{"Name": "instance-state-name", "Values": [state]}],
        "MaxResults": _INSTANCES_A_PAGE,
    }
    if cursor:
        request["NextToken"] = cursor
    page = aws.ec2().describe_instances(**request)
    found = [
        Instance(
            instance_id=instance["InstanceId"],
            name=next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"), None),
            instance_type=instance["InstanceType"],
            state=instance["State"]["Name"],
            availability_zone=instance["Placement"]["AvailabilityZone"],
            private_ip=instance.get("PrivateIpAddress"),
            launched_at=instance["LaunchTime"],
        )
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]
    return Instances(instances=found, next_cursor=page.get("NextToken"))


@aws.explained()
def functions(runtime: str | None, cursor: str | None) -> Functions:
    """Return one page of Lambda functions; `runtime` filters the page, since AWS cannot."""
    request: ListFunctionsRequestTypeDef = {"MaxItems": _FUNCTIONS_A_PAGE}
    if cursor:
        request["Marker"] = cursor
    page = aws.functions().list_functions(**request)
    found = [_function(item) for item in page["Functions"] if runtime in (None, item.get("Runtime"))]
    return Functions(functions=found, next_cursor=page.get("NextMarker"))


@aws.explained()
def function(name: str) -> Function:
    """Return one Lambda function by its name."""
    return _function(aws.functions().get_function_configuration(FunctionName=name))


def _function(item: "FunctionConfigurationTypeDef | FunctionConfigurationResponseTypeDef") -> Function:
    runtime = item.get("Runtime")
    return Function(
        name=item["FunctionName"],
        runtime=runtime,
        deprecated=runtimes.is_deprecated(runtime, datetime.now(UTC).date()),
        memory_mb=item["MemorySize"],
        timeout_seconds=item["Timeout"],
        last_modified=item["LastModified"],
        description=item.get("Description", ""),
    )


@aws.explained()
def count_buckets() -> int:
    """Return how many S3 buckets the account owns."""
    return sum(len(page.get("Buckets", [])) for page in aws.s3().get_paginator("list_buckets").paginate())


@aws.explained()
def regions() -> list[str]:
    """Return the names of the regions that are enabled for the account, sorted."""
    return sorted(region["RegionName"] for region in aws.ec2().describe_regions()["Regions"])
