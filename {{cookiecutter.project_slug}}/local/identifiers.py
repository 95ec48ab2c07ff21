"""What `Ref` and `Fn::GetAtt` give for a resource: stand-ins with the shape of what AWS would answer.

The shapes are those of the "Return values" on each resource's page in the CloudFormation template reference. A type
that is not listed gets opaque values.
"""

import hashlib
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# moto serves this account, so that an ARN made here names what the local AWS holds.
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "local",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/local/00000000-0000-4000-8000-000000000000",
}
USER_POOL_ID = "us-east-1_local"
_HERE = "us-east-1:123456789012"
_COGNITO = f"cognito-idp.us-east-1.amazonaws.com/{USER_POOL_ID}"
_EXECUTE_API = "execute-api.us-east-1.amazonaws.com"

# By logical id, and the same for as long as this process lives: a template that is read again keeps its secrets.
CLIENT_SECRETS: defaultdict[str, str] = defaultdict(lambda: secrets.token_urlsafe(32))


@dataclass(frozen=True)
class _Shape:
    """How a type is named: `name` is the property that may name it; the texts are formats over facts and properties."""

    ref: str = "{name}"
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


_SHAPES = {
    "AWS::ApiGatewayV2::Api": _Shape("{id}", "", {"ApiId": "{id}", "ApiEndpoint": "https://{id}." + _EXECUTE_API}),
    "AWS::ApiGatewayV2::Authorizer": _Shape("{id}", "", {"AuthorizerId": "{id}"}),
    "AWS::ApiGatewayV2::Deployment": _Shape("{id}", "", {"DeploymentId": "{id}"}),
    "AWS::ApiGatewayV2::DomainName": _Shape(
        name="DomainName",
        attributes={"RegionalDomainName": "d-{id}." + _EXECUTE_API, "RegionalHostedZoneId": "Z1UJRXOUMOOFQ8"},
    ),
    "AWS::ApiGatewayV2::Integration": _Shape("{id}", "", {"IntegrationId": "{id}"}),
    "AWS::ApiGatewayV2::Route": _Shape("{id}", "", {"RouteId": "{id}"}),
    "AWS::ApiGatewayV2::Stage": _Shape(name="StageName"),
    "AWS::BedrockAgentCore::Gateway": _Shape(
        "{readable}-{id}",
        attributes={
            "GatewayArn": "arn:aws:bedrock-agentcore:{here}:gateway/{readable}-{id}",
            "GatewayIdentifier": "{readable}-{id}",
            "GatewayUrl": "https://{readable}-{id}.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
        },
    ),
    "AWS::BedrockAgentCore::GatewayTarget": _Shape("{GatewayIdentifier}|{id}", attributes={"TargetId": "{id}"}),
    "AWS::CloudWatch::Alarm": _Shape("{name}", "AlarmName", {"Arn": "arn:aws:cloudwatch:{here}:alarm:{name}"}),
    "AWS::Cognito::UserPool": _Shape(
        USER_POOL_ID,
        attributes={
            "Arn": f"arn:aws:cognito-idp:{_HERE}:userpool/{USER_POOL_ID}",
            "ProviderName": _COGNITO,
            "ProviderURL": f"https://{_COGNITO}",
            "UserPoolId": USER_POOL_ID,
        },
    ),
    "AWS::Cognito::UserPoolClient": _Shape(
        "{readable}", attributes={"ClientId": "{readable}", "ClientSecret": "{secret}", "Name": "{name}"}
    ),
    "AWS::Cognito::UserPoolDomain": _Shape("{name}", "Domain", {"CloudFrontDistribution": "{id}.cloudfront.net"}),
    "AWS::Cognito::UserPoolResourceServer": _Shape(name="Identifier"),
    "AWS::DynamoDB::Table": _Shape("{name}", "TableName", {"Arn": "arn:aws:dynamodb:{here}:table/{name}"}),
    "AWS::IAM::ManagedPolicy": _Shape(
        "arn:aws:iam::123456789012:policy/{name}",
        "ManagedPolicyName",
        {"PolicyArn": "arn:aws:iam::123456789012:policy/{name}"},
    ),
    "AWS::IAM::Role": _Shape("{name}", "RoleName", {"Arn": "arn:aws:iam::123456789012:role/{name}", "RoleId": "{id}"}),
    "AWS::KMS::Key": _Shape("{id}", "", {"Arn": "arn:aws:kms:{here}:key/{id}", "KeyId": "{id}"}),
    "AWS::Lambda::Alias": _Shape("{function}:{Name}", "", {"AliasArn": "{function}:{Name}"}),
    "AWS::Lambda::Function": _Shape("{name}", "FunctionName", {"Arn": "arn:aws:lambda:{here}:function:{name}"}),
    "AWS::Lambda::Url": _Shape(
        "{target}", "", {"FunctionArn": "{target}", "FunctionUrl": "https://{id}.lambda-url.us-east-1.on.aws/"}
    ),
    "AWS::Lambda::Version": _Shape("{function}:1", "", {"FunctionArn": "{function}:1", "Version": "1"}),
    "AWS::Logs::LogGroup": _Shape("{name}", "LogGroupName", {"Arn": "arn:aws:logs:{here}:log-group:{name}:*"}),
    "AWS::S3::Bucket": _Shape("{name}", "BucketName", {"Arn": "arn:aws:s3:::{name}"}),
    "AWS::SNS::Topic": _Shape("arn:aws:sns:{here}:{name}", "TopicName", {"TopicName": "{name}"}),
    "AWS::SSM::Parameter": _Shape("{name}", "Name", {"Type": "{Type}", "Value": "{Value}"}),
    "AWS::SecretsManager::Secret": _Shape(
        "arn:aws:secretsmanager:{here}:secret:{name}-AAAAAA",
        "Name",
        {"Id": "arn:aws:secretsmanager:{here}:secret:{name}-AAAAAA"},
    ),
}


