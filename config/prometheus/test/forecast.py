"""What is left to find and what it takes, reckoned once more from the log: the method of core/session/src/forecast.rs,
with its constants, written anew."""

from bisect import bisect_right
from math import exp, isfinite, log, sqrt

METRICS = ("sluice_forecast_positives_left", "sluice_forecast_looks", "sluice_forecast_seconds")
# Where one bin of probabilities ends and the next begins: core/events/FORMAT.md.
EDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
# So many of the newest answers say how the model's word turned out; its word counts for so many of the rarer kind.
EVIDENCE, WORD = 1000, 3
# Nothing is told before this share of the images that are left is scored.
SCORED = 0.99
# The pace is that of so many of the newest looks.
PACE = 200
SHARES = (0.8, 0.95)
# The quantile of 95 % in deviations.
Z = 1.645
# Once a network has joined the whole may be off by a factor: the deviation of its logarithm.
WITH_NETWORK, DOUBT = " + network", 1.4
# The rule of three: after n answers without an exception, exceptions may be 3 of n.
THREE = 3


def place(said: float) -> int:
    return bisect_right(EDGES, said)


def bounds(mean: float, variance: float, doubt: float) -> dict:
    """Of a lognormal share, at most 1, that may be off by a factor."""
    spread = log(1 + variance / mean**2)
    low, high = (exp(log(mean) - spread / 2 + z * sqrt(spread + doubt**2)) for z in (-Z, Z))
    return {"low": min(low, mean), "likely": mean, "high": min(max(high, mean), 1)}


def bins_of(ranking: dict, looks: list, doubt: float, judged: tuple) -> list[tuple]:
    """Images and the share of positives among them, by bin; the unlikeliest first."""
    left = [(told["images"], told["expected"]) for told in ranking["outlook"]]
    answers = [[] for _ in left]
    for look in [look for look in reversed(looks) if look.judged()][:EVIDENCE]:
        answers[place(look.said)].append((look.said, look.answer == "positive"))
    for look in reversed(looks):
        # Answered since: not left any more.
        if look.seq > ranking["learned_from"] and look.said is not None:
            images, expected = left[place(look.said)]
            images = max(images - 1, 0)
            left[place(look.said)] = (images, min(max(expected - look.said, 0), images))
    # The few that are not scored count like the others.
    of_all = ranking["candidates"] / max(ranking["scored"], 1)
    found = []
    for (images, expected), those in zip(left, answers):
        said = min(max(expected / max(images, 1), 1e-6), 1 - 1e-6)
        # The rarer kind: as many as were expected, times how wrong that has been.
        likely = said > 0.5
        rarer = 1 - said if likely else said
        right = sum(positive != likely for _, positive in those)
        expected = sum(1 - p if likely else p for p, _ in those)
        share = min(max(rarer * (right + WORD) / (expected + WORD), 1e-6), 1 - 1e-6)
        images *= of_all
        ends = bounds(share, share**2 / (right + WORD) + share * (1 - share) / max(images, 1), doubt)
        ends["high"] = max(ends["high"], min(THREE / max(judged[likely], 1), 1))
        if likely:
            ends = {"low": 1 - ends["high"], "likely": 1 - ends["likely"], "high": 1 - ends["low"]}
        found.append((images, ends))
    return found


def looks_to(goal: float, bins: list[tuple], found: int) -> float:
    """The likeliest first, until this share of all positives is found."""
    missing = goal * (found + sum(images * share for images, share in bins)) - found
    looks = 0.0
    for images, share in reversed(bins):
        if missing > 0:
            # At the low end there may be none in a bin.
            here = images * share
            looks += images * missing / here if here > missing else images
            missing -= here
    return looks


def in_order(values: dict) -> dict:
    """With more positives there may be fewer looks: the ends are the least and the most of all three."""
    return values | {"low": min(values.values()), "high": max(values.values())}


def told(ranking: dict, looks: list, times: list[float], found: int, features: str, judged: tuple) -> list[tuple]:
    """Metric, labels and value; nothing, as long as nothing can be told. `looks` are the newest ones, `times` those of
    them that are known, in seconds, `found` the images whose answer is yes, `features` what the newest model stands
    on, `judged` how many answers there are to images of which the model had said no, and to those with yes."""
    outlook = ranking["outlook"]
    is_whole = len(outlook) == len(EDGES) + 1 and all(isfinite(told["expected"]) for told in outlook)
    if not is_whole or ranking["scored"] < SCORED * ranking["candidates"]:
        return []
    bins = bins_of(ranking, looks, DOUBT if features.endswith(WITH_NETWORK) else 0, judged)
    cases = {bound: [(images, share[bound]) for images, share in bins] for bound in ("low", "likely", "high")}
    left = in_order({bound: sum(images * share for images, share in case) for bound, case in cases.items()})
    figures = [(METRICS[0], {"bound": bound}, value) for bound, value in left.items()]
    newest = times[-PACE:]
    for goal in SHARES:
        to_goal = in_order({bound: looks_to(goal, case, found) for bound, case in cases.items()})
        for bound, value in to_goal.items():
            labels = {"share": str(goal), "bound": bound}
            figures.append((METRICS[1], labels, value))
            figures += [(METRICS[2], labels, value * sum(newest) / len(newest))] if newest else []
    return figures
