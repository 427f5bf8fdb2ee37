# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""What a case expects of `plimsoll check --json`, and the contract that holds in every case.

A case returns finding(...), several of them in a list, Expect(...), or None: nothing but notes. Whatever it returns, the document
must keep its contract: all fields with their types, verdict and exit status that agree, and findings that prove themselves (culprit,
evidence with a command that shows it by hand, a way out, a forecast exactly where something fills)."""

import json
import re

EXIT = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
SEVERITIES = ("notice", "warning", "critical")
STATES = ("filling", "saturated", "exhausted", "stalled", "wrong", "note")
KINDS = ("process", "job", "cgroup", "peer", "destination", "session", "file", "config", "slot", "backend", "device", "interface", "path", "traffic", "kernel", "hardware")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)\Z")
# The first word of a command that confirms something: a program, not prose.
TOOLS = set("awk bridge cat cd conntrack cut df dmesg du find getent grep head iostat ip journalctl ls lsblk lsof nsenter nstat pidstat ps readlink sar sh ss stat strace redis-cli rndc unbound-control "
            "nft openssl ping sysctl systemd-cgtop tail tc timeout top vmstat wc watch".split())


class Finding:
    def __init__(self, resource, state, severity, culprit, more):
        self.resource, self.state, self.severity, self.culprit, self.more = resource, state, severity, culprit, more

    def __str__(self):
        return "%s %s %s by %s%s" % (self.resource, self.state, self.severity, show_culprit(self.culprit), "".join(" %s=%s" % kv for kv in self.more.items()))


def finding(resource, state, severity="critical", culprit=None, **more):
    """culprit: (kind, value) or (kind, value, pid) of the first one. More: rule, netns, cgroup, used, limit, refused (numbers, or (low, high)), eta (low, high),
    since (a moment's number), effects (resources that are among them), victims (values that are among them), text (that stands in the title)."""
    return Finding(resource, state, severity, culprit, more)


class Expect:
    anything = False

    def __init__(self, *findings, notes=(), verdict=None, blind=(), checks=(), exit=None, text=False):
        """notes: resources with a note. verdict: other than what the findings say. blind: words that must stand in `what` of some entry each. checks: functions of
        (run) that give a complaint or None. exit: the run ends with this status and no document. text: the other forms of output are checked as well."""
        self.findings, self.notes, self.verdict, self.blind, self.checks, self.exit, self.text = list(findings), notes, verdict, blind, checks, exit, text


def note(resource):
    return Expect(notes=(resource,))


def expectation(returned):
    if returned is None:
        return Expect()
    if isinstance(returned, Finding):
        return Expect(returned)
    return Expect(*returned) if isinstance(returned, (list, tuple)) else returned


def show_culprit(c):
    return "nobody" if not c else "%s %s%s" % (c[0], c[1], " (pid %s)" % c[2] if len(c) > 2 and c[2] else "")


def show_found(f):
    c = f["culprits"][0] if f.get("culprits") else None
    return "%s %s %s by %s" % (f.get("resource"), f.get("state"), f.get("severity"), show_culprit((c["kind"], c["value"], c["pid"]) if c else None))


def parse(text):
    """A JSON document, read strictly: UTF-8, no NaN, no key twice. Raises ValueError."""
    def once(pairs):
        keys = [k for k, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError("a key stands twice: %s" % keys)
        return dict(pairs)

    def refuse(word):
        raise ValueError(word)

    return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)


# ---- the contract ---------------------------------------------------------------------------------------------------

def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def is_time(v):
    return isinstance(v, str) and TIME.match(v) is not None


def is_text(v):
    return isinstance(v, str)


def is_words(v):
    return isinstance(v, str) and v != ""


def is_pid(v):
    return isinstance(v, int) and not isinstance(v, bool) and v > 0


def maybe(test):
    return lambda v: v is None or test(v)


def one_of(values):
    return lambda v: v in values


def a_list(v):
    return isinstance(v, list)


def is_share(v):
    return is_number(v) and 0 <= v <= 1


DOCUMENT = dict(plimsoll=is_words, schema=lambda v: v == 1, host=is_words, at=is_time, window_s=lambda v: is_number(v) and v > 0, verdict=one_of(EXIT), findings=a_list,
                blind=a_list)
FINDING = dict(id=is_words, rule=is_words, severity=one_of(SEVERITIES), state=one_of(STATES), resource=is_words, netns=maybe(is_words), cgroup=maybe(is_words),
               title=is_words, since=is_time, eta_s=maybe(lambda v: is_number(v) and v >= 0), used=is_number, limit=maybe(is_number), unit=is_text, refused=maybe(is_number),
               culprits=a_list, victims=a_list, evidence=a_list, remedies=a_list, effects=a_list)
PARTS = dict(
    culprits=dict(kind=one_of(KINDS), value=is_words, pid=maybe(is_pid), share=maybe(is_share), why=is_words),
    victims=dict(kind=is_words, value=is_words, pid=maybe(is_pid), effect=is_words),
    evidence=dict(text=is_words, metric=maybe(is_words), value=is_number, limit=maybe(is_number), at=is_time, confirm=maybe(is_words)),
    remedies=dict(text=is_words, command=maybe(is_words), file=maybe(is_words), lasts=lambda v: isinstance(v, bool), cost=is_words, risk=is_words),
    effects=dict(resource=is_words, text=is_words))
BLIND = dict(what=is_words, why=is_words, hides=lambda v: a_list(v) and v and all(is_words(x) for x in v))


def check_fields(where, value, shape):
    if not isinstance(value, dict):
        return ["%s is no object" % where]
    bad = ["%s has no field %s" % (where, k) for k in shape if k not in value]
    return bad + ["%s.%s is %s" % (where, k, json.dumps(value[k])[:80]) for k, test in shape.items() if k in value and not test(value[k])]


def check_contract(doc, names, meaning=True):
    """names: rules, resources and metrics of the catalogue. meaning: findings prove themselves as well."""
    bad = check_fields("document", doc, DOCUMENT)
    if bad:
        return bad
    for b in doc["blind"]:
        bad += check_fields("blind", b, BLIND)
    for f in doc["findings"]:
        more = check_fields("finding", f, FINDING)
        for part, shape in PARTS.items():
            for e in f.get(part) if isinstance(f.get(part), list) else []:
                more += check_fields("%s.%s" % (f.get("resource"), part), e, shape)
        if not more and meaning:
            more = check_meaning(f, doc, names)
        bad += more
    if bad:
        return bad
    ids = [f["id"] for f in doc["findings"]]
    if len(set(ids)) != len(ids):
        bad.append("two findings bear the same id")
    kinds = [f["state"] == "note" for f in doc["findings"]]
    if kinds != sorted(kinds):
        bad.append("a note stands before a finding")
    return bad


def check_meaning(f, doc, names):
    bad = []
    if f["rule"] not in names["rules"]:
        bad.append("rule %s is not in the catalogue" % f["rule"])
    for r in [f["resource"]] + [e["resource"] for e in f["effects"]]:
        if r.split(":")[0] not in names["resources"]:
            bad.append("resource %s is not in the catalogue" % r)
    bad += ["metric %s is not in the catalogue" % e["metric"] for e in f["evidence"] if e["metric"] and e["metric"] not in names["metrics"]]
    if (f["state"] == "note") != (f["severity"] == "notice"):
        bad.append("%s: state %s with severity %s" % (f["resource"], f["state"], f["severity"]))
    if f["since"] > doc["at"]:
        bad.append("%s: since %s is after now" % (f["resource"], f["since"]))
    if f["state"] == "note":
        return bad
    if (f["eta_s"] is not None) != (f["state"] == "filling"):
        bad.append("%s: state %s with eta_s %s" % (f["resource"], f["state"], f["eta_s"]))
    bad += ["%s: no %s" % (f["resource"], part) for part in ("culprits", "evidence", "remedies") if not f[part]]
    for e in f["evidence"]:
        word = re.match(r"[A-Za-z0-9_.-]+", e["confirm"] or "")
        if not word or word.group(0) not in TOOLS:
            bad.append("%s: evidence \"%s\" is confirmed by no command: %s" % (f["resource"], e["text"], e["confirm"]))
    return bad


# ---- what the case expects ------------------------------------------------------------------------------------------

def within(found, wanted):
    if found is None:
        return False
    low, high = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    return low - abs(low) * 1e-9 <= found <= high + abs(high) * 1e-9


def compare(f, want, seconds):
    """What is wrong with the found finding f."""
    bad = []

    def wrong(what, expected, found):
        bad.append("%s: %s: expected %s, found %s" % (want.resource, what, expected, found))

    for what, expected in (("state", want.state), ("severity", want.severity)):
        if f[what] != expected:
            wrong(what, expected, f[what])
    if want.culprit:
        first = f["culprits"][0] if f["culprits"] else None
        found = first and (first["kind"], first["value"], first["pid"])[:len(want.culprit)]
        if found != tuple(want.culprit):
            wrong("culprit", show_culprit(want.culprit), show_culprit(found))
    for key, expected in want.more.items():
        if key in ("rule", "netns", "cgroup"):
            if f[key] != expected:
                wrong(key, expected, f[key])
        elif key in ("used", "limit", "refused"):
            if not within(f[key], expected):
                wrong(key, expected, f[key])
        elif key == "eta":
            if not within(f["eta_s"], expected):
                wrong("eta_s", expected, f["eta_s"])
        elif key == "since":
            if f["since"] != seconds(expected):
                wrong("since", seconds(expected), f["since"])
        elif key == "effects":
            found = [e["resource"] for e in f["effects"]]
            if not set(expected) <= set(found):
                wrong("effects", expected, found)
        elif key == "victims":
            found = [e["value"] for e in f["victims"]]
            if not set(expected) <= set(found):
                wrong("victims", expected, found)
        elif key == "text":
            if expected not in f["title"]:
                wrong("title", "... %s ..." % expected, f["title"])
        else:
            raise KeyError(key)
    return bad


def check_findings(doc, expect, seconds):
    bad, found = [], [f for f in doc["findings"] if f["state"] != "note"]
    for want in expect.findings:
        match = [f for f in found if f["resource"] == want.resource and ("netns" not in want.more or f["netns"] == want.more["netns"])]
        match = match or [f for f in found if f["resource"] == want.resource]
        if not match:
            bad.append("expected %s, found %s" % (want, "; ".join(map(show_found, found)) or "nothing"))
            continue
        found.remove(match[0])
        bad += compare(match[0], want, seconds)
    bad += ["not expected, found %s: %s" % (show_found(f), f["title"]) for f in found]
    notes = [f["resource"] for f in doc["findings"] if f["state"] == "note"]
    bad += ["expected a note on %s, found notes on %s" % (r, notes or "nothing") for r in expect.notes if r not in notes]
    for word in expect.blind:
        if not any(word in b["what"] for b in doc["blind"]):
            bad.append("blind: expected %s, found %s" % (word, [b["what"] for b in doc["blind"]]))
    return bad


def check_time(doc, t, seconds):
    """The document speaks of the recording's time, not of ours."""
    last, length = t.moments - 1, (t.clock(t.moments - 1)[1] - t.clock(0)[1]) / 1e9
    bad = [] if doc["at"] == seconds(last) else ["at: expected %s, found %s" % (seconds(last), doc["at"])]
    return bad + ([] if within(doc["window_s"], length) else ["window_s: expected %s, found %s" % (length, doc["window_s"])])


def check_verdict(doc, status, expect):
    severities = [f["severity"] for f in doc["findings"] if f["state"] != "note"]
    worst = "critical" if "critical" in severities else "warning" if severities else "ok"
    wanted = expect.verdict or worst
    bad = []
    if doc["verdict"] != wanted:
        bad.append("verdict: expected %s, found %s" % (wanted, doc["verdict"]))
    if status != EXIT[doc["verdict"]]:
        bad.append("exit status %d does not agree with verdict %s" % (status, doc["verdict"]))
    return bad


# ---- commands and text ----------------------------------------------------------------------------------------------

def commands(doc):
    """All shell commands in the document."""
    for f in doc["findings"]:
        for e in f["evidence"]:
            if e["confirm"]:
                yield e["confirm"]
        for r in f["remedies"]:
            if r["command"]:
                yield r["command"]


def unquoted(command):
    """What of a command stands outside single quotes."""
    return re.sub(r"'[^']*'", "", command.replace("'\\''", ""))


HIDING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def check_text(name, output):
    """A person's form of output: UTF-8 with no byte that steers a terminal."""
    try:
        text = output.decode("utf-8")
    except UnicodeDecodeError as e:
        return ["%s: invalid UTF-8 at byte %d: %r" % (name, e.start, output[max(0, e.start - 30):e.start + 10])]
    hit = HIDING.search(text)
    return ["%s: U+%04X reaches the terminal: %r" % (name, ord(hit.group(0)), text[max(0, hit.start() - 30):hit.end() + 10])] if hit else []
