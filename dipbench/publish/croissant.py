"""croissant.json: the data set described in JSON-LD, after Croissant 1.1 of MLCommons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dipbench.publish.release import NO_PICTURES, RMSE, Release
from dipbench.table.schema import FILES, TITLES, Column

__all__ = ["croissant"]

# The context that the specification prescribes, word for word.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
DATA_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int": "sc:Integer",
    "float": "sc:Float",
    "ints": "sc:Integer",
    "floats": "sc:Float",
}
# What tells the rows of a file apart.
KEYS = {
    "architectures.parquet": ("key", "task"),
    "runs.parquet": ("key", "task", "mode", "seed", "image"),
    "curves.parquet": ("key", "task", "mode", "seed", "image"),
}


def croissant(release: Release, files: Mapping[str, tuple[int, str]]) -> str:
    """The JSON-LD of `release`.

    Args:
        files: size in bytes and SHA-256 in hex of the Parquet files and the manifest, by name.
    """
    said = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": release.title.replace(" ", "-"),
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "description": f"{release.summary} {RMSE} {NO_PICTURES}",
        "citeAs": release.bibtex,
        "creator": {"@type": "sc:Organization", "name": release.about.author},
        **({"datePublished": release.published} if release.published else {}),
        "keywords": list(release.keywords),
        "license": release.about.license_url,
        "url": release.url,
        "version": release.version,
        "distribution": [_file(release, name, *files[name]) for name in sorted(files)],
        "recordSet": [_record_set(name, columns) for name, columns in FILES.items()],
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _file(release: Release, name: str, size: int, sha256: str) -> dict[str, Any]:
    kind = "application/x-parquet" if name in FILES else "application/json"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": TITLES.get(name, "schema version, space, protocol, images, checksums"),
        "contentSize": f"{size} B",
        "contentUrl": f"{release.url}/resolve/{release.revision}/{name}",
        "encodingFormat": kind,
        "sha256": sha256,
    }


def _record_set(file: str, columns: tuple[Column, ...]) -> dict[str, Any]:
    name = file.removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": TITLES[file],
        "key": [{"@id": f"{name}/{column}"} for column in KEYS[file]],
        "field": [_field(file, name, column) for column in columns],
    }


def _field(file: str, record_set: str, column: Column) -> dict[str, Any]:
    unit = f"; unit: {column.unit}" if column.unit else ""
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        "description": column.meaning + unit,
        "dataType": DATA_TYPES[column.kind],
        **({"isArray": True, "arrayShape": "-1"} if column.kind in ("ints", "floats") else {}),
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }
