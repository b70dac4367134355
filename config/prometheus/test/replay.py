"""What a session's log says that /metrics should say: a fold of the log's events over what examples/read_log.py reads.
Written from core/events/FORMAT.md, the metrics' help texts and what the doc comments of core/session say of time spent
answering; it shares no code with sluice."""

import importlib.util
import struct
from collections import Counter
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import forecast

IMAGES_FOUND, SET_ASIDE, RESTORED, LABELLED, SKIPPED, UNDONE, REDONE = 2, 3, 4, 5, 6, 7, 8
MODEL_TRAINED, RANKING_MADE, RECORD_LOST, CYCLE_TRAINED = 11, 12, 14, 17
TAKEN_IN = (IMAGES_FOUND, SET_ASIDE, RESTORED, LABELLED, SKIPPED, UNDONE, REDONE, MODEL_TRAINED, CYCLE_TRAINED)
# Who sat before the page: by hand, or until the time ran out. Imports and the model are nobody.
BY_HAND = ("manual", "audit")
AT_THE_PAGE = (*BY_HAND, "timeout")
# Agreement is also told of so many of the newest answers. For that and for the forecast nobody looks back further
# than so many looks.
NEWEST = 50
LOOKED_BACK = 5000
# Longer on the screen, or since the look before, is a pause; µs.
PAUSE = 60_000_000


def load_reader(path: Path):
    spec = importlib.util.spec_from_file_location("read_log", path)
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    return reader


def key(metric: str, **labels: str) -> tuple:
    return (metric, *sorted(labels.items()))


def named(figure: tuple) -> str:
    metric, *labels = figure
    inner = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{metric}{{{inner}}}" if inner else metric


def single(value: float) -> float:
    """The 32-bit number that the reader's shortest digits mean."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


# Counters that are there from the start of the program, at nought if nothing happened; others begin later.
FROM_THE_START = (
    *(
        key("sluice_answers_total", answer=answer, source=source)
        for answer, source in (
            ("positive", "manual"),
            ("negative", "manual"),
            ("skip", "manual"),
            ("positive", "timeout"),
            ("negative", "timeout"),
        )
    ),
    key("sluice_undos_total"),
    key("sluice_redos_total"),
    key("sluice_models_total"),
    key("sluice_rankings_total"),
    key("sluice_background_cycles_total"),
    key("sluice_background_steps_total"),
    key("sluice_background_seconds_total"),
    key("sluice_answer_to_durable_seconds_count"),
    key("sluice_answer_to_ranking_seconds_count"),
    key("sluice_time_on_screen_seconds_count"),
)
# What the fold tells of; every series of these metrics is compared, and none may be there that the fold does not tell.
COUNTERS = tuple(dict.fromkeys(metric for metric, *_ in FROM_THE_START))
GAUGES = (
    "sluice_looks",
    "sluice_active_seconds",
    "sluice_ranking_age_answers",
    "sluice_pool_images",
    "sluice_answered_images",
    "sluice_agreement_ratio",
    "sluice_model_loss_nats",
    "sluice_background_loss_nats",
    "sluice_background_learning_rate",
    *forecast.METRICS,
)


@dataclass
class Look:
    seq: int
    image: int
    answer: str
    source: str
    # What the model had said, 0 to 1, if it had.
    said: float | None
    # Answer and source that the image had before.
    before: tuple | None
    time_us: int
    # Time spent on it.
    active_us: int

    def judged(self) -> bool:
        """Whether the model's word can be held against it."""
        return self.source in AT_THE_PAGE and self.answer != "skip" and self.said is not None

    def foretold(self) -> bool:
        return (self.said >= 0.5) == (self.answer == "positive")


