"""Making room: what would be deleted by a rule, what would be removed for good, what that frees, and which lineage breaks."""

from __future__ import annotations

import time
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from artui import clock
from artui.errors import UsageError
from artui.model import PRODUCTION
from artui.query.measures import Making, best_keys, makings
from artui.query.retention import USUAL_GRACE, plan_for, rule_of
from artui.safetext import cells_of, clean
from artui.sheets.retention import alone_text
from artui.tui.cells import fit, fit_middle, fit_words, length_of
from artui.tui.facts.sections import wrapped_text
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineChosen, Link
from artui.tui.screens.asked import AskedScreen
from artui.tui.screens.edits import Editor
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import ENTRY_CELLS, Prompt
from artui.units import age_text, ago_text, bytes_text, count_text, number_text, plural, time_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from artui.catalog.retention import Named
    from artui.query.reader import Reader
    from artui.query.retention import Plan
    from artui.tui.cells import Span

FREE, DELETE = "free", "delete"
"""What has to be typed before something is removed for good, or before versions are only deleted."""
EXAMPLE_RULE = "last 3 or used or approved"
OFFERED_RULES = ("last 3", "last 1 or used", "used or aliased", "newer 90d", EXAMPLE_RULE)
_RULE_CELLS = 28
_OFFER_SECONDS = 0.3
_MOST_NAMED = 1_000
_LABEL_CELLS = 14
_MOST_NAME_CELLS = 60
_MOST_ALIAS_CELLS = 40
_LEAST_ALIAS_CELLS = 14


