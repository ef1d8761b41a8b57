"""The protocols that come with dipbench."""

from __future__ import annotations

from dataclasses import replace

from dipbench.spaces import Space
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings

__all__ = ["PROTOCOLS"]

BSDS500 = Protocol(name="core64-v1", space="core64", manifest="bsds500.json")
# What came after core64-v1: one seed and four images, and more is recorded.
LATER = replace(BSDS500, seeds=(0,), fitted=4, recording=2)

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        BSDS500,
        replace(
            LATER,
            name="core64-still-v1",
            modes=("dip",),
            dip=replace(BSDS500.dip, perturbation=0.0),
        ),
        replace(LATER, name="core64-inpaint50-v1", task="inpaint50"),
        replace(LATER, name="core64-sr2-v1", task="sr2"),
        replace(
            LATER,
            name="core64-long-v1",
            modes=("supervised",),
            architectures=tuple(
                a.name for a in Space("core64") if (a.upsample, a.width) == ("bilinear", 16)
            ),
            supervised=replace(BSDS500.supervised, steps=4000, recorded=32),
        ),
        replace(LATER, name="core64-denoise15-v1", task="denoise15"),
        replace(LATER, name="core64-denoise50-v1", task="denoise50"),
        replace(LATER, name="unet64-v1", space="unet64"),
        Protocol(
            name="demo-v1",
            space="core64",
            manifest="demo.json",
            seeds=(0, 1),
            architectures=(
                "d1-s-bilinear-w8",
                "d2-s-bilinear-w8",
                "d3-s-bilinear-w8",
                "d4-s-bilinear-w8",
                "d5-s-bilinear-w8",
                "d2-s0-bilinear-w8",
                "d3-s0-bilinear-w16",
                "d3-s1-bilinear-w8",
                "d4-s2-bilinear-w8",
                "d5-s0-bilinear-w8",
                "d5-s1-bilinear-w8",
                "d5-s3-bilinear-w8",
            ),
            supervised=SupervisedSettings(steps=300, recorded=16),
            dip=DipSettings(iterations=800, recorded=40, stop_patience=300),
        ),
    )
}
