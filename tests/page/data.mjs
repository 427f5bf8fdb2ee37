// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// What graphs make of answers, without a browser: stacks of states, histograms of several servers, and what comes live.
import * as data from "../../web/graphs-data.js";

let passed = 0, failed = 0;
function equal(got, want, what) {
	const same = JSON.stringify(got) === JSON.stringify(want);
	passed += same;
	failed += !same;
	if (!same)
		console.log(`FAILED: ${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const series = (labels, values, start = 100) => ({labels, values, start: start, unit: "", kind: "gauge"});
const plan = [{curve: {name: "", many: true}, at: 0, peak: null}, {curve: {name: "limit", limit: true, many: true}, at: 1, peak: null}];
const states = {step_s: 1, series: [
	series({server_state: "apache2:80 idle"}, [8, 8, 0]),
	series({server_state: "apache2:80 working"}, [12, 11, null]),
	series({server_state: "apache2:80 untold"}, [null, null, 20]),
	series({server_state: "apache2:80 ghost"}, [0, 1, 0]),
	series({server_state: "nginx x/www busy", netns: "shop"}, [1, null, 1]),
	series({server_state: "nonsense"}, [99, 99, 99]),
]};
const limits = {step_s: 1, series: [series({server: "apache2:80"}, [20, 20, 20]), series({server: "apache2:81"}, [5, 5, 5])]};

const grid = data.gridOf([states, limits], 1);
const all = data.stacksOf(plan, [states, limits], grid);
equal(all.map((s) => s.of), ["apache2:80", "shop: nginx x/www"], "a stack for each server, that with most first; a limit alone is none");
equal(all[0].curves.map((c) => c.name), ["working", "ghost", "untold", "idle", "limit"], "what works is below, what is free on top, the limit over all");
equal(data.piled(all[0].curves), [[12, 11, 0], [12, 12, 0], [12, 12, 20], [20, 20, 20], [20, 20, 20]], "each on top of those before it");
equal(data.piled(all[1].curves), [[1, null, 1]], "where nothing was told there is nothing");
equal(all[0].curves[0].values, [12, 11, null], "values stay what they are");

const old = {stacks: all, x: data.timesOf(grid), step: 1};
const later = {step_s: 1, series: [series({server_state: "apache2:80 working"}, [13, 14], 102), series({server_state: "apache2:80 reading"}, [1, 2], 102)]};
const g = data.gridOf([later], 1);
const joined = data.join(old, {stacks: data.stacksOf(plan.slice(0, 1), [later], g), x: data.timesOf(g), step: 1}, 101);
equal(joined.x, [101, 102, 103], "the oldest goes, the newest comes");
equal(joined.stacks[0].curves.map((c) => [c.name, c.values]), [["working", [11, 13, 14]], ["reading", [null, 1, 2]], ["ghost", [1, 0, null]], ["untold", [null, 20, null]],
	["idle", [8, 0, null]], ["limit", [20, 20, null]]], "live values are put behind, a new state comes in at its place");

const counts = {step_s: 1, series: [series({server_bucket: "apache2:80 4ms"}, [5]), series({server_bucket: "apache2:80 16ms"}, [1]),
	series({server_bucket: "apache2:80 4ms", netns: "shop"}, [7]), series({server_bucket: "apache2:80 inf"}, [2])]};
const heats = data.heatsOf([{at: 0}], [counts], data.gridOf([counts], 1));
equal(heats.map((h) => [h.of, h.total]), [["apache2:80", 8], ["shop: apache2:80", 7]], "servers of two namespaces are two histograms");
equal(heats[0].buckets.length, 16, "empty buckets stand between the others");
equal(data.quantile(heats[0].buckets, 0, 0.5).text, "4ms", "the half is told by its edge");

console.log(`data: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