def text(value: object) -> str:
    """Return a scalar as CloudFormation writes it in a string: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def function_arn(name: object, qualifier: object = None) -> str:
    """Return the ARN of a function that is given by its name or ARN, and perhaps by its alias too."""
    arn = str(name) if str(name).startswith("arn:") else f"arn:aws:lambda:{_HERE}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


class Identity:
    """What other resources of a template see of one: `property_of` gives its resolved properties, or None."""

    def __init__(self, kind: str, logical_id: str, property_of: Callable[[str], object]) -> None:
        """Nothing is resolved before it is asked for: a name may be made of another resource's name."""
        self._shape = _SHAPES.get(kind)
        self._logical_id = logical_id
        self._property_of = property_of

    @property
    def ref(self) -> str:
        """The value of `Ref`."""
        return self._fill((self._shape or _Shape()).ref)

    def attribute(self, name: str) -> str:
        """Return the value of `Fn::GetAtt`; raise KeyError where AWS has no such attribute."""
        if self._shape is None:
            return self._fill("{name}.") + name
        return self._fill(self._shape.attributes[name])

    def _fill(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda fact: self._fact(fact[1]), text)

    def _fact(self, fact: str) -> str:
        match fact:
            case "here":
                found = _HERE
            case "id":
                found = hashlib.sha256(self._logical_id.encode()).hexdigest()[:10]
            case "readable":
                found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self._logical_id).lower()
            case "secret":
                found = CLIENT_SECRETS[self._logical_id]
            case "function":
                found = function_arn(self._property_of("FunctionName"))
            case "target":
                found = function_arn(self._property_of("TargetFunctionArn"), self._property_of("Qualifier"))
            case "name":
                named = self._property_of(self._shape.name) if self._shape and self._shape.name else None
                found = str(named or f"{PSEUDO_PARAMETERS['AWS::StackName']}-{self._logical_id}")
            case _:
                found = text(self._property_of(fact))
        return found
