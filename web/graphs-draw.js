// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// One graph on canvas, by uPlot: curves, or a heat map. All share one cursor and one span of time; colours are those of the page's style.
import uPlot from "./uplot.js";
import {amount} from "./words.js";
import {piled, quantile} from "./graphs-data.js";

export const HEIGHT = 140, HEAT_HEIGHT = 180;
const GUTTER = 58; // of the scale at the left: the same for all, so that times stand above each other
const CURVES = 6;
const NEAR = 6; // pixels: so near to an event its text is shown
const SYNC = "plimsoll";

export const available = uPlot !== null;

/* ---- colours ---- */

let paint = {};

// As the style has them now: light, dark, or on paper.
export function readColours(element) {
	const style = getComputedStyle(element);
	const get = (name) => style.getPropertyValue(name).trim() || "#888";
	paint = {text: get("--dim"), line: get("--line"), card: get("--card"), heat: get("--graph-heat"), limit: get("--critical"),
		curves: Array.from({length: CURVES}, (_, i) => get(`--graph-${i + 1}`)),
		event: {critical: get("--critical"), warning: get("--warning"), notice: get("--notice")}};
	return paint;
}

export const colourOf = (i) => paint.curves[i % CURVES];
export const eventColour = (e) => paint.event[e.severity] || paint.event.notice;

// Of the states of a server, each has its own; what is free is pale, what is lost is the colour of trouble.
const STATE_COLOURS = {working: 1, writing: 1, busy: 1, reading: 2, keepalive: 3, waiting: 3, closing: 4, locked: 4, finishing: 6, starting: 6, ghost: 5};
export const stateColour = (name) => STATE_COLOURS[name] ? `--graph-${STATE_COLOURS[name]}` : name === "untold" ? "--notice" : "--line";
const stateInk = (name) => STATE_COLOURS[name] ? colourOf(STATE_COLOURS[name] - 1) : name === "untold" ? paint.event.notice : paint.line;

const pixels = () => devicePixelRatio || 1;

/* ---- axes ---- */

const two = (n) => String(n).padStart(2, "0");

// 04:12, with seconds where the marks are less than a minute apart, with the day where it changes.
function timeMarks(u, splits) {
	const fine = splits.length > 1 && splits[1] - splits[0] < 60, wide = splits.length > 1 && splits[1] - splits[0] >= 86400;
	let day = null;
	return splits.map((s) => {
		const d = new Date(s * 1000), today = `${d.getDate()}.${d.getMonth() + 1}.`;
		const text = wide || (day !== null && day !== today) ? today : `${two(d.getHours())}:${two(d.getMinutes())}${fine ? ":" + two(d.getSeconds()) : ""}`;
		day = today;
		return text;
	});
}

function timeAxis() {
	return {stroke: () => paint.text, grid: {stroke: () => paint.line, width: 1}, ticks: {show: false}, font: "11px system-ui, sans-serif", size: 22, gap: 3, space: 62, values: timeMarks};
}

function valueAxis(more) {
	return {stroke: () => paint.text, grid: {stroke: () => paint.line, width: 1}, ticks: {show: false}, font: "11px system-ui, sans-serif", size: GUTTER, gap: 4, space: 28, ...more};
}

// Round numbers of what the unit counts in: bytes by powers of two.
const BYTE_STEPS = Array.from({length: 56}, (_, i) => 2 ** i);

function rangeOf(top) {
	return (u, min, max) => {
		const high = Math.max(max === null ? 0 : max * 1.06, top || 0);
		return [Math.min(0, min || 0), high > 0 ? high : 1];
	};
}

/* ---- events ---- */

const eventSpan = (e) => [e.from / 1000, (e.to === null ? e.from : e.to) / 1000];

