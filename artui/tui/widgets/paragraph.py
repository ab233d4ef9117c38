"""A few lines of text that are wrapped to the width there is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from artui.tui.cells import Span, Spans, fit, length_of, strip_of

INDENT = 1


class Paragraph(Widget):
    """One paragraph, as high as its text is long; without a text it takes no room."""

    DEFAULT_CSS = "Paragraph { height: auto; width: 1fr; }"

    def __init__(self, *, style: str = "text", most_lines: int = 4, id: str | None = None) -> None:
        """Start empty.

        Args:
            most_lines: what does not fit into so many lines is cut.
        """
        super().__init__(id=id)
        self._style, self._most_lines = style, most_lines
        self._spans: Spans = ()

    @property
    def text(self) -> str:
        """What is shown."""
        return "".join(text for text, _ in self._spans)

    def show(self, text: str, style: str = "") -> None:
        """Show another text, of visible characters."""
        self._style = style or self._style
        self.show_spans([(text, self._style)])

    def show_spans(self, spans: Spans) -> None:
        """Show other spans, of visible characters."""
        if tuple(spans) != self._spans:
            self._spans = tuple(spans)
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Spans]:
        cells = max(10, width - 2 * INDENT)
        lines = wrapped(self.text, cells)
        if len(lines) > self._most_lines:
            kept = lines[: self._most_lines - 1]
            lines = [*kept, fit(" ".join(lines[self._most_lines - 1 :]), cells)]
        return _styled(lines, self._spans)

    def render_line(self, y: int) -> Strip:
        palette = self.app.palette  # type: ignore[attr-defined]
        lines = self._lines(self.size.width)
        spans = lines[y] if y < len(lines) else ()
        return strip_of([(" " * INDENT, self._style), *spans], self.size.width, palette)


def _styled(lines: Sequence[str], spans: Spans) -> list[Spans]:
    """Give lines of a wrapped text the styles of the spans that it was made of."""
    letters = [(letter, style) for text, style in spans for letter in text if not letter.isspace()]
    place = 0
    styled: list[Spans] = []
    for line in lines:
        parts: list[Span] = []
        for letter in line:
            style = letters[min(place, len(letters) - 1)][1] if letters else ""
            place += not letter.isspace()
            if parts and parts[-1][1] == style:
                parts[-1] = parts[-1][0] + letter, style
            else:
                parts.append((letter, style))
        styled.append(parts)
    return styled


def wrapped(text: str, cells: int) -> list[str]:
    """Break a text between words into lines of at most so many cells; a longer word is cut.

    A dot between two parts stays with the first: no line begins with it.
    """
    lines: list[str] = []
    words: list[str] = []
    for word in text.split():
        if word == "·" and words and length_of([(words[-1], "")]) + 2 <= cells:
            words[-1] += " ·"
        else:
            words.append(word)
    for word in words:
        if lines and length_of([(lines[-1], ""), (word, "")]) < cells:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, cells) if length_of([(word, "")]) > cells else word)
    return lines
