// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The verdict and the findings: what is wrong, who makes it, who suffers, since when, how long is left, the proof, what to do. The first one is
// unfolded, and the one that the link names.
import {loadBar} from "./bar.js";
import {$, command, copyButton, el, goTo, plain, renew, say} from "./dom.js";
import {amount, clock, duration, hms, plural} from "./words.js";
import {place, time} from "./time.js";

export const WORDS = {ok: "OK", warning: "WARNING", critical: "CRITICAL", unknown: "UNKNOWN"};
export const SIGNS = {ok: "✓", warning: "▲", critical: "◆", unknown: "?", notice: "●", note: "○"}; // beside each colour a form
const STATES = {filling: "runs full", saturated: "others wait", exhausted: "refuses", stalled: "stands still", wrong: "is wrong", note: "worth knowing"};

const unfolded = new Map(); // by id, what somebody chose
let shown = null, asAnswered = null; // the check that is shown, and as it came

/* ---- verdict ---- */

function counted(check, real) {
	if (!real.length)
		return check.verdict === "unknown" ? "The numbers that a verdict needs could not be read." : "Nothing is running out, nobody waits.";
	const n = (s) => real.filter((f) => f.severity === s).length;
	const kinds = [n("critical") && `${n("critical")} critical`, n("warning") && plural(n("warning"), "warning"), n("notice") && plural(n("notice"), "notice")].filter(Boolean);
	return kinds.join(", ") + ": " + plain(real[0].resource) + (real.length > 1 ? " first" : "");
}

function isReal(f) {
	return f.state !== "note" && !f.muted;
}

function showVerdict(check) {
	const real = check.findings.filter(isReal);
	const notes = check.findings.filter((f) => f.state === "note" && !f.muted).length;
	const muted = check.findings.filter((f) => f.muted).length;
	const known = check.verdict in WORDS;
	$("verdict").className = known ? check.verdict : "unknown";
	$("word").dataset.sign = SIGNS[check.verdict] || "?";
	say($("word"), WORDS[check.verdict] || "?");
	say($("headline"), counted(check, real));
	const oldest = Math.min(...real.map((f) => f.since ? Date.parse(f.since) : Infinity));
	say($("watched"), [Number.isFinite(oldest) && `since ${clock(oldest, Date.parse(check.at))} (${duration(Math.max(0, (Date.parse(check.at) - oldest) / 1000))})`,
		notes && plural(notes, "note"), muted && `${muted} muted`, `watched for ${duration(check.window_s)} until ${hms(check.at)}`].filter(Boolean).join(" · "));
	say($("host"), plain(check.host));
	say($("version"), "plimsoll " + check.plimsoll);
	document.title = `${SIGNS[check.verdict] || "?"} ${real.length ? plain(real[0].title) : WORDS[check.verdict] || "?"} · ${plain(check.host)}`;
}

// Without a check: why there is none.
export function showNoVerdict(why, detail) {
	$("verdict").className = "nothing";
	delete $("word").dataset.sign;
	say($("word"), "no answer yet");
	say($("headline"), plain(why));
	say($("watched"), detail ? plain(detail) : "");
	document.title = "no answer · Plimsoll";
	shown = asAnswered = null;
}

/* ---- since when ---- */

let begins = []; // events: what the recorder noted of findings

// A check looks at some seconds; the recorder may have seen the same trouble begin long before. Where neither saw its begin, `before` says so.
function withBegin(f, check) {
	const now = Date.parse(check.at), since = Date.parse(f.since);
	const same = begins.filter((e) => e.id === f.id && e.at <= since + 1500 && (e.until === null || e.until >= since) && e.at <= now);
	if (same.length)
		return {...f, since: new Date(Math.min(since, ...same.map((e) => e.at))).toISOString()};
	return {...f, before: (now - since) / 1000 > check.window_s - 1.5};
}

function withBegins(check) {
	return {...check, findings: check.findings.map((f) => f.since ? withBegin(f, check) : f)};
}

// events of kind "finding", times in ms
export function know(events) {
	begins = events;
	if (asAnswered)
		show(asAnswered);
}

/* ---- one finding ---- */

function part(heading, items, show, list = "ul") {
	return items.length ? el("div", {class: "part"}, el("h4", {}, heading), el(list, {}, items.map((i) => el("li", {}, show(i))))) : "";
}

// A process leads to its rows in the tables.
function rowsOf(who) {
	return who.pid ? place.link({view: "procs", q: String(who.pid), sort: null}) : null;
}

