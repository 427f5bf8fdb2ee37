// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The page: asks what `plimsoll check --json` and `plimsoll limits --json` say of the moment that is shown, again when the stream of summaries
// tells of a newer sample, or every two seconds where there is no stream. Each part of the page is a module of its own; those that the first
// screen can do without are loaded when it is painted.
import * as control from "./control.js";
import {$, command, el, plain, say} from "./dom.js";
import * as findings from "./findings.js";
import * as ledger from "./ledger.js";
import * as theme from "./theme.js";
import {time, timeText} from "./time.js";
import {clock, duration, hms} from "./words.js";

const EVERY_MS = 2000;
const ANSWER_MS = 10000; // an answer that takes longer is none
const STEP_MS = 80; // while somebody steps, only the last step is asked for

async function ask(path) {
	const answer = await fetch(path, {signal: AbortSignal.timeout(ANSWER_MS)});
	if (answer.status === 401 || answer.status === 403)
		throw new Error("a login is needed");
	return answer.json();
}

// The answers of the present that came with the document: once, and null where there are none.
function handed() {
	const e = $("first");
	e?.remove();
	try {
		return JSON.parse(e.textContent);
	} catch {
		return null;
	}
}

/* ---- what is not there ---- */

function showStale(why, ...more) {
	if (why) {
		if ($("stale").dataset.why !== why)
			$("stale").replaceChildren(plain(why), ...more);
		$("stale").dataset.why = why;
	}
	$("stale").hidden = !why;
	document.body.classList.toggle("stale", Boolean(why));
}

function startIt() {
	return [" ", el("span", {}, "To see why, and to start it:"), command("systemctl status plimsoll"), command("systemctl start plimsoll")];
}

function showHealth(health) {
	const known = typeof health.age_s === "number";
	$("age").className = health.error ? "old" : "fresh";
	say($("age"), !known ? "no sample" : health.age_s < 0 ? "last sample in the future" : `last sample ${duration(health.age_s)} ago`);
	if (health.error && known && health.age_s > 0)
		showStale(`The recorder does not run. Shown is what was seen until ${clock(health.at)}.`, ...startIt());
	else
		showStale(known ? health.error : "");
}

// The words of the API, and what they mean to somebody who has just come.
function showNothing(error) {
	const box = $("findings");
	const past = !time.get().live;
	const span = /reaches from (\S+) to (\S+)/.exec(error);
	if (past) {
		findings.showNoVerdict("Nothing was recorded at this moment.", span ? "" : error);
		box.replaceChildren(el("p", {class: "empty"}, span ? `The store reaches from ${clock(span[1])} to ${clock(span[2])}. ` : "",
			span ? el("button", {type: "button", click: () => time.set({at: Math.ceil(Date.parse(span[1]) / 1000) * 1000 + 5000}, {push: true})}, "to its begin") : "", " ",
			el("button", {type: "button", click: control.goLive}, "back to live")));
	} else if (/one sample so far/.test(error)) {
		findings.showNoVerdict("The recorder has just begun: the first answer is here in a moment.", error);
		box.replaceChildren();
	} else if (/nothing is recorded/.test(error)) {
		findings.showNoVerdict("Nothing is recorded yet.", error);
		box.replaceChildren(el("div", {class: "empty"}, "The page shows what a recorder writes, and none has written here. Once one does, this page goes on by itself.",
			command("systemctl start plimsoll"), "or, to try it out: ", command("plimsoll up")));
	} else {
		findings.showNoVerdict("There is no answer.", error);
		box.replaceChildren();
	}
}

/* ---- asking ---- */

let turn = 0, running = false, again = false, first = handed();

