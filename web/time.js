// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The moment that the page shows, and all else that a link keeps: both live in the location's hash, so that a link to what is seen is the
// address of the page, and "back" goes back. Who shows something subscribes; who changes something calls set().
//
//     #at=2026-11-22T04:12:09Z   the page stands at this second; without it the page is live
//     &from=...&to=...           the span of the graphs while it stands
//     &span=900                  their width in seconds, where it is not the usual one
//     &finding=ID &view=NAME ... place: whatever else there is, as text
//
// Times are milliseconds since the epoch by the clock of the machine that is shown, which may not be the browser's.

const USUAL_SPAN = 15 * 60 * 1000;
const SHORTEST = 10 * 1000;
const LONGEST = 400 * 86400 * 1000;
const TIME_KEYS = ["at", "from", "to", "span"];

let newest = null; // time of the newest sample that is known of
let state = {live: true, at: null, span: USUAL_SPAN, from: null, to: null};
let words = new URLSearchParams(); // of the hash, without those of the time
const timeListeners = new Set();
const placeListeners = new Set();

/* ---- texts ---- */

// As a link has it: whole seconds of UTC, milliseconds where there are some.
export function timeText(ms) {
	return new Date(ms).toISOString().replace(".000Z", "Z");
}

const UNITS = {s: 1, m: 60, min: 60, h: 3600, d: 86400};

// What people write, as the command line takes it: RFC 3339, with a blank for T, without a zone (then the browser's), "04:12[:09]" (the
// latest that is past), "-15m", "yesterday 04:00", seconds since the epoch. null: it is no time.
export function parseTime(text, now = now_ms()) {
	const t = String(text).trim();
	let m;
	if ((m = /^-\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?$/.exec(t)))
		return now - m[1] * 1000 * UNITS[m[2] || "s"];
	if (/^\d{9,11}(\.\d+)?$/.test(t))
		return Math.round(Number(t) * 1000);
	if ((m = /^(yesterday\s+|today\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/i.exec(t))) {
		if (m[2] > 23 || m[3] > 59 || m[4] > 59)
			return null;
		const d = new Date(now);
		d.setHours(m[2], m[3], m[4] || 0, 0);
		if (/^y/i.test(m[1] || "") || (!m[1] && d.getTime() > now))
			d.setDate(d.getDate() - 1);
		return d.getTime();
	}
	if (!/^\d{4}-\d\d-\d\d/.test(t))
		return null;
	const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(t) ? t + "T00:00:00" : t.replace(/^(\S{10})\s+/, "$1T"));
	return Number.isNaN(ms) ? null : ms;
}

/* ---- state ---- */

function now_ms() {
	return newest === null ? Date.now() : newest;
}

function bounded(span) {
	return Math.min(LONGEST, Math.max(SHORTEST, span));
}

// Around a moment, but not beyond the newest sample.
function spanAround(at, span) {
	const to = Math.max(at, Math.min(at + span / 2, now_ms()));
	return {from: to - span, to};
}

function snapshot() {
	if (!state.live)
		return {live: false, at: state.at, from: state.from, to: state.to};
	const to = now_ms();
	return {live: true, at: null, from: to - state.span, to};
}

function tell(listeners, ...what) {
	for (const fn of [...listeners])
		fn(...what);
}

/* ---- the hash ---- */

function hashText() {
	const p = new URLSearchParams();
	if (!state.live) {
		p.set("at", timeText(state.at));
		const usual = spanAround(state.at, USUAL_SPAN);
		if (state.from !== usual.from || state.to !== usual.to) {
			p.set("from", timeText(state.from));
			p.set("to", timeText(state.to));
		}
	} else if (state.span !== USUAL_SPAN) {
		p.set("span", String(Math.round(state.span / 1000)));
	}
	for (const [k, v] of words)
		p.set(k, v);
	return p.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
}

function write(push) {
	const text = hashText();
	const url = location.pathname + location.search + (text ? "#" + text : "");
	if (url === location.pathname + location.search + location.hash)
		return;
	history[push ? "pushState" : "replaceState"](null, "", url);
}

