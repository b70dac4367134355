#!/usr/bin/env python3
"""Holds the rules, the alerts and the dashboards against a session that somebody (a simulation, say) is answering:
a real Prometheus scrapes it, and every expression is asked: it must have something to tell. The figures that can be
reckoned from the session's log (replay.py names them) are compared with it, read by the independent reader.

    check.py --sluice http://127.0.0.1:PORT --prometheus BIN --promtool BIN --session DIR --reader examples/read_log.py

Prints what holds and what does not; ends with 1 if anything does not. Nothing but Python's standard library is used.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import expressions
import replay
from server import Prometheus, get, until

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "prometheus.yml"
RULES = sorted((HERE.parent / "rules").glob("*.yml"))
DASHBOARDS = sorted((HERE.parents[1] / "grafana" / "dashboards").glob("*.json"))
JOB = "sluice"
# Scrapes that must be there before anything is asked.
SCRAPES = 4
# Scrapes that are held against the log; each of them must be right.
COMPARED = 5
# An event is in the log's time this much before it is durable and counted, at most; seconds.
SLOWEST_WRITE = 5.0
CLOCKS = 0.1


class Report:
    def __init__(self) -> None:
        self.lines, self.passed, self.failed = [], 0, 0

    def say(self, text: str) -> None:
        self.lines.append(text)
        print(text, flush=True)

    def result(self, what: str, faults: list[str], note: str = "") -> None:
        self.passed += not faults
        self.failed += bool(faults)
        self.say(f"{'FAIL' if faults else 'ok  '} {what}{f' ({note})' if note else ''}")
        for fault in faults:
            self.say(f"       {fault}")


def run(report: Report, what: str, *command, text: str | None = None) -> None:
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    report.result(what, (said or ["it said nothing"]) if done.returncode else [])


def check_files(report: Report, promtool: str, text: str) -> None:
    run(report, "promtool check metrics", promtool, "check", "metrics", text=text)
    run(report, "promtool check rules", promtool, "check", "rules", *RULES)
    run(report, "promtool check config", promtool, "check", "config", CONFIG)
    run(report, "promtool test rules", promtool, "test", "rules", HERE / "alerts_test.yml")
    for path in DASHBOARDS:
        report.result(f"{path.name} is in order", expressions.faults_of_dashboard(path))


def metrics_of(text: str) -> set[str]:
    """Names of metrics in a scraped text; a histogram's parts, too."""
    samples = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {line.split("{")[0].split(" ")[0] for line in samples}


def all_expressions(prometheus: Prometheus, instance: str) -> list[expressions.Expression]:
    found = []
    for rule in prometheus.rules():
        is_alert = rule["type"] == "alerting"
        kind = "alert" if is_alert else "rule"
        found.append(expressions.Expression(f"{kind} {rule['name']}", rule["query"], is_alert))
    for path in DASHBOARDS:
        found += expressions.of_dashboard(path, JOB, instance)
    return found


def check_names(report: Report, asked: list[expressions.Expression], text: str) -> None:
    metrics = metrics_of(text)
    recorded = {one.where.removeprefix("rule ") for one in asked if one.where.startswith("rule ")}
    faults = []
    for one in asked:
        unknown = one.names() - metrics - recorded - expressions.MAY_BE_ABSENT.keys()
        faults += [f"{one.where}: there is no {name}" for name in sorted(unknown)]
    report.result("every metric that is asked for exists", faults)
    # What a rule takes and a dashboard shows under the rule's name is shown, too.
    sources = {one.where.removeprefix("rule "): one.names() for one in asked if not one.is_alert}
    shown = {name for one in asked if ".json" in one.where for name in one.names()}
    shown |= {name for rule in shown & recorded for name in sources[rule]}
    parts = ("_bucket", "_sum", "_count")
    whole = {next((name.removesuffix(part) for part in parts if name.endswith(part)), name) for name in metrics}
    kept = {next((name.removesuffix(part) for part in parts if name.endswith(part)), name) for name in shown}
    unused = sorted(name for name in whole - kept if name.startswith("sluice_"))
    report.say(f"note   metrics that no dashboard shows: {', '.join(unused) or 'none'}")


def judge(prometheus: Prometheus, one: expressions.Expression, metrics: set[str], has_model: bool) -> tuple:
    """What is wrong with it now, why it may be empty, and what it gave."""
    try:
        values = prometheus.query(one.query)
    except ValueError as error:
        return f"{one.where}: {one.query}: {error}", None, []
    if one.is_alert:
        return f"{one.where} is true of {values}: {one.query}" if values else None, None, values
    if values:
        return None, None, values
    excuse = expressions.excuse(one, metrics, has_model)
    if excuse is None:
        return f"{one.where} is empty: {one.query}", None, []
    condition, why = excuse
    if condition and prometheus.query(condition):
        return f"{one.where} is empty, though it is not so that {why}: {one.query}", None, []
    return None, why, []


