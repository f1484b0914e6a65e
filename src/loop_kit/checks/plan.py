"""Which checks a run has: those of the config and those of the card, decided before anything is paid."""

from loop_kit.errors import DocumentError, StartError
from loop_kit.model.check import CheckCommand, Prepare
from loop_kit.model.config import Settings
from loop_kit.model.task import TaskCard
from loop_kit.values import dataclass
from loop_kit.values.wording import did_you_mean, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`replaced` names the checks of the config that the card has under the same name: the card's win."""

    commands: tuple[CheckCommand, ...]
    prepare: Prepare | None = None
    replaced: tuple[str, ...] = ()


def plan_checks(card: TaskCard | None, settings: Settings, *, name: str = TaskCard.kind) -> Plan:
    """Return the checks of a run, or without a card those of the config; `name` is what the person calls the card.

    Raises `DocumentError` when a criterion names a check that is not configured, `StartError` when checks are required
    and there are none.
    """
    own = {command.name: command for command in card.checks} if card else {}
    commands = {**settings.checks, **own}
    if card:
        _check_criteria(card, tuple(commands), name)
    if settings.run.require_checks and not commands:
        raise StartError(
            "no check is configured, and this run requires some",
            hint="name one under [checks] in config.toml or in the card's checks, or leave --require-checks out",
        )
    replaced = tuple(each for each in own if each in settings.checks)
    return Plan(commands=tuple(commands.values()), prepare=settings.prepare, replaced=replaced)


def _check_criteria(card: TaskCard, known: tuple[str, ...], name: str) -> None:
    for index, criterion in enumerate(card.acceptance_criteria):
        if criterion.check is not None and criterion.check not in known:
            meant = did_you_mean(criterion.check, known)
            there = f"the checks are: {', '.join(known)}" if known else "no check is configured yet"
            raise DocumentError(
                f"{name} $.acceptance_criteria[{index}].check: there is no check {shown(criterion.check)}{meant}",
                hint=f"{there}; [checks] in config.toml and the card's checks make some",
            )