async function update() {
	if (running) {
		again = true;
		return;
	}
	running = true;
	again = false;
	const mine = ++turn, t = time.get(), at = t.live ? "" : `?at=${timeText(t.at)}`;
	document.body.classList.toggle("asking", !t.live);
	try {
		const here = t.live && first;
		first = null;
		const [health, check, limits] = await Promise.all(["/healthz", "/api/v1/check" + at, "/api/v1/limits" + at].map((path) => here ? here[path] : ask(path)));
		if (health.at)
			time.tick(Date.parse(health.at));
		if (mine === turn && t.live === time.get().live && t.at === time.get().at) {
			if (check.error)
				showNothing(check.error);
			else
				findings.show(check);
			ledger.show(limits);
		}
		showHealth(health);
	} catch (e) {
		$("age").className = "old";
		say($("age"), "no answer");
		showStale(/login/.test(e.message) ? "This page needs a login." : `plimsoll serve does not answer${navigator.onLine ? "" : ": this browser is offline"}. ` +
			"Shown is what it said last; it is asked again by itself.", ...(/login/.test(e.message) ? [" ", el("a", {href: "/login.html"}, "log in")] : []));
	}
	document.body.classList.remove("asking");
	running = false;
	if (again)
		update();
}

/* ---- live ---- */

let tables = null, tiles = null; // modules, once they are there
let heard = 0; // when the stream said something last, by the browser's clock
let updated = 0;

function updateSoon() {
	if (document.hidden || Date.now() - updated < EVERY_MS - 500)
		return;
	updated = Date.now();
	if (time.get().live)
		update().then(() => tables && tables.pulse());
	else
		ask("/healthz").then(showHealth).catch(update);
}

function takeSummary(s) {
	heard = Date.now();
	if (s.error)
		return;
	time.tick(Date.parse(s.at));
	tiles.take(s);
	if (s.running && time.get().live) {
		$("age").className = "fresh";
		say($("age"), `last sample ${duration(Math.max(0, s.age_s))} ago`);
	}
	updateSoon();
}

function follow() {
	const events = new EventSource("/api/v1/live");
	events.onmessage = (e) => takeSummary(JSON.parse(e.data));
	events.onerror = () => {
		if (events.readyState === EventSource.CLOSED) // refused: it does not try again by itself
			setTimeout(follow, 5 * EVERY_MS);
	};
}

/* ---- beginning ---- */

// When what is in the document now has been drawn. A page in the background is not drawn.
function painted() {
	return new Promise((done) => {
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))); // the next frame begins when this one is there
		setTimeout(done, 250);
	});
}

async function loadRest() {
	const [keys, session] = [import("./keys.js"), import("./session.js")];
	[tables, tiles] = await Promise.all([import("./tables.js"), import("./tiles.js")]);
	follow();
	tiles.mount(ask);
	tables.mount(ask);
	(await keys).mount();
	await session;
	control.zoneKnown();
	setTimeout(tiles.history, 0);
	setTimeout(control.refreshEvents, 0);
}

async function begin() {
	theme.mount();
	ledger.mount();
	control.mount(ask);
	document.querySelector(".skip").addEventListener("click", (e) => {
		e.preventDefault();
		$("h-findings").focus();
	});
	$("print").addEventListener("click", () => print());
	updated = Date.now();
	let timer = 0;
	time.subscribe((t, {tick}) => {
		if (tick)
			return;
		clearTimeout(timer);
		timer = setTimeout(update, STEP_MS);
	});
	await update();
	performance.mark("first-screen");
	await painted();
	setInterval(() => Date.now() - heard > 1.5 * EVERY_MS && updateSoon(), EVERY_MS / 2);
	document.addEventListener("visibilitychange", updateSoon);
	addEventListener("online", updateSoon);
	addEventListener("beforeprint", () => $("verdict").dataset.printed = `${plain($("host").textContent)}, ${clock(time.get().live ? time.newest() : time.get().at, 0)}; printed ${hms(Date.now())}`);
	await loadRest();
	try { // last, and apart: what is above helps without it
		const graphs = await import("./graphs.js");
		graphs.mount($("graphs"), time);
	} catch (e) {
		$("graphs").append(el("p", {class: "empty"}, `The graphs could not be loaded (${plain(e.message)}).`));
	}
}

begin();
