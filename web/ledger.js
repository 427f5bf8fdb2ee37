// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The ledger: everything that can run out, each with its load line.
import {left, level, loadBar} from "./bar.js";
import {$, el, plain, renew} from "./dom.js";
import {amount, clock, duration} from "./words.js";

const PLENTY = 0.5; // more left than this is shown only when asked for
const HOLDERS = 2; // of those that hold it

let rows = [];

function isShort(r) {
	const l = left(r);
	return (l !== null && l < PLENTY) || r.eta_s !== null || r.refused_per_s > 0 || waits(r) > 0.1;
}

// The kernel says how much of the time somebody waits for any of a kind (disks): a row that is not used has no part in it.
function waits(r) {
	return r.used > 0 && r.pressure > 0 ? r.pressure : 0;
}

function fits(r, wanted) {
	return [r.resource, r.cgroup, r.netns, ...r.holders.slice(0, HOLDERS).map((h) => h.value + " " + (h.pid || ""))].join(" ").toLowerCase().includes(wanted);
}

function percentLeft(l) {
	return l === 0 ? "none" : l < 0.01 ? "< 1 %" : `${Math.floor(l * 100)} %`;
}

const OWN_UNIT = ["bytes", "bytes/s", "ratio", "seconds", ""];

function numbers(r) {
	const unit = OWN_UNIT.includes(r.unit) ? "" : " " + r.unit;
	return [el("strong", {}, amount(r.used, r.unit)), r.limit === null ? `${unit}, no limit` : ` of ${amount(r.limit, r.unit)}${unit}`];
}

function holder(h) {
	return plain(h.value) + (h.pid ? ` (${h.pid})` : "") + (h.share === null ? "" : ` ${amount(h.share, "ratio")}`);
}

function row(r) {
	const l = left(r);
	const cell = (name, ...inner) => el("td", {"data-name": name}, inner);
	const hurts = [r.refused ? `${amount(r.refused)} refused` : "", waits(r) > 0.001 ? `waits ${amount(waits(r), "ratio")} of the time` : ""].filter(Boolean);
	return el("tr", {class: level(r) || null},
		el("th", {scope: "row", title: r.source}, el("span", {class: "mono"}, plain(r.resource)),
			r.cgroup && !r.resource.includes(r.cgroup) ? el("div", {class: "under"}, plain(r.cgroup)) : "",
			r.netns ? el("div", {class: "under"}, `network namespace ${plain(r.netns)}`) : ""),
		el("td", {class: "line"}, loadBar(r)),
		cell("used", el("span", {class: "uses"}, numbers(r))),
		cell("left", l === null ? "" : percentLeft(l)),
		cell("at most", r.high === null ? "" : amount(r.high, r.unit), r.high_at ? el("div", {class: "under"}, clock(r.high_at)) : ""),
		cell("hurts", hurts.map((h) => el("div", {}, h))),
		cell("time left", r.eta_s === null ? "" : duration(r.eta_s)),
		cell("held by", r.holders.slice(0, HOLDERS).map((h) => el("div", {}, holder(h)))));
}

function draw() {
	const wanted = $("filter").value.trim().toLowerCase();
	const all = $("all").checked;
	const shown = rows.filter((r) => wanted ? fits(r, wanted) : all || isShort(r));
	renew($("ledger").tBodies[0], shown.map((r) => ({key: `${r.resource}\n${r.netns}\n${r.cgroup}`, signature: JSON.stringify(r), make: () => row(r)})));
	$("shown").textContent = !rows.length ? "" : shown.length === rows.length ? `all ${rows.length}`
		: shown.length ? `${shown.length} of ${rows.length}` : wanted ? "none has that in its name" : `nothing is short: all ${rows.length} have plenty left`;
	$("ledger").hidden = !shown.length;
}

export function show(limits) {
	rows = limits.resources || [];
	draw();
}

export function mount() {
	$("ledger").prepend(el("thead", {}, el("tr", {}, ["resource", "load line", "used", "left", "at most", "refused, waits", "time left", "held by"].map((h) =>
		el("th", {scope: "col"}, h)))));
	$("filter").addEventListener("input", draw);
	$("all").addEventListener("change", draw);
}

// What is on paper is all of it.
let before = false;
addEventListener("beforeprint", () => {
	before = $("all").checked;
	$("all").checked = true;
	draw();
});
addEventListener("afterprint", () => {
	$("all").checked = before;
	draw();
});
