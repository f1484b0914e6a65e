"""Published packages, pinned, each with a bug planted by hand and the commands of its own that see it.

Chosen for their differences: how they are laid out, how they are tested, and what a clean tree needs before it can be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CRITERION = "tests"  # the check that the card's acceptance criterion names; each package has one of that name


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A command for the shell; `{python}` in it is the Python that runs these tests.

    `tests` is how many there are, skipped ones included; `failed` how many fail at the base, after half of the mending,
    and at the end. Where a test has subtests, each of them may fail.
    """

    run: str
    tests: int
    failed: tuple[int, int, int]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Return what loop has to call the check at each of the three commits."""
        base, *later = ("fail" if failed else "pass" for failed in self.failed)
        return (base, *("preexisting" if (base, each) == ("fail", "fail") else each for each in later))


@dataclass(frozen=True, kw_only=True)
class Package:
    """`right`, `bug` and `half` are the lines in `module` as published, at the base, and after half of the mending.

    `checks_in` says who names the checks: the task card or the config. `wheels` is a file of pinned requirements beside
    this one: what `prepare` installs from, so that no check needs a network.
    """

    pin: str
    sha256: str
    module: str
    right: str
    bug: str
    half: str
    goal: str
    checks: Mapping[str, Suite]
    checks_in: str = "config"
    prepare: str = ""
    prepare_files: tuple[str, ...] = ()
    wheels: str = ""

    @property
    def name(self) -> str:
        return self.pin.partition("==")[0]

    @property
    def task_id(self) -> str:
        return f"{self.name.upper()}-7"


# pytest, a flat layout, and a setup.py that says everything; the card names the check.
INFLECTION = Package(
    pin="inflection==0.5.1",
    sha256="1a29730d366e996aaacffb2f1f1cb9593dc38e2ddd30c91250c6dde09ea9b417",
    module="inflection/__init__.py",
    right="    if number % 100 in (11, 12, 13):\n",
    bug="    if number in (11, 12, 13):\n",  # 111 becomes 111st
    half="    if number % 100 in (11, 12):\n",  # 13 becomes 13rd
    goal="ordinal() is wrong beyond a hundred: 111 should be 111th, as 11 is 11th.",
    checks={"tests": Suite(run="{python} -m pytest -q test_inflection.py", tests=455, failed=(12, 8, 0))},
    checks_in="card",
)

# pytest, strict by its pyproject, with the tests inside the package: the modules of them that are about this one.
TOOLZ = Package(
    pin="toolz==1.2.0",
    sha256="9667a038e9d6ecba37995e26cb2f59ec6420b6ad8dd9677de59db9b956b08490",
    module="toolz/itertoolz.py",
    right="            if prev[end - 1] is no_pad or prev[end] is not no_pad:\n",
    bug="            if prev[end - 1] is no_pad or prev[end] is no_pad:\n",  # every short tail is an error
    half="            if prev[end - 1] is no_pad:\n",  # a length that says too little goes unseen
    goal="partition_all() raises LookupError when the last part is shorter than the others.",
    checks={
        "tests": Suite(
            run="{python} -m pytest -q toolz/tests/test_itertoolz.py toolz/sandbox", tests=56, failed=(2, 1, 0)
        )
    },
)

# pytest with doctests, in modules and in the README. Half of the mending breaks what the README promises.
PARSE = Package(
    pin="parse==1.22.4",
    sha256="706d458feed5a81b02768d3156e8070baf6cee7d150a3a3c0cd43101a875c3b5",
    module="parse/__init__.py",
    right='        elif am == "PM" and H == 12:\n',
    bug='        elif am == "PM" and H == 0:\n',  # half past noon becomes hour 24
    half='        elif am == "PM":\n',  # noon is right, and eleven at night is eleven in the morning
    goal="12:15 PM cannot be parsed: the hour comes out as 24.",
    checks={
        # Its own options are for coverage, which is not installed here.
        "tests": Suite(
            run="{python} -m pytest -q -o addopts= --doctest-modules parse tests", tests=111, failed=(3, 1, 0)
        ),
        "readme": Suite(
            run="{python} -m pytest -q -o addopts= --doctest-glob=README.rst README.rst", tests=1, failed=(0, 1, 0)
        ),
    },
)

# unittest; and one of its test modules has always failed here, because it needs a package that is not there.
IDNA = Package(
    pin="idna==3.20",
    sha256="a7db850025b95ded1eae8a46181a1a6c56c92c96f0e2b005d9ff8dc0210cab44",
    module="idna/intranges.py",
    right="        if left <= int_ < right:\n",
    bug="        if left <= int_ <= right:\n",  # the end of a range is taken for a part of it
    half="        if left <= int_ < right - 1:\n",  # and now the last of its members is not
    goal="Code points right behind a valid range are accepted: 0x007B should be refused, as 0x007C is.",
    checks={
        "tests": Suite(
            run="{python} -m unittest tests.test_intranges tests.test_idna tests.test_idna_codec tests.test_idna_cli",
            tests=83,
            failed=(7, 8, 0),
        ),
        "properties": Suite(run="{python} -S -m unittest tests.test_idna_properties", tests=1, failed=(1, 1, 1)),
    },
    checks_in="card",
)

# pytest with a src layout and dependencies for its tests: nothing can be tested before it was installed.
ITSDANGEROUS = Package(
    pin="itsdangerous==2.2.0",
    sha256="e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173",
    module="src/itsdangerous/timed.py",
    right="            if age > max_age:\n",
    bug="            if max_age > age:\n",  # swapped: fresh signatures have expired, old ones are good
    half="            if age > max_age + 1:\n",  # a second too long
    goal="unsign(max_age=…) raises SignatureExpired for a fresh signature, and lets an old one pass.",
    checks={"tests": Suite(run=".venv/bin/python -m pytest -q", tests=297, failed=(5, 5, 0))},
    prepare=(
        "{python} -m venv --without-pip .venv && {python} -m pip --quiet --disable-pip-version-check"
        " --python .venv/bin/python install --no-compile --no-index --find-links {wheels} freezegun pytest -e ."
    ),
    prepare_files=("pyproject.toml", "requirements/*.txt"),
    wheels="itsdangerous.txt",
)

PACKAGES = (ITSDANGEROUS, TOOLZ, IDNA, PARSE, INFLECTION)  # the slowest first: they run side by side
