"""The lines of a lineage: each thing once, and what repeats as one line."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from artui.model import Node, RunHead, VersionHead
from artui.query.around import FEWEST_FOLDED, around
from artui.query.lineage import PARTS, Step, lineage, standing_once
from artui.query.references import resolve
from artui.tui.folding import fold_ids, rows_of, tree_of
from tests.reading import open_reader

KINDS = ("checkpoint", "log", "data")


def _node(depth: int, number: int, kind: int) -> Node:
    head = VersionHead(
        number, f"id{number}", number, f"a{number}", "p", "data", KINDS[kind], 1, "", 0, 0, 0, "embedded"
    )
    return Node(depth, "made", None, head)


@st.composite
def _steps(draw: st.DrawFn) -> list[Step]:
    """Steps of a walk: none is deeper than the one before by more than one."""
    steps: list[Step] = []
    depth = 0
    for number in range(draw(st.integers(0, 40))):
        depth = draw(st.integers(1, depth + 1))
        steps.append(Step(_node(depth, number, draw(st.integers(0, len(KINDS) - 1)))))
    return steps


@given(_steps())
def test_every_thing_has_one_line_when_all_is_unfolded(steps: list[Step]) -> None:
    """Unfolded, each thing stands once and below what it hangs on; folded, none is lost from the counts."""
    branches = tree_of(steps)
    unfolded = fold_ids(branches, inside="up")

    rows = list(rows_of(branches, unfolded, inside="up"))
    singles = [row for row in rows if not row.fold_id]
    assert sorted(row.step.node.id for row in singles) == sorted(step.node.id for step in steps)
    assert all(not row.is_folded for row in rows)
    assert all(len(row.branches) >= FEWEST_FOLDED for row in rows if row.fold_id)

    folded = list(rows_of(branches, set(), inside="up"))
    assert sum(len(row.branches) + row.hidden_count for row in folded) == len(steps)
    assert len({row.fold_id for row in rows if row.fold_id}) == len([row for row in rows if row.fold_id])


def test_thirty_runs_with_their_checkpoints_are_one_line(demo_catalog: Path) -> None:
    """What came of the data of the demo fits on a screen, and no thing stands twice in any lineage of it."""
    with open_reader(demo_catalog) as reader:
        for text in ("digits-split", "digits-model", "digits-raw", "final-2", "score-batch"):
            walk = lineage(reader, resolve(reader, text))
            for nodes in (walk.upstream, walk.downstream):
                root, *steps = standing_once(walk.root, nodes)
                assert len({step.node.id for step in steps}) == len(steps)
                assert {node.id for node in nodes} <= {
                    node.id for step in (root, *steps) for node in (step.node, *step.also)
                }
                rows = list(rows_of(tree_of(steps), set(), inside="x"))
                assert len(rows) <= 24, text
                sorts = [(row.step.node.relation, row.step.node.run is not None, len(row.branches)) for row in rows]
                if text == "digits-split" and nodes is walk.downstream:
                    assert ("used by", True, 36) in sorts


def test_parts_of_a_lineage(demo_catalog: Path) -> None:
    """Only data leaves code, environments and logs out and loses no data; only code ends in code everywhere."""
    with open_reader(demo_catalog) as reader:
        subject = resolve(reader, "digits-model")
        assert isinstance(subject, (RunHead, VersionHead))
        everything, data, code = (lineage(reader, subject, part=part) for part in PARTS)
        drawn = [around(reader, subject, part=part, unfolded=None) for part in PARTS]
    for part, walk, picture in zip(PARTS, (everything, data, code), drawn, strict=True):
        ids = {spot.head.id for spot in picture.spots if spot.head is not None}
        listed = {walk.root.id, *(node.id for node in (*walk.upstream, *walk.downstream))}
        # Drawn, all ways to code are seen, in the list one of them.
        assert ids >= listed if part == "code" else ids == listed

    def kinds(nodes: tuple[Node, ...]) -> list[str]:
        return [node.version.kind for node in nodes if node.version is not None]

    hidden = {"code", "environment", "log", "runtime"}
    assert hidden.isdisjoint(kinds(data.upstream)) and hidden.isdisjoint(kinds(data.downstream))
    assert {"dataset", "features", "requirement"} <= set(kinds(data.upstream))
    assert {node.id for node in data.upstream} == {
        node.id for node in everything.upstream if node.version is None or node.version.kind not in hidden
    } - {node.id for node in everything.upstream if node.run is not None and node.run.name == "prepare-1"}
    depths = [*(node.depth for node in code.upstream[1:]), 0]
    ends = [node for node, next_depth in zip(code.upstream, depths, strict=True) if next_depth <= node.depth]
    assert ends and all(node.version is not None and node.version.kind in ("code", "environment") for node in ends)
    assert {"code", "environment"} <= set(kinds(code.upstream))
