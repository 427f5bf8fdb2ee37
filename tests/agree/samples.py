# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What agree_samples (samples.c) writes: the samples of a recording, raw as the kernel counts."""
import pathlib, subprocess, sys
from urllib.parse import unquote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from harness import BINARY  # noqa: E402

PROGRAM = pathlib.Path(BINARY).parent / "agree_samples"


class Sample:
    """ns: its time; values: {(metric, instance, netns): number}; tables: {name: [{column: word}]}."""

    def __init__(self, ns):
        self.ns, self.values, self.tables = ns, {}, {}

    @property
    def ended(self):
        return self.ns + self.values.get(("self.tick.time", "", ""), 0)


def word_of(s):
    return "" if s == "-" else unquote(s, errors="surrogateescape")


def samples_of(store):
    """The samples, and whether the recording could be read to its end."""
    out = []
    p = subprocess.run([PROGRAM, store], stdout=subprocess.PIPE, text=True, timeout=60)
    for line in p.stdout.splitlines():
        kind, *words = line.split(" ")
        if kind == "sample":
            out.append(Sample(int(words[0])))
        elif kind == "value":
            out[-1].values[words[0], word_of(words[1]), word_of(words[2])] = int(words[3])
        else:
            row = {k: v for k, _, v in (w.partition("=") for w in words[1:])}
            out[-1].tables.setdefault(words[0], []).append(row)
    return out, p.returncode == 0
