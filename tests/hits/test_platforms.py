"""What every platform promises; MTurk's against our own marketplace over real HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

import hits.platforms
from hits.platforms.base import Platform
from hits.recruiting import ArrivalRefused, PlatformRefused
from pipelines.variants import load, variant_names
from tests.hits.peopled import HOSTS, OFFER, NobodyLetIn, Peopled


@pytest.mark.parametrize("peopled", variant_names(hits.platforms), indirect=True)
class TestEveryPlatform:
    def test_publishing_twice_with_one_token_gives_one_hit(self, peopled: Peopled) -> None:
        first, again = peopled.platform.publish(OFFER), peopled.platform.publish(OFFER)
        other = peopled.platform.publish(replace(OFFER, token="study-1-hit-2"))
        assert first == again != other

    def test_work_is_listed_once_it_is_handed_in_and_its_state_follows(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        assert list(peopled.platform.assignments(hit_id)) == []
        arrival = peopled.work(hit_id)
        if not peopled.platform.traits.reports:  # the study's own word has to do
            assert list(peopled.platform.assignments(hit_id)) == []
            return
        (found,) = peopled.platform.assignments(hit_id)
        assert (found.assignment_id, found.worker_id, found.hit_id, found.state) == (
            arrival.assignment_id,
            arrival.worker_id,
            hit_id,
            "submitted",
        )
        assert found.submitted_at.utcoffset() is not None
        peopled.platform.approve(found.assignment_id)
        assert next(peopled.platform.assignments(hit_id)).state == "approved"

    def test_nothing_is_paid_twice(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(OFFER)
        arrival = peopled.work(hit_id)
        assert arrival.assignment_id
        assert arrival.worker_id
        platform.approve(arrival.assignment_id)
        assert not platform.bonus_sent(arrival.assignment_id, 30, "care")
        if not platform.traits.pays:
            with pytest.raises(PlatformRefused, match="pays nobody"):
                platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1")
            assert not platform.bonus_sent(arrival.assignment_id, 30, "care")
            return
        handle = platform.prepare_bonus(arrival.worker_id, arrival.assignment_id, 30, "care")
        platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1", handle)
        left = platform.balance_minor()
        platform.approve(arrival.assignment_id)
        platform.bonus(arrival.worker_id, arrival.assignment_id, 30, "care", "bonus-1", handle)
        assert platform.balance_minor() == left
        assert platform.bonus_sent(arrival.assignment_id, 30, "care")
        assert not platform.bonus_sent(arrival.assignment_id, 31, "care")

    def test_setting_a_bonus_up_moves_no_money(self, peopled: Peopled) -> None:
        platform, arrival = peopled.platform, peopled.work(peopled.platform.publish(OFFER))
        before = platform.balance_minor()
        for _ in range(2):
            platform.prepare_bonus(arrival.worker_id or "", arrival.assignment_id or "", 30, "care")
        assert platform.balance_minor() == before

    def test_what_is_rejected_can_be_rejected_again(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        arrival, reason = peopled.work(hit_id), "Nothing was answered, although both clips were played. " * 3
        if not peopled.platform.traits.rejects:
            with pytest.raises(PlatformRefused, match="can't be rejected"):
                peopled.platform.reject(arrival.assignment_id or "", reason)
            return
        for _ in range(2):
            peopled.platform.reject(arrival.assignment_id or "", reason)
        assert next(peopled.platform.assignments(hit_id)).state == "rejected"

    def test_a_rejection_stands_until_a_person_takes_it_back(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        arrival, reason = peopled.work(hit_id), "Nothing was answered, although both clips were played. " * 3
        if not peopled.platform.traits.rejects:
            peopled.platform.approve(arrival.assignment_id or "", though_rejected=True)
            return
        peopled.platform.reject(arrival.assignment_id or "", reason)
        with pytest.raises(PlatformRefused):
            peopled.platform.approve(arrival.assignment_id or "")
        assert next(peopled.platform.assignments(hit_id)).state == "rejected"
        if peopled.platform.traits.overturns:
            for _ in range(2):
                peopled.platform.approve(arrival.assignment_id or "", though_rejected=True)
            assert next(peopled.platform.assignments(hit_id)).state == "approved"

    def test_where_hits_are_shared_they_grow_and_never_shrink(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(replace(OFFER, assignments=1))
        if not platform.traits.shared_hits:
            with pytest.raises(PlatformRefused, match="can't grow"):
                platform.grow(hit_id, 2)
            return
        for places in (2, 2, 1):
            platform.grow(hit_id, places)
        assert len({peopled.work(hit_id).assignment_id for _ in range(2)}) == 2

    def test_an_expired_hit_can_be_expired_again_and_still_listed(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        peopled.work(hit_id)
        peopled.platform.expire(hit_id)
        peopled.platform.expire(hit_id)
        assert len(list(peopled.platform.assignments(hit_id))) == peopled.platform.traits.reports

    def test_a_pause_keeps_newcomers_out_and_lets_in_whoever_is_at_work(self, peopled: Peopled) -> None:
        platform, hit_id = peopled.platform, peopled.platform.publish(OFFER)
        come = peopled.come(hit_id)
        for _ in range(2):
            platform.pause(hit_id)
        if platform.traits.pauses:
            with pytest.raises(NobodyLetIn):
                peopled.come(hit_id)
        come.hand_in()
        assert len(list(platform.assignments(hit_id))) == platform.traits.reports
        for _ in range(2):
            platform.resume(hit_id, 3600)
        peopled.work(hit_id)
        assert len(list(platform.assignments(hit_id))) == 2 * platform.traits.reports

    def test_a_hit_that_is_paused_can_be_taken_off_the_shelf(self, peopled: Peopled) -> None:
        hit_id = peopled.platform.publish(OFFER)
        peopled.platform.pause(hit_id)
        peopled.platform.expire(hit_id)
        peopled.platform.pause(hit_id)
        if peopled.platform.traits.pauses:
            with pytest.raises(NobodyLetIn):
                peopled.come(hit_id)

    def test_what_does_not_exist_is_refused(self, peopled: Peopled) -> None:
        if not peopled.platform.traits.reports:
            pytest.skip("it is asked for nothing, so that it knows of nothing that does not exist")
        for ask in (
            lambda: list(peopled.platform.assignments("3NONE")),
            lambda: peopled.platform.approve("3NONE"),
            lambda: peopled.platform.bonus("A2NONE", "3NONE", 10, "care", "t"),
            lambda: peopled.platform.expire("3NONE"),
            lambda: peopled.platform.pause("3NONE"),
            lambda: peopled.platform.resume("3NONE", 60),
        ):
            with pytest.raises(PlatformRefused, match="3NONE"):
                ask()


@pytest.mark.parametrize("name", variant_names(hits.platforms))
@pytest.mark.parametrize(
    "query", [{}, {"assignmentId": "<script>"}, {"workerId": "A2"}, {"PROLIFIC_PID": "0" * 24, "STUDY_ID": "<script>"}]
)
def test_no_platform_takes_an_incomplete_arrival(name: str, query: dict[str, str]) -> None:
    arrive = load(hits.platforms, name, Platform).arrive  # type: ignore[attr-defined]
    with pytest.raises(ArrivalRefused):
        arrive(query, HOSTS)
