// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// What graphs draw: asks for all of them at once, and brings the answers to one axis of time.

const ANSWER_MS = 20000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const MOST = 6; // curves of one graph

// Seconds between two values: about a value a pixel or two. Whole minutes where they do, since the store has sums of those.
export function stepFor(spanMs, pixels) {
	const wanted = spanMs / 1000 / Math.max(60, pixels);
	return STEPS.find((s) => s >= wanted * 0.99) || STEPS[STEPS.length - 1];
}

// Questions of some graphs, each once: [q], and where each curve finds its answer.
export function questions(graphs, step) {
	const all = new Map();
	const number = (q) => all.has(q) ? all.get(q) : all.set(q, all.size).get(q);
	const plan = graphs.map((g) => (g.curves || [{q: g.id, many: true}]).map((c) => ({
		curve: c, at: number(c.q), peak: c.peak && step > 1 ? number(peakOf(c.q)) : null})));
	return {list: [...all.keys()], plan};
}

// Functions over time stand inside those over series.
function peakOf(q) {
	const m = /^sum\((.*)\)$/.exec(q);
	return m ? `sum(max(${m[1]}))` : `max(${q})`;
}

export async function ask(path, signal) {
	const answer = await fetch(path, {signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])});
	const json = await answer.json();
	if (json.error)
		throw Object.assign(new Error(json.error), {status: answer.status});
	return json;
}

// {results, from, to} of the questions, times in seconds since 1970. Nothing recorded in the span: every result is empty.
export async function fetchAll(list, from, to, step, signal) {
	const p = new URLSearchParams(list.map((q) => ["q", q]));
	p.set("from", (from / 1000).toFixed(3));
	p.set("to", (to / 1000).toFixed(3));
	p.set("step", `${step}s`);
	let json;
	try {
		json = await ask(`/api/v1/query?${p}`, signal);
	} catch (e) {
		if (e.status !== 404)
			throw e;
		json = {results: list.map(() => ({series: []}))};
	}
	return json.results || [json];
}

/* ---- one axis ---- */

const secondsOf = (t) => typeof t === "number" ? t : Date.parse(t) / 1000;

// The places of all series of an answer: {start, step, n}; null when there is no value at all.
export function gridOf(results, step) {
	let start = Infinity, end = -Infinity;
	for (const r of results) {
		for (const s of r.series || []) {
			if (!s.values.length)
				continue;
			const first = s.times ? s.times[0] : secondsOf(s.start);
			const last = s.times ? s.times[s.times.length - 1] : first + (s.values.length - 1) * r.step_s;
			start = Math.min(start, first);
			end = Math.max(end, last);
		}
	}
	return start > end ? null : {start, step, n: Math.round((end - start) / step) + 1};
}

export function timesOf(grid) {
	return Array.from({length: grid.n}, (_, i) => grid.start + i * grid.step);
}

// Values of one series on the grid. Those that lie on it already are taken as they are.
export function place(grid, r, s) {
	const first = s.times ? null : Math.round((secondsOf(s.start) - grid.start) / grid.step);
	if (first === 0 && r.step_s === grid.step && s.values.length === grid.n)
		return s.values;
	const out = new Array(grid.n).fill(null);
	s.values.forEach((v, i) => {
		const at = s.times ? Math.round((s.times[i] - grid.start) / grid.step)
			: r.step_s === grid.step ? first + i : Math.round((secondsOf(s.start) + i * r.step_s - grid.start) / grid.step);
		if (at >= 0 && at < grid.n)
			out[at] = v;
	});
	return out;
}

/* ---- curves ---- */

function measure(values) {
	let sum = 0, n = 0;
	for (const v of values) {
		if (v !== null) {
			sum += v;
			n++;
		}
	}
	return n ? sum / n : -Infinity;
}

const labelOf = (s) => Object.entries(s.labels).map(([k, v]) => k === "netns" ? `${v}:` : v).reverse().join(" ");

