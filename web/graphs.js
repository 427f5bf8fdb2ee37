// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The graphs: small ones over the main series of each family of resources, with one axis of time and one cursor for all. Which there are says
// graphs-list.js, what they draw graphs-data.js, how graphs-draw.js, what happened meanwhile graphs-events.js. The span is that of time.js: who
// drags over a graph sets it for the whole page.
import {$, el, plain, say} from "./dom.js";
import * as data from "./graphs-data.js";
import * as draw from "./graphs-draw.js";
import * as events from "./graphs-events.js";
import {families, histograms} from "./graphs-list.js";
import {amount, duration, hms} from "./words.js";

const AT_ONCE = 32; // questions of one request
const NEAR = "120px"; // so near to what is seen a graph is drawn
const REST_MS = 400; // later: what is not seen
const SPANS = [["5 min", 300], ["15 min", 900], ["1 h", 3600], ["6 h", 21600], ["24 h", 86400], ["7 days", 604800]];
const TABLE_ROWS = 60;

let section = null, time = null, parts = {};
const cards = [];
const backs = []; // spans before, for "back"
let width = 0, turn = null, restTimer = 0, frame = 0, shownStep = 1;
let grid = null; // of the last full answer
let reached = 0; // ms: the end of what live graphs hold

const span = () => {
	const t = time.get();
	return [t.from / 1000, t.to / 1000];
};

/* ---- zoom ---- */

function go(change) {
	const t = time.get();
	backs.push(t.live ? {live: true, span: t.to - t.from} : {from: t.from, to: t.to, at: t.at});
	time.set(change, {push: true});
}

function zoom(from, to) {
	go({from: Math.floor(from), to: Math.ceil(to)});
}

function zoomIn() {
	const t = time.get(), third = (t.to - t.from) / 3;
	zoom(t.from + third, t.to - third);
}

function zoomOut() {
	const t = time.get(), w = t.to - t.from;
	if (t.live)
		go({span: w * 3});
	else
		zoom(t.from - w, Math.min(t.to + w, Math.max(t.to, time.newest())));
}

function back() {
	const b = backs.pop();
	if (b)
		time.set(b, {push: true});
}

/* ---- cards ---- */

function makeCard(family, def, heat) {
	const box = el("div", {class: "plot", tabindex: "0", role: "img", "aria-label": def.title, keydown: (e) => keyOnGraph(e, card)});
	const legend = el("div", {class: "legend", "aria-hidden": "true"});
	const pick = heat || def.stack ? el("select", {"aria-label": `${def.title}: of which ${def.stack ? "server" : "device"}`, hidden: true,
		change: () => { card.of = pick.value; show(card); }}) : null;
	const table = el("div", {class: "scroll"});
	const details = el("details", {class: "numbers", toggle: () => details.open && fillTable(card)}, el("summary", {}, "numbers"), table);
	const figure = el("figure", {class: heat ? "graph heat" : "graph", id: `graph-${def.id}`, hidden: true},
		el("figcaption", {}, el("h4", {}, def.title), pick), box, legend, details);
	const card = {family, def, heat, box, legend, pick, table, details, figure, near: false, plot: null, model: null, drawn: null, of: null, wants: null};
	figure.card = card;
	return card;
}

function build(known) {
	parts.families = families.map((f) => {
		const heat = [...(f.heat || []), ...(f.id === "servers" ? known : [])];
		const own = [...f.graphs.map((g) => makeCard(f.id, g, false)), ...heat.map((h) => makeCard(f.id, h, true))];
		const box = el("section", {class: "family", "aria-label": f.title, hidden: true}, el("h3", {}, f.title), el("div", {class: "graph-grid"}, own.map((c) => c.figure)));
		for (const c of own)
			c.home = box;
		cards.push(...own);
		return box;
	});
	parts.all.append(...parts.families);
}

/* ---- asking ---- */

// A grid that has no graph yet has no width: all are as wide as the first family's.
function measureWidth() {
	const box = parts.families[0], was = box.hidden;
	box.hidden = false;
	const column = parseFloat(getComputedStyle(box.querySelector(".graph-grid")).gridTemplateColumns) || section.clientWidth;
	box.hidden = was;
	return Math.max(200, Math.floor(column) - 18);
}

const questionsOf = (list, step) => data.questions(list.map((c) => c.heat ? {id: c.def.id} : c.def), step);

// Cards in groups whose questions fit into one request.
function groups(list, step) {
	const out = [];
	let now = [];
	for (const c of list) {
		if (now.length && questionsOf([...now, c], step).list.length > AT_ONCE) {
			out.push(now);
			now = [];
		}
		now.push(c);
	}
	return now.length ? [...out, now] : out;
}

