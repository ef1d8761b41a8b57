"""The OpenAPI description as one page for people, which needs no script and no network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["reference_page"]

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs.css">
<title>dipbench: the HTTP service</title>
<main>
"""


def reference_page(openapi: Mapping[str, Any]) -> str:
    """HTML: every route with its parameters, body and answers, and the models that these have."""
    info = openapi["info"]
    parts = [HEAD, f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"]
    parts.append(f"<p>{_text(info['description'])}</p>")
    parts.append('<p><a href="openapi.json">openapi.json</a> · <a href="./">explorer</a></p>')
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            parts += _operation(path, method, operation)
    parts.append("<h2>Models</h2>")
    for name, model in sorted(openapi["components"]["schemas"].items()):
        parts += _model(name, model)
    return "\n".join([*parts, "</main>", "</html>", ""])


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section id="{escape(operation["operationId"])}">'
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
    yield f"<p>{_text(operation.get('description', operation['summary']))}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>type<th>default<th>meaning</tr>"
        for parameter in parameters:
            schema = parameter["schema"]
            default = "required" if parameter["required"] else json.dumps(schema.get("default"))
            meaning = parameter.get("description", "")
            yield _cells(f"`{parameter['name']}`", _type(schema), default, meaning)
        yield "</table>"
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        yield f"<p>Body: JSON. {_text(body.get('description', ''))}</p>"
        if "example" in content:
            yield f"<pre>{escape(json.dumps(content['example'], indent=1))}</pre>"
    yield "<table><tr><th>status<th>answer<th></tr>"
    for status, answer in operation["responses"].items():
        ((media, content),) = answer["content"].items()
        yield _cells(status, f"{_type(content['schema'])} ({media})", answer["description"])
    yield "</table></section>"


def _model(name: str, model: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section id="model-{escape(name)}"><h3>{escape(name)}</h3>'
    if about := model.get("description"):
        yield f"<p>{_text(about)}</p>"
    yield "<table><tr><th>member<th>type<th>meaning</tr>"
    for member, schema in model.get("properties", {}).items():
        yield _cells(f"`{member}`", _type(schema), schema.get("description", ""))
    yield "</table></section>"


def _cells(*texts: str) -> str:
    return "<tr>" + "".join(f"<td>{_text(text)}" for text in texts) + "</tr>"


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words; models are named as `#Model`, which `_text` links."""
    if "$ref" in schema:
        return f"#{str(schema['$ref']).rpartition('/')[2]}"
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", "any"))
    return f"array of {_type(schema['items'])}" if kind == "array" and "items" in schema else kind


def _text(text: str) -> str:
    """Plain text as HTML, with `code` and links to models."""
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"#([A-Z]\w+)", r'<a href="#model-\1">\1</a>', html)
