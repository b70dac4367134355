"""What a session's log says that /metrics should say: a fold of the log's events, written from core/events/FORMAT.md and
the metrics' help texts alone, over what examples/read_log.py reads."""

import importlib.util
from collections import Counter
from pathlib import Path

IMAGES_FOUND, SET_ASIDE, RESTORED, LABELLED, SKIPPED, UNDONE, REDONE = 2, 3, 4, 5, 6, 7, 8
MODEL_TRAINED, RANKING_MADE, RECORD_LOST, CYCLE_TRAINED = 11, 12, 14, 17
RECENT = 50


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


class Fold:
    """`counted` is what was counted since the program started; `gauges()` is what holds now."""

    def __init__(self, reader, started_us: int) -> None:
        self.reader = reader
        self.started_us = started_us
        self.answers = []  # of each image, or None
        self.aside = []  # whether each image is set aside
        self.looks = []
        self.undone = []
        self.known = -1  # the newest ranking knows events up to this one
        self.unranked = []
        self.counted = Counter()

    def event(self, seq: int, kind: int, version: int, time_us: int, payload: bytes) -> None:
        live = time_us >= self.started_us
        if kind == RECORD_LOST:
            raise ValueError("this log was rescued from damage; what was lost can't be told")
        if kind in (MODEL_TRAINED, CYCLE_TRAINED):
            self.count(live, "sluice_models_total" if kind == MODEL_TRAINED else "sluice_background_cycles_total")
        elif kind == RANKING_MADE:
            self.ranking(live, payload)
        elif kind in (IMAGES_FOUND, SET_ASIDE, RESTORED, LABELLED, SKIPPED, UNDONE, REDONE):
            fact = self.reader.event(kind, version, payload)
            if fact["type"] == "Unknown":
                raise ValueError(f"the reader does not know version {version} of event {kind}")
            if kind == IMAGES_FOUND:
                self.answers += [None] * len(fact["images"])
                self.aside += [False] * len(fact["images"])
            elif kind in (SET_ASIDE, RESTORED):
                self.aside[fact["image"]] = kind == SET_ASIDE
            elif kind in (LABELLED, SKIPPED):
                self.look(seq, live, fact)
            else:
                self.count(live, "sluice_undos_total" if kind == UNDONE else "sluice_redos_total")
                self.take_back(fact["look"]) if kind == UNDONE else self.again(fact["look"])

    def count(self, live: bool, metric: str, by: int = 1, **labels: str) -> None:
        self.counted[key(metric, **labels)] += by * live

    def look(self, seq: int, live: bool, fact: dict) -> None:
        answer, source = fact.get("label", "skip"), fact.get("source", "manual")
        of_person = source in ("manual", "audit")
        said = fact["seen"]["probability"]
        foretold = None
        if of_person and answer != "skip" and said is not None:
            foretold = (said >= 0.5) == (answer == "positive")
        image = fact["image"]
        look = {"seq": seq, "image": image, "answer": answer, "before": self.answers[image], "foretold": foretold}
        self.undone.clear()
        self.looks.append(look)
        self.answers[image] = answer
        self.count(live, "sluice_answers_total", answer=answer, source=source)
        self.count(live, "sluice_answer_to_durable_seconds_count")
        if of_person and fact["seen"]["shown_ms"] > 0:
            self.count(live, "sluice_time_on_screen_seconds_count")
        if live:
            self.unranked.append(seq)

    def take_back(self, seq: int) -> None:
        if self.looks and self.looks[-1]["seq"] == seq:
            last = self.looks.pop()
            self.answers[last["image"]] = last["before"]
            self.undone.append(last)

    def again(self, seq: int) -> None:
        if self.undone and self.undone[-1]["seq"] == seq:
            look = self.undone.pop()
            self.answers[look["image"]] = look["answer"]
            self.looks.append(look)

    def ranking(self, live: bool, payload: bytes) -> None:
        # Every version begins with these three.
        fields = self.reader.Payload(payload)
        fields.number()
        fields.optional(fields.number)
        self.known = fields.number()
        self.count(live, "sluice_rankings_total")
        ranked = [seq for seq in self.unranked if seq <= self.known]
        self.unranked = [seq for seq in self.unranked if seq > self.known]
        self.count(live, "sluice_answer_to_ranking_seconds_count", by=len(ranked))

    def gauges(self) -> dict:
        states = Counter(self.answers)
        free = sum(answer is None and not aside for answer, aside in zip(self.answers, self.aside))
        figures = {
            key("sluice_looks"): len(self.looks),
            key("sluice_ranking_age_answers"): sum(look["seq"] > self.known for look in self.looks),
            key("sluice_pool_images", state="positive"): states["positive"],
            key("sluice_pool_images", state="negative"): states["negative"],
            key("sluice_pool_images", state="skipped"): states["skip"],
            key("sluice_pool_images", state="unlabelled"): free,
            key("sluice_pool_images", state="set_aside"): sum(self.aside),
        }
        foretold = [look["foretold"] for look in self.looks if look["foretold"] is not None]
        for over, some in (("50", foretold[-RECENT:]), ("all", foretold)):
            if some:
                figures[key("sluice_agreement_ratio", over=over)] = sum(some) / len(some)
        return figures

    def counters(self) -> dict:
        plain = (
            "sluice_undos_total",
            "sluice_redos_total",
            "sluice_models_total",
            "sluice_rankings_total",
            "sluice_background_cycles_total",
            "sluice_answer_to_durable_seconds_count",
            "sluice_answer_to_ranking_seconds_count",
            "sluice_time_on_screen_seconds_count",
        )
        # Where nothing was counted nothing need be there: answers by labels.
        return {key(metric): self.counted[key(metric)] for metric in plain} | {
            figure: count for figure, count in self.counted.items() if count
        }


# What the fold tells about; every series of these metrics is compared.
GAUGES = ("sluice_looks", "sluice_ranking_age_answers", "sluice_pool_images", "sluice_agreement_ratio")
COUNTERS = ("sluice_answers_total", *(metric for metric, *_ in Fold(None, 0).counters()))


def moments(reader, session: Path, started_us: int, since_us: int, until_us: int) -> list:
    """Gauges and counters as they were at `since_us` and after each event up to `until_us`."""
    fold = Fold(reader, started_us)
    found = []
    for seq, kind, version, time_us, payload in reader.records(session):
        if time_us > until_us:
            break
        if time_us > since_us and not found:
            found.append((fold.gauges(), fold.counters()))
        fold.event(seq, kind, version, time_us, payload)
        if found:
            found.append((fold.gauges(), fold.counters()))
    return found or [(fold.gauges(), fold.counters())]


def differences(told: dict, logged: dict) -> list[str]:
    """Each figure that is not the same; a counter that is not there is at nought."""
    wrong = []
    for figure in sorted({*told, *logged}):
        ours, theirs = told.get(figure), logged.get(figure)
        if abs((ours or 0) - (theirs or 0)) > 1e-9 or (ours is None) != (theirs is None) and (ours or theirs):
            wrong.append(f"{named(figure)} is {ours} in Prometheus, and {theirs} by the log")
    return wrong


def compare(gauges: dict, counters: dict, found: list) -> list[str]:
    """The figures of one scrape against the log: the gauges are of one moment, the counters of one not before it."""
    best = None
    for at, (logged, _) in enumerate(found):
        wrong = differences(gauges, logged)
        later = [differences(counters, counted) for _, counted in found[at:]]
        wrong = wrong + min(later, key=len)
        if best is None or len(wrong) < len(best):
            best = wrong
    return best
