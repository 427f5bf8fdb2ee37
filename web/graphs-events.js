// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// What happened in the span of the graphs: findings, jobs, signals, restarts. A lane above the graphs has a button for each, on all graphs it is
// a line, or a field as long as it lasted; pointing at either shows what it was.
import {el, plain, say} from "./dom.js";
import {ask} from "./graphs-data.js";
import {clock} from "./words.js";

const MOST = 150; // buttons in the lane
const EVERY_MS = 10000; // asked again while live
const KINDS = {finding: "finding", job: "job", signal: "signal", restart: "restart", oom: "out of memory", recorder: "recorder"};

let known = [], asked = 0, shown = {from: 0, to: 1};
let box = null, tip = null, marked = null, changed = () => {};

export const list = () => known;

/* ---- asking ---- */

function eventOf(e) {
	return {kind: e.kind, id: e.id, severity: e.severity || (e.kind === "oom" ? "critical" : "notice"), text: e.text, from: Date.parse(e.at),
		to: e.until ? Date.parse(e.until) : null, marked: false};
}

// True when there are others than before.
export async function load(t, signal) {
	asked = t.to;
	try {
		const json = await ask(`/api/v1/events?from=${(t.from / 1000).toFixed(3)}&to=${(t.to / 1000).toFixed(3)}`, signal);
		const next = json.events.map(eventOf).filter((e) => !Number.isNaN(e.from));
		const same = JSON.stringify(next) === JSON.stringify(known.map((e) => ({...e, marked: false})));
		if (!same) {
			unmark();
			known = next;
		}
		place(t);
		return !same;
	} catch {
		return false; // graphs are good without
	}
}

export async function follow(t, signal) {
	if (t.to - asked < EVERY_MS) {
		place(t);
		return false;
	}
	return load(t, signal);
}

/* ---- the lane ---- */

export function lane(chosen, redraw) {
	changed = redraw;
	box = el("ol", {class: "events", "aria-label": "What happened"});
	tip = el("div", {class: "graph-tip", role: "status", hidden: true});
	box.chosen = chosen;
	return [box, tip];
}

function words(e) {
	const when = `${clock(e.from)}${e.to !== null && e.to > e.from ? ` to ${clock(e.to)}` : ""}`;
	return `${when}, ${KINDS[e.kind] || plain(e.kind)}: ${plain(e.text)}`;
}

function makeButton(e) {
	const show = () => {
		const r = button.getBoundingClientRect();
		mark(e, r.left + r.width / 2, r.bottom + 44);
	};
	const button = el("button", {type: "button", class: `event ${plain(e.severity)}`, "aria-label": words(e), mouseenter: show, focus: show,
		mouseleave: unmark, blur: unmark, click: () => box.chosen(e)});
	return el("li", {}, button);
}

// Where each stands in the span; buttons stay as they are while they are the same.
export function place(t) {
	shown = t;
	const visible = known.filter((e) => e.from >= t.from && e.from <= t.to || (e.to !== null && e.to >= t.from && e.from <= t.to)).slice(-MOST);
	if (box.of !== known || box.children.length !== visible.length) {
		box.of = known;
		box.replaceChildren(...visible.map(makeButton));
	}
	const w = t.to - t.from;
	visible.forEach((e, i) => {
		const begin = Math.max(0, (e.from - t.from) / w), end = Math.min(1, ((e.to === null ? e.from : e.to) - t.from) / w);
		const style = box.children[i].firstChild.style;
		style.setProperty("left", `${(begin * 100).toFixed(3)}%`);
		style.setProperty("width", `${(Math.max(0, end - begin) * 100).toFixed(3)}%`);
	});
	box.hidden = visible.length === 0;
}

/* ---- pointing ---- */

export function mark(e, x, y) {
	if (marked !== e) {
		if (marked)
			marked.marked = false;
		marked = e;
		e.marked = true;
		changed();
	}
	tip.className = `graph-tip ${plain(e.severity)}`;
	say(tip, words(e));
	tip.hidden = false;
	const w = tip.offsetWidth, h = tip.offsetHeight;
	tip.style.setProperty("left", `${Math.max(4, Math.min(document.documentElement.clientWidth - w - 4, x - w / 2))}px`);
	tip.style.setProperty("top", `${Math.max(4, y - h - 6)}px`);
}

export function unmark() {
	if (!marked)
		return;
	marked.marked = false;
	marked = null;
	tip.hidden = true;
	changed();
}