// The curves of one graph: [{name, values, peak, unit, limit}], and how many more there would be. names: those that were chosen before.
export function curvesOf(plan, results, grid, names) {
	const curves = [];
	let more = 0;
	for (const p of plan) {
		const r = results[p.at], c = p.curve;
		let found = ((r && r.series) || []).map((s, i) => ({name: c.many ? labelOf(s) : c.name, labels: s.labels, limit: c.limit,
			unit: c.unit !== undefined ? c.unit : s.unit + (s.kind === "counter" ? "/s" : ""), values: place(grid, r, s), peak: peak(p, results, grid, i)}));
		found = found.filter((s) => s.values.some((v) => v !== null));
		if (names)
			found = found.filter((s) => names.includes(s.name));
		else if (c.many && found.length > MOST) {
			const order = c.least ? -1 : 1;
			more += found.length - MOST;
			found = found.map((s) => [measure(s.values) * order, s]).sort((a, b) => b[0] - a[0]).slice(0, MOST).map((x) => x[1]);
		}
		curves.push(...found);
	}
	return {curves, more};
}

function peak(p, results, grid, i) {
	const r = p.peak === null ? null : results[p.peak];
	return r && r.series && r.series[i] ? place(grid, r, r.series[i]) : null;
}

/* ---- stacks ---- */

// From the axis up: what works, what is held, what is lost, and what is free on top.
const STATES = ["working", "writing", "busy", "locked", "reading", "keepalive", "waiting", "closing", "finishing", "starting", "ghost", "untold", "idle"];

// Its place in the stack; what is not known lies at the bottom, a limit over all.
const rank = (c) => c.limit ? STATES.length : STATES.indexOf(c.name);

const whose = (labels, text) => labels.netns ? `${labels.netns}: ${text}` : text;

// "apache2:80 reading" -> {of: "apache2:80", state: "reading"}
function stateOf(labels) {
	const m = /^(.*) (\w+)$/.exec(labels.server_state || "");
	return m && {of: whose(labels, m[1]), state: m[2]};
}

// States of servers by server, the one that has most first: [{of, curves, total}]. Its limit stands behind them.
export function stacksOf(plan, results, grid) {
	const all = new Map();
	for (const p of plan) {
		const r = results[p.at];
		for (const s of (r && r.series) || []) {
			const b = p.curve.limit ? {of: whose(s.labels, s.labels.server || ""), state: p.curve.name} : stateOf(s.labels);
			if (!b || (p.curve.limit && !all.has(b.of)))
				continue;
			if (!all.has(b.of))
				all.set(b.of, {of: b.of, curves: [], total: 0});
			const h = all.get(b.of), values = place(grid, r, s);
			if (!values.some((v) => v !== null))
				continue;
			h.curves.push({name: b.state, values, unit: "", limit: p.curve.limit, peak: null});
			h.total += p.curve.limit ? 0 : Math.max(0, measure(values));
		}
	}
	for (const h of all.values())
		h.curves.sort((x, y) => rank(x) - rank(y));
	return [...all.values()].filter((h) => h.total > 0).sort((a, b) => b.total - a.total);
}

// Each curve on top of those before it; where none has a value there is nothing. A limit stays where it is.
export function piled(curves) {
	const n = curves.length ? curves[0].values.length : 0, sum = new Array(n).fill(null);
	return curves.map((c) => {
		if (c.limit)
			return c.values;
		for (let i = 0; i < n; i++)
			if (curves.some((o) => !o.limit && o.values[i] !== null))
				sum[i] = (sum[i] || 0) + (c.values[i] || 0);
		return sum.slice();
	});
}

/* ---- histograms ---- */

const SCALE = {us: 1e-6, ms: 1e-3, s: 1};

// "vda 16ms" -> {of: "vda", edge: 0.016}
function bucket(labels) {
	const text = Object.entries(labels).filter(([k]) => /bucket$/.test(k)).map(([, v]) => v).join("");
	const m = /^(?:(.*) )?(?:(\d+(?:\.\d+)?)(us|ms|s)|inf|\+Inf)$/.exec(text);
	return m && {of: whose(labels, m[1] || ""), edge: m[2] ? m[2] * SCALE[m[3]] : Infinity, text: text.slice(m[1] ? m[1].length + 1 : 0)};
}

