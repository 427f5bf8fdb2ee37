// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The page asks for what `plimsoll check --json` and `plimsoll limits --json` say, every two seconds, and follows the summary of each second
// for the curves. Names of processes, paths and peers are chosen by strangers: nothing here makes markup of text. el() puts strings into
// text nodes, and there is no other way into the document.
"use strict";

const EVERY_MS = 2000;
const ANSWER_MS = 10000; // an answer that takes longer is none
const CURVE = 120; // seconds
const PLENTY = 0.5; // of the ledger: more left than this is shown only when asked for

const $ = (id) => document.getElementById(id);

/* ---- making elements ---- */

function el(tag, attributes, ...children) {
	const e = tag === "svg" || tag === "polyline" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (typeof value === "function")
			e.addEventListener(name, value);
		else if (value !== null && value !== false && value !== undefined)
			e.setAttribute(name, value === true ? "" : value);
	}
	e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== "")); // strings become text nodes
	return e;
}

// Characters that turn or hide text, in a name that somebody chose.
function plain(text) {
	return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
		(c) => c < "\u0100" ? "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0") : "\\u{" + c.charCodeAt(0).toString(16) + "}");
}

// A text that stays the same is not read out again.
function say(id, text) {
	if ($(id).textContent !== text)
		$(id).textContent = text;
}

/* ---- numbers for people ---- */

function scaled(value, step, units) {
	let i = 0;
	while (Math.abs(value) >= step && i < units.length - 1) {
		value /= step;
		i++;
	}
	const digits = i === 0 && Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
	return String(Number(value.toFixed(digits))) + units[i];
}

function amount(value, unit) {
	if (value === null || value === undefined)
		return "";
	if (unit === "bytes" || unit === "bytes/s")
		return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]) + (unit === "bytes/s" ? "/s" : "");
	if (unit === "ratio")
		return scaled(value * 100, Infinity, [" %"]);
	return scaled(value, 1000, ["", "k", "M", "G", "T"]);
}

function duration(s) {
	if (s < 1)
		return Math.round(s * 1000) + " ms";
	if (s < 120)
		return Math.round(s) + " s";
	if (s < 7200)
		return Math.round(s / 60) + " min";
	return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " days";
}

function clock(time) {
	return new Date(time).toLocaleString(undefined, {dateStyle: "medium", timeStyle: "medium"});
}

/* ---- verdict ---- */

const WORDS = {ok: "OK", warning: "WARNING", critical: "CRITICAL", unknown: "UNKNOWN"};

function showVerdict(check) {
	const real = check.findings.filter((f) => f.state !== "note");
	const notes = check.findings.length - real.length;
	const headline = real.length ? real[0].title : check.verdict === "unknown" ? "the numbers that a verdict needs could not be read"
		: "nothing is running out, nobody waits";
	$("verdict").className = check.verdict in WORDS ? check.verdict : "";
	$("word").textContent = WORDS[check.verdict] || "?";
	say("headline", plain(headline));
	$("watched").textContent = [`watched for ${duration(check.window_s)} until ${clock(check.at)}`, real.length > 1 && `${real.length} findings`,
		notes && `${notes} ${notes === 1 ? "note" : "notes"}`].filter(Boolean).join(" · ");
	$("host").textContent = plain(check.host);
	$("version").textContent = "plimsoll " + check.plimsoll;
	document.title = `${WORDS[check.verdict] || "?"} · ${plain(check.host)} · Plimsoll`;
}

/* ---- findings ---- */

// Only what stands there is copied: a command with bytes that cannot be shown is to be read first.
function command(text) {
	if (plain(text) !== text)
		return el("div", {class: "command"}, el("code", {}, plain(text)));
	const button = el("button", {type: "button", click: () => navigator.clipboard.writeText(text).then(
		() => button.textContent = "copied", () => button.textContent = "not allowed")}, "copy");
	return el("div", {class: "command"}, el("code", {}, text), button);
}

function part(heading, items, show) {
	return items.length ? [el("h4", {}, heading), el("ul", {}, items.map((i) => el("li", {}, show(i))))] : [];
}

function named(who) {
	return [el("strong", {}, plain(who.value)), who.pid ? ` (pid ${who.pid})` : "", who.kind === "process" ? "" : ` · ${plain(who.kind)}`];
}

function showRemedy(r) {
	const says = [r.file && `to last: ${plain(r.file)}`, r.cost && `cost: ${plain(r.cost)}`, r.risk && `risk: ${plain(r.risk)}`,
		!r.lasts && r.command && "not kept over a reboot"].filter(Boolean);
	return [plain(r.text), r.command ? command(r.command) : "", says.length ? el("div", {class: "facts"}, says.join(" · ")) : ""];
}

