// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The views of `plimsoll top` as tables, of the second that is shown. A view says itself which columns it has and what they mean. It is asked
// for when it comes into sight.
import {loadBar} from "./bar.js";
import {$, copyButton, el, goTo, plain, renew, say} from "./dom.js";
import {hms} from "./words.js";
import {place, time, timeText} from "./time.js";

const VIEWS = [["procs", "processes"], ["conns", "connections"], ["servers", "servers and workers"], ["talk", "who talks"], ["net", "interfaces"], ["disks", "disks"],
	["memory", "memory"], ["cpu", "processors"], ["cgroups", "control groups"], ["pools", "pools"], ["states", "tracked connections"], ["irqs", "interrupts"],
	["findings", "findings"], ["overview", "overview"]];
const FEW = 100; // rows that are drawn before somebody asks for more
const MANY = 500, MANY_EVERY_MS = 6000; // what has more rows than this is asked for less often
const PATIENCE_MS = 150; // after the last letter of a filter, or step in time

let ask = null; // (path) => document
let model = null, asked = 0, fetchedAt = 0, inSight = false, everything = false, wanted = null, timer = 0;
const parts = {};

function view() {
	const name = place.get("view");
	return VIEWS.some(([v]) => v === name) ? name : "procs";
}

/* ---- sorting and finding ---- */

function order() {
	const s = place.get("sort") || "";
	const down = s.startsWith("-"), key = s.replace(/^-/, "");
	const at = model.columns.findIndex((c) => c.key === key);
	return at < 0 ? null : {at, down};
}

function compare(a, b) {
	const x = a.value, y = b.value;
	if (typeof x === "number" && typeof y === "number")
		return x - y;
	if (typeof x === "number" || typeof y === "number")
		return typeof x === "number" ? 1 : -1; // what is not known comes last of the large ones
	return String(a.text).localeCompare(String(b.text), undefined, {numeric: true});
}

function rows() {
	const words = (place.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
	let found = model.rows;
	if (words.length)
		found = found.filter((r) => {
			const text = r.cells.map((c) => c.text).join("\n").toLowerCase();
			return words.every((w) => text.includes(w));
		});
	const by = order();
	return by ? [...found].sort((a, b) => (by.down ? -1 : 1) * compare(a.cells[by.at], b.cells[by.at])) : found;
}

function isNumber(c) {
	return c.align === "right";
}

// Amounts begin with the largest, names with the first.
function natural(c) {
	return isNumber(c) && c.unit !== "id" ? "-" + c.key : c.key;
}

function sortBy(c) {
	const now = place.get("sort"), first = natural(c);
	const second = first.startsWith("-") ? c.key : "-" + c.key;
	place.set({sort: now === first ? second : now === second ? null : first});
}

/* ---- help on a column ---- */

function showTip(c, at) {
	const box = at.getBoundingClientRect(), tip = parts.tip;
	tip.replaceChildren(el("strong", {}, plain(c.title)), ` ${plain(c.help || "")}`, c.unit && !["text", "id", "blank"].includes(c.unit) ? el("span", {class: "dim"}, ` (${plain(c.unit)})`) : "");
	tip.hidden = false;
	const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8));
	tip.style.setProperty("left", left + "px");
	tip.style.setProperty("top", Math.max(8, box.top - tip.offsetHeight - 6) + "px");
}

function hideTip() {
	parts.tip.hidden = true;
}

function heading(c) {
	const by = order();
	const mine = by && model.columns[by.at] === c;
	const name = el("button", {type: "button", class: "sort", "aria-describedby": "tip", click: () => sortBy(c), focus: (e) => showTip(c, e.target), blur: hideTip,
		mouseenter: (e) => showTip(c, e.target), mouseleave: hideTip}, plain(c.title), el("span", {class: "arrow", "aria-hidden": "true"}, mine ? (by.down ? " ↓" : " ↑") : ""));
	return el("th", {scope: "col", class: isNumber(c) ? "n" : null, "aria-sort": mine ? (by.down ? "descending" : "ascending") : null}, name);
}

/* ---- drawing ---- */

function line(l) {
	if (typeof l === "string")
		return el("p", {}, plain(l));
	const bar = typeof l.share === "number" && l.limited ? loadBar({used: l.share, limit: 1, over: l.over}) : "";
	return el("p", {class: l.tone || null}, l.label ? el("span", {class: "label"}, plain(l.label)) : "", bar, el("span", {class: "text"}, plain(l.text || "")));
}

function row(r) {
	return el("tr", {class: r.tone && r.tone !== "plain" ? r.tone : null}, r.cells.map((c, i) => {
		const column = model.columns[i] || {};
		return el(i ? "td" : "th", {scope: i ? null : "row", class: isNumber(column) ? "n" : null, "data-name": column.title}, plain(c.text));
	}));
}

