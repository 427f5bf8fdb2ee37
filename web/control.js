// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The time control: live or a moment, steps, a time to jump to, from finding to finding; and the list of the findings of the last day.
import {$, el, plain, renew, say} from "./dom.js";
import {SIGNS, know} from "./findings.js";
import {parseTime, place, time, timeText} from "./time.js";
import {clock, day, duration, hms, zone} from "./words.js";

const DAY_MS = 86400 * 1000;
const EVENTS_EVERY_MS = 20000;
const LOOK_MS = 5000; // a check looks at so much
const LATER_MS = 400; // events of a day are dear to ask for: graphs and tables of a new moment come before
const SHOWN = 12; // of earlier findings, before somebody asks for more

const parts = {};
let ask = null, events = [], asked = 0, all = false, zoned = false;

/* ---- steps ---- */

export function step(ms) {
	const t = time.get();
	const to = (t.live ? time.newest() : t.at) + ms;
	if (to > time.newest())
		time.set({live: true});
	else
		time.set({at: to});
}

export function toggle() {
	const t = time.get();
	time.set(t.live ? {live: false, at: time.newest()} : {live: true}, {push: !t.live});
}

export function goLive() {
	time.set({live: true}, {push: true});
}

function told(text) {
	say(parts.note, text);
	parts.note.hidden = !text;
	clearTimeout(parts.timer);
	if (text)
		parts.timer = setTimeout(() => told(""), 5000);
}

export async function toFinding(by) {
	await refreshEvents();
	const t = time.get(), now = t.live ? time.newest() : t.at;
	const starts = findings().map((e) => ({at: seenAt(e), id: e.id})).sort((a, b) => a.at - b.at);
	const next = by > 0 ? starts.find((e) => e.at > now) : starts.reverse().find((e) => e.at < now);
	if (!next) {
		told(by > 0 ? "no finding began after this" : "no finding began before this, as far as is known");
		return;
	}
	time.set({at: next.at}, {push: true, place: {finding: next.id || null}});
}

function jump(e) {
	e.preventDefault();
	const text = parts.when.value.trim();
	if (!text)
		return;
	const ms = /^(now|live)$/i.test(text) ? Infinity : parseTime(text);
	parts.when.setAttribute("aria-invalid", ms === null ? "true" : "false");
	if (ms === null) {
		told("no time: write 04:12, yesterday 04:12, -15m or 2026-11-22 04:12:09");
		return;
	}
	told("");
	parts.when.value = "";
	parts.when.blur();
	time.set(ms >= time.newest() ? {live: true} : {at: ms}, {push: true});
}

export function focusWhen() {
	parts.when.focus();
	parts.when.select();
}

/* ---- what happened ---- */

// A moment at which the finding is seen: rules look at some seconds, so that at its begin it is not yet one.
function seenAt(e) {
	const end = e.until === null ? time.newest() : e.until;
	return Math.ceil((e.at + Math.min(LOOK_MS, Math.max(0, end - e.at) / 2)) / 1000) * 1000;
}

// Events of findings; one that opened several times is there several times.
function findings() {
	return events.filter((e) => e.kind === "finding");
}

async function refreshEvents() {
	const mine = ++asked, to = time.newest(), around = time.get().live ? to : time.get().at;
	try {
		const answer = await ask(`/api/v1/events?from=${timeText(Math.min(around, to) - DAY_MS)}&to=${timeText(to)}`);
		if (mine === asked && answer.events) {
			events = answer.events.map((e) => ({...e, at: Date.parse(e.at), until: e.until ? Date.parse(e.until) : null}));
			know(findings());
			drawEarlier();
		}
	} catch {
		// what is known already stays
	}
}

function severity(e) {
	return ["critical", "warning", "notice"].includes(e.severity) ? e.severity : "note";
}

function earlier(e) {
	const kind = severity(e);
	return el("li", {class: kind},
		el("a", {href: place.link({finding: e.id, view: null, q: null, sort: null}, seenAt(e))},
			el("time", {datetime: timeText(e.at)}, clock(e.at, time.newest())), " ",
			el("span", {class: "sign"}, SIGNS[kind], el("span", {class: "aside"}, ` ${kind}`)), " ", el("span", {class: "text"}, plain(e.text || e.id || ""))),
		el("span", {class: "dim"}, e.until === null ? " still there" : ` for ${duration(Math.max(0, (e.until - e.at) / 1000))}`));
}

