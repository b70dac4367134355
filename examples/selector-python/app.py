"""A selector in Python: the likeliest candidates and the least certain ones take turns.

The likeliest find the positives of now; the least certain teach the model to find the next ones.
"""

from heapq import nlargest, nsmallest
from math import isnan

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import pool
from wit_world.imports.types import Parameter, PluginInfo, Value_Number


class Selector(exports.Selector):
    """What the server calls, each time in a fresh copy of this program: nothing is remembered."""

    def info(self) -> PluginInfo:
        share = Parameter(
            name="share",
            default=Value_Number(0.5),
            range=(0.0, 1.0),
            choices=[],
            help="Share of the places for the likeliest; the least certain get the others.",
        )
        return PluginInfo(
            name="turns",
            version="0.1.0",
            summary="The likeliest and the least certain take turns: finds and teaches.",
            needs_model=True,
            parameters=[share],
        )

    def rank(self, limit: int) -> list[int]:
        probability = pool.probabilities()
        # NaN is not scored yet. The server puts what is left out last, in the pool's own order.
        scored = [i for i, p in enumerate(probability) if not isnan(p)]
        # Ties keep the pool's own order in both.
        likeliest = nlargest(limit, scored, key=lambda i: probability[i])
        unsurest = nsmallest(limit, scored, key=lambda i: abs(probability[i] - 0.5))
        return take_turns(likeliest, unsurest, chosen_share())


def chosen_share() -> float:
    """The parameter, as the person set it. The text of an `Err` is shown to that person."""
    match pool.parameter("share"):
        case Value_Number(share) if 0 <= share <= 1:
            return share
        case _:
            raise Err("The share must be a number from 0 to 1.")


def take_turns(likeliest: list[int], unsurest: list[int], share: float) -> list[int]:
    """As many candidates as each list has, none twice, `share` of them from the likeliest."""
    first, second = iter(likeliest), iter(unsurest)
    taken = {}  # A dictionary is a set that keeps its order.
    given = 0
    for place in range(1, len(likeliest) + 1):
        # The likeliest are due whenever they have had less than their share of the places.
        due = given < share * place
        given += due
        turn = first if due else second
        taken[next(i for i in turn if i not in taken)] = True
    return list(taken)