// Histograms of a metric by what they are of (a device, or ""), the one with most counts first: [{of, buckets: [{edge, text, values}], total}].
export function heatsOf(plan, results, grid) {
	const r = results[plan[0].at];
	const all = new Map();
	for (const s of (r && r.series) || []) {
		const b = bucket(s.labels);
		if (!b)
			continue;
		if (!all.has(b.of))
			all.set(b.of, {of: b.of, buckets: [], total: 0});
		const h = all.get(b.of), values = place(grid, r, s);
		h.buckets.push({edge: b.edge, text: b.text, values});
		h.total += Math.max(0, measure(values));
	}
	for (const h of all.values()) {
		h.buckets.sort((x, y) => x.edge - y.edge);
		h.buckets = filled(h.buckets, grid.n);
	}
	return [...all.values()].filter((h) => h.total > 0).sort((a, b) => b.total - a.total);
}

const LADDER = ["1us", "2us", "4us", "8us", "16us", "32us", "64us", "128us", "256us", "512us", "1ms", "2ms", "4ms", "8ms", "16ms", "33ms", "66ms", "131ms",
	"262ms", "524ms", "1s", "2s", "4s", "8s", "17s", "34s", "67s", "inf"];

// A bucket that never counted is no series: between others it stands empty.
function filled(buckets, n) {
	const at = buckets.map((b) => LADDER.indexOf(b.text));
	if (at.includes(-1))
		return buckets;
	const byText = new Map(buckets.map((b) => [b.text, b]));
	return LADDER.slice(Math.min(...at), Math.max(...at) + 1).map((text) => byText.get(text) ||
		{edge: bucket({bucket: text}).edge, text, values: new Array(n).fill(0)});
}

// The edge of the bucket that holds a share of the counts of one moment; null when nothing was counted.
export function quantile(buckets, i, share) {
	let total = 0, sum = 0;
	for (const b of buckets)
		total += b.values[i] || 0;
	if (!total)
		return null;
	for (const b of buckets) {
		sum += b.values[i] || 0;
		if (sum >= total * share)
			return b;
	}
	return buckets[buckets.length - 1];
}

/* ---- live ---- */

// A model with newer values behind it, and none before `from` (seconds). Where both have a value the newer one counts: the last step was not
// over; between them there may be a time without any. null where they do not fit.
export function join(old, fresh, from) {
	if (!fresh)
		return null;
	const step = old.step, start = old.x[0];
	const at = Math.round((fresh.x[0] - start) / step), n = Math.max(old.x.length, at + fresh.x.length);
	const cut = Math.max(0, Math.floor((from - start) / step));
	if (at < 0 || cut >= n)
		return null;
	const x = Array.from({length: n - cut}, (_, i) => start + (i + cut) * step);
	const both = (a, b, empty) => {
		const out = a.slice(cut);
		while (out.length < n - cut)
			out.push(empty);
		for (let i = 0; b && i < b.length; i++)
			if (at + i >= cut && b[i] !== null)
				out[at + i - cut] = b[i];
		return out;
	};
	const joined = {...old, x};
	if (old.stacks)
		joined.stacks = joinStacks(old, fresh, both);
	else if (old.curves)
		joined.curves = old.curves.map((c) => {
			const f = fresh.curves.find((o) => o.name === c.name);
			return {...c, values: both(c.values, f && f.values, null), peak: c.peak && both(c.peak, f && (f.peak || f.values), null)};
		});
	else
		joined.heats = old.heats.map((h) => {
			const f = fresh.heats.find((o) => o.of === h.of);
			return {...h, buckets: h.buckets.map((b) => {
				const g = f && f.buckets.find((o) => o.text === b.text);
				return {...b, values: both(b.values, g && g.values, null)};
			})};
		});
	return joined;
}

// A state that comes up for the first time is a curve more.
function joinStacks(old, fresh, both) {
	const none = new Array(old.x.length).fill(null);
	return old.stacks.map((h) => {
		const f = fresh.stacks.find((o) => o.of === h.of);
		const more = f ? f.curves.filter((c) => !h.curves.some((o) => o.name === c.name)).map((c) => ({...c, values: none})) : [];
		const curves = [...h.curves, ...more].map((c) => {
			const g = f && f.curves.find((o) => o.name === c.name);
			return {...c, values: both(c.values, g && g.values, null)};
		});
		return {...h, curves: more.length ? curves.sort((x, y) => rank(x) - rank(y)) : curves};
	});
}
