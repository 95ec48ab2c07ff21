"""Whom a caller acts for, and that it acts for nobody else."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import credentials
from botocore.exceptions import ClientError, CredentialRetrievalError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto import mock_aws

import principal
import tenancy
from session_policy import session_policy

FORGOTTEN = (tenancy.session, tenancy._sts, tenancy._own_session)
BEFORE = "before-parameter-build.sts.AssumeRole"
LONGEST = "a" * 60
LEGAL = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", fullmatch=True)


@pytest.fixture(autouse=True)
def sts() -> Iterator[None]:
    """An empty AWS, and no session yet."""
    with mock_aws():
        for made in FORGOTTEN:
            made.cache_clear()
        yield
    for made in FORGOTTEN:
        made.cache_clear()


@pytest.fixture
def asked(sts: None) -> Iterator[list[dict[str, Any]]]:
    """What STS is asked for from here on."""
    with overheard() as requests:
        yield requests


@contextmanager
def overheard() -> Iterator[list[dict[str, Any]]]:
    """Collect what STS is asked for inside the block; every session is forgotten before."""
    requests: list[dict[str, Any]] = []

    def note(**event: Any) -> None:
        requests.append(dict(event["params"]))

    tenancy.session.cache_clear()
    events = tenancy._sts().meta.events
    events.register(BEFORE, note)
    yield requests
    events.unregister(BEFORE, note)


def key(tenant: str | None) -> str:
    found = tenancy.session(tenant).get_credentials()
    assert found
    return str(found.get_frozen_credentials().access_key)


def whoami(tenant: str | None) -> str:
    """Return the session in which AWS sees a tenant."""
    return str(tenancy.session(tenant).client("sts").get_caller_identity()["Arn"])


@pytest.mark.parametrize(
    ("value", "tenant"),
    [
        ("acme", "acme"),
        ("Acme-1.eu_west", "Acme-1.eu_west"),
        ("123456789012", "123456789012"),
        (LONGEST, LONGEST),
        ("[acme]", "acme"),
        ("[acme beta]", None),
        ("[acme,beta]", None),
        ("[[acme]]", None),
        ("[]", None),
        ("[", None),
        ("", None),
        ("a" * 61, None),
        ("a" * 4096, None),
        ("acme\n", None),
        ("[acme\n]", None),
        (" acme", None),
        ("acme beta", None),
        ("-acme", None),
        ("acme/beta", None),
        ("acme#beta", None),
        ("acme,beta", None),
        ("acme=beta", None),
        ("*", None),
        ("acme*", None),
        ("${aws:PrincipalTag/tenant}", None),
        ("größe", None),
        ("\N{CYRILLIC SMALL LETTER A}cme", None),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", None),
        ("acme\0", None),
        ("arn:aws:iam::123456789012:role/admin", None),
    ],
)
def test_a_claim_names_a_tenant_if_it_is_a_legal_one(value: str, tenant: str | None) -> None:
    assert tenancy.tenant_of({"tenant": value}) == tenant


@pytest.mark.parametrize(
    ("value", "tenant"),
    [
        ("acme", "acme"),
        ("org_8123", "beta"),
        ("[org_8123]", "beta"),
        ("https://id.example.com/größe", "gamma"),
        ("a=b", "delta"),
        ("beta", None),
        ("gamma", None),
        ("ACME", None),
        ("acme ", None),
        ("acme,org_8123=beta", None),
        ("org_8123=beta", None),
        ("", None),
    ],
)
def test_where_tenants_are_listed_there_are_no_others(
    monkeypatch: pytest.MonkeyPatch, value: str, tenant: str | None
) -> None:
    listed = tenancy.read("acme,org_8123=beta,https://id.example.com/größe=gamma,a=b=delta")
    monkeypatch.setattr(tenancy, "TENANTS", listed)
    assert tenancy.tenant_of({"tenant": value}) == tenant


@pytest.mark.parametrize("claims", [{}, {"tenants": "acme"}, {"Tenant": "acme"}, {"sub": "acme"}])
def test_no_other_claim_names_a_tenant(claims: Mapping[str, str]) -> None:
    assert tenancy.tenant_of(claims) is None


@pytest.mark.parametrize(
    "text",
    [",", "acme,", "acme,,beta", "=acme", "acme=", "a=b c", "a=*", "x=größe", "acme\n", " acme", "a=" + "b" * 61],
)
def test_a_bad_list_of_tenants_fails_the_start_with_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="The parameter Tenants has"):
        tenancy.read(text)


def test_a_value_cannot_have_two_tenants() -> None:
    assert tenancy.read("a=acme,a=acme") == {"a": "acme"}
    with pytest.raises(ValueError, match="'a' for both 'acme' and 'beta'"):
        tenancy.read("a=acme,a=beta")


def test_a_session_is_the_tenants_by_its_name_its_tag_and_its_policy(asked: list[dict[str, Any]]) -> None:
    assert whoami(LONGEST).endswith(f":assumed-role/tenant/mcp-{LONGEST}")
    (request,) = asked
    assert request == {
        "RoleArn": os.environ["TENANT_ROLE"],
        "RoleSessionName": f"mcp-{LONGEST}",
        "Tags": [{"Key": "tenant", "Value": LONGEST}],
        "Policy": session_policy(LONGEST),
        "DurationSeconds": 3600,
    }
    assert len(request["RoleSessionName"]) <= 64
    assert len(request["Policy"]) <= 2048


def test_a_session_policy_allows_one_tenant_and_denies_what_is_tagged_for_another() -> None:
    allowed, denied = json.loads(session_policy("acme"))["Statement"]
    assert (allowed["Effect"], allowed["Condition"]) == ("Allow", {"StringEquals": {"aws:PrincipalTag/tenant": "acme"}})
    assert (denied["Effect"], denied["Action"], denied["Resource"]) == ("Deny", "*", "*")
    assert denied["Condition"] == {
        "Null": {"aws:ResourceTag/tenant": "false"},
        "StringNotEquals": {"aws:ResourceTag/tenant": "acme"},
    }


def test_nothing_is_asked_of_sts_before_the_first_request(asked: list[dict[str, Any]]) -> None:
    client = tenancy.session("acme").client("dynamodb")
    assert asked == []
    client.list_tables()
    client.list_tables()
    assert len(asked) == 1


@pytest.mark.parametrize(("left", "calls"), [(16, 1), (14, 2), (9, 2), (-1, 2)])
def test_credentials_are_renewed_before_they_expire(
    monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]], left: int, calls: int
) -> None:
    now = datetime.now(UTC)
    clock = [now]
    # It is a default argument there, bound when the class was made.
    monkeypatch.setattr(credentials.DeferredRefreshableCredentials.__init__, "__defaults__", (lambda: clock[0],))
    first = key("acme")
    clock[0] = now + timedelta(minutes=60 - left)
    # The new ones must last beyond that clock.
    monkeypatch.setattr("moto.sts.models.utcnow", lambda: clock[0].replace(tzinfo=None))
    second = key("acme")
    assert len(asked) == calls
    assert (first == second) == (calls == 1)


def test_without_a_tenant_there_are_no_credentials_and_words_instead(asked: list[dict[str, Any]]) -> None:
    nobody = tenancy.session(None)
    for use in (nobody.get_credentials, lambda: nobody.client("s3"), lambda: nobody.client("sts")):
        with pytest.raises(CredentialRetrievalError, match="for no tenant that the server knows"):
            use()
    assert asked == []


def test_whoever_is_not_known_is_not_left_with_the_functions_own_credentials() -> None:
    who = principal.of(None)
    assert who.tenant is None
    assert who.session
    with pytest.raises(CredentialRetrievalError):
        who.session().client("s3")


def test_where_the_role_cannot_be_assumed_the_functions_own_credentials_do_not_step_in(
    asked: list[dict[str, Any]],
) -> None:
    def refused(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")

    tenancy._sts().meta.events.register(BEFORE, refused)
    with pytest.raises(ClientError, match="AssumeRole"):
        tenancy.session("acme").client("s3").list_buckets()
    assert asked


def test_sessions_are_kept_and_not_without_end(asked: list[dict[str, Any]]) -> None:
    first = tenancy.session("acme")
    assert tenancy.session("acme") is first
    for number in range(100):
        tenancy.session(f"tenant-{number}")
    info = tenancy.session.cache_info()
    assert info.maxsize is not None
    assert info.currsize == info.maxsize < 100
    assert key("acme")
    assert len(asked) == 1


def test_tenants_share_what_is_known_of_aws_and_nothing_else() -> None:
    acme, beta = (tenancy.session(tenant)._session for tenant in ("acme", "beta"))
    assert acme.get_component("data_loader") is beta.get_component("data_loader")
    for component in ("credential_provider", "event_emitter", "config_store", "user_agent_creator"):
        assert acme.get_component(component) is not beta.get_component(component)


def test_a_session_keeps_to_its_tenant_whatever_the_environment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "of-the-function")
    assert whoami("acme").endswith("/mcp-acme")
    assert key("acme") != "of-the-function"


CLAIMS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet=st.sampled_from("[] ,=*$#/@\n\0aé"), max_size=12),
    st.sampled_from(["acme", "beta", "[acme]", "[beta]", "[acme beta]", "acme\n", "Acme", "a" * 4096, "acme" * 1024]),
    LEGAL,
    st.lists(LEGAL, max_size=3).map(lambda members: f"[{' '.join(members)}]"),
    st.none(),
)


@settings(max_examples=150, deadline=None)
@given(one=CLAIMS, other=CLAIMS, listed=st.booleans())
@example(one="acme", other="[acme]", listed=False)
@example(one="acme", other="beta", listed=True)
@example(one="org_8123", other="acme", listed=True)
def test_no_claim_yields_the_credentials_of_another_tenant(one: str | None, other: str | None, listed: bool) -> None:
    seen: list[tuple[str, str]] = []
    with overheard() as asked, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenancy, "TENANTS", tenancy.read("acme,beta,org_8123=acme" if listed else ""))
        for value in (one, other, one):
            tenant = tenancy.tenant_of({} if value is None else {"tenant": value})
            if tenant is None:
                with pytest.raises(CredentialRetrievalError):
                    key(tenant)
                continue
            seen.append((tenant, key(tenant)))
            assert whoami(tenant).rpartition("/")[2] == f"mcp-{tenant}"
            # A tenant is what the claim says, to the letter, or what the operator has put in its place.
            assert value is not None
            named = value[1:-1] if value.startswith("[") else value
            assert tenant == ({"org_8123": "acme"}.get(named, named) if listed else named)
    # One key for each tenant, and one tenant for each key.
    assert len(set(seen)) == len({tenant for tenant, _ in seen}) == len({access_key for _, access_key in seen})
    # STS was asked once for each, and each time for one and the same in name, tag and policy.
    assert sorted(request["Tags"][0]["Value"] for request in asked) == sorted({tenant for tenant, _ in seen})
    for request in asked:
        (tag,) = request["Tags"]
        tenant = tag["Value"]
        assert (tag["Key"], request["RoleSessionName"]) == ("tenant", f"mcp-{tenant}")
        assert request["RoleArn"] == os.environ["TENANT_ROLE"]
        allowed, denied = json.loads(request["Policy"])["Statement"]
        assert allowed["Condition"]["StringEquals"] == {"aws:PrincipalTag/tenant": tenant}
        assert denied["Condition"]["StringNotEquals"] == {"aws:ResourceTag/tenant": tenant}


def test_two_tenants_at_once_in_one_environment_have_each_their_own() -> None:
    barrier = threading.Barrier(8)

    def call(number: int) -> tuple[str, str]:
        tenant = ("acme", "beta")[number % 2]
        barrier.wait()
        return tenant, whoami(tenant).rpartition("/")[2]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(8)))
    assert answers == [("acme", "mcp-acme"), ("beta", "mcp-beta")] * 4