class RoomScreen(AskedScreen):
    """Holds a rule, a filter and a span of time, and the plan that follows from them: nothing is done before it is asked."""

    SCOPES = ("room", "find", "list", "app")
    LIST_ID = "room"
    HAS_LINKS = True
    BINDINGS = [*bindings("room"), *bindings("find")]

    def __init__(self, place: int = 2) -> None:
        """Show it where it was opened: esc leads back there."""
        super().__init__()
        self.PLACE = place
        self._tried: list[tuple[str, str | None]] = []
        """The filters and rules that were tried before those that are shown."""
        self.keep: str | None = None
        """The rule of what is kept; None to delete nothing."""
        self.where = ""
        """Only versions that this filter matches are deleted, or lose their content."""
        self.older_than = USUAL_GRACE
        self.with_aliased = False
        """Whether versions go, too, that an alias names."""
        self.plan: Plan | None = None
        self._now_ms = 0
        """The moment of the plan."""
        self._makings: Mapping[int, Making] = {}
        """Where the versions of the plan came from, by their keys."""
        self._offers: Mapping[str, str] = {}
        """Rules that one may begin with, each with what it would do."""
        self._best: set[int] = set()
        """Those that would be deleted although they are the best of their artifact."""

    @cached_property
    def _editor(self) -> Editor:
        """What takes changes back."""
        return Editor(self)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("make room", "title")]

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out what does nothing: there is nothing to free, or no rule that might spare what an alias names."""
        plan = self.plan
        left_out = set() if plan is not None and plan.frees else {"room.free"}
        left_out |= set() if plan is not None and (plan.spared or self.with_aliased) else {"room.aliased"}
        return [pair for pair in super().footer_pairs() if pair not in pairs_of(left_out)]

    def load(self) -> None:
        """Work out what would go."""
        self._work_out(self.where, self.keep, keep_place=True)

    def _work_out(self, where: str, keep: str | None, *, keep_place: bool = False) -> None:
        """Work out what a rule and a filter let go, which are kept unless they cannot be understood; show it from the top."""
        reader, older_than, with_aliased = self.reader, self.older_than, self.with_aliased
        now_ms = clock.now_ms()

        def work() -> tuple[Plan, Mapping[int, Making], set[int]] | UsageError:
            try:
                return worked_out()
            except UsageError as error:
                return error

        def worked_out() -> tuple[Plan, Mapping[int, Making], set[int]]:
            plan = plan_for(
                reader, keep=keep, where=where, older_than=older_than, with_aliased=with_aliased, now_ms=now_ms
            )
            listed = (things[:_MOST_NAMED] for things in (plan.deleted, plan.removed, plan.waiting))
            made = makings(reader, [version.key for things in listed for version in things])
            self._offers = {} if keep else offers_of(reader, where=where, now_ms=now_ms)
            return plan, made, best_keys(reader, [version.key for version in plan.deleted])

        def take(answer: tuple[Plan, Mapping[int, Making], set[int]] | UsageError) -> None:
            if isinstance(answer, Exception):
                self.artui.say(f"{answer.message} {answer.remedy}".strip(), is_warning=True)
            else:
                before = (self.where, self.keep)
                if (where, keep) in self._tried:
                    del self._tried[self._tried.index((where, keep)) :]
                elif before != (where, keep):
                    self._tried.append(before)
                self.where, self.keep, self._now_ms = where, keep, now_ms
                plan, self._makings, self._best = answer
                self.plan = plan
                self._draw(plan, keep_place=keep_place)
                self.show_keys()

        self.ask("plan", work, take)

    def go_back(self) -> bool:
        """Take the rule or the filter back that was tried last; false if none was."""
        if super().go_back():
            return True
        if self._tried:
            self._work_out(*self._tried[-1])
            return True
        return False

    def _draw(self, plan: Plan, *, keep_place: bool) -> None:
        lines = plan_lines(
            plan, keep=self.keep, where=self.where, older_than=self.older_than, with_aliased=self.with_aliased,
            now_ms=self._now_ms, cells=self.size.width, making_of=self._makings, best=self._best, offers=self._offers,
        )  # fmt: skip
        self.listing.set_lines(lines, keep=keep_place)

    def on_resize(self) -> None:
        if self.plan is not None:
            self._draw(self.plan, keep_place=True)

    def action_keep_rule(self) -> None:
        """Ask which versions are kept."""
        text = EXAMPLE_RULE if self.keep is None else self.keep
        self.query_one(Prompt).ask(
            "keep a version if it is  (one reason is enough; empty: delete none)",
            self._set_rule,
            text=text,
            enter_word="see",
        )

    def _set_rule(self, text: str) -> None:
        from artui.catalog.retention import parse_rule

        if text:
            parse_rule(text)
        self._work_out(self.where, text or None)

    def action_among(self) -> None:
        """Ask for a filter of the versions that may be deleted or removed."""
        self.query_one(Prompt).ask(
            "of the versions that match  (kind = checkpoint; empty: of all)",
            lambda where: self._work_out(where, self.keep),
            text=self.where,
            enter_word="see",
        )

    def action_aliased(self) -> None:
        """Let what an alias names go, too, or keep it again."""
        self.with_aliased = not self.with_aliased
        self._work_out(self.where, self.keep)

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
        self._work_out(self.where, self.keep)

    def action_open(self) -> None:
        self.listing.choose()

    def on_line_chosen(self, message: LineChosen) -> None:
        if message.link is not None and message.link.kind == "rule":
            message.stop()
            message.prevent_default()
            self._work_out(self.where, message.link.id)

    def action_undo(self) -> None:
        self._editor.undo()

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
            word = word_for(plan)
            room = self.size.width - ENTRY_CELLS - 2
            self.query_one(Prompt).ask(
                question_for(plan, word, cells=room),
                lambda text: self._free(plan, word, text),
                enter_word="go on",
                is_word=True,
            )

    def _free(self, plan: Plan, word: str, text: str) -> None:
        if not text:
            self.artui.say(f"Nothing was changed: {word} was not typed.")
            return
        if text != word:
            raise UsageError(f"Nothing was changed: {text[:60]!r} is not {word}.")
        reader, why, now_ms = self.reader, f"not kept by {self.keep}", self._now_ms
        keep, where, older_than, with_aliased = self.keep, self.where, self.older_than, self.with_aliased

        def work() -> Plan | None:
            from artui.catalog import Catalog

            now = plan_for(reader, keep=keep, where=where, older_than=older_than, with_aliased=with_aliased, now_ms=now_ms)  # fmt: skip
            if not now.is_same(plan):
                return None
            with Catalog(reader.path) as catalog:
                return plan.carried_out(catalog, why=why)

        self.artui.say("making room …")
        self.change("collect", work, self._done)

    def _done(self, done: Plan | None) -> None:
        if done is None:
            self.artui.say("Nothing was changed: the catalog is another one since. This is what would go now.", is_warning=True)  # fmt: skip
            self._work_out(self.where, self.keep)
            return
        deleted = len(done.deleted)
        parts = [f"{plural(deleted, 'version')} deleted · u takes that back"] if deleted else []
        parts += [f"{_removed_text(done)} removed"] if _removed_text(done) else []
        parts += [f"{bytes_text(done.freed_bytes)} free"] if done.freed_bytes or _removed_text(done) else []
        self.artui.say(" · ".join(parts) or "Nothing was changed: all of it was done meanwhile.")
        # It is tried no more: esc leaves.
        self._tried.clear()
        self._work_out(self.where, self.keep)


def word_for(plan: Plan) -> str:
    """Give the word that has to be typed: an alias whose version would go, or what is done."""
    if plan.named:
        return clean(
            next(
                (version.aliases[0] for version in plan.named if PRODUCTION in version.aliases),
                plan.named[0].aliases[0],
            )
        )
    return FREE if plan.removed or plan.removed_runs or not plan.deleted else DELETE


def question_for(plan: Plan, word: str, *, cells: int) -> str:
    """Say what will be done, as far as there is room for it: all of it stands at the top of the list."""
    named = f", {_named_text(plan)}" if plan.named else ""
    whole = [f"delete {plural(len(plan.deleted), 'version')}{named}"] if plan.deleted else []
    whole += [f"remove {_removed_text(plan)} for good"] if _removed_text(plan) else []
    removed = len(plan.removed) + len(plan.removed_runs)
    short = [f"delete {count_text(len(plan.deleted))}{named}"] if plan.deleted else []
    short += [f"remove {count_text(removed)} for good"] if removed else []
    if not whole:
        whole = short = [f"free {bytes_text(plan.freed_bytes)} that nothing names"]
    questions = (
        f"{' and '.join(whole)}. Type {word} to go on:",
        f"{' and '.join(short)}. Type {word}:",
        f"{' and '.join(short).replace(named, '')}. Type {word}:",
    )
    return next((question for question in questions if cells_of(question) <= cells), questions[-1])


def _named_text(plan: Plan) -> str:
    """Say which aliases the versions have that would be deleted: `1 is production`."""
    count = len(plan.named)
    if count == 1:
        return f"1 is {clean(plan.named[0].aliases[0])}"
    names = list(dict.fromkeys(clean(version.aliases[0]) for version in plan.named))
    names.sort(key=lambda name: name != PRODUCTION)
    return f"{count_text(count)} have an alias: {fit_words(names, _MOST_ALIAS_CELLS)}"


def _removed_text(plan: Plan) -> str:
    parts = [f"content of {plural(len(plan.removed), 'version')}"] if plan.removed else []
    parts += [f"points of {plural(len(plan.removed_runs), 'run')}"] if plan.removed_runs else []
    return " and ".join(parts)


def plan_lines(
    plan: Plan, *, keep: str | None, where: str, older_than: str, with_aliased: bool = False, now_ms: int, cells: int,
    making_of: Mapping[int, Making] | None = None, best: Collection[int] = (), offers: Mapping[str, str] | None = None,
) -> list[Line]:  # fmt: skip
    """Show what would go: what it comes to and what that breaks, then each thing by the rule and by age, versions with what `making_of` says of them by their keys."""
    makings_by_key = making_of or {}
    rule: list[Span] = [(clean(keep, max_chars=200), "text")] if keep else [("none: no version is deleted · ", "dim"), ("e", "key"), (" sets one", "dim")]  # fmt: skip
    lines = [
        BLANK,
        _setting("keep", *rule),
        *_offered_lines({} if keep else offers or {}),
        *_rule_lines(keep, cells=cells),
        *_among_lines(where),
        _setting("remove after", (clean(older_than), "text")),
        *_spared_lines(plan, with_aliased=with_aliased),
        BLANK,
        *_summary(plan, keep=keep, now_ms=now_ms, cells=cells, best=_best_line(plan, best, makings_by_key, cells=cells)),
    ]  # fmt: skip
    deleted_keys, removed_keys = ({thing.key for thing in things} for things in (plan.deleted, plan.removed))
    if plan.deleted:
        title = "to delete, with content" if deleted_keys <= removed_keys else "to delete"
        lines += _listed(plan.deleted, title, now_ms=now_ms, cells=cells, making_of=makings_by_key, best=best)
    if plan.broken:
        lines += [BLANK, Line([(f"  {plural(len(plan.broken), 'run')} without an input", "bold")])]
        lines += [
            Line(
                [("    ", "text"), (clean(run.name, max_chars=60), "accent"), (f"  used {clean(', '.join(run.inputs), max_chars=200)}", "dim")],
                Link("run", run.id),
            )
            for run in plan.broken[:_MOST_NAMED]
        ]  # fmt: skip
        lines += _more(len(plan.broken))
    if before := [version for version in plan.removed if version.key not in deleted_keys]:
        lines += _listed(before, "to remove the content of", now_ms=now_ms, cells=cells, making_of=makings_by_key)
    if plan.removed_runs:
        lines += _listed(plan.removed_runs, "to remove the points of", now_ms=now_ms, cells=cells, kind="run")
    if plan.waiting:
        lines += _listed(
            plan.waiting,
            f"deleted less than {clean(older_than)} ago",
            now_ms=now_ms,
            cells=cells,
            making_of=makings_by_key,
        )
    if plan.waiting_runs:
        lines += _listed(
            plan.waiting_runs, f"deleted less than {clean(older_than)} ago", now_ms=now_ms, cells=cells, kind="run"
        )
    return lines


def offers_of(reader: Reader, *, where: str, now_ms: int) -> dict[str, str]:
    """Say of each rule that one may begin with how many versions it would delete; of a large catalog only of as many as there is time for."""
    offers = dict.fromkeys(OFFERED_RULES, "")
    until = time.monotonic() + _OFFER_SECONDS
    for rule in OFFERED_RULES:
        if time.monotonic() > until:
            break
        plan = plan_for(reader, keep=rule, where=where, now_ms=now_ms)
        count = len(plan.deleted)
        offers[rule] = (
            f"deletes {plural(count, 'version')}, {bytes_text(plan.deleted_bytes)}" if count else "deletes none"
        )
    return offers


def _offered_lines(offers: Mapping[str, str]) -> list[Line]:
    """Name rules that one may begin with, and what each comes to; enter takes one."""
    return [
        _setting(
            "",
            (f"{'' if number else 'try':<5}", "dim"),
            (f"{rule:<{_RULE_CELLS}}", "text"),
            (comes_to, "dim"),
            link=Link("rule", rule),
        )
        for number, (rule, comes_to) in enumerate(offers.items())
    ]


def _among_lines(where: str) -> list[Line]:
    """Say which versions may go: all, or those that a filter matches, and no points of runs then."""
    if not where:
        return [_setting("of", ("all versions", "text"))]
    return [
        _setting("of", ("versions that match ", "dim"), (clean(where, max_chars=200), "text")),
        _setting("", ("the points of deleted runs stay", "dim")),
    ]


def _setting(label: str, *spans: Span, link: Link | None = None) -> Line:
    return Line([(f"  {label:<{_LABEL_CELLS}}", "dim"), *spans], link)


def _spared_lines(plan: Plan, *, with_aliased: bool) -> list[Line]:
    """Say whether what an alias names stays, where the rule would not keep some of that."""
    if with_aliased:
        return [_setting("with aliases", ("go too, where the rule does not keep them · ", "warn"), ("a", "key"), (" keeps them", "dim"))]  # fmt: skip
    if not plan.spared:
        return []
    count = len(plan.spared)
    first = plan.spared[0]
    named = f": {clean(first.reference, max_chars=40)} is {clean(first.aliases[0], max_chars=30)}" if count == 1 else ""
    return [_setting("with aliases", (f"{plural(count, 'version')} {'stays' if count == 1 else 'stay'}{named} · ", "text"), ("a", "key"), (f" lets {'it' if count == 1 else 'them'} go, too", "dim"))]  # fmt: skip


def _best_line(plan: Plan, best: Collection[int], making_of: Mapping[int, Making], *, cells: int) -> list[Line]:
    """Say which of the versions that would be deleted have the best result of their artifact, and what keeps them."""
    named = [version for version in plan.deleted if version.key in best]
    if not named:
        return []
    measure = clean(making_of[named[0].key].measure, max_chars=24) if named[0].key in making_of else ""
    more = f" and {count_text(len(named) - 1)} more" if len(named) > 1 else ""
    name = fit_middle(clean(named[0].reference), min(_MOST_NAME_CELLS, cells // 3)).rstrip()
    has = "have the best results" if more else f"has the best {measure or 'result'}"
    rule = f" · best 1 by {measure} keeps it" if measure and not more else ""
    return [Line([(f"  {name}{more} {has}", "warn"), (rule, "dim")])]


def _summary(plan: Plan, *, keep: str | None, now_ms: int, cells: int, best: Sequence[Line] = ()) -> list[Line]:
    """Say in a few lines what would go, what breaks, and what waits."""
    lines: list[Line] = []
    if not plan.frees:
        why = ["the rule keeps every version"] if keep else []
        why += ["what is deleted is not that old" if plan.next_ms is not None else "nothing is deleted"]
        lines.append(Line([("  There is nothing to free: ", "bold"), (f"{', and '.join(why)}.", "dim")]))
    if plan.deleted:
        notes = [alone_text(plan.deleted_bytes, sum(version.size_bytes for version in plan.deleted))]
        notes += [] if set(plan.deleted) <= set(plan.removed) else ["restore brings them back"]
        lines.append(_sum(f"{plural(len(plan.deleted), 'version')} would be deleted", *notes, cells=cells))
    lines += best
    if plan.named:
        lines.append(Line([(f"  {_named_text(plan)}", "bad")]))
    if plan.broken:
        lines.append(Line([(f"  {plural(len(plan.broken), 'run')} would lack an input", "warn")]))
    if plan.removed:
        text = f"the content of {plural(len(plan.removed), 'version')} would be removed for good"
        lines.append(_sum(text, "digests and lineage stay", cells=cells))
    if plan.removed_runs:
        text = f"the points of {plural(len(plan.removed_runs), 'run')} would be removed for good"
        lines.append(_sum(text, "last, smallest and largest values stay", cells=cells))
    if plan.removed or plan.removed_runs or plan.freed_bytes:
        size_bytes = sum(version.size_bytes for version in plan.removed)
        # What is listed are files; what is stored for them is less.
        why = [
            f"less than these files are, {bytes_text(size_bytes)}: content is compressed, and what others share stays"
        ]
        why += [f"of {bytes_text(size_bytes)} of files: some is compressed or shared"]
        note = next((text for text in why if cells_of(text) + 30 <= cells), why[-1])
        lines.append(
            _sum(f"frees {bytes_text(plan.freed_bytes)}", *([note] * (plan.freed_bytes < size_bytes)), cells=cells)
        )
    if plan.next_ms is not None:
        counts = [(len(plan.waiting), "version"), (len(plan.waiting_runs), "run")]
        told = " and ".join(plural(count, word) for count, word in counts if count)
        total = sum(count for count, _ in counts)
        when = f"on {time_text(plan.next_ms)[:10]}, {age_text(plan.next_ms, now_ms)}"
        lines.append(Line([(f"  {told} {'is' if total == 1 else 'are'} deleted", "text"), (f" · {'it' if total == 1 else 'the first'} may go {when}", "dim")]))  # fmt: skip
    return lines


def _sum(text: str, *notes: str, cells: int) -> Line:
    """Say one thing, with the notes for which there is room."""
    spans: list[Span] = [(f"  {text}", "bold")]
    for note in notes:
        if length_of(spans) + cells_of(note) + 3 <= cells - 2:
            spans.append((f" · {note}", "dim"))
    return Line(spans)


def _rule_lines(keep: str | None, *, cells: int) -> list[Line]:
    """Say in words what a rule keeps."""
    from artui.catalog.retention import rule_words

    if not keep:
        return []
    text = f"keeps a version if {clean(rule_words(rule_of(keep)))}; esc takes the rule back"
    return [_setting("", (row, "dim")) for row in wrapped_text(text, max(20, cells - _LABEL_CELLS - 3))]


def _listed(
    things: Sequence[Named], title: str, *, now_ms: int, cells: int, kind: Literal["run", "version"] = "version",
    making_of: Mapping[int, Making] | None = None, best: Collection[int] = (),
) -> list[Line]:  # fmt: skip
    """List versions or runs below a title, several versions of an artifact below its name: with size, age, result, run and aliases, or since when they are deleted."""
    shown = things[:_MOST_NAMED]
    counts = Counter(thing.artifact for thing in shown if thing.artifact[0])
    names = [_name_in_list(thing, counts) for thing in shown]
    title = f"{plural(len(things), kind)} {title}"
    wanted = [*map(cells_of, names), *(cells_of(clean(name)) for (_, name), count in counts.items() if count > 1)]
    name_cells = max(min(max(wanted), _MOST_NAME_CELLS, max(12, cells // 2)), cells_of(title) - 2)
    sizes = [bytes_text(thing.size_bytes) if kind == "version" else "" for thing in shown]
    ages = [age_text(thing.created_ms, now_ms) for thing in shown]
    totals = {of: sum(thing.size_bytes for thing in shown if thing.artifact == of) for of, count in counts.items() if count > 1}  # fmt: skip
    size_cells = max(map(len, [*sizes, *map(bytes_text, totals.values())]))
    age_cells = max(3, *map(len, ages))
    made_by = [(making_of or {}).get(thing.key, _UNKNOWN) for thing in shown]
    results = [
        "" if made.value is None else f"{clean(made.measure, max_chars=24)} {number_text(made.value)}{_BEST * (thing.key in best)}"
        for thing, made in zip(shown, made_by, strict=True)
    ]  # fmt: skip
    result_cells, run_cells = max(map(cells_of, results)), max(cells_of(clean(made.run)) for made in made_by)
    # What would go although it has a name has room before all that is only told of it.
    alias_cells = max(
        (cells_of(clean(" ".join(thing.aliases), max_chars=_LEAST_ALIAS_CELLS)) for thing in shown if thing.aliases),
        default=-2,
    )
    room = cells - 6 - name_cells - (size_cells + 2 if size_cells else 0) - age_cells - 2 - alias_cells - 2
    result_cells = result_cells if result_cells + 2 <= room else 0
    room -= result_cells + 2 if result_cells else 0
    run_cells = min(run_cells, room - 2) if room - 2 >= min(run_cells, _FEWEST_RUN_CELLS) else 0
    room -= run_cells + 2 if run_cells > 0 else 0
    heading = f"  {fit(title, name_cells + 2)}"
    head_spans: list[Span] = [(heading, "bold"), (f"  {'size':>{size_cells}}" * bool(size_cells) + f"  {'age':>{age_cells}}", "faint")]  # fmt: skip
    head_spans += [(f"  {fit('result', result_cells)}", "faint")] if result_cells >= len("result") else []
    head_spans += [("  made by", "faint")] if run_cells >= len("made by") else []
    lines, above = [BLANK, Line(head_spans)], (0, "")
    for thing, name, size, age, made, result in zip(shown, names, sizes, ages, made_by, results, strict=True):
        if thing.artifact != above and thing.artifact in totals:
            told = f"  {bytes_text(totals[thing.artifact]):>{size_cells}}  {plural(counts[thing.artifact], 'version')}"
            label = fit_middle(clean(thing.artifact[1]), name_cells)
            lines.append(Line([("    ", "text"), (label, "text"), (told, "dim")]))
        above = thing.artifact
        spans: list[Span] = [("    ", "text"), (fit_middle(name, name_cells), "accent")]
        spans += [(f"  {size:>{size_cells}}", "dim")] if size_cells else []
        spans.append((f"  {age:>{age_cells}}", "dim"))
        spans += [(f"  {fit(result, result_cells)}", "best" if thing.key in best else "text")] if result_cells else []
        spans += [(f"  {fit_middle(clean(made.run), run_cells)}", "dim")] if run_cells > 0 else []
        if thing.aliases:
            spans.append(
                (f"  {fit_words([clean(alias) for alias in thing.aliases], alias_cells + max(0, room))}", "good")
            )
        if thing.deleted_ms is not None:
            spans.append((f"  deleted {ago_text(thing.deleted_ms, now_ms)}", "dim"))
        lines.append(Line(spans, Link(kind, thing.id)))
    return [*lines, *_more(len(things))]


_BEST = " best"
_UNKNOWN = Making("")
_FEWEST_RUN_CELLS = 8


def _name_in_list(thing: Named, counts: Mapping[tuple[int, str], int]) -> str:
    """Name a version by its number where it stands below its artifact."""
    name = clean(thing.reference)
    return f"  v{name.rpartition(':v')[2]}" if counts.get(thing.artifact, 0) > 1 else name


def _more(count: int) -> list[Line]:
    return [Line([(f"    and {count_text(count - _MOST_NAMED)} more", "dim")])] if count > _MOST_NAMED else []
