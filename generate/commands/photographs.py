"""Commands about photographs: images, manifest."""

from __future__ import annotations

import json
from pathlib import Path

from dipbench.extras import require
from dipbench.files import check_writable, replacing
from dipbench.program import AddCommand, Options, positive
from generate.commands.options import add_images_option, add_protocol
from generate.protocols.reading import get

__all__ = ["add_images", "add_manifest"]


def add_images(add: AddCommand) -> None:
    """Add ``python -m generate images``."""
    images = add("images", _images, "check the photographs; prepare them as one file")
    add_protocol(images)
    add_images_option(images)
    images.add_argument(
        "--out",
        type=Path,
        metavar="FILE.npz",
        help="write the prepared arrays (default: only check)",
    )


def _images(options: Options) -> None:
    require("generate", "skimage")
    if options.out is not None:
        check_writable(options.out, file=True)
    from generate.photographs.images import load_images, save_images

    protocol = get(options.protocol)
    images = load_images(protocol, options.images)
    counts = f"{len(images.train)} train, {len(images.val)} val, {len(images.test)} test"
    print(f"{protocol.name}: {counts}; DIP on {', '.join(images.dip)}")
    if options.out is not None:
        save_images(images, protocol, options.out)
        print(f"wrote {options.out}")


def add_manifest(add: AddCommand) -> None:
    """Add ``python -m generate manifest``."""
    manifest = add("manifest", _manifest, "make an image manifest from a folder")
    manifest.add_argument("folder", type=Path, metavar="DIR", help="of photographs")
    for field, text in (
        ("source", "where the photographs come from"),
        ("citation", "how to cite them"),
        ("terms", "how they may be used"),
    ):
        manifest.add_argument(f"--{field}", required=True, metavar="TEXT", help=text)
    manifest.add_argument("--size", type=positive, default=64, help="pixels, of the protocol")
    manifest.add_argument(
        "--out", type=Path, default=Path("photographs.json"), metavar="FILE.json", help="to write"
    )


def _manifest(options: Options) -> None:
    require("generate", "skimage")
    from generate.photographs.listing import list_folder

    check_writable(options.out, file=True)
    said = {field: getattr(options, field) for field in ("source", "citation", "terms")}
    found = list_folder(options.folder, **said, size=options.size)
    with replacing(options.out) as place:
        place.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    counts = ", ".join(f"{len(entries)} {split}" for split, entries in found["splits"].items())
    print(f"wrote {options.out}: {counts}; DIP on {', '.join(found['dip'])}")