class Fold:
    """`counted` is what was counted since the program started; `gauges()` is what holds now."""

    def __init__(self, reader, started_us: int) -> None:
        self.reader = reader
        self.started_us = started_us
        self.given = []  # answer and source of each image, or None
        self.aside = []  # whether each image is set aside
        self.looks = []
        self.undone = []
        self.ranking = None  # version and payload of the newest one
        self.known = -1  # it knows events up to this one
        self.unranked = []
        self.features = ""  # of the newest model
        self.newest = {}  # of the newest model and the newest cycle
        self.counted = Counter({figure: 0 for figure in FROM_THE_START})

    def event(self, seq: int, kind: int, version: int, time_us: int, payload: bytes) -> None:
        live = time_us >= self.started_us
        if kind == RECORD_LOST:
            raise ValueError("this log was rescued from damage; what was lost can't be told")
        if kind == RANKING_MADE:
            self.rank(live, version, payload)
        elif kind in TAKEN_IN:
            fact = self.read(kind, version, payload)
            if kind == IMAGES_FOUND:
                self.given += [None] * len(fact["images"])
                self.aside += [False] * len(fact["images"])
            elif kind in (SET_ASIDE, RESTORED):
                self.aside[fact["image"]] = kind == SET_ASIDE
            elif kind in (LABELLED, SKIPPED):
                self.look(seq, live, time_us, fact)
            elif kind == MODEL_TRAINED:
                self.features = fact["features"]
                self.tell(sluice_model_loss_nats=fact["loss"])
                self.count(live, "sluice_models_total")
            elif kind == CYCLE_TRAINED:
                loss, rate = fact["loss"], fact["learning_rate"]
                self.tell(sluice_background_loss_nats=loss, sluice_background_learning_rate=rate)
                self.count(live, "sluice_background_cycles_total")
                self.count(live, "sluice_background_steps_total", by=fact["steps"])
                self.count(live, "sluice_background_seconds_total", by=single(fact["seconds"]))
            else:
                self.count(live, "sluice_undos_total" if kind == UNDONE else "sluice_redos_total")
                self.take_back(fact["look"]) if kind == UNDONE else self.again(fact["look"])

    def read(self, kind: int, version: int, payload: bytes) -> dict:
        fact = self.reader.event(kind, version, payload)
        if fact["type"] == "Unknown":
            raise ValueError(f"the reader does not know version {version} of event {kind}")
        return fact

    def count(self, live: bool, metric: str, by: float = 1, **labels: str) -> None:
        if live:
            self.counted[key(metric, **labels)] += by

    def tell(self, **figures: float) -> None:
        """What the newest model or cycle came to, unless that is no number."""
        if all(isfinite(value) for value in figures.values()):
            self.newest |= {metric: single(value) for metric, value in figures.items()}

    def look(self, seq: int, live: bool, time_us: int, fact: dict) -> None:
        answer, source, seen = fact.get("label", "skip"), fact.get("source", "manual"), fact["seen"]
        on_screen = seen["shown_ms"] * 1000
        if on_screen == 0 and self.looks:
            # Nobody knows how long it was there: since the look before, unless that was a pause.
            since = max(0, time_us - self.looks[-1].time_us)
            on_screen = since if since <= PAUSE else 0
        said = seen["probability"]
        self.undone.clear()
        self.take(
            Look(
                seq,
                fact["image"],
                answer,
                source,
                said=said if said is not None and 0 <= said <= 1 else None,
                before=self.given[fact["image"]],
                time_us=time_us,
                active_us=min(on_screen, PAUSE) if source in AT_THE_PAGE else 0,
            )
        )
        self.count(live, "sluice_answers_total", answer=answer, source=source)
        self.count(live, "sluice_answer_to_durable_seconds_count")
        if source in BY_HAND and seen["shown_ms"] > 0:
            self.count(live, "sluice_time_on_screen_seconds_count")
        if live:
            self.unranked.append(seq)

    def take(self, look: Look) -> None:
        self.given[look.image] = (look.answer, look.source)
        self.looks.append(look)

    def take_back(self, seq: int) -> None:
        if self.looks and self.looks[-1].seq == seq:
            last = self.looks.pop()
            self.given[last.image] = last.before
            self.undone.append(last)

    def again(self, seq: int) -> None:
        if self.undone and self.undone[-1].seq == seq:
            self.take(self.undone.pop())

    def rank(self, live: bool, version: int, payload: bytes) -> None:
        # Every version begins with these three. The rest is read where it is needed: there are many rankings.
        fields = self.reader.Payload(payload)
        fields.number()
        fields.optional(fields.number)
        self.known = fields.number()
        self.ranking = (version, payload)
        self.count(live, "sluice_rankings_total")
        ranked = [seq for seq in self.unranked if seq <= self.known]
        self.unranked = [seq for seq in self.unranked if seq > self.known]
        self.count(live, "sluice_answer_to_ranking_seconds_count", by=len(ranked))

    def gauges(self) -> dict:
        answers = Counter(given[0] for given in self.given if given)
        figures = {
            key("sluice_looks"): len(self.looks),
            key("sluice_active_seconds"): sum(look.active_us for look in self.looks) / 1e6,
            key("sluice_ranking_age_answers"): sum(look.seq > self.known for look in self.looks),
            key("sluice_pool_images", state="positive"): answers["positive"],
            key("sluice_pool_images", state="negative"): answers["negative"],
            key("sluice_pool_images", state="skipped"): answers["skip"],
            key("sluice_pool_images", state="unlabelled"): sum(
                given is None and not aside for given, aside in zip(self.given, self.aside)
            ),
            key("sluice_pool_images", state="set_aside"): sum(self.aside),
        }
        for (answer, source), images in Counter(given for given in self.given if given).items():
            figures[key("sluice_answered_images", answer=answer, source=source)] = images
        recent = self.looks[-LOOKED_BACK:]
        judged = [look.foretold() for look in recent if look.judged()][-NEWEST:]
        of_all = [look.foretold() for look in self.looks if look.judged()]
        for over, some in (("50", judged), ("all", of_all)):
            if some:
                figures[key("sluice_agreement_ratio", over=over)] = sum(some) / len(some)
        figures |= {key(metric): value for metric, value in self.newest.items()}
        if self.ranking:
            ranking = self.read(RANKING_MADE, *self.ranking)
            timed = [look.active_us / 1e6 for look in recent if look.active_us > 0]
            said = [look.said >= 0.5 for look in self.looks if look.judged()]
            put_to_test = (said.count(False), said.count(True))
            told = forecast.told(ranking, recent, timed, answers["positive"], self.features, put_to_test)
            figures |= {key(metric, **labels): value for metric, labels, value in told}
        return figures


