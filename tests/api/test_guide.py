"""docs/service.md: its examples answer what it shows, and it has every route and option."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import api
from api.__main__ import _parser
from api.bodies import MAX_BODY
from api.caching import CACHE_BYTES
from api.serving import Limits
from api.workers import SECONDS, WAITING, Workers

TEXT = (Path(api.__file__).parents[1] / "docs" / "service.md").read_text("utf-8")


def examples():
    """Every curl command with the answer shown below it."""
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        command, _, shown = block.partition("\n")
        if command.startswith("$ curl "):
            yield shlex.split(command)[2:], shown.strip()


@pytest.mark.parametrize(("arguments", "shown"), [*examples()])
def test_examples_answer_what_is_shown(embedded, arguments, shown):
    (address,) = (word for word in arguments if word.startswith("http"))
    parts = urlsplit(address)
    assert parts.netloc == "127.0.0.1:8000"
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if "--data" in arguments:
        body = arguments[arguments.index("--data") + 1]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}  # as curl says by default
        reply = embedded.post(path, content=body, headers=headers)
    else:
        reply = embedded.get(path)
    pattern = ".*?".join(map(re.escape, shown.split("…")))
    assert re.fullmatch(pattern, reply.text, re.DOTALL), reply.text
    assert json.loads(reply.text)


def test_there_are_examples():
    assert len(list(examples())) >= 5


def test_every_route_is_in_the_guide(openapi):
    for path, operations in openapi["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in TEXT


def test_every_status_is_in_the_guide(openapi):
    said = {int(status) for status in re.findall(r"(?m)\b(\d{3})\b", TEXT)}
    for operations in openapi["paths"].values():
        for operation in operations.values():
            assert {int(status) for status in operation["responses"]} - {200} <= said


def test_every_option_is_in_the_guide():
    options = [o for action in _parser()._actions for o in action.option_strings]
    assert [o for o in options if o not in ("-h", "--help") and f"`{o}" not in TEXT] == []


def test_limits_are_as_stated():
    limits, text = Limits(), " ".join(TEXT.split())
    assert f"killed after {SECONDS:g} seconds" in text
    assert f"{Workers().count} graphs are processed at once, and up to {WAITING} wait" in text
    assert f"within {limits.request_seconds:g} seconds of its first byte" in text
    assert f"nothing of its answer for {limits.read_seconds:g} seconds" in text
    assert f"its head may have {limits.head_bytes:,} bytes" in text
    assert f"At most {limits.connections:,} connections are open" in text
    assert f"up to {CACHE_BYTES // 10**6} MB" in text
    assert f"more than {MAX_BODY:,} bytes" in text
