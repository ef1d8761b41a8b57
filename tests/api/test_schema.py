"""The OpenAPI description is true: whatever it allows is answered as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import description, make_app

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


OPENAPI = description(make_app([]))


def allowed():
    for found in schemathesis.openapi.from_dict(OPENAPI).get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


OPERATIONS = {operation.label: operation for operation in allowed()}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_answer_is_as_described(operation, client):
    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def check(case):
        reply = client.request(**request(case))
        assert reply.status_code != 500
        case.validate_response(reply, checks=CHECKS)

    check()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_its_examples_are_answered_as_described(operation, embedded):
    """What a reader of the description tries first works, with the embedded table."""
    asked = OPENAPI["paths"][operation.path][operation.method]
    given = {p["name"]: (p["in"], example_of(p)) for p in asked.get("parameters", [])}
    query = {name: value for name, (place, value) in given.items() if place == "query"}
    path = {name: value for name, (place, value) in given.items() if place == "path"}
    body = {}
    if "requestBody" in asked:
        body = {"json": asked["requestBody"]["content"]["application/json"]["example"]}
    url = operation.path.format(**path)
    reply = embedded.request(operation.method, url, params=query, **body)
    # The example of a graph is a network that fits on three lines, and is in no table.
    expected = {"POST /v1/query": (404,), "POST /v1/predict": (200, 400, 404, 501)}
    assert reply.status_code in expected.get(operation.label, (200, 501)), reply.text
    operation.validate_response(reply)


def example_of(parameter):
    if "examples" in parameter:
        return next(iter(parameter["examples"].values()))["value"]
    schema = parameter["schema"]
    if "examples" in schema:
        return schema["examples"][0]
    if "default" in schema:
        return str(schema["default"]).lower()
    (choices,) = [part for part in schema.get("anyOf", [schema]) if "enum" in part]
    return choices["enum"][0]


def request(case):
    """The case as arguments of the client, which takes them as another library has them."""
    found = case.as_transport_kwargs(base_url="http://testserver")
    return {
        name: found[name]
        for name in ("method", "url", "params", "headers", "json", "content", "data")
        if name in found
    }


def operations(openapi):
    for path, found in openapi["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_and_parameter_is_described(openapi):
    for name, operation in operations(openapi):
        assert operation["description"], name
        assert operation["tags"], name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
            assert {"200", "400"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert {"example", "schema"} <= set(content), name


def test_units_are_in_the_description(openapi):
    result = openapi["components"]["schemas"]["QueryResult"]["properties"]
    assert "(grey levels)" in result["dip_rmse"]["description"]
    assert "(seconds)" in result["dip_seconds"]["description"]
    assert "(MACs)" in result["macs"]["description"]


def test_errors_are_problems(openapi):
    for name, operation in operations(openapi):
        for status, answer in operation["responses"].items():
            if status != "200":
                assert list(answer["content"]) == ["application/problem+json"], name


def test_the_page_for_people_has_all_of_it(client, openapi):
    text = client.get("/docs").text
    for name, operation in operations(openapi):
        assert f"<code>{name}</code>" in text
        for parameter in operation.get("parameters", []):
            assert f"<code>{parameter['name']}</code>" in text
    for model in openapi["components"]["schemas"]:
        assert f'id="model-{model}"' in text
