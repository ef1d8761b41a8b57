"""What requests carry in their body, for the OpenAPI description: many queries, or a graph."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GRAPH_BODY", "Batch"]


class Batch(BaseModel):
    """Many queries at once."""

    model_config = ConfigDict(extra="forbid")
    architectures: list[str | dict[str, Any]] = Field(
        description="names, canonical keys or node-link graphs", max_length=1000
    )
    task: str = "denoise25"
    protocol: str | None = None
    seed: int | None = None
    image: str | None = None


EXAMPLE = {
    "nodes": [
        {"id": "x", "op": "input"},
        {"id": "c", "op": "conv3", "channels": 8},
        {"id": "y", "op": "output"},
    ],
    "edges": [{"source": "x", "target": "c"}, {"source": "c", "target": "y"}],
}
IDENTIFIER = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array"}]}
GRAPH_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A directed graph in networkx's node-link form, see docs/definitions.md.",
        "content": {
            "application/json": {
                "example": EXAMPLE,
                "schema": {
                    "type": "object",
                    "required": ["nodes", "edges"],
                    "properties": {
                        "nodes": {
                            "type": "array",
                            "maxItems": 512,
                            "items": {
                                "type": "object",
                                "required": ["id", "op"],
                                "properties": {
                                    "id": IDENTIFIER,
                                    "op": {"type": "string"},
                                    "channels": {"type": "integer", "minimum": 1},
                                },
                            },
                        },
                        "edges": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["source", "target"],
                                "properties": {"source": IDENTIFIER, "target": IDENTIFIER},
                            },
                        },
                    },
                },
            }
        },
    }
}