function named(who) {
	return [el("strong", {}, plain(who.value)), who.pid ? [" ", el("a", {href: rowsOf(who), class: "pid", title: "its row in the processes"}, `pid ${who.pid}`)] : "",
		who.kind === "process" ? "" : el("span", {class: "kind"}, ` (${plain(who.kind)})`)];
}

function showCulprit(c) {
	return [named(c), c.share !== null && c.share > 0 && c.share < 1 ? el("span", {class: "share"}, ` ${amount(c.share, "ratio")} of it`) : "",
		c.why ? el("div", {class: "why"}, plain(c.why)) : ""];
}

function showVictim(v) {
	return [named(v), v.effect ? el("div", {class: "why"}, plain(v.effect)) : ""];
}

function showEvidence(e) {
	return [plain(e.text), e.alternative ? el("div", {class: "why"}, `or: ${plain(e.alternative)}`) : "", e.confirm ? command(e.confirm) : ""];
}

function showRemedy(r) {
	const says = [r.file && `to last: ${plain(r.file)}`, r.cost && `cost: ${plain(r.cost)}`, r.risk && r.risk !== "none" && `risk: ${plain(r.risk)}`,
		!r.lasts && r.command && "not kept over a reboot"].filter(Boolean);
	return [plain(r.text), r.command ? command(r.command) : "", says.length ? el("div", {class: "why"}, says.join(" · ")) : ""];
}

function lasted(f, at) {
	return f.since ? (f.before ? "at least " : "") + duration(Math.max(0, (Date.parse(at) - Date.parse(f.since)) / 1000)) : "";
}

const OWN_UNIT = ["bytes", "bytes/s", "ratio", "seconds", ""];

function fact(name, value) {
	return value ? [el("dt", {}, name), el("dd", {}, value)] : "";
}

// used of limit with the load line, and the times.
function measure(f, at) {
	const unit = OWN_UNIT.includes(f.unit) ? "" : ` ${f.unit}`;
	const limit = f.limit === null ? "" : ` of ${amount(f.limit, f.unit)}`;
	return el("div", {class: "measure"},
		f.used === null || (f.limit === null && !f.used) ? "" : el("p", {class: "used"}, el("strong", {}, amount(f.used, f.unit)), limit + unit),
		f.limit === null || f.used === null ? "" : loadBar({used: f.used, limit: f.limit, high: null}),
		el("dl", {}, fact("since", f.since && `${clock(f.since, Date.parse(at))}${f.before ? " or before" : ""}, for ${lasted(f, at)}`),
			fact("time left", f.eta_s !== null && (f.eta_s <= 0 ? "none" : duration(f.eta_s))), fact("refused", f.refused ? amount(f.refused) : ""),
			fact("resource", el("span", {class: "mono"}, plain(f.resource))), fact("control group", f.cgroup && el("span", {class: "mono"}, plain(f.cgroup))),
			fact("network namespace", f.netns && el("span", {class: "mono"}, plain(f.netns))),
			fact("muted", f.muted && `until ${clock(f.muted.until, Date.parse(at))}${f.muted.by ? " by " + plain(f.muted.by) : ""}: ${plain(f.muted.reason || "")}`)));
}

function address(f, at) {
	return new URL(place.link({finding: f.id, view: null, q: null, sort: null}, Date.parse(shown ? shown.at : at)), location.href).href;
}

function body(f, at) {
	return el("div", {class: "body"},
		el("div", {class: "who"}, part(f.culprits.length > 1 ? "Culprits" : "Culprit", f.culprits, showCulprit), part("Who suffers", f.victims, showVictim),
			part("What follows from it", f.effects, (e) => [el("span", {class: "mono"}, plain(e.resource)), ` ${plain(e.text)}`])),
		measure(f, at),
		el("div", {class: "do"}, part("What to do", f.remedies, showRemedy, "ol")),
		el("div", {class: "proof"}, part("Proof", f.evidence, showEvidence, "ol")),
		el("div", {class: "more"}, el("span", {}, "why this rule speaks, and when it is wrong: "), command(`plimsoll explain ${f.rule}`),
			copyButton(() => address(f, at), "copy link", "copy a link to this finding at this moment")));
}

function isUnfolded(f, first) {
	if (place.get("finding") === f.id && !unfolded.has(f.id))
		return true;
	return unfolded.has(f.id) ? unfolded.get(f.id) : first;
}

function fold(f, open) {
	unfolded.set(f.id, open);
	if (open)
		place.set({finding: f.id}, {quiet: true});
	else if (place.get("finding") === f.id)
		place.set({finding: null}, {quiet: true});
	showFindings(shown);
}

function severityOf(f) {
	return f.state === "note" ? "note" : ["notice", "warning", "critical"].includes(f.severity) ? f.severity : "notice";
}

