"""Build a release of the commit, check it, and try it on every Python that can be had.

``make release`` runs it: one line for each check, the archives in ``dist/``, exit status 1 if a
check failed. ``python -m tests.release 3.12`` or a path of an interpreter tries those Pythons
alone. A Python that cannot be had is named and does not count as tried. Nothing is uploaded or
tagged.
"""

from __future__ import annotations

import email
import re
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from dipbench import tables
from dipbench.errors import DipbenchError
from dipbench.publish.folder import build
from dipbench.publish.release import OURS
from dipbench.table.catalogue import entry
from dipbench.table.hub import REVISION
from tests.release.agreement import (
    UNRELEASED,
    data_set_disagreements,
    disagreements,
    stated,
    surrogate_disagreements,
    tag_problem,
)
from tests.release.archives import contents, names, reproducible
from tests.release.command import ROOT, CheckFailed, fail_with, run
from tests.release.installed import tried

DATA = ROOT / "dipbench" / "data"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def commit() -> str:
    changed = run("git", "status", "--porcelain").splitlines()
    if changed:
        raise CheckFailed(f"not in the commit, so not in the release: {'; '.join(changed)}")
    return f"{run('git', 'log', '-1', '--format=%h of %cs')}, nothing left uncommitted"


def versions() -> str:
    found = stated(ROOT)
    fail_with(disagreements(found))
    return f"{found.versions['pyproject.toml']} in {len(found.versions)} places"


def day() -> str:
    found = stated(ROOT).days["CHANGELOG.md"]
    if found == UNRELEASED:
        return "none yet: before the tag, state it in CHANGELOG.md and CITATION.cff (date-released)"
    return found


def tag() -> str:
    known = run("git", "for-each-ref", "--format=%(objectname)", f"refs/tags/{REVISION}")
    tagged = run("git", "rev-parse", f"{REVISION}^{{commit}}") if known else None
    head, day = run("git", "rev-parse", "HEAD"), stated(ROOT).days["CHANGELOG.md"]
    if problem := tag_problem(day, tagged, head):
        raise CheckFailed(f"{REVISION} {problem}")
    if tagged:
        return f"{REVISION} points at the commit"
    return f'none yet: git tag -a {REVISION} -m "dipbench {REVISION[1:]}"'


def data_sets() -> str:
    """The data set that would be published of each table, and the surrogates."""
    problems = surrogate_disagreements(DATA)
    with tempfile.TemporaryDirectory(prefix="dipbench-") as temporary:
        for name in tables():
            folder = Path(temporary, name)
            build(DATA / name, folder, entry(name).repo_id, OURS, revision=REVISION)
            problems += [f"{name}: {problem}" for problem in data_set_disagreements(folder)]
    fail_with(problems)
    return f"Croissant, citation, card and datasheet of {', '.join(tables())}; surrogates"


def metadata(dist: Path) -> str:
    run(sys.executable, "-m", "twine", "check", "--strict", *sorted(dist.iterdir()))
    return f"accepted by twine {version('twine')} --strict"


def leads(link: str, held: set[str]) -> bool:
    """Whether there is the file, and the heading in it that may follow a ``#``."""
    path, _, heading = link.partition("#")
    if path not in held or not heading:
        return path in held
    titles = re.findall(r"^#+ (.+)$", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    return heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def readme(dist: Path) -> str:
    """The README as a package index renders it has no relative links; those of the sdist lead to
    its files and headings."""
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as held:
        (place,) = (name for name in held.namelist() if name.endswith(".dist-info/METADATA"))
        said = email.message_from_bytes(held.read(place)).get_payload()
    fail_with(f"links to {link} on a package index" for link in relative_links(str(said)))
    here = relative_links((ROOT / "README.md").read_text("utf-8"))
    files = set(names(sdist))
    fail_with(f"links to {link}, not in the sdist" for link in here if not leads(link, files))
    by = f"rendered by readme_renderer {version('readme_renderer')}"
    return f"{by}; {len(here)} relative links, to files of the sdist, and none on an index"


def relative_links(text: str) -> list[str]:
    """Links and pictures of Markdown that lead to files beside it."""
    from readme_renderer import markdown

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns where it cannot render
        page = markdown.render(text)
    if not page or "<h1" not in page:
        raise CheckFailed("not rendered as a page with a heading")
    links = set(re.findall(r'(?:href|src)="([^"]+)"', page))
    return sorted(link for link in links if not re.match(r"#|https?:", link))


def check(name: str, action: Callable[[], str | None]) -> bool | None:
    """Print the line of a check; whether it passed, None if it could not be made."""
    try:
        said = action()
    except (CheckFailed, DipbenchError, ValueError, OSError) as error:
        print(f"FAILED  {name:<12}{error}", flush=True)
        return False
    print(f"{'ok' if said else '-':<8}{name:<12}{said or 'not to be had here'}", flush=True)
    return None if said is None else True


def main(pythons: list[str]) -> int:
    """Run all checks; 0 if none failed and one Python at least was tried."""
    dist = ROOT / "dist"
    passed = [
        check("commit", commit),
        check("versions", versions),
        check("day", day),
        check("tag", tag),
        check("data sets", data_sets),
        check("build", lambda: reproducible(dist)),
    ]
    if passed[-1]:
        passed += [
            check("wheel", lambda: contents(*dist.glob("*.whl"))),
            check("sdist", lambda: contents(*dist.glob("*.tar.gz"))),
            check("metadata", lambda: metadata(dist)),
            check("README", lambda: readme(dist)),
        ]
        on = [check(f"on {Path(p).name}", partial(tried, p, dist)) for p in pythons]
        passed += [*on, any(on)]
    good = False not in passed
    print(f"{dist}: {'good' if good else 'NOT good'}")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PYTHONS)))
