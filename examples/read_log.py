#!/usr/bin/env python3
"""Reads a session's log without sluice: prints what `sluice log cat SESSION` prints, up to the first
damage, where it says so and fails.

Written from core/log/FORMAT.md and core/events/FORMAT.md alone, with the standard library. Checks all
checksums and numbers; the chain too where the package `blake3` is installed.

    python3 examples/read_log.py SESSION
"""

import json
import struct
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

try:
    from blake3 import blake3
except ImportError:
    blake3 = None


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


class Damaged(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Damaged(what)


class Payload:
    """bincode 2, standard configuration."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        demand(self.at + count <= len(self.data), "a payload is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self):
        first = self.take(1)[0]
        if first < 251:
            return first
        demand(first < 254, "a number is too large")
        return int.from_bytes(self.take({251: 2, 252: 4, 253: 8}[first]), "little")

    def real(self):
        """The shortest digits that mean the same 32 bits."""
        data = self.take(4)
        (value,) = struct.unpack("<f", data)
        candidates = (float(f"{value:.{digits}g}") for digits in range(1, 10))
        return next((c for c in candidates if struct.pack("<f", c) == data), value)

    def text(self):
        return self.take(self.number()).decode()

    def optional(self, read):
        return read() if self.take(1)[0] else None

    def many(self, read):
        return [read() for _ in range(self.number())]

    def variant(self, *names):
        return names[self.number()]

    def id(self):
        return str(uuid.UUID(bytes=self.take(self.number())))

    def plugin(self):
        return {"name": self.text(), "version": self.text(), "hash": self.take(32).hex()}

    def answer(self):
        return self.variant("positive", "negative", "skip")

    def origin(self):
        kind = self.variant("File", "Model")
        if kind == "File":
            return {kind: {"name": self.text(), "hash": self.take(32).hex()}}
        bounds = ("above", "below")
        model = {"model": self.optional(self.number)}
        return {kind: model | {bound: self.optional(self.real) for bound in bounds}}

    def bulk_label(self):
        return {"image": self.number(), "answer": self.answer(), "probability": self.optional(self.real)}

    def label(self):
        return self.variant("positive", "negative")

    def source(self):
        return self.variant("manual", "timeout", "imported", "model", "audit")

    def seen(self):
        return {
            "ranking": self.optional(self.number),
            "position": self.optional(self.number),
            "model": self.optional(self.number),
            "probability": self.optional(self.real),
            "shown_ms": self.number(),
        }

    def image(self):
        return {"path": self.text(), "bytes": self.number()}

    def identified_image(self):
        image = {"image": self.number(), "bytes": self.optional(self.number)}
        return image | {"content": self.take(16).hex()}

    def moved_image(self):
        return {"image": self.number(), "path": self.text()}

    def ranked(self):
        return {"image": self.number(), "probability": self.optional(self.real)}

    def outlook_bin(self):
        return {"images": self.number(), "expected": self.real()}

    def kind(self):
        return self.variant("selector", "network")

    def zigzag(self):
        number = self.number()
        return -(number + 1) // 2 if number % 2 else number // 2

    def value(self):
        kind = self.variant("boolean", "integer", "number", "text")
        read = {
            "boolean": lambda: self.take(1) == b"\1",
            "integer": self.zigzag,
            "number": lambda: struct.unpack("<d", self.take(8))[0],
            "text": self.text,
        }
        return {kind: read[kind]()}

    def values(self):
        return dict(self.many(lambda: (self.text(), self.value())))

    def changes(self):
        return dict(self.many(lambda: (self.text(), self.optional(self.value))))


# Type and version: name, and how to read each field.
P = Payload
RANKING = dict(
    ranking=P.number,
    model=lambda p: p.optional(p.number),
    learned_from=P.number,
    selector=P.plugin,
    parameters=lambda p: {},
    candidates=P.number,
    scored=P.number,
    first=lambda p: p.many(p.ranked),
    outlook=lambda p: [],
)
EVENTS = {
    (1, 1): ("SessionOpened", dict(question=P.text, pool=P.text, seed=P.number, program=P.text)),
    (2, 1): ("ImagesFound", dict(first=lambda p: None, images=lambda p: p.many(p.image))),
    (2, 2): ("ImagesFound", dict(first=lambda p: p.optional(p.number), images=lambda p: p.many(p.image))),
    (3, 1): ("ImageSetAside", dict(image=P.number, reason=P.text)),
    (4, 1): ("ImageRestored", dict(image=P.number, bytes=lambda p: None)),
    (4, 2): ("ImageRestored", dict(image=P.number, bytes=lambda p: p.optional(p.number))),
    (5, 1): (
        "Labelled",
        dict(command=P.id, image=P.number, label=P.label, source=P.source, annotator=P.text, seen=P.seen),
    ),
    (6, 1): ("Skipped", dict(command=P.id, image=P.number, annotator=P.text, seen=P.seen)),
    (7, 1): ("Undone", dict(command=P.id, look=P.number)),
    (8, 1): ("Redone", dict(command=P.id, look=P.number)),
    (9, 1): ("SelectorChosen", dict(command=P.id, selector=P.plugin)),
    (10, 1): ("NetworkChosen", dict(command=P.id, network=P.plugin)),
    (11, 1): (
        "ModelTrained",
        dict(
            model=P.number,
            learned_from=P.number,
            positives=P.number,
            negatives=P.number,
            loss=P.real,
            features=P.text,
        ),
    ),
    (12, 1): ("RankingMade", RANKING),
    (12, 2): ("RankingMade", RANKING | dict(parameters=P.values)),
    (12, 3): ("RankingMade", RANKING | dict(parameters=P.values, outlook=lambda p: p.many(p.outlook_bin))),
    (13, 1): ("PluginFailed", dict(plugin=P.plugin, what=P.text)),
    (14, 1): ("RecordLost", {}),
    (15, 1): (
        "ParametersSet",
        dict(command=P.id, kind=P.kind, plugin=P.text, changes=P.changes),
    ),
    (16, 1): (
        "CheckpointMade",
        dict(network=P.text, labels=P.number, artefact=lambda payload: payload.take(32).hex(), bytes=P.number),
    ),
    (17, 1): (
        "CycleTrained",
        dict(
            network=P.text,
            labels=P.number,
            steps=P.number,
            loss=P.real,
            learning_rate=P.real,
            scored=P.number,
            seconds=P.real,
        ),
    ),
    (18, 1): (
        "BulkBegun",
        dict(command=P.id, bulk=P.number, origin=P.origin, labels=P.number, annotator=P.text),
    ),
    (19, 1): ("BulkLabelled", dict(bulk=P.number, source=P.source, labels=lambda p: p.many(p.bulk_label))),
    (20, 1): ("BulkRevoked", dict(command=P.id, bulk=P.number)),
    (21, 1): ("ImagesIdentified", dict(images=lambda p: p.many(p.identified_image))),
    (22, 1): ("ImagesMoved", dict(moves=lambda p: p.many(p.moved_image))),
}


def event(kind, version, data):
    if (kind, version) not in EVENTS:
        unknown = {"event_type": kind, "schema_version": version, "payload": data.hex()}
        return {"type": "Unknown"} | unknown
    name, fields = EVENTS[kind, version]
    payload = Payload(data)
    read = {field: how(payload) for field, how in fields.items()}
    demand(payload.at == len(data), "a payload is too long")
    return {"type": name} | read


def time(microseconds):
    moment = datetime.fromtimestamp(0, timezone.utc) + timedelta(microseconds=microseconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def durable_end(session):
    """Log id, seq of the next record and chain value there, as HEAD knows them."""
    head = (session / "HEAD").read_bytes() if (session / "HEAD").exists() else b""
    slots = (head[at : at + 96] for at in (0, 4096))
    whole = [
        slot
        for slot in slots
        if len(slot) == 96 and slot[:8] == b"SLUICEHD" and crc32c(slot[:92]) == int.from_bytes(slot[92:], "little")
    ]
    newest = max(whole, key=lambda slot: struct.unpack_from("<Q", slot, 32), default=None)
    return (newest[16:32], struct.unpack_from("<Q", newest, 40)[0], newest[72:88]) if newest else (None, 0, None)


def batch(data, at, seq, chain):
    """The records of the batch at `at`, where the next one begins, and the chain value after it."""
    header = data[at : at + 56]
    demand(len(header) == 56 and header[:4] == b"SLBT", "no batch begins here")
    length, first, count, flags = struct.unpack_from("<IQII", header, 4)
    body_sum, header_sum = struct.unpack_from("<II", header, 48)
    demand(crc32c(header[:52]) == header_sum, "a header's checksum does not hold")
    body = data[at + 56 : at + 56 + length]
    demand(len(body) == length and crc32c(body) == body_sum, "a body's checksum does not hold")
    demand(first == seq and flags == 0, "a batch does not follow the one before it")
    if blake3:
        demand(header[32:48] == chain, "the chain is broken")
        chain = blake3(chain + header[:52] + body).digest()[:16]
    records, position = [], 0
    while position < length:
        size, kind, version, moment = struct.unpack_from("<IHHQ", body, position)
        records.append((kind, version, moment, body[position + 16 : position + 16 + size]))
        position += 16 + size
    demand(len(records) == count and position == length, "a batch lacks records")
    return records, (at + 56 + length + 7) // 8 * 8, chain


def is_torn(data, at, seq):
    """Whether no whole batch with this seq or a later one follows: then nobody was promised the rest."""
    for begin in range(at, len(data) - 55, 8):
        if data[begin : begin + 4] == b"SLBT":
            first = struct.unpack_from("<Q", data, begin + 8)[0]
            try:
                batch(data, begin, first, data[begin + 32 : begin + 48])
            except Damaged:
                continue
            if first >= seq:
                return False
    return True


def records(session):
    log_id, durable, durable_chain = durable_end(session)
    seq, chain = 0, bytes(16)
    segments = sorted(session.glob("log/" + "[0-9]" * 20 + ".log"))
    demand(segments, f"there is no log in {session}")
    for segment in segments:
        data = segment.read_bytes()
        demand(data[:8] == b"SLUICELG", f"{segment.name} is no segment")
        demand(crc32c(data[:76]) == int.from_bytes(data[76:80], "little"), f"{segment.name} is damaged")
        demand(struct.unpack_from("<HH", data, 8) == (1, 1), f"{segment.name} is of a newer sluice")
        demand(struct.unpack_from("<Q", data, 32)[0] == seq, f"{segment.name} does not follow")
        demand(data[16:32] == (log_id or data[16:32]), f"{segment.name} is of another log")
        log_id = data[16:32]
        demand(not blake3 or data[48:64] == chain, f"{segment.name} breaks the chain")
        at = 80
        while at < len(data):
            if blake3 and seq == durable and durable_chain:
                demand(chain == durable_chain, "HEAD knows another history")
            try:
                found, at, chain = batch(data, at, seq, chain)
            except Damaged as damage:
                torn = segment == segments[-1] and seq >= durable and is_torn(data, at, seq)
                demand(torn, f"{segment.name} at {at}: {damage}")
                return
            for record in found:
                yield (seq, *record)
                seq += 1
    demand(seq >= durable, "the end of the log is missing")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not blake3:
        print("the chain is not checked: the package blake3 is not installed", file=sys.stderr)
    try:
        for seq, kind, version, moment, payload in records(Path(sys.argv[1])):
            head = {"seq": seq, "time": time(moment), "version": version}
            print(json.dumps(head | event(kind, version, payload), separators=(",", ":"), ensure_ascii=False))
    except Damaged as damage:
        sys.exit(f"damaged: {damage}")
    except BrokenPipeError:
        # Whoever reads has read enough.
        sys.stdout = None


if __name__ == "__main__":
    main()
