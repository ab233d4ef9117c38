"""Statements that give keys of runs in order, built from parts."""

from __future__ import annotations

from typing import NamedTuple


class KeyOrder(NamedTuple):
    """The rows of one table, `t`, in the order of their values; each stands for a run."""

    table: str
    """`run`, or what runs have: `param`, `series`, `tag`."""
    terms: tuple[str, ...]
    """SQL terms to sort by; the last one makes the order total."""
    conditions: tuple[str, ...] = ()
    join: str = ""
    """Another table, joined to `t`."""
    is_descending: bool = False

    def turned(self, is_descending: bool = True) -> KeyOrder:
        """Give the same order in a direction: reversed by default."""
        return self._replace(is_descending=is_descending)

    def where(self, *conditions: str) -> KeyOrder:
        """Give the same order with more conditions."""
        return self._replace(conditions=(*self.conditions, *conditions))

    def statement(self, *, is_within: bool = False, limit: int | None = None) -> str:
        """Write the order as SQL with one column, `key`.

        Args:
            is_within: only of the runs whose keys are in the JSON list `:within`.
        """
        key = "t.key" if self.table == "run" else "t.run_key"
        conditions = list(self.conditions)
        if is_within:
            # CROSS JOIN makes SQLite go through the runs, each by its own index, and not through all rows of the name.
            source = f"json_each(:within) AS w CROSS JOIN {self.table} AS t ON {key} = w.value"
            if self.table == "series":
                # The plus keeps the planner from an index of values, and what is always true leads it to the run's own.
                conditions = [text if text.startswith("t.name_key") else f"+({text})" for text in conditions]
                conditions.append("t.labels >= ''")
        else:
            source = f"{self.table} AS t"
        lines = [f"SELECT {key} AS key", f"FROM {source} {self.join}".rstrip()]
        if conditions:
            lines.append(f"WHERE {' AND '.join(conditions)}")
        lines.append(f"ORDER BY {', '.join(self._directed(term) for term in self.terms)}")
        if limit is not None:
            lines.append(f"LIMIT {limit}")
        return "\n".join(lines)

    def _directed(self, term: str) -> str:
        if not self.is_descending:
            return term
        return term.removesuffix(" DESC") if term.endswith(" DESC") else f"{term} DESC"