function parsed(hash) {
	const p = new URLSearchParams(hash.replace(/^#/, ""));
	const at = p.has("at") ? parseTime(p.get("at")) : null;
	const from = p.has("from") ? parseTime(p.get("from")) : null;
	const to = p.has("to") ? parseTime(p.get("to")) : null;
	const span = bounded(Number(p.get("span")) * 1000 || USUAL_SPAN);
	let next = {live: true, at: null, span, from: null, to: null};
	if (at !== null || (from !== null && to !== null && from < to)) {
		const known = from !== null && to !== null && from < to;
		const moment = at !== null ? at : to;
		next = {live: false, at: moment, span: known ? bounded(to - from) : USUAL_SPAN, ...(known ? {from, to} : spanAround(moment, USUAL_SPAN))};
	}
	for (const k of TIME_KEYS)
		p.delete(k);
	return [next, p];
}

function read() {
	const [next, p] = parsed(location.hash);
	const same = JSON.stringify(next) === JSON.stringify(state), sameWords = p.toString() === words.toString();
	state = next;
	words = p;
	if (!same)
		tell(timeListeners, snapshot(), {tick: false});
	if (!sameWords)
		tell(placeListeners, place);
}

/* ---- what others use ---- */

export const time = {
	// {live, at, from, to}: live: at is null, and from to to end at the newest sample. Else at is the moment that is shown, and lies in from..to
	// unless somebody chose otherwise.
	get: snapshot,

	// Any of {live: true}, {at: ms}, {from: ms, to: ms}, {span: ms}. A span that is chosen while live stops the page there, at its end; so does a
	// moment. options.push: "back" leads to where it was before. options.place: changes of the place, in the same step.
	set(change, options = {}) {
		const was = snapshot();
		if (change.live === true) {
			state = {live: true, at: null, span: bounded(change.span || state.span), from: null, to: null};
		} else {
			let span = bounded(change.span || (change.to !== undefined ? change.to - change.from : was.to - was.from));
			if (change.from !== undefined && change.to !== undefined) {
				const at = change.at !== undefined ? change.at : Math.min(change.to, Math.max(change.from, was.at === null ? change.to : was.at));
				state = {live: false, at, span, from: change.from, to: change.to};
			} else if (state.live && change.at === undefined && change.live === undefined) {
				state = {...state, span};
			} else {
				const at = Math.round(change.at !== undefined ? change.at : was.at === null ? now_ms() : was.at);
				const inside = !change.span && at >= was.from && at <= was.to && !was.live;
				state = {live: false, at, span, ...(inside ? {from: was.from, to: was.to} : spanAround(at, span))};
			}
		}
		if (options.place)
			place.set(options.place, {unwritten: true});
		write(Boolean(options.push));
		tell(timeListeners, snapshot(), {tick: false});
	},

	// fn(state, {tick}): tick is true when only the newest sample moved. Returns a function that ends it.
	subscribe(fn) {
		timeListeners.add(fn);
		return () => timeListeners.delete(fn);
	},

	// A newer sample is known of (app.js says so).
	tick(ms) {
		if (newest !== null && ms === newest)
			return;
		newest = ms;
		if (state.live)
			tell(timeListeners, snapshot(), {tick: true});
	},

	// Time of the newest sample that is known of, else the browser's.
	newest: now_ms,
};

// The rest of the link: finding, view, sort, filter.
export const place = {
	get: (key) => words.get(key),
	set(change, options = {}) {
		for (const [k, v] of Object.entries(change)) {
			if (v === null || v === undefined || v === "")
				words.delete(k);
			else
				words.set(k, v);
		}
		if (!options.unwritten)
			write(Boolean(options.push));
		if (!options.quiet)
			tell(placeListeners, place);
	},
	subscribe(fn) {
		placeListeners.add(fn);
		return () => placeListeners.delete(fn);
	},
	// The address of what is shown, with changes: a link that can be sent to somebody. at: a moment to stand at.
	link(change, at) {
		const p = new URLSearchParams();
		const moment = at !== undefined ? at : state.live ? null : state.at;
		if (moment !== null)
			p.set("at", timeText(moment));
		for (const [k, v] of Object.entries({...Object.fromEntries(words), ...change})) {
			if (v !== null && v !== undefined && v !== "")
				p.set(k, v);
		}
		return "#" + p.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
	},
};

[state, words] = parsed(location.hash);
addEventListener("hashchange", read);
addEventListener("popstate", read);