async function askFor(list, t, step, signal) {
	return Promise.all(groups(list, step).map(async (group) => {
		const {list: q, plan} = questionsOf(group, step);
		const results = await data.fetchAll(q, t.from, t.to, step, signal);
		return {group, plan, results};
	}));
}

function take(answers, step) {
	const all = answers.flatMap((a) => a.results);
	const g = data.gridOf(all, step);
	for (const {group, plan, results} of answers)
		group.forEach((card, i) => {
			card.model = g && modelOf(card, plan[i], results, g, step);
			card.drawn = null;
		});
	return g;
}

function modelOf(card, plan, results, g, step, names) {
	const m = card.heat ? {heats: data.heatsOf(plan, results, g)} : card.def.stack ? {stacks: data.stacksOf(plan, results, g)} : data.curvesOf(plan, results, g, names);
	return (m.heats || m.stacks || m.curves).length ? {...m, x: data.timesOf(g), step} : null;
}

// Everything anew: first what is seen, then the rest.
async function load() {
	clearTimeout(restTimer);
	if (turn)
		turn.abort();
	turn = new AbortController();
	const mine = turn, t = time.get();
	width = measureWidth();
	const step = shownStep = data.stepFor(t.to - t.from, width);
	showSpan(t, step);
	const first = cards.every((c) => !c.model) ? cards.slice(0, 9) : cards.filter((c) => c.near);
	section.setAttribute("aria-busy", "true");
	for (const c of cards)
		c.wants = mine;
	try {
		await loadSome(first.length ? first : cards.slice(0, 6), t, step, mine);
		performance.mark("graphs-drawn", {detail: {from: t.from, to: t.to, step}});
		events.load(t, mine.signal).then((changed) => changed && redraw()); // dearer, and less urgent
		restTimer = setTimeout(() => loadRest(t, step, mine), REST_MS);
		say(parts.trouble, "");
	} catch (e) {
		if (!mine.signal.aborted)
			say(parts.trouble, `The graphs could not be drawn: ${plain(e.message)}`);
	}
	if (!mine.signal.aborted)
		section.removeAttribute("aria-busy");
}

async function loadSome(list, t, step, mine) {
	for (const c of list)
		c.wants = null;
	const g = take(await askFor(list, t, step, mine.signal), step);
	if (g)
		grid = g;
	reached = t.to;
	for (const c of list)
		show(c);
}

// One request after the other, so that whoever else asks comes in between.
async function loadRest(t, step, mine) {
	for (const group of groups(cards.filter((c) => c.wants === mine), step)) {
		if (mine.signal.aborted)
			return;
		await loadSome(group, t, step, mine).catch(() => {});
	}
	if (!mine.signal.aborted)
		performance.mark("graphs-complete");
}

function cameNear(entries) {
	const list = [];
	for (const e of entries) {
		const card = e.target.card;
		card.near = e.isIntersecting;
		if (card.near && card.model && !card.drawn)
			show(card);
		if (card.near && card.wants && !card.wants.signal.aborted)
			list.push(card);
	}
	if (list.length && turn)
		loadSome(list, time.get(), shownStep, turn).catch(() => {});
}

/* ---- drawing ---- */

const shared = {span, events: events.list};
const on = {select: zoom, out: zoomOut, cursor: cursorMoved};

function signatureOf(card) {
	const m = card.model;
	return card.heat ? `${heatOf(card).of} ${heatOf(card).buckets.map((b) => b.text)}`
		: JSON.stringify(m.curves.map((c) => [c.name, c.unit, Boolean(c.limit), Boolean(c.peak)]));
}

// The stack that is shown; its curves are those of the card.
function chooseStack(card) {
	const m = card.model, stack = m.stacks.find((s) => s.of === card.of) || m.stacks[0];
	m.curves = stack.curves;
	return stack;
}

const heatOf = (card) => card.model.heats.find((h) => h.of === card.of) || card.model.heats[0];

function show(card) {
	card.figure.hidden = !card.model;
	card.home.hidden = ![...card.home.querySelectorAll(".graph")].some((f) => !f.hidden);
	if (!card.model) {
		if (card.plot)
			card.plot.destroy();
		card.plot = null;
		return;
	}
	if (card.model.stacks)
		showPick(card, card.model.stacks, chooseStack(card).of);
	if (card.heat)
		showPick(card, card.model.heats, heatOf(card).of);
	if (!card.near && !card.figure.isConnected)
		return;
	drawCard(card);
	says(card);
}

