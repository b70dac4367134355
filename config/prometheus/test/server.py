"""A Prometheus of its own for a check: temporary settings and data, a free port, ended with the check."""

import json
import math
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# Longer than anything here takes, on the slowest day.
DEADLINE = 60
LOOK_AGAIN = 0.2


def until(what: str, look, deadline: float = DEADLINE):
    """The first result of `look` that is not none."""
    end = time.monotonic() + deadline
    while (result := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {deadline:.0f} s")
        time.sleep(LOOK_AGAIN)
    return result


def get(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise OSError(f"{address}: {error}") from error


def settings(config: Path, address: str) -> str:
    """The repository's settings, for this session, looking every second."""
    text = config.read_text()
    text = text.replace("127.0.0.1:8077", address).replace('"rules/', f'"{config.parent.resolve()}/rules/')
    return re.sub(r"(scrape_interval|scrape_timeout|evaluation_interval): \w+", r"\1: 1s", text)


class Prometheus:
    def __init__(self, binary: str, config: Path, session: str, folder: Path) -> None:
        self.config = folder / "prometheus.yml"
        self.config.write_text(settings(config, session))
        self.log = folder / "prometheus.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        command = [binary, f"--config.file={self.config}", f"--storage.tsdb.path={folder / 'data'}",
                   f"--web.listen-address={self.address}", "--log.level=warn"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until_ready(self) -> None:
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"Prometheus ended: {self.log.read_text()[-1000:]}")
            try:
                return get(f"http://{self.address}/-/ready")
            except OSError:
                return None

        until("Prometheus is ready", ready)

    def api(self, path: str, **arguments) -> dict:
        try:
            text = get(f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(arguments)}")
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        answer = json.loads(text)
        if answer["status"] != "success":
            raise ValueError(answer.get("error", text))
        return answer["data"]

    def query(self, query: str, at: float | None = None) -> list[tuple[dict, float]]:
        """Labels and values, without those that are no number."""
        data = self.api("query", query=query, **({"time": at} if at is not None else {}))
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        found = ((series["metric"], float(series["value"][1])) for series in data["result"])
        return [(labels, value) for labels, value in found if not math.isnan(value)]

    def value(self, query: str, at: float | None = None) -> float | None:
        return next((value for _, value in self.query(query, at)), None)

    def rules(self) -> list[dict]:
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]