function drawEvents(u, events) {
	const {ctx, bbox} = u;
	const {min, max} = u.scales.x;
	ctx.save();
	for (const e of events) {
		const [a, b] = eventSpan(e);
		if (b < min || a > max)
			continue;
		const x0 = Math.max(bbox.left, u.valToPos(a, "x", true)), x1 = Math.min(bbox.left + bbox.width, u.valToPos(b, "x", true));
		ctx.fillStyle = eventColour(e);
		if (x1 - x0 > 1) {
			ctx.globalAlpha = e.marked ? 0.24 : 0.1;
			ctx.fillRect(x0, bbox.top, x1 - x0, bbox.height);
		}
		ctx.globalAlpha = e.marked ? 1 : e.severity === "notice" ? 0.35 : 0.8;
		if (a >= min)
			ctx.fillRect(Math.round(x0), bbox.top, (e.marked ? 3 : 1) * pixels(), bbox.height);
	}
	ctx.restore();
}

// The event under the cursor: the one that begins nearest, else the one that lasts there.
export function eventAt(u, left, events) {
	let best = null, distance = NEAR;
	for (const e of events) {
		const d = Math.abs(u.valToPos(e.from / 1000, "x") - left);
		if (d <= distance) {
			best = e;
			distance = d;
		}
	}
	const t = u.posToVal(left, "x") * 1000;
	return best || events.find((e) => e.to !== null && e.from <= t && t <= e.to) || null;
}

/* ---- what all have in common ---- */

// on: {select(from, to), cursor(graph), out()}; shared: {span(): [from, to] in seconds, events(): [...]}.
function options(height, width, shared, on, more) {
	return {
		width, height, legend: {show: false}, padding: [8, 8, 0, 0],
		cursor: {sync: {key: SYNC, setSeries: false, filters: {sub: (type) => type === "mousemove" || type === "mouseleave"}}, // a drag is of one graph
			drag: {x: true, y: false, setScale: false, dist: 4}, points: {size: 5}, y: false,
			bind: {dblclick: () => () => { on.out(); return null; }}},
		select: {show: true},
		...more,
		scales: {x: {time: true, range: () => shared.span()}, ...more.scales},
		hooks: {
			...more.hooks,
			drawAxes: [(u) => drawEvents(u, shared.events())],
			setSelect: [(u) => {
				if (u.select.width > 3)
					on.select(u.posToVal(u.select.left, "x") * 1000, u.posToVal(u.select.left + u.select.width, "x") * 1000);
				u.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
			}],
			setCursor: [(u) => on.cursor(u)],
		},
	};
}

/* ---- curves ---- */

// What uPlot is given of the curves of a graph.
export function dataOf(graph, x, curves) {
	return graph.stack ? [x, ...piled(curves)] : [x, ...curves.flatMap((c) => c.peak ? [c.peak, c.values] : [c.values])];
}

// Each area between its own upper edge and that of the one below it.
function drawStack(box, graph, x, curves, width, shared, on) {
	const series = [{}], bands = [];
	curves.forEach((c, i) => {
		const ink = () => c.limit ? paint.limit : stateInk(c.name), filled = () => ink() + "b0";
		series.push(c.limit ? {stroke: ink, width: 1.25, dash: [6, 4], points: {show: x.length < 3}}
			: {stroke: ink, width: 1, points: {show: x.length < 3}, fill: i === 0 ? filled : undefined});
		if (i > 0 && !c.limit)
			bands.push({series: [i + 1, i], fill: filled});
	});
	return new uPlot(options(HEIGHT, width, shared, on, {
		series, bands, axes: [timeAxis(), valueAxis({values: (u, splits) => splits.map((v) => amount(v, ""))})],
		scales: {y: {range: rangeOf(graph.top)}},
	}), dataOf(graph, x, curves), box);
}

