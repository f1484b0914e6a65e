"""The word that ends a round."""

from enum import StrEnum


class Decision(StrEnum):
    APPROVE = "approve"
    CHANGES_REQUIRED = "changes_required"
