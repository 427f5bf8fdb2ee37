# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""`plimsoll record` beside a case of the lab, and what is kept of it."""
import contextlib
import datetime
import json
import signal
import subprocess
import time

PATIENCE_S = 20                 # to begin, to end, and for each look at what it wrote
WHOLE_SPAN = "24h"              # one step for all that a case takes


class Failed(Exception):
    """The recorder, or a look at its store, did not do what it is there for."""


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds")


class Recorder:
    def __init__(self, program, folder):
        self.program, self.store, self.log = program, folder / "store", folder / "record.err"
        self.process = None

    def start(self):
        # It ends with us also when we are killed; setpriv becomes the recorder.
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", self.program, "record", "--store", self.store],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + PATIENCE_S
        while not any(self.store.glob("log/*")):
            self.expect_running()
            if time.monotonic() > deadline:
                raise Failed(f"the recorder has written nothing after {PATIENCE_S} s")
            time.sleep(0.1)

    def expect_running(self):
        if self.process.poll() is not None:
            raise Failed(f"the recorder ended: exit status {self.process.returncode}: {self.said()}")

    def said(self):
        return " ".join(self.log.read_text(errors="replace").split())[-300:]

    def stop(self):
        """Ends it, so that the store is sealed; harmless to repeat. None, or what was wrong with its end."""
        process, self.process = self.process, None
        if not process:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"the recorder did not end within {PATIENCE_S} s: {self.said()}"
        return f"the recorder's exit status: {status}: {self.said()}" if status else None

    def look(self, *arguments):
        """Standard output of a command about the store."""
        try:
            done = subprocess.run([self.program, *arguments, "--store", self.store], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"{arguments[0]}: no answer within {PATIENCE_S} s") from None
        if done.returncode:
            raise Failed(f"{arguments[0]}: exit status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def late_share(self):
        """Of the seconds that were due, those it took too late or left out."""
        try:
            series = json.loads(self.look("query", "self.ticks*", "--step", WHOLE_SPAN, "--json"))["series"]
            rates = {one["metric"]: sum(value or 0 for value in one["values"]) for one in series}
            return rates["self.ticks.late"] / rates["self.ticks"]
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            raise Failed(f"query: the counters of seconds are not there ({error!r})") from None

    def export(self, path, begin, end):
        self.look("export", path, "--from", moment(begin), "--to", moment(end))
        return path.stat().st_size
