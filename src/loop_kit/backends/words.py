"""The end of a text that grows piece by piece, without copying it for each piece."""

_MOST_PIECES = 4096


class Words:
    """`text` is the last `limit` characters of all that was added, or all of it; at most about twice that is kept."""

    __slots__ = ("_limit", "_pieces", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[str] = []
        self._size = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)[-self._limit :]

    def add(self, piece: str) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        # Seldom enough that each character is copied about twice, often enough that a piece costs no more than itself.
        if self._size > 2 * self._limit or len(self._pieces) > _MOST_PIECES:
            text = self.text
            self._pieces, self._size = [text], len(text)

    def clear(self) -> None:
        self._pieces.clear()
        self._size = 0
