# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""When an answer of `plimsoll check` is right: for lab/score, which has the machine in trouble before it, and for
tests/recordings/run, which has the recordings of it."""
import fnmatch
import json
import re


def harm(document):
    """What counts as a finding of a document of check --json."""
    return [finding for finding in document["findings"] if finding.get("state") != "note"]


def same(a, b):
    """Whether a finding's resource is the one a pattern or exact name means; a path may be given by its last part."""
    if a == b or fnmatch.fnmatch(a, b):
        return True
    (class_a, _, inst_a), (class_b, _, inst_b) = a.partition(":"), b.partition(":")
    return class_a == class_b and inst_a != "" and (
        inst_a.rstrip("/").endswith("/" + inst_b.strip("/")) or inst_b.rstrip("/").endswith("/" + inst_a.strip("/")))


def contains(text, word):
    return re.search(r"(?<![\w.])" + re.escape(str(word).lower()) + r"(?!\w)", text) is not None


def culprit_text(culprit):
    return " ".join(str(culprit[key]) for key in ("value", "pid") if culprit.get(key) is not None).lower()


def described(finding):
    culprits = finding.get("culprits") or []
    who = ", culprit " + " / ".join(culprit_text(culprits[0]).split()) if culprits else ", no culprit"
    return f'{finding.get("resource")} ({finding.get("state")}){who}: {finding.get("title", "")}'


class Right:
    """What is right: names or patterns of resources, and words of which the first culprit must have one."""

    def __init__(self, resources, culprits):
        self.resources, self.culprits = resources, culprits

    def is_resource(self, resource):
        return any(same(resource, name) for name in self.resources)

    def is_culprit(self, culprits):
        return bool(culprits) and any(contains(culprit_text(culprits[0]), word) for word in self.culprits)

    def extra(self, findings):
        """Findings besides the first that are neither the same trouble nor told as its effect."""
        effects = [e.get("resource", "") if isinstance(e, dict) else str(e) for e in findings[0].get("effects") or []]
        return [f for f in findings[1:]
                if not self.is_resource(f["resource"]) and not any(same(f["resource"], e) for e in effects if e)]

    def expected(self):
        return f"{self.resources[0]}, culprit {' or '.join(self.culprits)}"

    def complaints(self, findings):
        """Why this answer is wrong, one line each; none: it is right."""
        if not findings:
            return ["nothing named", f"expected {self.expected()}"]
        first = findings[0]
        if not self.is_resource(first["resource"]):
            wrong = "wrong resource first"
        elif not self.is_culprit(first.get("culprits")):
            wrong = "wrong culprit first"
        else:
            return [f"extra: {described(finding)}" for finding in self.extra(findings)]
        return [wrong, f"expected {self.expected()}", f"found    {described(first)}"]


class Truth(Right):
    """What a case says is right, for one run: its case.json and the truth its inject told."""

    def __init__(self, spec, truth):
        self.spec, self.truth = spec, truth
        expected = spec["expected"]
        exact = self.look(expected["exact"])
        resources = [exact, *(self.look(p) for p in expected["also_accepted"])]
        # the class is a matter of the case's text, the instance one of the run: trust the class where they contradict
        if not str(exact).startswith(expected["resource"].rstrip("*")):
            resources.append(expected["resource"])
        culprits = []
        for word in expected["culprit"]["accept_any_of"]:
            value = self.look(word)
            culprits += value if isinstance(value, list) else [value]
        super().__init__([name for name in resources if name], [str(word) for word in culprits if word not in (None, "")])

    def look(self, path):
        """truth:a.b means that field of the truth; anything else stands for itself"""
        if not path.startswith("truth:"):
            return path
        value = self.truth
        for key in path.removeprefix("truth:").split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def is_advice(self, finding):
        text = " ".join(f"{r.get('text') or ''} {r.get('command') or ''}" for r in finding.get("remedies") or []).lower()
        return "tcp_tw_recycle" not in text and any(re.search(k, text) for k in self.spec["countermeasure_keywords"])

    def blamed(self, finding):
        """Which of the tempting wrong answers this is. They are notes for people; their usual forms are understood."""
        culprits = finding.get("culprits") or []
        hits = []
        for entry in self.spec.get("must_not_blame", []):
            word, _, rest = entry.partition(" ")
            if rest == "as advice":
                text = json.dumps(finding.get("remedies") or []).lower()
                hit = word in text
            elif rest == "as the only advice":
                hit = False
            elif word == "peer":
                hit = bool(culprits) and contains(culprit_text(culprits[0]), rest)
            elif rest.startswith("("):
                hit = finding["resource"] == word
            else:
                cls = finding["resource"].partition(":")[0]
                hit = cls == word or cls.startswith(word + ".") or bool(culprits) and contains(culprit_text(culprits[0]), word)
            if hit:
                hits.append(entry)
        return hits
