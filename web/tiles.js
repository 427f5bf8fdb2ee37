// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Four signs of life with the two minutes that lead to the moment that is shown. Live they grow by the summary of each second, the past is
// asked of the store.
import {$, el, plain} from "./dom.js";
import {amount} from "./words.js";
import {time, timeText} from "./time.js";

const CURVE = 120; // seconds

const percent = (x) => typeof x === "number" ? amount(x, "ratio") : "?";
const bytes = (x, unit) => typeof x === "number" ? amount(x, unit) : "?";

const tiles = [
	{name: () => "processors busy", text: (s) => percent(s.cpu_busy), curves: [(s) => s.cpu_busy], top: () => 1},
	{name: () => "memory available", text: (s) => bytes(s.mem_available, "bytes") + (typeof s.mem_total === "number" ? ` of ${amount(s.mem_total, "bytes")}` : ""),
		curves: [(s) => s.mem_available], top: (s) => s.mem_total},
	{name: (s) => s.net ? `${plain(s.net.if)}: in, out` : "network", curves: [(s) => s.net && s.net.rx_bytes_per_s, (s) => s.net && s.net.tx_bytes_per_s],
		text: (s) => s.net ? `${bytes(s.net.rx_bytes_per_s, "bytes/s")}, ${bytes(s.net.tx_bytes_per_s, "bytes/s")}` : "?"},
	{name: () => "waits: CPU, memory, disk", curves: [(s) => s.psi_some.cpu, (s) => s.psi_some.io], top: () => 1,
		text: (s) => [s.psi_some.cpu, s.psi_some.memory, s.psi_some.io].map(percent).join(", ")},
];

let seen = []; // summaries, one a second
let ask = null, asked = 0, known = null; // known: of the live stream, for what the past does not say by itself

function curve(values, top, second) {
	const points = values.map((y, i) => typeof y === "number" ? `${CURVE - values.length + i + 1},${(30 - 28 * Math.min(1, y / top)).toFixed(2)}` : null);
	return el("polyline", {class: second ? "second" : null, points: points.filter(Boolean).join(" ")});
}

function tile(t, s) {
	const values = t.curves.map((f) => seen.map(f));
	const top = (t.top && t.top(s)) || Math.max(1, ...values.flat().filter((y) => typeof y === "number")) * 1.1;
	return el("div", {class: "tile"}, el("h3", {}, t.name(s)), el("p", {}, t.text(s)),
		el("svg", {viewBox: `0 0 ${CURVE} 32`, preserveAspectRatio: "none", "aria-hidden": "true"}, values.map((v, i) => curve(v, top, i))));
}

function draw() {
	const s = seen.at(-1);
	$("tiles").replaceChildren(...(s ? tiles.map((t) => tile(t, s)) : []));
}

// The summary of a second, of the live stream.
export function take(s) {
	const first = !known && s.net;
	known = s;
	if (first)
		history(); // now it is known which interface
	if (!time.get().live || (seen.length && seen.at(-1).at >= s.at))
		return;
	seen = [...seen, s].slice(-CURVE);
	draw();
}

/* ---- the past ---- */

// The curve of the one series without labels besides those that are asked for, as long as the wanted span, with gaps at its start.
function values(answer, from, count) {
	const s = (answer.series || []).find((x) => Object.keys(x.labels).every((k) => k === "if"));
	const out = new Array(count).fill(null);
	if (s && Array.isArray(s.values)) {
		const first = Math.round(s.start - from / 1000);
		s.values.forEach((v, i) => {
			if (first + i >= 0 && first + i < count)
				out[first + i] = typeof v === "number" ? v : null;
		});
	}
	return out;
}

// The two minutes up to the moment that is shown.
export async function history() {
	const t = time.get(), mine = ++asked, to = t.live ? time.newest() : t.at, from = to - (CURVE - 1) * 1000;
	const name = known && known.net ? `{if="${known.net.if.replace(/[\\"]/g, "\\$&")}"}` : null;
	const wanted = ["cpu.busy", "mem.available", "mem.total", "psi.cpu.some", "psi.memory.some", "psi.io.some",
		...(name ? [`rate(net.rx.bytes${name})`, `rate(net.tx.bytes${name})`] : [])];
	const all = await ask("/api/v1/query?" + [...wanted.map((q) => "q=" + encodeURIComponent(q)), `from=${timeText(from)}`, `to=${timeText(to)}`, "step=1s"].join("&"))
		.catch(() => ({}));
	const answers = wanted.map((_, i) => (all.results && all.results[i]) || {});
	if (mine !== asked)
		return;
	const [cpu, available, total, pcpu, pmem, pio, rx, tx] = answers.map((a) => values(a, from, CURVE));
	const past = cpu.map((_, i) => ({at: timeText(from + i * 1000), cpu_busy: cpu[i], mem_available: available[i], mem_total: total[i],
		net: rx ? {if: known.net.if, rx_bytes_per_s: rx[i], tx_bytes_per_s: tx[i]} : null, psi_some: {cpu: pcpu[i], memory: pmem[i], io: pio[i]}}));
	while (past.length && typeof past.at(-1).cpu_busy !== "number")
		past.pop();
	if (t.live) {
		const last = past.length ? past.at(-1).at : "";
		seen = [...past, ...seen.filter((s) => s.at > last)].slice(-CURVE);
	} else {
		seen = past;
	}
	draw();
}

export function mount(asker) {
	ask = asker;
	let timer = 0;
	time.subscribe((t, {tick}) => {
		if (tick)
			return;
		clearTimeout(timer);
		timer = setTimeout(history, 150);
	});
}