def check_expressions(report: Report, prometheus: Prometheus, asked: list[expressions.Expression], metrics, has_model):
    """Asks all again and again until each gave what it must, or the deadline is over. `metrics` tells the names that
    are there by then."""
    judged = [("not asked", None, [])] * len(asked)

    def look():
        there = metrics()
        for at, one in enumerate(asked):
            if judged[at][0]:
                judged[at] = judge(prometheus, one, there, has_model)
        return None if any(fault for fault, *_ in judged) else True

    try:
        until("every expression", look)
    except TimeoutError:
        pass
    for what, wanted in (("every rule and panel has something to tell", False), ("no alert is true", True)):
        group = [fault for one, (fault, *_) in zip(asked, judged) if one.is_alert is wanted]
        report.result(what, [fault for fault in group if fault], f"{len(group)} expressions")
    excused = [(why, one.where) for one, (_, why, _) in zip(asked, judged) if why]
    for reason in dict.fromkeys(why for why, _ in excused):
        panels = dict.fromkeys(where for why, where in excused if why == reason)
        report.say(f"note   may be empty, because {reason}: {'; '.join(panels)}")
    firing = prometheus.query('ALERTS{alertstate="firing"}')
    report.result("no alert fires", [str(labels) for labels, _ in firing])
    wrong = [f"{rule['name']}: {rule.get('lastError')}" for rule in prometheus.rules() if rule["health"] != "ok"]
    report.result("every rule is reckoned without an error", wrong)
    return [
        {"where": one.where, "query": one.query, "values": values, "may be empty, because": why}
        for one, (_, why, values) in zip(asked, judged)
    ]


def scraped(prometheus: Prometheus, metrics: tuple, at: float) -> dict:
    names = "|".join(metrics)
    found = prometheus.query(f'{{__name__=~"{names}", job="{JOB}"}}', at)
    figures = {}
    for series, value in found:
        labels = {name: text for name, text in series.items() if name not in ("__name__", "job", "instance")}
        figures[replay.key(series["__name__"], **labels)] = value
    return figures


def check_against_log(report: Report, prometheus: Prometheus, reader, session: Path) -> None:
    judged, old, figures = {}, set(), {}

    def look():
        at = prometheus.value(f'timestamp(up{{job="{JOB}"}})')
        if at is None or at in judged or at in old:
            return None
        took = prometheus.value(f'scrape_duration_seconds{{job="{JOB}"}}', at)
        started = prometheus.value(f'process_start_time_seconds{{job="{JOB}"}}', at)
        if took is None or started is None:
            return None
        # The session's thread was busy with something else, and the scrape says so: its gauges are old.
        if prometheus.value(f'sluice_session_responds{{job="{JOB}"}}', at) != 1:
            old.add(at)
            return None
        since, end = at - SLOWEST_WRITE, at + took + CLOCKS
        found = replay.moments(reader, session, int(started * 1e6), int(since * 1e6), int(end * 1e6))
        gauges = scraped(prometheus, replay.GAUGES, at)
        counters = scraped(prometheus, replay.COUNTERS, at)
        judged[at] = replay.compare(gauges, counters, found)
        figures.update(gauges | counters)
        return True if len(judged) >= COMPARED else None

    faults = []
    try:
        until(f"{COMPARED} scrapes that the session answered", look)
    except (TimeoutError, reader.Damaged, ValueError) as error:
        faults.append(f"{error}; {len(old)} were not answered in time")
    wrong = {at: fault for at, fault in judged.items() if fault}
    faults += [f"at {at:.3f}: {one}" for at, fault in wrong.items() for one in fault]
    note = f"{len(figures)} figures, {len(judged) - len(wrong)} of {len(judged)} scrapes"
    report.result("Prometheus tells what the log says", faults, note)
    looks = figures.get(replay.key("sluice_looks"))
    report.result("somebody answered", [] if looks else ["there is not one look: nothing was tried"])
    for figure, value in sorted(figures.items()):
        report.say(f"       {replay.named(figure)} {value:g}")


def check(arguments, report: Report, folder: Path) -> None:
    address = arguments.sluice.removeprefix("http://").rstrip("/")
    page = f"http://{address}/metrics"
    check_files(report, arguments.promtool, get(page))
    reader = replay.load_reader(Path(arguments.reader))
    with Prometheus(arguments.prometheus, CONFIG, address, folder) as prometheus:
        prometheus.wait_until_ready()
        enough = f'count_over_time(sluice_looks{{job="{JOB}"}}[5m]) >= {SCRAPES}'
        until(f"{SCRAPES} scrapes of {page}", lambda: prometheus.value(enough))
        # Times and paces are of what Prometheus saw happen.
        answered = "increase(sluice_answer_to_durable_seconds_count[5m]) > 0"
        until("somebody answers while Prometheus looks", lambda: prometheus.value(answered))
        asked = all_expressions(prometheus, address)
        answers = check_expressions(report, prometheus, asked, lambda: metrics_of(get(page)), arguments.model)
        check_names(report, asked, get(page))
        check_against_log(report, prometheus, reader, Path(arguments.session))
        targets = prometheus.api("targets")["activeTargets"]
        report.result("the target is up", [target["lastError"] for target in targets if target["health"] != "up"])
    if arguments.out:
        out = Path(arguments.out)
        out.mkdir(parents=True, exist_ok=True)
        (out / "metrics.txt").write_text(get(page))
        (out / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
        (out / "prometheus.log").write_bytes(prometheus.log.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("sluice", "prometheus", "promtool", "session", "reader"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--model", action="store_true", help="the session has a model: its figures must be there")
    parser.add_argument("--out", help="a folder for the scraped text, every expression's value and Prometheus' log")
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="sluice-prometheus-") as folder:
        try:
            check(arguments, report, Path(folder))
        except (OSError, RuntimeError) as error:
            report.result("the check itself", [f"{error}"])
    report.say(f"\n{report.passed} passed, {report.failed} failed")
    if arguments.out:
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
        (Path(arguments.out) / "report.txt").write_text("\n".join(report.lines) + "\n")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
