"""How people come from Prolific and go back: ids, signatures, codes."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hits.completion import completion_codes, outcome_of
from hits.platforms.prolific.prolific import Prolific
from hits.recruiting import ArrivalRefused, PlatformUnreachable
from tests.hits.prolific_stand_in import TOKEN, StandIn, new_id

HERE = "https://lab.example"


HOSTS = frozenset({"https://app.prolific.com"})


def test_a_participant_arrives_and_takes_a_code_back() -> None:
    query = {name: new_id() for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}
    arrival = Prolific.arrive(query, HOSTS)
    assert (arrival.worker_id, arrival.hit_id, arrival.assignment_id, arrival.preview) == (*query.values(), False)
    completion = Prolific.complete(arrival, "completed", "DONE123456")
    assert (completion.action, completion.fields, completion.method, completion.code) == (
        "https://app.prolific.com/submissions/complete",
        {"cc": "DONE123456"},
        "get",
        "DONE123456",
    )


@pytest.mark.parametrize("name", ["PROLIFIC_PID", "STUDY_ID", "SESSION_ID"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "has no"),
        ("0" * 23, "malformed"),
        ("0" * 25, "malformed"),
        ("0" * 23 + "\n", "malformed"),
        ("G" * 24, "malformed"),
        ("{{%PROLIFIC_PID%}}", "still empty"),
    ],
)
def test_a_forged_or_empty_arrival_is_refused_in_words(name: str, value: str, words: str) -> None:
    query = {one: new_id() for one in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}
    with pytest.raises(ArrivalRefused, match=words):
        Prolific.arrive({**query, name: value}, HOSTS)


class TestSignedLinks:
    """Of a study that asks for them."""

    @pytest.fixture
    def keys(self, stand_in: StandIn) -> dict[str, Any]:
        keys = Prolific(TOKEN, stand_in.url, keys_url=f"{stand_in.url}/.well-known/study/jwks.json").link_keys()
        assert keys is not None
        return keys

    @pytest.fixture
    def query(self) -> dict[str, str]:
        return {one: new_id() for one in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}

    @pytest.mark.parametrize("audience", [HERE, f"{HERE}/annotate/?PROLIFIC_PID=1"])
    def test_what_prolific_signed_is_let_in(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str], audience: str
    ) -> None:
        Prolific.require_signed(stand_in.signed(query, audience), keys, HERE)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"exp": 1_000_000_000}, "ExpiredSignatureError"),
            ({"exp": None}, "MissingRequiredClaimError"),
            ({"aud": "https://lab.example.evil.example/"}, "another address"),
            ({"aud": ["https://elsewhere.example"]}, "another address"),
            ({"prolific": None}, "somebody else"),
            ({"prolific": {"PROLIFIC_PID": "0" * 24}}, "somebody else"),
            ({"kid": "k2"}, "InvalidKeyError"),
            ({"kid": None}, "InvalidKeyError"),
            ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, "InvalidSignatureError"),
        ],
    )
    def test_what_it_did_not_sign_for_this_visit_is_refused(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str], changes: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ArrivalRefused, match=words):
            Prolific.require_signed(stand_in.signed(query, HERE, **changes), keys, HERE)

    def test_another_s_link_with_my_own_ids_is_refused(
        self, stand_in: StandIn, keys: dict[str, Any], query: dict[str, str]
    ) -> None:
        stolen = {**stand_in.signed(query, HERE), "PROLIFIC_PID": new_id()}
        with pytest.raises(ArrivalRefused, match="somebody else"):
            Prolific.require_signed(stolen, keys, HERE)

    @pytest.mark.parametrize("token", [None, "", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    def test_no_token_and_no_signature_are_refused(
        self, keys: dict[str, Any], query: dict[str, str], token: str | None
    ) -> None:
        with pytest.raises(ArrivalRefused, match="not the link that Prolific made"):
            Prolific.require_signed({**query, **({"prolific_token": token} if token is not None else {})}, keys, HERE)

    def test_keys_that_can_not_be_read_are_no_keys(self, stand_in: StandIn) -> None:
        assert Prolific(TOKEN, stand_in.url).link_keys() is None
        for at in (f"{stand_in.url}/nothing", "http://127.0.0.1:9/"):
            with pytest.raises(PlatformUnreachable, match="keys"):
                Prolific(TOKEN, stand_in.url, keys_url=at).link_keys()


def test_codes_follow_from_key_hit_and_outcome_and_are_understood_as_people_type_them() -> None:
    codes = completion_codes("k", "t1")
    others = [completion_codes("k", "t2"), completion_codes("another", "t1")]
    assert len({code for one in (codes, *others) for code in one.values()}) == 9
    for outcome, code in codes.items():
        assert code.isalnum()
        assert outcome_of(f" {code[:5].lower()} {code[5:]}\n", codes) == outcome
    for unknown in (None, "", "NOCODE", others[0]["completed"]):
        assert outcome_of(unknown, codes) is None
