"""Places for the neurons that are pinned or kept together.

What is kept as neighbours, and every other bound neuron, is one *item*. Items of one hemisphere are
a *half*, halves of one chip a *cluster*. What has least choice is placed first: items
whose circuit is given, then those whose chip, then those whose hemisphere is given. Within each of
these, it is first fit decreasing (see `board`), for a cluster on each chip in turn. That finds room
for pinned neurons of one circuit each wherever there is room; among neurons of several circuits, or
kept together, it may miss an arrangement that exists.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import Target

from .board import Board, first_fit
from .constraints import ANYWHERE, Constraints, Group, Where
from .errors import PlacementError

__all__ = ["arranged"]

_HEMISPHERES = ("top", "bottom")


@frozen
class _Items:
    """What is placed as a whole.

    Attributes
    ----------
    of : int64 (n_neurons,)
        Item of each neuron, -1 = not bound.
    offset : int64 (n_neurons,)
        Circuits of its item before each neuron.
    neuron : int64 (n,)
        First neuron of each.
    size : int64 (n,)
        Circuits.
    cluster, half : int64 (n,)
        Number of the cluster and half to which each belongs.
    chip, hemisphere, start : int64 (n,)
        Where each is to lie; the start counts circuits over all chips.
    """

    of: np.ndarray
    offset: np.ndarray
    neuron: np.ndarray
    size: np.ndarray
    cluster: np.ndarray
    half: np.ndarray
    chip: np.ndarray
    hemisphere: np.ndarray
    start: np.ndarray

    @property
    def alone(self) -> np.ndarray:
        """Whether an item is all of its cluster: bool (n,)."""
        return np.bincount(self.cluster)[self.cluster] == 1


def arranged(count: np.ndarray, constraints: Constraints, target: Target) -> np.ndarray:
    """Place all neurons that `constraints` bind.

    Parameters
    ----------
    count : int64 (n_neurons,)
        Neighbouring circuits of each.
    constraints : Constraints
    target : Target

    Returns
    -------
    int64 (n_neurons,)
        First circuits, counted over all chips; -1 for neurons that are not bound.

    Raises
    ------
    PlacementError
        Constraints contradict each other, or no room is found.
    """
    items = _items(count, constraints, target)
    if not len(items.size):
        return np.full(len(count), -1, np.int64)
    items = _agreeing(items, constraints, target)
    board = Board(target)
    board.extend(int(items.chip.max()) + 1)
    start = items.start.copy()
    _take_given(items, board, count, constraints)
    unplaced = start < 0
    for chip_given in (True, False):
        given = unplaced & ((items.chip >= 0) == chip_given)
        alone, either = given & items.alone, items.hemisphere >= 0
        _place_alone(items, alone & either, start, board, constraints)
        _place_clusters(items, given & ~items.alone, start, board, constraints)
        _place_alone(items, alone & ~either, start, board, constraints)
    return np.where(items.of >= 0, start[items.of] + items.offset, -1)


# --- what belongs together --------------------------------------------------------------------


def _items(count: np.ndarray, constraints: Constraints, target: Target) -> _Items:
    """Items with the places of their neurons; nothing is agreed between items yet."""
    runs = [g for g in constraints.groups if g.where is Where.NEIGHBOURS]
    of, offset = np.full(len(count), -1, np.int64), np.zeros(len(count), np.int64)
    for k, run in enumerate(runs):
        _check_run(run, of, count, constraints, target)
        of[run.neuron] = k
        offset[run.neuron] = np.cumsum(count[run.neuron]) - count[run.neuron]
    single = np.flatnonzero(constraints.bound & (of < 0))
    of[single] = len(runs) + np.arange(len(single))
    bound = np.flatnonzero(of >= 0)
    n = len(runs) + len(single)
    size = np.bincount(of[bound], count[bound], n).astype(np.int64)
    halves = [g for g in constraints.groups if g.where is not Where.CHIP]
    pinned = constraints.circuit != ANYWHERE
    _check_left(offset, pinned, constraints, target)
    start = constraints.chip * target.circuits + constraints.circuit - offset
    place = np.where(pinned, constraints.circuit // target.columns, constraints.hemisphere)
    return _Items(
        of=of,
        offset=offset,
        neuron=np.concatenate([[r.neuron[0] for r in runs], single]).astype(np.int64),
        size=size,
        cluster=_components(n, [of[g.neuron] for g in constraints.groups]),
        half=_components(n, [of[g.neuron] for g in halves]),
        chip=_agreed(constraints.chip, of, n, "chip", constraints),
        hemisphere=_agreed(place, of, n, "hemisphere", constraints),
        start=_agreed(np.where(pinned, start, -1), of, n, "first circuit", constraints),
    )


def _check_run(
    run: Group, of: np.ndarray, count: np.ndarray, constraints: Constraints, target: Target
) -> None:
    twice = np.flatnonzero(of[run.neuron] >= 0)
    if len(twice):
        raise PlacementError(
            f"{run.label}: {constraints.name(run.neuron[twice[0]])} is to have neighbours of two "
            "groups; name all of them in one call of keep_together"
        )
    size, block = int(count[run.neuron].sum()), target.columns_per_block
    if size > block:
        raise PlacementError(
            f"{run.label}: {size} circuits are to be neighbours, a block of columns has {block}; "
            "keep fewer together, or where='hemisphere' or 'chip'"
        )


def _check_left(
    offset: np.ndarray, pinned: np.ndarray, constraints: Constraints, target: Target
) -> None:
    """Refuse pins that leave no room for the neighbours on the left."""
    room = constraints.circuit % target.columns_per_block
    bad = np.flatnonzero(pinned & (room < offset))
    if len(bad):
        k = bad[0]
        raise PlacementError(
            f"{constraints.name(k)}: pinned to circuit {constraints.circuit[k]}, but the "
            f"neighbours to its left need {offset[k]} circuits and only {room[k]} are there up "
            "to the border of the block; pin it further to the right"
        )


def _components(n: int, groups: list[np.ndarray]) -> np.ndarray:
    """Number items 0 .. n - 1 so that those of a group have the same number: union and find."""
    parent = list(range(n))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for members in groups:
        first = root(int(members[0]))
        for k in np.unique(members).tolist():
            parent[root(k)] = first
    return np.unique([root(k) for k in range(n)], return_inverse=True)[1].ravel()


def _agreed(
    values: np.ndarray,
    of: np.ndarray,
    n: int,
    what: str,
    constraints: Constraints,
    neuron: np.ndarray | None = None,
) -> np.ndarray:
    """The one value, -1 = none, that the members of each of `n` sets have.

    Parameters
    ----------
    values, of : int64 (n_members,)
        What each member says, and to which set it belongs; -1 = nothing, none.
    neuron : int64 (n_members,), optional
        A neuron of each member, for the message; by default members are neurons.
    """
    said = np.flatnonzero((values >= 0) & (of >= 0))
    result = np.full(n, -1, np.int64)
    result[of[said]] = values[said]
    clash = said[values[said] != result[of[said]]]
    if len(clash):
        one = int(clash[0])
        other = int(said[(of[said] == of[one]) & (values[said] == result[of[one]])][0])
        names = [constraints.name(k if neuron is None else int(neuron[k])) for k in (one, other)]
        raise PlacementError(
            f"{names[0]} and {names[1]} are kept together, but their pins demand different places "
            f"({what} {values[one]} and {values[other]}); release one of them or pin both alike"
        )
    return result


def _agreeing(items: _Items, constraints: Constraints, target: Target) -> _Items:
    """Items that take over the pins of those with which they are kept together."""
    given = items.start >= 0
    chip = np.where(given, items.start // target.circuits, items.chip)
    row = items.start % target.circuits // target.columns
    hemisphere = np.where(given, row, items.hemisphere)
    n = len(items.size)
    chip = _agreed(chip, items.cluster, n, "chip", constraints, items.neuron)
    hemisphere = _agreed(hemisphere, items.half, n, "hemisphere", constraints, items.neuron)
    return replace(items, chip=chip[items.cluster], hemisphere=hemisphere[items.half])


# --- placing ----------------------------------------------------------------------------------


def _take_given(items: _Items, board: Board, count: np.ndarray, constraints: Constraints) -> None:
    """Take the circuits of items that are pinned to circuits."""
    target = board.target
    block = target.columns_per_block
    given = np.flatnonzero(items.start >= 0)
    column = items.start[given] % block
    beyond = given[column + items.size[given] > block]
    if len(beyond):
        k = beyond[0]
        raise PlacementError(
            f"{constraints.name(items.neuron[k])}: {items.size[k]} neighbouring circuits are to "
            f"begin at circuit {items.start[k] % target.circuits} of chip {items.chip[k]}, but "
            f"only {block - items.start[k] % block} are left up to the border of its block of "
            f"{block} columns, which neurons cannot cross; pin it further to the left"
        )
    pinned = np.flatnonzero(np.isin(items.of, given))
    first = items.start[items.of[pinned]] + items.offset[pinned]
    order = np.argsort(first, kind="stable")
    pinned, first = pinned[order], first[order]
    clash = np.flatnonzero(first[:-1] + count[pinned[:-1]] > first[1:])
    if len(clash):
        one, other = pinned[clash[0]], pinned[clash[0] + 1]
        places = [
            _extent(first[clash[0] + k], count[n], target) for k, n in enumerate((one, other))
        ]
        raise PlacementError(
            f"{constraints.name(one)} is pinned to {places[0]}, {constraints.name(other)} to "
            f"{places[1]}; pin them further apart"
        )
    board.take(items.start[given], items.size[given])


def _extent(first: int, count: int, target: Target) -> str:
    chip, own = divmod(int(first), target.circuits)
    which = f"circuit {own}" if count == 1 else f"circuits {own} to {own + count - 1}"
    return f"{which} of chip {chip}"


def _place_alone(
    items: _Items, which: np.ndarray, start: np.ndarray, board: Board, constraints: Constraints
) -> None:
    """Place items that are kept together with no other, region by region."""
    which = np.flatnonzero(which & (start < 0))
    regions = np.stack([items.chip[which], items.hemisphere[which]], axis=1)
    for chip, hemisphere in np.unique(regions, axis=0).tolist():
        mine = which[(regions == [chip, hemisphere]).all(axis=1)]
        size = items.size[mine]
        region = (None if chip < 0 else chip, None if hemisphere < 0 else hemisphere)
        if chip < 0:
            # half of each block is filled at least before the next one is opened
            board.extend(board.chips + 2 * int(size.sum()) // board.target.columns + 1)
        first = first_fit(size, *board.gaps(*region))
        lost = np.flatnonzero(first < 0)
        if len(lost):
            free = int(board.gaps(*region)[1].sum())
            raise PlacementError(
                f"{constraints.name(items.neuron[mine[lost[0]]])}: no room is left "
                f"{_region(*region)}: {size.sum()} circuits are pinned there, {free} are free "
                "for them; pin fewer neurons, or give them fewer synapses"
            )
        start[mine] = first
        board.take(first, size)


def _region(chip: int | None, hemisphere: int | None) -> str:
    where = [] if hemisphere is None else [f"in the {_HEMISPHERES[hemisphere]} hemisphere"]
    return " ".join([*where, *([] if chip is None else [f"on chip {chip}"])])


def _place_clusters(
    items: _Items, which: np.ndarray, start: np.ndarray, board: Board, constraints: Constraints
) -> None:
    """Place clusters one by one, the largest first, each on the first chip where it fits."""
    which = np.flatnonzero(which)
    total = np.bincount(items.cluster[which], items.size[which])
    for cluster in sorted(np.unique(items.cluster[which]).tolist(), key=lambda k: -total[k]):
        mine = which[items.cluster[which] == cluster]
        chip = int(items.chip[mine[0]])
        chips = [chip] if chip >= 0 else range(board.chips + 1)
        for candidate in chips:
            board.extend(candidate + 1)
            first = _on_chip(items, mine, candidate, board)
            if first is not None:
                break
        else:
            raise PlacementError(_no_room(items, mine, chip, board, constraints))
        start[mine] = first
        board.take(first, items.size[mine])


def _no_room(
    items: _Items, mine: np.ndarray, chip: int, board: Board, constraints: Constraints
) -> str:
    labels = [g.label for g in constraints.groups if np.isin(items.of[g.neuron], mine).any()]
    free = int(board.gaps(chip)[1].sum()) if chip >= 0 else board.target.circuits
    per_hemisphere = board.target.columns
    return (
        f"{'; '.join(labels)}: no room for {items.size[mine].sum()} circuits together "
        f"{'on one chip' if chip < 0 else f'on chip {chip}'}, where {free} are free "
        f"({per_hemisphere} in each hemisphere of an empty chip, in blocks of "
        f"{board.target.columns_per_block}); keep fewer neurons together, or less closely"
    )


def _on_chip(items: _Items, mine: np.ndarray, chip: int, board: Board) -> np.ndarray | None:
    """First circuits of the items of a cluster on this chip, None if they do not fit."""
    first = np.full(len(mine), -1, np.int64)
    half = items.half[mine]
    total = np.bincount(half, items.size[mine])
    gaps = [list(board.gaps(chip, h)) for h in range(board.target.hemispheres)]

    def least_choice_first(k: int) -> tuple[bool, int]:
        return items.hemisphere[mine[half == k][0]] < 0, -total[k]

    for k in sorted(np.unique(half).tolist(), key=least_choice_first):
        own = np.flatnonzero(half == k)
        pin = int(items.hemisphere[mine[own[0]]])
        for hemisphere in range(len(gaps)) if pin < 0 else [pin]:
            found = first_fit(items.size[mine[own]], *gaps[hemisphere])
            if (found >= 0).all():
                break
        else:
            return None
        first[own] = found
        trial = Board(board.target)
        trial.taken = board.taken.copy()
        placed = first >= 0
        trial.take(first[placed], items.size[mine[placed]])
        gaps = [list(trial.gaps(chip, h)) for h in range(board.target.hemispheres)]
    return first
