"""What people owe for a shared basket; all amounts are in cents."""


def split_evenly(total: int, people: int) -> list[int]:
    """Return what each person pays: the shares add up to the total and differ by one cent at most."""
    return [total // people] * people