export function drawCurves(box, graph, x, curves, width, shared, on) {
	if (graph.stack)
		return drawStack(box, graph, x, curves, width, shared, on);
	const unit = curves[0].unit;
	const series = [{}], data = [x];
	const bands = [];
	curves.forEach((c, i) => {
		const colour = () => c.limit ? paint.limit : colourOf(i);
		if (c.peak) {
			data.push(c.peak);
			series.push({stroke: () => colour(), width: 1, alpha: 0.45, points: {show: false}});
			bands.push({series: [data.length - 1, data.length], fill: () => colour() + "22"});
		}
		data.push(c.values);
		series.push({stroke: colour, width: c.limit ? 1.25 : 1.5, dash: c.limit ? [6, 4] : undefined, points: {show: x.length < 3}});
	});
	return new uPlot(options(HEIGHT, width, shared, on, {
		series, bands, axes: [timeAxis(), valueAxis({values: (u, splits) => splits.map((v) => amount(v, unit)), ...(unit.startsWith("bytes") ? {incrs: BYTE_STEPS} : {})})],
		scales: {y: {range: rangeOf(graph.top)}},
	}), data, box);
}

/* ---- heat maps ---- */

// Each second a column, each bucket a row, the longest wait on top; how dark says how many, by the logarithm.
function heatImage(x, buckets) {
	const w = x.length, h = buckets.length;
	let most = 0;
	for (const b of buckets)
		for (const v of b.values)
			most = Math.max(most, v || 0);
	const canvas = new OffscreenCanvas(w, h), ctx = canvas.getContext("2d");
	const image = ctx.createImageData(w, h), m = /^#(..)(..)(..)/.exec(paint.heat) || [0, "88", "88", "88"];
	const rgb = [1, 2, 3].map((i) => parseInt(m[i], 16));
	// Four powers of ten are told apart; what is rarer is as light as that.
	const low = most / 1e4;
	buckets.forEach((b, row) => {
		for (let i = 0; i < w; i++) {
			const v = b.values[i];
			if (!(v > 0))
				continue;
			const at = ((h - 1 - row) * w + i) * 4;
			image.data.set(rgb, at);
			image.data[at + 3] = 24 + 231 * Math.max(0, Math.log(v / low) / Math.log(1e4));
		}
	});
	ctx.putImageData(image, 0, 0);
	return canvas;
}

function drawHeat(u, heat) {
	const {ctx, bbox} = u, x = u.data[0];
	if (!heat.image || heat.colour !== paint.heat) {
		heat.image = heatImage(x, heat.buckets);
		heat.colour = paint.heat;
	}
	const step = heat.step, left = u.valToPos(x[0], "x", true), right = u.valToPos(x[x.length - 1] + step, "x", true);
	ctx.save();
	ctx.beginPath();
	ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
	ctx.clip();
	ctx.imageSmoothingEnabled = false;
	ctx.drawImage(heat.image, left, bbox.top, right - left, bbox.height);
	ctx.restore();
}

export function drawHeatMap(box, heat, x, step, width, shared, on) {
	const n = heat.buckets.length;
	heat.step = step;
	// Edges: every second or third where rows are narrow.
	const every = Math.max(1, Math.ceil(n / 9));
	const splits = heat.buckets.map((_, i) => i).filter((i) => (n - 1 - i) % every === 0);
	return new uPlot(options(HEAT_HEIGHT, width, shared, on, {
		series: [{}, {paths: () => null, points: {show: false}}],
		axes: [timeAxis(), valueAxis({grid: {show: false}, splits: () => splits.map((i) => i + 0.5),
			values: () => splits.map((i) => heat.buckets[i].text === "inf" ? "more" : heat.buckets[i].text)})],
		scales: {y: {range: () => [0, n]}},
		hooks: {draw: [(u) => drawHeat(u, heat)]},
	}), [x, new Array(x.length).fill(null)], box);
}

// What a heat map says of one moment.
export function heatText(heat, i) {
	const half = quantile(heat.buckets, i, 0.5), most = quantile(heat.buckets, i, 0.99);
	if (!half)
		return "none";
	const total = heat.buckets.reduce((sum, b) => sum + (b.values[i] || 0), 0);
	const word = (b) => b.text === "inf" ? "longer than all edges" : `at most ${b.text}`;
	return `${amount(total, "/s")} a second, half took ${word(half)}, 99 % ${word(most)}`;
}
