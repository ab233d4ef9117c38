"""A few lines of text that are wrapped to the width there is."""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from artui.tui.cells import fit, length_of, strip_of

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
        self.text = ""

    def show(self, text: str, style: str = "") -> None:
        """Show another text, of visible characters."""
        if (text, style or self._style) != (self.text, self._style):
            self.text, self._style = text, style or self._style
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[str]:
        lines = wrapped(self.text, max(10, width - 2 * INDENT))
        if len(lines) > self._most_lines:
            kept = lines[: self._most_lines - 1]
            lines = [*kept, fit(" ".join(lines[self._most_lines - 1 :]), max(10, width - 2 * INDENT))]
        return lines

    def render_line(self, y: int) -> Strip:
        palette = self.app.palette  # type: ignore[attr-defined]
        lines = self._lines(self.size.width)
        text = lines[y] if y < len(lines) else ""
        return strip_of([(" " * INDENT + text, self._style)], self.size.width, palette)


def wrapped(text: str, cells: int) -> list[str]:
    """Break a text between words into lines of at most so many cells; a longer word is cut."""
    lines: list[str] = []
    for word in text.split():
        if lines and length_of([(lines[-1], ""), (word, "")]) < cells:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, cells) if length_of([(word, "")]) > cells else word)
    return lines
