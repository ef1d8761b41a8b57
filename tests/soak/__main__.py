"""Kill what writes files, at many random moments, and see that nothing torn is ever used.

``make soak`` kills a run 200 times, a run on Ray, a publication and a download as often each;
``python -m tests.soak 5 run ray`` kills runs 5 times, here and on Ray.
"""

import random
import sys
from functools import partial
from importlib.util import find_spec

from tests.soak.runs import local_runs, ray_runs
from tests.soak.transfers import downloads, publications

KINDS = {"run": local_runs, "ray": ray_runs, "publish": publications, "download": downloads}


def main(times, kinds):
    summary = []
    for kind in kinds:
        if kind == "ray" and find_spec("ray") is None:
            summary.append("ray: not installed, not killed")
            continue
        # Other moments each time; a seed would not bring them back, for the machine differs.
        said = KINDS[kind](times, random.Random(), partial(print, f"{kind}:", flush=True))
        summary.append(f"{kind}: {said}")
        print(summary[-1], flush=True)
    print("", *summary, sep="\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    unknown = [kind for kind in given[1:] if kind not in KINDS]
    if unknown or (given and not given[0].isdecimal()):
        sys.exit(f"{' '.join(given)}; expected how many kills, and of {', '.join(KINDS)}")
    main(int(given[0]) if given else 200, given[1:] or KINDS)
