"""Making room: what would be deleted by a rule, what would be removed for good, what that frees, and which lineage breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from artui import clock
from artui.query.retention import USUAL_GRACE, plan_for
from artui.safetext import clean
from artui.tui.fetch import or_filter_error
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.asked import AskedScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import Prompt
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.catalog.retention import Named
    from artui.query.filter.tokens import FilterError
    from artui.query.retention import Plan
    from artui.tui.cells import Span

WORD = "free"
"""What has to be typed before anything is done."""
EXAMPLE_RULE = "last 3 and aliased and used and approved"
_MOST_NAMED = 1_000
_LABEL_CELLS = 14


class RoomScreen(AskedScreen):
    """Holds a rule, a filter and a span of time, and the plan that follows from them: nothing is done before it is asked."""

    SCOPES = ("room", "list", "app")
    PLACE = 2
    LIST_ID = "room"
    HAS_LINKS = True
    BINDINGS = bindings("room")

    def __init__(self) -> None:
        super().__init__()
        self.keep: str | None = None
        """The rule of what is kept; None to delete nothing."""
        self.where = ""
        """Only versions that this filter matches are deleted."""
        self.older_than = USUAL_GRACE
        self.plan: Plan | None = None

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("make room", "title")]

    def load(self) -> None:
        """Work out what would go."""
        reader, keep, where, older_than = self.reader, self.keep, self.where, self.older_than

        def work() -> Plan | FilterError:
            return or_filter_error(
                lambda: plan_for(reader, keep=keep, where=where, older_than=older_than, now_ms=clock.now_ms())
            )

        self.ask("plan", work, self._take)

    def _take(self, plan: Plan | FilterError) -> None:
        if isinstance(plan, Exception):
            self.artui.say(f"{plan.message} {plan.remedy}".strip(), is_warning=True)
            return
        self.plan = plan
        self.listing.set_lines(plan_lines(plan, keep=self.keep, where=self.where, older_than=self.older_than))

    def action_keep_rule(self) -> None:
        """Ask which versions are kept."""
        text = EXAMPLE_RULE if self.keep is None else self.keep
        self.query_one(Prompt).ask(
            "keep the versions that are  (empty: delete none)", self._set_rule, text=text, enter_word="see"
        )

    def _set_rule(self, text: str) -> None:
        from artui.catalog.retention import parse_rule

        if text:
            parse_rule(text)
        self.keep = text or None
        self.load()

    def action_among(self) -> None:
        """Ask for a filter of the versions that may be deleted."""
        self.query_one(Prompt).ask(
            "of the versions that match  (kind = checkpoint; empty: of all)",
            self._set_where,
            text=self.where,
            enter_word="see",
        )

    def _set_where(self, text: str) -> None:
        self.where = text
        if self.keep is None and text:
            self.artui.say("A filter chooses among what the rule judges: e sets that.")
        self.load()

    def action_grace(self) -> None:
        """Ask after how long the content of what is deleted is removed."""
        self.query_one(Prompt).ask(
            "remove the content of what was deleted longer ago than", self._set_grace, text=self.older_than,
            enter_word="see",
        )  # fmt: skip

    def _set_grace(self, text: str) -> None:
        from artui.catalog.retention import span_ms

        span_ms(text)
        self.older_than = text
        self.load()

    def action_open(self) -> None:
        self.listing.choose()

    def action_free(self) -> None:
        """Do what is shown, once the word has been typed."""
        plan = self.plan
        if plan is None:
            return
        if self.reader.why_not_writable:
            self.artui.say(self.reader.why_not_writable, is_warning=True)
        elif not plan.frees:
            self.artui.say("There is nothing to free.")
        else:
            self.query_one(Prompt).ask(
                f"{_doing(plan)}. Type {WORD} to go on:", lambda text: self._free(plan, text), enter_word="go on"
            )

    def _free(self, plan: Plan, text: str) -> None:
        if text.strip() != WORD:
            self.artui.say("Nothing was changed.")
            return
        path, why = self.reader.path, f"not kept by {self.keep}"

        def work() -> Plan:
            from artui.catalog import Catalog
            from artui.catalog.collecting import collect

            with Catalog(path) as catalog:
                return plan.with_removed(
                    *collect(catalog, plan.deleted, before_ms=plan.before_ms, why=why, label=plan.label)
                )

        self.artui.say("making room …")
        self.ask("collect", work, self._done)

    def _done(self, done: Plan) -> None:
        deleted = len(done.deleted)
        parts = [f"{plural(deleted, 'version')} deleted · u in Artifacts takes that back"] if deleted else []
        parts += [f"{_removed_text(done)} removed, {bytes_text(done.freed_bytes)} free"] if _removed_text(done) else []
        self.artui.say(" · ".join(parts) or "Nothing was changed.")
        self.load()


def _doing(plan: Plan) -> str:
    """Say what will be done, as far as a question has room for it."""
    parts = [f"delete {plural(len(plan.deleted), 'version')}"] if plan.deleted else []
    parts += [f"remove {_removed_text(plan)} for good"] if _removed_text(plan) else []
    return " and ".join(parts)


def _removed_text(plan: Plan) -> str:
    parts = [f"content of {plural(len(plan.removed), 'version')}"] if plan.removed else []
    parts += [f"points of {plural(len(plan.removed_runs), 'run')}"] if plan.removed_runs else []
    return " and ".join(parts)


def plan_lines(plan: Plan, *, keep: str | None, where: str, older_than: str) -> list[Line]:
    """Show what would go: by the rule, by age, and what that breaks."""
    rule: list[Span] = [(clean(keep, max_chars=200), "text")] if keep else [("none: no version is deleted · ", "dim"), ("e", "key"), (" sets one", "dim")]  # fmt: skip
    lines = [
        BLANK,
        Line([(f"  {'keep':<{_LABEL_CELLS}}", "dim"), *rule]),
        Line([(f"  {'of':<{_LABEL_CELLS}}", "dim"), (clean(where, max_chars=200) or "all versions", "text")]),
        Line([(f"  {'remove after':<{_LABEL_CELLS}}", "dim"), (clean(older_than), "text")]),
        BLANK,
    ]
    if not plan.frees:
        said = "nothing that is deleted is that old" if keep is None else "the rule keeps every version, and nothing that is deleted is that old"  # fmt: skip
        return [*lines, Line([("  There is nothing to free: ", "bold"), (f"{said}.", "dim")])]
    if plan.deleted:
        lines += _listed(
            plan.deleted,
            f"{plural(len(plan.deleted), 'version')} would be deleted",
            f"{bytes_text(plan.deleted_bytes)} are theirs alone · can be restored until the content is removed",
        )
    if plan.broken:
        lines.append(Line([(f"  {plural(len(plan.broken), 'run')} would lack an input", "warn")]))
        lines += [
            Line(
                [("    ", "text"), (clean(run.name, max_chars=60), "accent"), (f"  used {clean(', '.join(run.inputs), max_chars=200)}", "dim")],
                Link("run", run.id),
            )
            for run in plan.broken[:_MOST_NAMED]
        ]  # fmt: skip
        lines.append(BLANK)
    if plan.removed:
        lines += _listed(
            plan.removed,
            f"the content of {plural(len(plan.removed), 'deleted version')} would be removed for good",
            "digests and lineage stay",
        )
    if plan.removed_runs:
        lines += _listed(
            plan.removed_runs,
            f"the points of {plural(len(plan.removed_runs), 'deleted run')} would be removed for good",
            "last, smallest and largest values stay",
            kind="run",
        )
    if plan.removed or plan.removed_runs:
        lines.append(Line([(f"  frees {bytes_text(plan.freed_bytes)}", "bold")]))
    return lines


def _listed(
    versions: Sequence[Named], title: str, note: str, *, kind: Literal["run", "version"] = "version"
) -> list[Line]:
    lines = [Line([(f"  {title}", "bold")]), Line([(f"  {note}", "dim")])]
    lines += [Line([("    ", "text"), (clean(version.reference), "accent")], Link(kind, version.id)) for version in versions[:_MOST_NAMED]]  # fmt: skip
    if len(versions) > _MOST_NAMED:
        lines.append(Line([(f"    and {len(versions) - _MOST_NAMED:,} more", "dim")]))
    return [*lines, BLANK]