function draw() {
	if (!model)
		return;
	const all = rows();
	const shown = everything ? all : all.slice(0, FEW);
	const columns = model.columns.map((c) => c.key).join() + place.get("sort");
	renew(parts.lines, (model.lines || []).map((l, i) => ({key: String(i), signature: JSON.stringify(l), make: () => line(l)})));
	renew(parts.table.tHead, [{key: model.name, signature: columns, make: () => el("tr", {}, model.columns.map(heading))}]);
	renew(parts.table.tBodies[0], shown.map((r) => ({key: `${model.name} ${r.key}`, signature: r.cells.map((c) => c.text).join("\t") + r.tone, make: () => row(r)})));
	parts.table.setAttribute("aria-label", plain(model.title || model.name));
	parts.box.hidden = !all.length;
	parts.none.hidden = all.length > 0;
	say(parts.none, model.rows.length ? "No row has these words." : plain(model.empty || "No rows at this moment."));
	const there = model.rows.length + (model.left_out || 0), fit = all.length === model.rows.length ? there : all.length;
	parts.more.hidden = shown.length === fit;
	say(parts.more, `show all ${fit}`);
	say(parts.count, (fit === there ? `${there} rows` : `${fit} of ${there} rows`) + ` at ${hms(model.at)}`);
	renew(parts.help, model.columns.map((c) => ({key: c.key, signature: c.title + c.help, make: () => el("div", {}, el("dt", {}, plain(c.title)), el("dd", {}, plain(c.help || "")))})));
}

function choose() {
	const name = view();
	for (const b of parts.tabs.children)
		b.setAttribute("aria-pressed", b.dataset.view === name ? "true" : "false");
	if (parts.words.value !== (place.get("q") || "") && document.activeElement !== parts.words)
		parts.words.value = place.get("q") || "";
}

/* ---- asking ---- */

// The server sends the first rows of an order; whoever looks for words, or turns an order round, needs all.
function request() {
	const t = time.get(), p = new URLSearchParams(), sort = place.get("sort");
	const column = model && model.name === view() && sort ? model.columns.find((c) => c.key === sort.replace(/^-/, "")) : null;
	if (!t.live)
		p.set("at", timeText(t.at));
	if (everything || place.get("q") || (sort && (!column || natural(column) !== sort)))
		p.set("limit", "0");
	else if (column)
		p.set("sort", column.key);
	return `/api/v1/view/${view()}${p.size ? "?" + p : ""}`;
}

async function fetchNow() {
	const mine = ++asked;
	wanted = null;
	fetchedAt = Date.now();
	try {
		const answer = await ask(request());
		if (mine !== asked)
			return;
		if (answer.error) {
			parts.box.hidden = true;
			parts.none.hidden = false;
			say(parts.none, plain(answer.error));
			return;
		}
		model = answer;
		draw();
	} catch {
		// the page says that nobody answers
	}
}

// Asks soon, once for many wishes, and only for what can be seen.
function refresh(delay = 0) {
	wanted = true;
	clearTimeout(timer);
	if (inSight)
		timer = setTimeout(fetchNow, delay);
}

function tsv() {
	const text = (s) => /[\t\n]/.test(s) ? s.replace(/[\t\n]/g, " ") : s;
	return [model.columns.map((c) => c.title), ...rows().map((r) => r.cells.map((c) => c.text))].map((r) => r.map((x) => text(plain(x))).join("\t")).join("\n") + "\n";
}

export function mount(asker) {
	ask = asker;
	const box = $("tables");
	parts.tabs = el("div", {class: "tabs", role: "group", "aria-label": "views"}, VIEWS.map(([name, title]) =>
		el("button", {type: "button", "data-view": name, click: () => place.set({view: name, sort: null, q: null}, {push: true})}, title)));
	parts.words = el("input", {type: "search", id: "words", placeholder: "words in a row", autocomplete: "off", spellcheck: "false", "aria-label": "rows with these words",
		input: () => {
			clearTimeout(parts.typing);
			parts.typing = setTimeout(() => place.set({q: parts.words.value.trim()}), PATIENCE_MS);
		}});
	parts.count = el("span", {role: "status", id: "rows"});
	parts.more = el("button", {type: "button", hidden: true, click: () => { everything = true; refresh(); }});
	parts.lines = el("div", {class: "lines"});
	parts.table = el("table", {id: "table"}, el("thead"), el("tbody"));
	parts.box = el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "table", scroll: hideTip, hidden: true}, parts.table);
	parts.none = el("p", {class: "empty", hidden: true});
	parts.help = el("dl", {class: "columns"});
	parts.tip = el("div", {id: "tip", role: "tooltip", hidden: true});
	box.append(parts.tabs, el("p", {class: "controls"}, el("label", {}, "Find ", parts.words), parts.count, copyButton(tsv, "copy rows", "copy these rows for a spreadsheet")),
		parts.lines, parts.none, parts.box, parts.more, el("details", {class: "explain"}, el("summary", {}, "what each column is"), parts.help), parts.tip);
	choose();
	let before = [view(), place.get("view")]; // place tells of anything that changed in the link
	place.subscribe(() => {
		const now = [view(), place.get("view")];
		choose();
		if (now[0] !== before[0])
			everything = false;
		else
			draw();
		refresh();
		if (now[1] && now[1] !== before[1] && !inSight)
			goTo(box);
		before = now;
	});
	time.subscribe((t, {tick}) => tick || refresh(PATIENCE_MS));
	new IntersectionObserver((entries) => {
		inSight = entries.at(-1).isIntersecting;
		if (inSight && (wanted || !model))
			refresh();
	}, {rootMargin: "200px"}).observe(box);
	if (place.get("view") && !place.get("finding"))
		goTo(box);
}

// A newer sample is there.
export function pulse() {
	if (time.get().live && !(model && model.rows.length > MANY && Date.now() - fetchedAt < MANY_EVERY_MS))
		refresh();
}

export function focusWords() {
	parts.words.focus();
}

export function nextView(by) {
	const at = VIEWS.findIndex(([v]) => v === view());
	place.set({view: VIEWS[(at + by + VIEWS.length) % VIEWS.length][0], sort: null, q: null});
}