function drawEarlier() {
	const list = findings().filter((e) => e.severity !== "note" && e.state !== "note").sort((a, b) => b.at - a.at);
	parts.earlier.hidden = !list.length;
	say(parts.earlierTitle, `What was found in the last day (${list.length})`);
	if (!parts.touched)
		parts.earlier.open = !document.querySelector(".finding:not(.note):not(.muted)"); // what was is of more interest where nothing is
	const shown = all ? list : list.slice(0, SHOWN);
	renew(parts.list, shown.map((e) => ({key: e.id + e.at, signature: JSON.stringify(e) + clock(e.at, time.newest()), make: () => earlier(e)})));
	parts.more.hidden = shown.length === list.length;
	say(parts.more, `all ${list.length}`);
}

/* ---- the bar ---- */

function draw(t) {
	document.documentElement.classList.toggle("past", !t.live);
	parts.play.setAttribute("aria-pressed", t.live ? "true" : "false");
	say(parts.play, t.live ? "live" : "back to live");
	parts.play.title = t.live ? "stop at this second (space)" : "follow the newest second (space)";
	const shown = t.live ? time.newest() : t.at;
	say(parts.clock, hms(shown));
	parts.clock.dateTime = timeText(shown);
	say(parts.day, zoned ? `${day(shown)} ${zone(shown)}` : day(shown));
	say(parts.mode, t.live ? "" : `the past, ${duration(Math.max(0, (time.newest() - t.at) / 1000))} ago`);
	parts.forth.disabled = parts.forthMinute.disabled = t.live;
}

export function mount(asker) {
	ask = asker;
	const button = (text, name, fn) => el("button", {type: "button", title: name, click: fn}, text);
	parts.play = el("button", {type: "button", id: "play", click: toggle});
	parts.clock = el("time", {id: "clock"});
	parts.day = el("span", {id: "day"});
	parts.mode = el("strong", {id: "mode", role: "status"});
	parts.forth = button("1 s ›", "one second on (→)", () => step(1000));
	parts.forthMinute = button("1 min »", "one minute on (Shift →)", () => step(60000));
	parts.when = el("input", {id: "when", type: "text", placeholder: "04:12 or -15m", autocomplete: "off", spellcheck: "false", "aria-label": "jump to a time", maxlength: "40"});
	parts.note = el("p", {id: "timenote", role: "status", hidden: true});
	$("time").append(parts.play, el("span", {class: "now"}, parts.clock, " ", parts.day, " ", parts.mode),
		el("span", {class: "steps"}, button("‹ finding", "the finding before ([)", () => toFinding(-1)), button("« 1 min", "one minute back (Shift ←)", () => step(-60000)),
			button("‹ 1 s", "one second back (←)", () => step(-1000)), parts.forth, parts.forthMinute, button("finding ›", "the next finding (])", () => toFinding(1))),
		el("form", {class: "jump", submit: jump}, parts.when, el("button", {type: "submit"}, "jump")), parts.note);
	parts.list = el("ol", {});
	parts.earlierTitle = el("summary", {click: () => parts.touched = true});
	parts.more = el("button", {type: "button", hidden: true, click: () => { all = true; drawEarlier(); }});
	parts.earlier = el("details", {hidden: true}, parts.earlierTitle, parts.list, parts.more);
	$("earlier").append(parts.earlier);
	draw(time.get());
	time.subscribe((t, {tick}) => {
		draw(t);
		if (tick)
			return;
		clearTimeout(parts.later);
		parts.later = setTimeout(refreshEvents, LATER_MS);
	});
	place.subscribe(() => events.length && drawEarlier());
	setInterval(() => document.hidden || refreshEvents(), EVENTS_EVERY_MS);
}

// From now on the zone is shown, too: it takes a while to learn its name.
export function zoneKnown() {
	zoned = true;
	draw(time.get());
}

export {refreshEvents};