function card(f, at, open) {
	const kind = severityOf(f), id = `finding-${plain(f.id)}`;
	const who = f.culprits.length ? plain(f.culprits[0].value) : "";
	const title = el("button", {type: "button", class: "title", "aria-expanded": open ? "true" : "false", "aria-controls": open ? id + "-body" : null, click: () => fold(f, !open)},
		plain(f.title));
	const inner = open ? body(f, at) : "";
	if (inner)
		inner.id = id + "-body";
	return el("article", {class: `finding ${kind}${f.muted ? " muted" : ""}${open ? " open" : ""}${place.get("finding") === f.id ? " chosen" : ""}`, id, "data-id": f.id},
		el("div", {class: "head"},
			el("p", {class: "line"}, el("span", {class: "chip"}, el("span", {class: "sign", "aria-hidden": "true"}, SIGNS[kind] + " "), f.muted ? "muted" : kind),
				" ", el("span", {class: "state"}, STATES[f.state] || plain(f.state)),
				open || !who ? "" : [el("span", {class: "dim"}, " · by "), el("span", {class: "by"}, who)],
				!f.since || f.state === "note" ? "" : el("span", {class: "dim"}, ` · for ${lasted(f, at)}`)),
			el("h3", {}, title)),
		inner);
}

function showFindings(check) {
	const box = $("findings");
	if (!check)
		return;
	const order = [...check.findings.filter(isReal), ...check.findings.filter((f) => f.state === "note" && !f.muted), ...check.findings.filter((f) => f.muted)];
	const wanted = order.map((f, i) => {
		const open = isUnfolded(f, i === 0 && isReal(f));
		return {key: f.id, signature: JSON.stringify([f, open, place.get("finding") === f.id, lasted(f, check.at), open ? check.at.slice(0, 16) : ""]), make: () => card(f, check.at, open)};
	});
	if (!wanted.length)
		wanted.push({key: "none", signature: check.verdict, make: () => el("p", {class: "empty"}, check.verdict === "ok" ? "None." : "None that could be judged.")});
	const chosen = place.get("finding");
	if (chosen && !order.some((f) => f.id === chosen))
		wanted.unshift({key: "gone", signature: chosen + time.get().live, make: () => el("p", {class: "empty"},
			time.get().live ? "The finding of this link is over, or not of this machine." : "The finding of this link was not there at this moment.",
			" ", el("button", {type: "button", click: () => place.set({finding: null})}, "well"))});
	renew(box, wanted);
	$("blind").hidden = !check.blind.length;
	renew($("blind").querySelector("ul"), check.blind.map((b) => ({key: b.what, signature: JSON.stringify(b), make: () =>
		el("li", {}, plain(b.what), ": ", plain(b.why), b.hides.length ? `; hides ${plain(b.hides.join(", "))}` : "")})));
}

/* ---- for the others ---- */

let arrivedAt = ""; // the finding that the page has gone to by its link

export function show(check) {
	asAnswered = check;
	shown = withBegins(check);
	showVerdict(shown);
	showFindings(shown);
	const chosen = place.get("finding");
	if (chosen && chosen !== arrivedAt) {
		arrivedAt = chosen;
		const e = document.getElementById("finding-" + chosen);
		if (e && e.getBoundingClientRect().top > innerHeight * 0.6)
			goTo(e);
	}
	if (!chosen)
		arrivedAt = "";
}

// j and k: from one finding's title to the next.
export function step(by) {
	const titles = [...document.querySelectorAll(".finding .title")];
	if (!titles.length)
		return;
	const at = titles.findIndex((b) => b.closest(".finding").contains(document.activeElement));
	titles[at < 0 ? (by > 0 ? 0 : titles.length - 1) : Math.min(titles.length - 1, Math.max(0, at + by))].focus();
}

// c: what to do about the finding that has the focus, else the first.
export function copyRemedy() {
	const box = (document.activeElement && document.activeElement.closest(".finding")) || document.querySelector(".finding.open");
	const button = box && box.querySelector(".do .copy");
	if (button)
		button.click();
	return Boolean(button);
}

place.subscribe(() => asAnswered && show(asAnswered));

// All is unfolded on paper.
let folded = null;
addEventListener("beforeprint", () => {
	folded = new Map(unfolded);
	if (shown)
		for (const f of shown.findings)
			unfolded.set(f.id, true);
	showFindings(shown);
});
addEventListener("afterprint", () => {
	unfolded.clear();
	for (const [k, v] of folded || [])
		unfolded.set(k, v);
	showFindings(shown);
});
