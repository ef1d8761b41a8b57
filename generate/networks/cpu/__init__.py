"""The networks on a CPU: our own kernel, compiled when first used.

Forward and backward of a whole network are one call, so that nothing but arithmetic is left and
all values of an instance stay near the core. The answers are torch's but for the order of sums;
``python -m generate bench`` measures how much faster they come.
"""

from generate.networks.cpu.build import library
from generate.networks.cpu.networks import CpuNetworks

__all__ = ["CpuNetworks", "library"]