function drawCard(card) {
	const m = card.model;
	if (m.stacks)
		chooseStack(card);
	const signature = signatureOf(card);
	card.drawn = m;
	if (card.plot && card.signature === signature) {
		if (card.heat)
			Object.assign(card.heatNow, heatOf(card), {step: m.step, image: null});
		if (card.plot.width !== width)
			card.plot.setSize({width, height: card.plot.height});
		card.plot.setData(card.heat ? [m.x, new Array(m.x.length).fill(null)] : draw.dataOf(card.def, m.x, m.curves));
		return;
	}
	if (card.plot)
		card.plot.destroy();
	card.signature = signature;
	if (card.heat) {
		card.heatNow = {...heatOf(card)};
		card.plot = draw.drawHeatMap(card.box, card.heatNow, m.x, m.step, width, shared, on);
	} else {
		card.plot = draw.drawCurves(card.box, card.def, m.x, m.curves, width, shared, on);
	}
	card.plot.card = card;
	card.legend.replaceChildren(...(card.heat ? [el("span", {class: "value"})] : m.curves.map((c, i) => {
		const key = el("i", {class: c.limit ? "key limit" : "key"});
		key.style.setProperty("--key", c.limit ? "var(--critical)" : `var(${card.def.stack ? draw.stateColour(c.name) : `--graph-${i % 6 + 1}`})`);
		return el("span", {class: "entry", title: plain(c.name)}, key, el("span", {class: "name"}, shortName(c.name)), " ", el("span", {class: "value"}));
	})), m.more ? el("span", {class: "entry dim"}, `and ${m.more} more`) : "");
}

// Of a long path the end tells most.
function shortName(name) {
	const shown = plain(name);
	return shown.length > 28 && shown.includes("/") ? "…" + shown.slice(-26) : shown;
}

function redraw() {
	for (const c of cards)
		if (c.plot && c.near)
			c.plot.redraw(false);
}

function showPick(card, all, shown) {
	card.pick.hidden = all.length < 2;
	const names = all.map((h) => h.of).join("\n");
	if (card.names !== names) {
		card.names = names;
		card.pick.replaceChildren(...all.map((h) => el("option", {value: h.of}, plain(h.of))));
	}
	card.pick.value = shown;
}

/* ---- words ---- */

function lastOf(values) {
	for (let i = values.length - 1; i >= 0; i--)
		if (values[i] !== null)
			return i;
	return -1;
}

function sumUp(c) {
	let min = Infinity, max = -Infinity;
	for (const v of c.values)
		if (v !== null)
			min = Math.min(min, v);
	for (const v of c.peak || c.values)
		if (v !== null)
			max = Math.max(max, v);
	const last = c.values[lastOf(c.values)];
	return `${plain(c.name)}: last ${amount(last, c.unit)}, least ${amount(min, c.unit)}, most ${amount(max, c.unit)}`;
}

// What the graph says, for those who do not see it.
function says(card) {
	const m = card.model, i = card.heat ? lastCounted(heatOf(card)) : 0;
	const text = card.heat ? `${plain(heatOf(card).of)} last ${draw.heatText(heatOf(card), i)}` : m.curves.map(sumUp).join("; ");
	card.box.setAttribute("aria-label", `${card.def.title}. ${text}. Arrow keys move through time.`);
	showValues(card, null);
	if (card.details.open)
		fillTable(card);
}

function lastCounted(heat) {
	for (let i = heat.buckets[0].values.length - 1; i >= 0; i--)
		if (heat.buckets.some((b) => b.values[i]))
			return i;
	return 0;
}

function showValues(card, i) {
	const m = card.model;
	if (!m)
		return;
	const values = card.legend.querySelectorAll(".value");
	if (card.heat)
		say(values[0], draw.heatText(heatOf(card), i === null ? lastCounted(heatOf(card)) : i));
	else
		m.curves.forEach((c, k) => say(values[k], amount(c.values[i === null ? lastOf(c.values) : i], c.unit)));
}

function fillTable(card) {
	const m = card.model;
	const every = Math.ceil(m.x.length / TABLE_ROWS);
	const rows = [];
	for (let i = m.x.length - 1; i >= 0; i -= every)
		rows.push(el("tr", {}, el("th", {scope: "row"}, hms(m.x[i] * 1000)), card.heat ? el("td", {}, draw.heatText(heatOf(card), i))
			: m.curves.map((c) => el("td", {class: "n", "data-name": plain(c.name)}, amount(c.values[i], c.unit)))));
	const heads = card.heat ? ["how long"] : m.curves.map((c) => plain(c.name));
	card.table.replaceChildren(el("table", {}, el("caption", {class: "unseen"}, card.def.title),
		el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "time"), heads.map((h) => el("th", {scope: "col", class: card.heat ? null : "n"}, h)))), el("tbody", {}, rows)));
	card.table.tabIndex = 0;
	card.table.setAttribute("aria-label", `${card.def.title}: numbers`);
	card.table.setAttribute("role", "region");
}

