"""The base of simulated partners with jobs, by a small partner that is built on it."""

import http.client
import json
from contextlib import closing

import pytest

from asyncdest_nb.errors import UsageError
from asyncdest_nb.simulators import multipart
from asyncdest_nb.simulators.exchange import IncomingRequest, canonical
from asyncdest_nb.simulators.faulty_server import FaultyReply
from asyncdest_nb.simulators.jobs import JobKnobs
from asyncdest_nb.simulators.server import LoopbackServer
from letter_jobs import asked, job_of, letter_server, letters, result_lines


def test_a_job_waits_then_works_then_ends(clock):
    server = letter_server(clock, pending_share=0.2)
    job_id = job_of(server, letters(8))
    seen = {}
    for age in (0, 1.9, 2, 6, 9.9, 10, 50):
        clock.now = 1000 + age
        shown = asked(server, "GET", f"/jobs/{job_id}").document
        seen[age] = (shown["phase"], shown["done"])
    assert seen == {
        0: ("queued", 0),
        1.9: ("queued", 0),
        2: ("running", 0),
        6: ("running", 4),
        9.9: ("running", 7),
        10: ("ended", 8),
        50: ("ended", 8),
    }


def test_rows_are_stored_when_they_are_due_and_in_the_order_of_their_times(clock):
    server = letter_server(clock, failing=0, pending_share=0)
    first = [{"name": "a", "text": "old"}, {"name": "b", "text": "old"}]
    job_of(server, first)
    clock.now += 2
    job_of(server, [{"name": "a", "text": "new"}, {"name": "c", "text": "new"}])
    clock.now += 6  # The first job is at 8 of 10 seconds, the second at 6.
    assert server.records == {"letter": [{"Id": server.records["letter"][0]["Id"], "name": "a",
                                          "text": "new"}]}  # fmt: skip
    clock.now += 20
    found = [(record["name"], record["text"]) for record in server.records["letter"]]
    assert found == [("a", "new"), ("b", "old"), ("c", "new")]


def test_a_row_fails_by_the_seed_and_its_content_alone(clock):
    def outcomes(rows, **knobs):
        server = letter_server(clock, failing=0.3, duration_seconds=0, **knobs)
        lines = result_lines(server, job_of(server, rows))
        return {rows[int(line.split()[0])]["name"]: line.split()[1] for line in lines}

    rows = letters(200)
    found = outcomes(rows)
    assert 30 < sum(word != "None" for word in found.values()) < 90
    assert outcomes(rows[::-1]) == found
    assert outcomes(rows, seed=1) != found


def test_results_come_shuffled_and_short_and_the_same_each_time(clock):
    whole = letter_server(clock, duration_seconds=0, failing=0)
    lines = result_lines(whole, job_of(whole, letters(100)))
    assert lines == [f"{number} None" for number in range(100)]
    server = letter_server(
        clock, duration_seconds=0, failing=0, shuffle_results=True, truncate_results=0.101
    )
    job_id = job_of(server, letters(100))
    found = result_lines(server, job_id)
    assert (len(found), found == sorted(found, key=lines.index)) == (89, False)
    assert set(found) < set(lines)
    assert result_lines(server, job_id) == found


def test_results_are_gone_some_time_after_the_end(clock):
    server = letter_server(clock, results_expire_seconds=5)
    path = f"/jobs/{job_of(server, letters(1))}/results"
    seen = []
    for age in (0, 10, 14.9, 15):
        clock.now = 1000 + age
        seen.append(asked(server, "GET", path).status)
    assert seen == [200, 200, 200, 410]


def test_a_cancelled_job_stops_where_it_is(clock):
    server = letter_server(clock, pending_share=0, failing=0)
    path = f"/jobs/{job_of(server, letters(10))}"
    clock.now += 5
    assert asked(server, "DELETE", path).status == 204
    assert asked(server, "DELETE", path).status == 409
    assert asked(server, "GET", path).document["phase"] == "cancelling"
    clock.now += 100
    shown = asked(server, "GET", path).document
    assert (shown["phase"], shown["done"]) == ("cancelled", 6)
    assert len(server.records["letter"]) == 6


def test_the_same_rows_make_two_jobs_and_count_two_attempts(clock):
    server = letter_server(clock)
    first, second = job_of(server, letters(2)), job_of(server, letters(2))
    assert first != second
    assert first.startswith("job_")
    assert [job["id"] for job in server.operations] == [first, second]
    assert server.operations[0]["rows"] == letters(2)
    assert server.attempts == {canonical(row): 2 for row in letters(2)}


@pytest.mark.parametrize(
    ("knob", "value"),
    [("shuffle_results", "often"), ("truncate_results", 2), ("results_expire_seconds", 0)],
)
def test_a_knob_out_of_range_is_said_with_what_it_is(knob, value):
    with pytest.raises(UsageError, match=f"knob {knob}={value!r} does not fit; it is "):
        JobKnobs.of({knob: value})


def test_results_are_sent_while_they_are_made(clock):
    server = LoopbackServer(letter_server(clock, duration_seconds=0, failing=0), name="letters")
    server.start()
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as client:
            client.request("POST", "/jobs", canonical(letters(2000)))
            job_id = json.loads(client.getresponse().read())["id"]
            client.request("GET", f"/jobs/{job_id}/results")
            answer = client.getresponse()
            assert (answer.headers["content-length"], answer.headers["content-type"]) == (
                None,
                "application/octet-stream",
            )
            assert len(answer.read().splitlines()) == 2000
    finally:
        server.stop()


def test_a_partner_reads_the_headers_of_a_request():
    seen = []

    class Recorder:
        def answer(self, request):
            seen.append(request)
            reply = letter_server(lambda: 0.0).answer(IncomingRequest("GET", "/nothing")).reply
            return FaultyReply(reply, 0.0, is_lost=False)

    server = LoopbackServer(Recorder(), name="recorder")
    server.start()
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as client:
            client.request("GET", "/nothing?a=b", headers={"X-Api-Key": "sesame"})
            assert client.getresponse().status == 404
    finally:
        server.stop()
    assert (seen[0].headers["x-api-key"], seen[0].query) == ("sesame", "a=b")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_parts_of_a_form_are_read_byte_for_byte(end):
    content = b"--x\x00" + end + b"--xy" + end + b"a--x" + end + "é\u2028".encode() + end
    head = b"--x" + end + b'Content-Disposition: form-data; name="%s"' + end + end
    body = head % b"one" + content + end + head % b"two" + b"" + end + b"--x--" + end
    assert multipart.parts(body, b"x") == {"one": content, "two": b""}