def moments(reader, session: Path, started_us: int, since_us: int, until_us: int) -> list:
    """Gauges and counters as they were at `since_us` and after each event up to `until_us`."""
    fold = Fold(reader, started_us)
    found = []
    for seq, kind, version, time_us, payload in reader.records(session):
        if time_us > until_us:
            break
        if time_us > since_us and not found:
            found.append((fold.gauges(), dict(fold.counted)))
        fold.event(seq, kind, version, time_us, payload)
        if found:
            found.append((fold.gauges(), dict(fold.counted)))
    return found or [(fold.gauges(), dict(fold.counted))]


def is_same(figure: tuple, told: float | None, logged: float | None) -> bool:
    """Whether they are there and equal, or neither is there. The forecast is reckoned in 32 bits here and there."""
    if told is None or logged is None:
        return told is logged
    accuracy = 1e-4 if figure[0] in forecast.METRICS else 1e-9
    return abs(told - logged) <= accuracy * max(1.0, abs(logged))


def compare(gauges: dict, counters: dict, found: list) -> list[str]:
    """What one scrape tells otherwise than the log. The session's gauges are of one moment, so all of them must be
    right for one and the same moment of `found`. Counters are read one after the other later on, and only grow: each
    must lie between what it was at that moment and what it was in the end."""
    best = None
    _, last = found[-1]
    for logged, counted in found:
        wrong = [
            f"{named(figure)} is {gauges.get(figure)} in Prometheus, and {logged.get(figure)} by the log"
            for figure in sorted({*gauges, *logged})
            if not is_same(figure, gauges.get(figure), logged.get(figure))
        ]
        for figure in sorted({*counters, *last}):
            told, least, most = counters.get(figure), counted.get(figure, 0), last.get(figure, 0)
            if told is None and (figure in FROM_THE_START or least > 0):
                wrong.append(f"{named(figure)} is not there")
            elif told is not None and not least - 1e-6 <= told <= most + 1e-6:
                wrong.append(f"{named(figure)} is {told} in Prometheus, and {least} to {most} by the log")
        if best is None or len(wrong) < len(best):
            best = wrong
    return best
