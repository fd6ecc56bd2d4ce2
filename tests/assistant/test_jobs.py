"""Background work: one at a time, seen by all, stopped by anybody, and never silently gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import WeightsError
from assistant.jobs import Job, JobCancelledError, Jobs, Ticket


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def until_cancelled(ticket: Ticket) -> None:
    while True:
        ticket.stop_if_cancelled()
        time.sleep(0.01)


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("What was waited for did not happen within five seconds.")


def test_how_far_a_job_is_and_how_it_ended_can_be_asked(jobs: Jobs) -> None:
    told, go_on = threading.Event(), threading.Event()

    def work(ticket: Ticket) -> None:
        ticket.tell("downloading", 3, 8)
        told.set()
        go_on.wait(5)

    assert jobs.running is None
    assert jobs.start("pull", "tiny", work) == ""
    assert told.wait(5)
    assert jobs.running == Job("pull", "tiny", "running", "downloading", 3, 8)
    go_on.set()
    assert jobs.wait(5)
    assert jobs.known == (Job("pull", "tiny", "done", "downloading", 3, 8),)


def test_a_second_job_is_refused_in_a_line_that_names_the_first(jobs: Jobs) -> None:
    jobs.start("pull", "tiny", until_cancelled)
    assert jobs.start("use", "minilm", until_cancelled) == (
        "'tiny' is still being made ready: wait for it, or cancel it."
    )
    assert [job.name for job in jobs.known] == ["tiny"]


def test_only_the_job_that_was_meant_is_cancelled(jobs: Jobs) -> None:
    jobs.start("pull", "tiny", until_cancelled)
    jobs.cancel("use", "tiny")
    jobs.cancel("pull", "other")
    assert not jobs.wait(0.1)
    jobs.cancel("pull", "tiny")
    assert jobs.wait(5)
    assert jobs.known == (Job("pull", "tiny", "cancelled"),)


def test_a_cancelled_job_runs_until_its_work_has_really_ended(jobs: Jobs) -> None:
    end = threading.Event()

    def deaf(_: Ticket) -> None:
        end.wait(5)

    jobs.start("pull", "tiny", deaf)
    jobs.cancel("pull", "tiny")
    assert jobs.known[0].state == "cancelling"
    assert jobs.start("pull", "tiny", until_cancelled) != ""
    end.set()
    assert jobs.wait(5)
    assert jobs.known[0].state == "done"  # it was too late


def test_a_failure_is_kept_in_its_line_until_the_same_is_tried_again(jobs: Jobs) -> None:
    def fail(_: Ticket) -> None:
        raise WeightsError("No network.")

    jobs.start("pull", "tiny", fail)
    assert jobs.wait(5)
    jobs.start("pull", "other", lambda _: None)
    assert jobs.wait(5)
    assert jobs.known == (Job("pull", "other", "done"), Job("pull", "tiny", "failed", trouble="No network."))
    jobs.start("pull", "tiny", lambda _: None)
    assert jobs.wait(5)
    assert jobs.known == (Job("pull", "tiny", "done"), Job("pull", "other", "done"))


def test_a_fault_of_ours_is_a_line_too_and_the_log_has_more(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Ticket) -> None:
        raise RuntimeError("a fault")

    jobs.start("use", "minilm", fail)
    assert jobs.wait(5)
    assert jobs.known[0].trouble == "It broke off (RuntimeError: a fault); the log has more."
    assert "The job 'use minilm' broke off" in caplog.text


def test_what_comes_after_comes_only_after_a_good_end(jobs: Jobs) -> None:
    came: list[str] = []

    def fail(_: Ticket) -> None:
        raise WeightsError("No.")

    jobs.start("pull", "bad", fail, then=lambda: came.append("bad"))
    assert jobs.wait(5)
    jobs.start("pull", "good", lambda _: None, then=lambda: came.append("good"))
    wait_until(lambda: came == ["good"])


def test_a_caller_that_stays_gets_its_turn_and_what_went_wrong(jobs: Jobs) -> None:
    jobs.start("use", "minilm", until_cancelled)
    threading.Timer(0.2, jobs.cancel, ("use", "minilm")).start()
    order: list[str] = []

    def fail(_: Ticket) -> None:
        order.extend(job.state for job in jobs.known if job.name == "minilm")
        raise WeightsError("No network.")

    with pytest.raises(WeightsError, match="No network"):
        jobs.run("pull", "tiny", fail)
    assert order == ["cancelled"]


@pytest.mark.parametrize("end", ["done", "cancelled"])
def test_the_same_job_twice_is_done_once_and_shares_its_end(jobs: Jobs, end: str) -> None:
    go_on = threading.Event()

    def work(ticket: Ticket) -> None:
        while not go_on.wait(0.01):
            ticket.stop_if_cancelled()

    jobs.start("pull", "tiny", work)
    threading.Timer(0.1, go_on.set if end == "done" else lambda: jobs.cancel("pull", "tiny")).start()
    again: list[str] = []
    if end == "done":
        jobs.run("pull", "tiny", lambda _: again.append("again"))
    else:
        with pytest.raises(JobCancelledError):
            jobs.run("pull", "tiny", lambda _: again.append("again"))
    assert again == []


def test_who_waits_for_a_turn_can_give_up(jobs: Jobs) -> None:
    jobs.start("use", "minilm", until_cancelled)
    with pytest.raises(JobCancelledError):
        jobs.run("pull", "tiny", lambda _: None, given_up=lambda: True)


def test_closing_cancels_and_nothing_begins_any_more(jobs: Jobs) -> None:
    jobs.start("pull", "tiny", until_cancelled)
    jobs.close()
    assert jobs.known[0].state == "cancelled"
    assert jobs.start("pull", "tiny", until_cancelled) == "The app is closing."


@settings(max_examples=25, deadline=None)
@given(
    wishes=st.lists(st.tuples(st.sampled_from(["start", "run", "cancel"]), st.integers(0, 2)), min_size=1, max_size=12)
)
def test_however_many_wish_at_once_one_works_at_a_time_and_each_comes_to_an_end(wishes: list[tuple[str, int]]) -> None:
    jobs, at_work = Jobs(), threading.Semaphore(1)
    overlaps: list[str] = []

    def work(ticket: Ticket) -> None:
        if not at_work.acquire(blocking=False):
            overlaps.append("two at once")
            return
        try:
            for done in range(3):
                ticket.tell("downloading", done, 3)
                ticket.stop_if_cancelled()
                time.sleep(0.0005)
        finally:
            at_work.release()

    def wish(kind: str, number: int) -> None:
        name = f"model-{number}"
        with suppress(JobCancelledError):
            if kind == "start":
                refusal = jobs.start("pull", name, work)
                assert refusal == "" or "still being made ready" in refusal
            elif kind == "run":
                jobs.run("pull", name, work)
            else:
                jobs.cancel("pull", name)

    threads = [threading.Thread(target=wish, args=one) for one in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert jobs.wait(5)
    assert overlaps == []
    assert all(job.state in {"done", "cancelled"} for job in jobs.known)
