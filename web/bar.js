// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The load line. A bar is filled by what is used; the limit stands at four fifths of it, as a Plimsoll mark, so that what lies beyond the limit
// is seen as such; a small tick below is the high-water mark. The numbers stand beside it in words: the bar alone is not read out.
import {el} from "./dom.js";

const LINE = 80; // per cent of the bar's width
const SHORT = 0.2, FULL = 0.02; // of the limit that is left

// What is left of a limit as 0..1; null: there is none.
export function left(r) {
	return r.limit === null || r.limit <= 0 || r.used === null ? null : Math.max(0, 1 - r.used / r.limit);
}

// "full", "short", "ok", or "" without a limit.
export function level(r) {
	const l = left(r);
	return l === null ? "" : l < FULL ? "full" : l < SHORT ? "short" : "ok";
}

// A number below its limit is never rounded to it.
function share(value, limit) {
	return Math.min(100, Math.max(0, value / limit * LINE));
}

// r: {used, limit, high, over}; over: what was wanted besides and not given.
export function loadBar(r) {
	if (left(r) === null)
		return el("span", {class: "bar none", "aria-hidden": "true"});
	const fill = el("span", {class: "fill"}), mark = el("span", {class: "mark"});
	const parts = [fill, mark], end = share(r.used, r.limit);
	fill.style.setProperty("width", end.toFixed(2) + "%");
	if (r.over > 0) {
		const over = el("span", {class: "over"});
		over.style.setProperty("left", end.toFixed(2) + "%");
		over.style.setProperty("width", (share(r.used + r.over, r.limit) - end).toFixed(2) + "%");
		parts.push(over);
	}
	if (r.high !== null && r.high !== undefined && r.high > 0) {
		const tick = el("span", {class: "high"});
		tick.style.setProperty("left", share(r.high, r.limit).toFixed(2) + "%");
		parts.push(tick);
	}
	return el("span", {class: `bar ${level(r)}`, "aria-hidden": "true"}, parts);
}
