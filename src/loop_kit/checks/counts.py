"""How many tests ran, failed and were skipped, where the output of a test program says so.

Read line by line while the program runs, so that no output is too long. Nothing here can fail: a line that looks like
none of the known forms says nothing.
"""

import re
from collections.abc import Iterable

from loop_kit.checks.output import without_colour
from loop_kit.model.evidence import Counts

_LONGEST = 2000  # characters: no summary is longer
_N = r"(\d{1,9})"
_PAIR = re.compile(rf"{_N} ([a-z]+)")

# One line that sums up a whole run; the last one counts, because tests of test programs print others before it.
_PYTEST = re.compile(r"(?:=+ )?((?:\d{1,9} [a-z ]+(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:, day]+\))?(?: =+)?")
_JEST = re.compile(r"Tests:\s+((?:\d{1,9} [a-z]+, )*\d{1,9} total)")
_VITEST = re.compile(r"\s*Tests\s+((?:\d{1,9} [a-z ]+(?: \| )?)+) \(\d+\)")
_UNITTEST_RAN = re.compile(rf"Ran {_N} tests? in [\d.]+s")
_UNITTEST_END = re.compile(r"(?:OK|FAILED|NO TESTS RAN)(?: \(([a-z ,=\d]{1,200})\))?")
_UNITTEST_PAIR = re.compile(rf"([a-z ]+)={_N}")
_NODE = re.compile(rf"(?:#|ℹ) (tests|pass|fail|cancelled|skipped|todo) {_N}")  # noqa: RUF001  (node's own sign)

# One line a package, test or crate; all of them count.
_CARGO = re.compile(rf"test result: \w+\. {_N} passed; {_N} failed; {_N} ignored;.*")
_GO = re.compile(r"--- (PASS|FAIL|SKIP): [^/\s]+ \([\d.]+s\)")
_GO_VERBOSE = re.compile(r"=== RUN   \S+")
_GO_JSON = re.compile(r'\{.*"Action":"(pass|fail|skip)".*"Test":"[^"/]+".*\}')
_TAP = re.compile(r"(not )?ok\b(.*)")
_TAP_PLAN = re.compile(r"1\.\.\d+( #.*)?|TAP version \d+")
_TAP_DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)

_FAILED = ("failed", "error", "errors", "failures", "unexpected successes")
_SKIPPED = ("skipped", "xfailed", "todo", "pending", "expected failures", "expected fail")
_PASSED = ("passed", "xpassed")


class Tally:
    """What the lines so far amount to."""

    def __init__(self) -> None:
        self._summary: Counts | None = None
        self._ran: int | None = None
        self._node: dict[str, int] = {}
        self._go_verbose = False
        self._tap_plan = False
        self._sums = {"cargo": [0, 0, 0], "go": [0, 0, 0], "tap": [0, 0, 0]}

    def take(self, line: str) -> None:
        if len(line) <= _LONGEST:
            line = without_colour(line).rstrip()
            self._take_summary(line)
            self._take_single(line)

    @property
    def counts(self) -> Counts | None:
        """What is known now; None when no form was recognised, or only a part of one."""
        if self._summary is not None:
            return self._summary
        sums = dict(self._sums)
        if not self._go_verbose:
            del sums["go"]  # without -v only the failures are listed
        if not self._tap_plan:
            del sums["tap"]  # a line may begin with "ok" for other reasons
        return next((_counts(*each) for each in sums.values() if any(each)), None)

    def _take_summary(self, line: str) -> None:
        for form in (_PYTEST, _JEST, _VITEST):
            if found := form.fullmatch(line):
                self._summary = _from_pairs((word, int(number)) for number, word in _PAIR.findall(found[1]))
        if found := _UNITTEST_RAN.fullmatch(line):
            self._ran = int(found[1])
        elif self._ran is not None and (found := _UNITTEST_END.fullmatch(line)):
            pairs = [(word.strip(), int(number)) for word, number in _UNITTEST_PAIR.findall(found[1] or "")]
            self._summary, self._ran = _from_total(self._ran, pairs), None
        elif found := _NODE.fullmatch(line):
            if found[1] == "tests":
                self._node.clear()
            self._node[found[1]] = int(found[2])
            if found[1] == "todo" and "tests" in self._node:
                pairs = list(self._node.items())
                self._summary = _from_total(self._node["tests"], pairs)

    def _take_single(self, line: str) -> None:
        if found := _CARGO.fullmatch(line):
            self._add("cargo", *(int(number) for number in found.groups()))
        elif found := (_GO.fullmatch(line) or _GO_JSON.fullmatch(line)):
            word = found[1].lower()
            self._go_verbose = self._go_verbose or found.re is _GO_JSON
            self._add("go", word == "pass", word == "fail", word == "skip")
        elif _GO_VERBOSE.fullmatch(line):
            self._go_verbose = True
        elif _TAP_PLAN.fullmatch(line):
            self._tap_plan = True
        elif found := _TAP.fullmatch(line):
            skipped = bool(_TAP_DIRECTIVE.search(found[2]))
            self._add("tap", not found[1] and not skipped, bool(found[1]) and not skipped, skipped)

    def _add(self, form: str, passed: int, failed: int, skipped: int) -> None:
        self._sums[form] = [
            before + more for before, more in zip(self._sums[form], (passed, failed, skipped), strict=True)
        ]


def count_tests(lines: Iterable[str]) -> Counts | None:
    """Return how many tests ran, as far as these lines of output say; None when they do not."""
    tally = Tally()
    for line in lines:
        tally.take(line)
    return tally.counts


def _counts(passed: int, failed: int, skipped: int) -> Counts:
    return Counts(run=passed + failed, failed=failed, skipped=skipped)


def _from_pairs(pairs: Iterable[tuple[str, int]]) -> Counts:
    """Sum up a line such as "2 failed, 11 passed, 1 skipped"."""
    known = list(pairs)
    return _counts(*(sum(number for word, number in known if word in words) for words in (_PASSED, _FAILED, _SKIPPED)))


def _from_total(total: int, pairs: Iterable[tuple[str, int]]) -> Counts:
    """Sum up a form that says how many there were altogether, skipped ones included."""
    known = list(pairs)
    failed = sum(number for word, number in known if word in {*_FAILED, "fail", "cancelled"})
    skipped = sum(number for word, number in known if word in _SKIPPED)
    return Counts(run=max(0, total - skipped), failed=failed, skipped=skipped)