function showSpan(t, step) {
	const w = (t.to - t.from) / 1000;
	say(parts.span, `${hms(t.from)} – ${hms(t.to)} · ${duration(w)} · a value each ${duration(step)}`);
	parts.back.disabled = backs.length === 0;
	for (const b of parts.spans.children)
		b.setAttribute("aria-pressed", String(Math.abs(b.seconds - w) < 1));
	events.place(t);
}

/* ---- the cursor ---- */

// All graphs follow one; numbers are brought up to date once a frame.
function cursorMoved(u) {
	u.moved = true;
	if (frame)
		return;
	frame = requestAnimationFrame(() => {
		frame = 0;
		for (const c of cards) {
			if (!c.plot || !c.plot.moved)
				continue;
			c.plot.moved = false;
			showValues(c, c.plot.cursor.idx === undefined ? null : c.plot.cursor.idx);
			if (c.plot.over.matches(":hover"))
				hover(c.plot);
		}
	});
}

function hover(u) {
	const e = u.cursor.left >= 0 ? draw.eventAt(u, u.cursor.left, events.list()) : null;
	if (!e) {
		events.unmark();
		return;
	}
	const r = u.over.getBoundingClientRect();
	events.mark(e, r.left + u.cursor.left, r.top);
}

function keyOnGraph(e, card) {
	const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10}[e.key];
	if (!card.plot || (!step && e.key !== "Escape" && e.key !== "Home" && e.key !== "End") || e.ctrlKey || e.altKey || e.metaKey)
		return;
	e.preventDefault();
	e.stopPropagation();
	const u = card.plot, x = card.model.x, last = x.length - 1;
	if (e.key === "Escape") {
		u.setCursor({left: -10, top: -10}, true, true);
		events.unmark();
		return;
	}
	const now = u.cursor.left >= 0 && typeof u.cursor.idx === "number" ? u.cursor.idx : last;
	const i = e.key === "Home" ? 0 : e.key === "End" ? last : Math.min(last, Math.max(0, now + step * (e.shiftKey ? 10 : 1)));
	const left = u.valToPos(x[i], "x");
	u.setCursor({left, top: 20}, true, true);
	const text = card.heat ? draw.heatText(heatOf(card), i) : card.model.curves.map((c) => `${plain(c.name)} ${amount(c.values[i], c.unit)}`).join(", ");
	const event = draw.eventAt(u, left, events.list());
	if (event) {
		const r = u.over.getBoundingClientRect();
		events.mark(event, r.left + left, r.top);
	} else {
		events.unmark();
	}
	say(parts.live, `${hms(x[i] * 1000)}: ${text}${event ? `; ${plain(event.text)}` : ""}`);
}

/* ---- live ---- */

let following = false;
let pause = 0; // until then, by performance.now(): the store reads all of the present hour's log to answer, and is to have rest from us
const REST = 15; // times as long as the answer took

// The newest values, put behind those that are there.
async function follow() {
	const t = time.get(), step = shownStep, mine = turn;
	if (following || document.hidden || !t.live || !mine || mine.signal.aborted || section.hasAttribute("aria-busy") || !grid)
		return;
	if (t.to - reached < Math.max(1000, step * 250) || performance.now() < pause)
		return;
	following = true;
	const begun = performance.now();
	try {
		const list = cards.filter((c) => c.near && c.model && !c.wants);
		const tail = {from: reached - 2.5 * step * 1000, to: t.to + 1};
		if (tail.to - tail.from > (t.to - t.from) / 2) {
			load();
			return;
		}
		const answers = await askFor(list, tail, step, mine.signal);
		pause = begun + (performance.now() - begun) * REST;
		if (mine.signal.aborted)
			return;
		reached = t.to;
		const g = data.gridOf(answers.flatMap((a) => a.results), step);
		if (!g)
			return;
		for (const c of cards)
			if (!list.includes(c))
				c.wants = mine; // drawn anew when it is seen
		for (const {group, plan, results} of answers)
			group.forEach((card, i) => append(card, plan[i], results, g, t));
		showSpan(t, step);
		events.follow(t, mine.signal).then((changed) => changed && redraw());
	} catch (e) {
		if (!mine.signal.aborted)
			reached = 0; // begins anew with the next sample
	} finally {
		following = false;
	}
}