function facts(f, at) {
	const limit = f.limit === null ? "" : ` of ${amount(f.limit, f.unit)}`;
	const unit = ["bytes", "bytes/s", "ratio", ""].includes(f.unit) ? "" : ` ${f.unit}`;
	return [`${amount(f.used, f.unit)}${limit}${unit}`, f.refused && `${amount(f.refused)} refused`,
		f.since && `for ${duration(Math.max(0, (Date.parse(at) - Date.parse(f.since)) / 1000))}, since ${clock(f.since)}`,
		f.eta_s !== null && `full in ${duration(f.eta_s)}`, f.cgroup && plain(f.cgroup), f.netns && `network namespace ${plain(f.netns)}`]
		.filter(Boolean).join(" · ");
}

function showFinding(f, at) {
	return el("article", {class: `finding ${["notice", "warning", "critical"].includes(f.severity) ? f.severity : ""}`},
		el("span", {class: "chip"}, f.state === "note" ? "note" : `${f.severity}: ${f.state}`), " ", el("span", {class: "mono dim"}, plain(f.resource)),
		el("h3", {}, plain(f.title)),
		el("p", {class: "facts"}, facts(f, at)),
		part("Who", f.culprits, (c) => [named(c), c.share === null ? "" : `, ${amount(c.share, "ratio")}`, c.why ? `: ${plain(c.why)}` : ""]),
		part("Who suffers", f.victims, (v) => [named(v), v.effect ? `: ${plain(v.effect)}` : ""]),
		part("What follows from it", f.effects, (e) => [el("span", {class: "mono"}, plain(e.resource)), `: ${plain(e.text)}`]),
		part("Proof", f.evidence, (e) => [plain(e.text), e.confirm ? command(e.confirm) : ""]),
		part("What to do", f.remedies, showRemedy),
		el("p", {class: "facts"}, "why this rule speaks and when it is wrong: ", el("code", {}, `plimsoll explain ${plain(f.rule)}`)));
}

// Whoever marks a command to copy it shall not lose it to the next answer.
function isMarking(box) {
	const s = getSelection();
	return !s.isCollapsed && box.contains(s.anchorNode);
}

function showFindings(check) {
	const box = $("findings");
	if (isMarking(box))
		return;
	box.replaceChildren(...check.findings.map((f) => showFinding(f, check.at)));
	if (!check.findings.length)
		box.append(el("p", {class: "empty"}, check.verdict === "ok" ? "None." : "None that could be judged."));
	$("blind").hidden = !check.blind.length;
	$("blind").querySelector("ul").replaceChildren(...check.blind.map((b) =>
		el("li", {}, plain(b.what), ": ", plain(b.why), b.hides.length ? `; hides ${plain(b.hides.join(", "))}` : "")));
}

/* ---- ledger ---- */

let ledger = [];

const left = (r) => r.limit === null || r.limit <= 0 ? null : Math.max(0, 1 - r.used / r.limit);

function isShort(r) {
	return (left(r) !== null && left(r) < PLENTY) || r.eta_s !== null || r.refused_per_s > 0 || r.pressure > 0.1;
}

function ledgerRow(r) {
	const l = left(r);
	const cell = (name, text, number) => el("td", {class: number ? "n" : null, "data-name": name}, text);
	const holders = r.holders.slice(0, 2).map((h) => plain(h.value) + (h.pid ? ` (${h.pid})` : "") + (h.share === null ? "" : ` ${amount(h.share, "ratio")}`));
	return el("tr", {class: l === null ? null : l < 0.02 ? "out" : l < 0.2 ? "short" : null},
		el("th", {scope: "row", title: r.source}, el("span", {class: "mono"}, plain(r.resource)),
			r.cgroup && !r.resource.includes(r.cgroup) ? el("div", {class: "facts"}, plain(r.cgroup)) : "",
			r.netns ? el("div", {class: "facts"}, `network namespace ${plain(r.netns)}`) : ""),
		cell("used", amount(r.used, r.unit), true), cell("limit", amount(r.limit, r.unit), true),
		cell("left", l === null ? "" : [el("progress", {max: 1, value: l}), amount(l, "ratio")]),
		cell("refused", r.refused ? amount(r.refused) : "", true), cell("time left", r.eta_s === null ? "" : duration(r.eta_s), true),
		cell("held by", holders.join(", ")));
}

function showLedger() {
	const wanted = $("filter").value.trim().toLowerCase();
	const rows = ledger.filter((r) => wanted ? (r.resource + " " + (r.cgroup || "") + " " + (r.netns || "")).toLowerCase().includes(wanted)
		: $("all").checked || isShort(r));
	if (!isMarking($("ledger")))
		$("ledger").tBodies[0].replaceChildren(...rows.map(ledgerRow));
	$("shown").textContent = ledger.length ? `${rows.length} of ${ledger.length}` : "";
}

