"""Exported labels, read by the loaders of the tools that they are for.

    pip install label-studio-sdk               (in an environment of its own: it brings half a gigabyte)
    pip install fiftyone --no-deps, and what it asks for but fiftyone-db: no database is needed to read

    formats.py --label-studio tasks.json --fiftyone labels.json

Each file is one that `sluice export labels --format label-studio` or `fiftyone` wrote. Ends with 1 where a loader
refuses something, and says what.
"""

import argparse
import json
import os
from collections import Counter

CONFIG = (
    '<View><Image name="image" value="$image"/><Choices name="label" toName="image" choice="single">'
    '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>'
)


def label_studio(file):
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(CONFIG)
    interface.validate()
    counted = Counter()
    with open(file) as tasks:
        for task in json.load(tasks):
            for annotation in task["annotations"]:
                assert interface.validate_annotation(annotation), annotation
                counted["skipped" if annotation["was_cancelled"] else "annotations"] += 1
            for prediction in task["predictions"]:
                assert not interface.validate_prediction(prediction, return_errors=True), prediction
                counted["predictions"] += 1
    print("Label Studio takes", dict(counted))


def fiftyone(file):
    from fiftyone.utils.data.importers import FiftyOneImageClassificationDatasetImporter

    importer = FiftyOneImageClassificationDatasetImporter(labels_path=file)
    counted = Counter()
    with importer:
        for path, _, label in importer:
            assert os.path.isfile(path), f"{path} is not there"
            counted[label.label] += 1
    print("FiftyOne takes", dict(counted))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label-studio", metavar="FILE")
    parser.add_argument("--fiftyone", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.label_studio:
        label_studio(arguments.label_studio)
    if arguments.fiftyone:
        fiftyone(arguments.fiftyone)


if __name__ == "__main__":
    main()
