"""The expressions of the dashboards and rules: where they stand, what they name, and which may have nothing to tell."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

# Metrics that a healthy session need not have yet. An expression that names one which is not there may be empty.
UNTOLD = "the model can't tell yet what is left"
MAY_BE_ABSENT = {
    "sluice_agreement_ratio": "no model had said anything about an answer",
    "sluice_model_loss_nats": "there is no model",
    "sluice_background_loss_nats": "no cycle has ended",
    "sluice_background_learning_rate": "no cycle has ended",
    "sluice_weights_fetched_bytes": "no weights are fetched",
    "sluice_weights_size_bytes": "no weights are fetched",
    "sluice_forecast_positives_left": UNTOLD,
    "sluice_forecast_looks": UNTOLD,
    "sluice_forecast_seconds": UNTOLD,
}

# Expressions that may be empty in a healthy session: part of the expression; what must be empty for it, too; why.
# First the more special ones.
LEARNED = "increase(sluice_learning_seconds_count[1m]) > 0"
MAY_BE_EMPTY = [
    ("ALERTS", 'ALERTS{alertstate="firing"}', "no alert fires"),
    ("sluice_background_steps_total", "increase(sluice_background_seconds_total[15m]) > 0", "no cycle has ended"),
    ("sluice_images_to_embed", "sluice_images_to_embed > 0", "there is no model, so no features"),
    ("sluice:learning_seconds", LEARNED, "nothing was learned"),
    ("sluice_learning_seconds_bucket", LEARNED, "nothing was learned"),
    ("sluice:scored_images_per_learning_seconds", LEARNED, "nothing was learned"),
    ("sluice_learning_seconds_sum", LEARNED, "nothing was learned"),
    ("sluice:decoded_images_per", "increase(sluice_decoded_images_total[1m]) > 0", "all pictures were decoded before"),
    ("sluice_decode_seconds_total", "increase(sluice_decoded_images_total[1m]) > 0", "all pictures were decoded before"),
    ("time_on_screen", "increase(sluice_time_on_screen_seconds_count[5m]) > 0", "no person answered"),
]
# With a model these must be there sooner or later.
OF_A_MODEL = ("sluice_agreement_ratio", "sluice_forecast_", "sluice_model_loss_nats", "sluice_images_to_embed",
              "learning_seconds")

# Names of metrics, when texts in quotes are gone.
NAME = re.compile(r"\b(?:sluice|process)[a-z_]*:?[a-z0-9_:]*")


@dataclass
class Expression:
    where: str
    query: str
    is_alert: bool = False

    def names(self) -> set[str]:
        return set(NAME.findall(re.sub(r'"[^"]*"', "", self.query)))


def fill(query: str, job: str, instance: str) -> str:
    for variable, value in (("job", job), ("instance", instance), ("__rate_interval", "1m"), ("__range", "5m")):
        query = re.sub(rf"\${variable}\b|\${{{variable}}}", value, query)
    return query


def of_dashboard(path: Path, job: str, instance: str) -> list[Expression]:
    """Every "expr", wherever it stands, and what the variables ask for."""
    board = json.loads(path.read_text())
    found = []

    def walk(part, where: str) -> None:
        if isinstance(part, dict):
            where = f"{where}, {part['title']}" if "title" in part and "gridPos" in part else where
            if "expr" in part:
                note = f", {part['name']}" if "name" in part else ""
                found.append(Expression(where + note, fill(part["expr"], job, instance)))
            for inner in part.values():
                walk(inner, where)
        elif isinstance(part, list):
            for inner in part:
                walk(inner, where)

    walk(board, path.name)
    for variable in board["templating"]["list"]:
        asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
        selector, label = fill(asked[1], job, instance), asked[2]
        found.append(Expression(f"{path.name}, variable {variable['name']}", f"count by ({label}) ({selector})"))
    return found


def faults_of_dashboard(path: Path) -> list[str]:
    """What a person would stumble over."""
    text = path.read_text()
    board = json.loads(text)
    faults = []
    panels = board["panels"]
    ids = [panel["id"] for panel in panels]
    faults += [f"the id {one} is there twice" for one in {one for one in ids if ids.count(one) > 1}]
    for panel in panels:
        name, place = panel["title"], panel["gridPos"]
        if place["x"] + place["w"] > 24:
            faults.append(f"{name} is too far right")
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            faults.append(f"{name} has no description")
        if panel["datasource"] != {"type": "prometheus", "uid": "prometheus"}:
            faults.append(f"{name} is of another data source")
        if panel["type"] != "table" and not panel["fieldConfig"]["defaults"].get("unit"):
            faults.append(f"{name} has no unit")
        for target in panel["targets"]:
            if "$instance" not in target["expr"] or "$job" not in target["expr"]:
                faults.append(f"{name} shows more than the chosen session")
    for one, other in ((one, other) for one in panels for other in panels if one["id"] < other["id"]):
        a, b = one["gridPos"], other["gridPos"]
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
            faults.append(f"{one['title']} covers {other['title']}")
    if re.search(r"localhost|\d+\.\d+\.\d+\.\d+", text):
        faults.append("names a host")
    return faults


def excuse(expression: Expression, metrics: set[str], has_model: bool) -> tuple[str | None, str] | None:
    """Why it may be empty, and what must be empty as well, if anything; none where it may not."""
    if has_model and any(part in expression.query for part in OF_A_MODEL):
        return None
    for metric in sorted(expression.names() & MAY_BE_ABSENT.keys() - metrics):
        return None, MAY_BE_ABSENT[metric]
    for part, condition, why in MAY_BE_EMPTY:
        if part in expression.query:
            return condition, why
    return None