/* ---- curves ---- */

const percent = (x) => x === null ? "?" : amount(x, "ratio");

const tiles = [
	{name: () => "processors busy", text: (s) => percent(s.cpu_busy), curves: [(s) => s.cpu_busy], top: () => 1},
	{name: () => "memory available", text: (s) => `${amount(s.mem_available, "bytes") || "?"} of ${amount(s.mem_total, "bytes") || "?"}`,
		curves: [(s) => s.mem_available], top: (s) => s.mem_total},
	{name: (s) => s.net ? `${plain(s.net.if)}: in, out` : "network", curves: [(s) => s.net && s.net.rx_bytes_per_s, (s) => s.net && s.net.tx_bytes_per_s],
		text: (s) => s.net ? `${amount(s.net.rx_bytes_per_s, "bytes/s")}, ${amount(s.net.tx_bytes_per_s, "bytes/s")}` : "?"},
	{name: () => "waits for CPU, memory, disk", curves: [(s) => s.psi_some.cpu, (s) => s.psi_some.io], top: () => 1,
		text: (s) => [s.psi_some.cpu, s.psi_some.memory, s.psi_some.io].map(percent).join(", ")},
];

const seen = [];

function curve(values, top, second) {
	const points = values.map((y, i) => typeof y === "number" ? `${CURVE - values.length + i + 1},${(30 - 28 * Math.min(1, y / top)).toFixed(2)}` : null);
	return el("polyline", {class: second ? "second" : null, points: points.filter(Boolean).join(" ")});
}

function showTile(tile, s) {
	const values = tile.curves.map((f) => seen.map(f));
	const top = (tile.top && tile.top(s)) || Math.max(1, ...values.flat().filter((y) => typeof y === "number")) * 1.1;
	return el("div", {class: "tile"}, el("h3", {}, tile.name(s)), el("p", {}, tile.text(s)),
		el("svg", {viewBox: `0 0 ${CURVE} 32`, preserveAspectRatio: "none", "aria-hidden": "true"}, values.map((v, i) => curve(v, top, i))));
}

function takeSummary(s) {
	if (s.error || (seen.length && seen[seen.length - 1].at === s.at))
		return;
	seen.push(s);
	if (seen.length > CURVE)
		seen.shift();
	$("tiles").replaceChildren(...tiles.map((t) => showTile(t, s)));
}

function follow() {
	const events = new EventSource("/api/v1/live");
	events.onmessage = (e) => takeSummary(JSON.parse(e.data));
	events.onerror = () => {
		if (events.readyState === EventSource.CLOSED) // refused: it does not try again by itself
			setTimeout(follow, 5 * EVERY_MS);
	};
}

/* ---- asking ---- */

function showStale(why) {
	$("stale").hidden = !why;
	say("stale", why ? plain(why) : "");
	for (const id of ["verdict", "tiles", "findings", "ledger"])
		$(id).classList.toggle("old", Boolean(why));
	if (why)
		document.title = "no new samples · Plimsoll";
}

function showHealth(health) {
	const known = typeof health.age_s === "number";
	$("age").className = !health.error ? "fresh" : "old";
	$("age").textContent = !known ? "no sample" : health.age_s < 0 ? "last sample in the future" : `last sample ${duration(health.age_s)} ago`;
	showStale(health.error && (known && health.age_s > 0 ? `The recorder does not run. Shown is what was seen until ${clock(health.at)}.` : health.error));
}

async function ask(path) {
	const answer = await fetch(path, {signal: AbortSignal.timeout(ANSWER_MS)});
	return answer.json();
}

function showNothing(why) {
	$("verdict").className = "";
	$("word").textContent = "…";
	say("headline", plain(why));
	$("watched").textContent = "";
}

async function update() {
	try {
		const [health, check, limits] = await Promise.all(["/healthz", "/api/v1/check", "/api/v1/limits"].map(ask));
		if (check.error) {
			showNothing(check.error);
		} else {
			showVerdict(check);
			showFindings(check);
		}
		ledger = limits.resources || [];
		showLedger();
		showHealth(health);
	} catch (e) {
		$("age").className = "old";
		$("age").textContent = "no answer";
		showStale(`plimsoll serve does not answer (${e.message}). Shown is what it said last.`);
	}
}

async function updateForEver() {
	if (!document.hidden)
		await update();
	setTimeout(updateForEver, EVERY_MS);
}

$("filter").addEventListener("input", showLedger);
$("all").addEventListener("change", showLedger);
document.addEventListener("visibilitychange", () => document.hidden || update());
follow();
updateForEver();