function append(card, plan, results, g, t) {
	const m = card.model;
	const joined = data.join(m, modelOf(card, plan, results, g, m.step, card.heat || m.stacks ? null : m.curves.map((c) => c.name)), t.from / 1000);
	if (!joined)
		return;
	card.model = joined;
	const cursor = card.plot && card.plot.cursor.left >= 0;
	drawCard(card);
	if (!cursor)
		says(card);
}

/* ---- paper, style, size ---- */

function restyle() {
	draw.readColours(section);
	for (const c of cards) {
		if (c.heatNow)
			c.heatNow.image = null;
		if (c.plot)
			c.plot.redraw(false, true);
	}
}

let resizing = 0;

function resized() {
	cancelAnimationFrame(resizing);
	resizing = requestAnimationFrame(() => {
		const now = measureWidth();
		if (now === width)
			return;
		const t = time.get();
		if (data.stepFor(t.to - t.from, now) !== shownStep) {
			load();
			return;
		}
		width = now;
		for (const c of cards)
			if (c.plot)
				c.plot.setSize({width, height: c.plot.height});
	});
}

// Light, and as wide as two fit side by side.
function onPaper(paper) {
	section.classList.toggle("paper", paper);
	const w = paper ? 330 : width;
	draw.readColours(section);
	for (const c of cards) {
		if (!c.model)
			continue;
		if (!c.drawn)
			drawCard(c);
		if (c.heatNow)
			c.heatNow.image = null;
		c.plot.setSize({width: w, height: c.plot.height});
	}
}

/* ---- beginning ---- */

// The style of the graphs comes with them.
function style() {
	return new Promise((done) => document.head.append(el("link", {rel: "stylesheet", href: new URL("./graphs.css", import.meta.url).pathname, load: done, error: done})));
}

// Draws into an element, of the span of time.js. Called once.
export async function mount(element, timeOfPage) {
	section = element;
	time = timeOfPage;
	await style();
	if (!draw.available) {
		section.append(el("p", {class: "empty"}, "This plimsoll was built without graphs: uPlot was missing (npm ci in web/, then build again)."));
		return;
	}
	parts = {
		span: el("span", {class: "dim"}),
		back: el("button", {type: "button", title: "the span before (Backspace)", click: back, disabled: true}, "back"),
		spans: el("span", {role: "group", class: "spans", "aria-label": "Width of the graphs"}, SPANS.map(([text, s]) => {
			const b = el("button", {type: "button", "aria-pressed": "false", click: () => go({span: s * 1000})}, text);
			b.seconds = s;
			return b;
		})),
		trouble: el("p", {class: "trouble", role: "status"}),
		live: el("p", {class: "unseen", "aria-live": "polite"}),
		all: el("div", {class: "graphs"}),
	};
	section.append(el("div", {class: "controls graph-controls"}, parts.spans,
		el("button", {type: "button", title: "three times as wide (-)", click: zoomOut}, "zoom out"),
		el("button", {type: "button", title: "a third of it (+)", click: zoomIn}, "zoom in"), parts.back, parts.span),
	...events.lane((e) => time.set({at: e.from}, {push: true}), redraw), parts.trouble, parts.live, parts.all);
	build([]);
	draw.readColours(section);
	const seen = new IntersectionObserver(cameNear, {rootMargin: NEAR});
	for (const c of cards)
		seen.observe(c.figure);
	time.subscribe((t, {tick}) => tick ? follow() : load());
	new ResizeObserver(resized).observe(section);
	addEventListener("themechange", restyle);
	addEventListener("beforeprint", () => onPaper(true));
	addEventListener("afterprint", () => onPaper(false));
	for (const [name, fn] of [["graphs:out", zoomOut], ["graphs:in", zoomIn], ["graphs:back", back]])
		addEventListener(name, fn);
	await load();
	const own = await data.ask("/api/v1/catalogue", turn.signal).then(histograms, () => []);
	addHistograms(own, seen);
}

// Histograms of servers, as far as this plimsoll has them.
function addHistograms(own, seen) {
	const home = parts.families[families.findIndex((f) => f.id === "servers")];
	for (const h of own) {
		const card = makeCard("servers", h, true);
		card.home = home;
		card.wants = turn;
		cards.push(card);
		home.querySelector(".graph-grid").append(card.figure);
		seen.observe(card.figure);
	}
}
