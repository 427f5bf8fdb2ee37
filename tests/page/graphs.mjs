// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The graphs of the page, over three hours that build/store_repeat makes of a few seconds of this machine: zoom, the common axis and cursor, events,
// heat maps, numbers for those who do not see them, live values, phone and paper.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import {BINARY, Process, assets, open, record, run, serve, sleep, tally as t, until} from "./harness.mjs";

const REPEAT = path.join(path.dirname(BINARY), "store_repeat");
const SPAN = 3 * 3600;

const drawn = (page) => page.evaluate(() => performance.getEntriesByName("graphs-drawn").length);
const range = (page, id) => page.evaluate((i) => {
	const p = document.getElementById(i).card.plot;
	return [p.scales.x.min, p.scales.x.max];
}, id);
const near = (a, b, by) => Math.abs(a - b) <= by;
const ask = async (s, q, from, to, step) => (await (await fetch(`${s.url}/api/v1/query?${new URLSearchParams({q, from, to, step: `${step}s`})}`)).json()).series;

// Does something, and waits until the graphs were drawn again.
async function anew(page, act) {
	const before = await drawn(page);
	await act();
	return t.ok(await until(async () => await drawn(page) > before && !await page.locator("#graphs[aria-busy]").count(), 15), "the graphs are drawn again");
}

async function arrive(browser, s, hash = `#span=${SPAN}`, options = {}) {
	const page = await open(browser, {viewport: {width: 1280, height: 1000}, ...options});
	await page.goto(s.url + "/" + hash);
	await page.waitForFunction(() => performance.getEntriesByName("graphs-drawn").length > 0, null, {timeout: 20000});
	await page.locator("#graphs").scrollIntoViewIfNeeded();
	await page.locator("#graph-cpu").scrollIntoViewIfNeeded();
	return page;
}

async function drag(page, id, a, b) {
	const box = await page.locator(`#${id} .u-over`).boundingBox();
	await page.mouse.move(box.x + box.width * a, box.y + 40);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * (a + b) / 2, box.y + 45, {steps: 3});
	await page.mouse.move(box.x + box.width * b, box.y + 50, {steps: 3});
	await page.mouse.up();
}

async function zoom(page, s) {
	const [from, to] = await range(page, "graph-cpu");
	t.ok(near(to - from, SPAN, 1), "the span of the link", [from, to]);
	await anew(page, () => drag(page, "graph-cpu", 0.5, 0.7));
	const [a, b] = await range(page, "graph-cpu"), second = (to - from) / 250;
	t.ok(near(a, from + (to - from) * 0.5, second) && near(b, from + (to - from) * 0.7, second), "a drag zooms to where it was", [from, to, a, b]);
	t.equal(await range(page, "graph-tasks"), [a, b], "all graphs have one axis of time");
	const hash = await page.evaluate(() => decodeURIComponent(location.hash));
	t.ok(/from=.*to=/.test(hash), "the span is in the link", hash);
	for (let i = 0; i < 2; i++)
		await anew(page, () => drag(page, "graph-cpu", 0.3, 0.6));
	const [c, d] = await range(page, "graph-cpu");
	t.ok(d - c < 300, "zoomed to less than five minutes", [c, d]);
	t.ok((await page.locator("#graphs .graph-controls").textContent()).includes("a value each 1 s"), "there each second is drawn");
	const values = await page.evaluate(() => {
		const m = document.getElementById("graph-tasks").card.model;
		return [m.x[10], m.curves.find((v) => v.name === "running").values[10]];
	});
	const [series] = await ask(s, "sched.running", values[0], values[0] + 0.9, 1);
	t.equal(values[1], series.values[0], "and it is what the API says of that second");
	await page.keyboard.press("Backspace");
	t.ok(await until(async () => near((await range(page, "graph-cpu"))[0], a + (b - a) * 0.3, 5)), "Backspace goes a step back");
	await anew(page, () => page.getByRole("button", {name: "back"}).last().click());
	t.ok(near((await range(page, "graph-cpu"))[0], a, 2), "the button goes back too", [await range(page, "graph-cpu"), a]);
	await anew(page, () => page.keyboard.press("-"));
	const out = await range(page, "graph-cpu");
	t.ok(out[0] < a - (b - a) * 0.9 && out[1] > b, "a key zooms out", [out, a, b]);
	await anew(page, () => page.locator("#graph-cpu .u-over").dblclick({position: {x: 50, y: 50}}));
	t.ok((await range(page, "graph-cpu"))[0] < out[0] - 100, "a double click zooms out", out);
}

async function cursor(page) {
	const box = await page.locator("#graph-cpu .u-over").boundingBox();
	await page.mouse.move(box.x + box.width * 0.25, box.y + 60);
	await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
	const at = (id) => page.evaluate((i) => document.getElementById(i).card.plot.cursor.idx, id);
	t.ok(await until(async () => await at("graph-cpu") !== null && await at("graph-cpu") === await at("graph-tasks")), "one cursor for all", [await at("graph-cpu"), await at("graph-tasks")]);
	const shown = await until(async () => page.evaluate(() => {
		const c = document.getElementById("graph-tasks").card;
		const v = c.model.curves[0].values[c.plot.cursor.idx];
		const [, number, unit] = c.legend.querySelector(".value").textContent.match(/^(-?[\d.]+)\s*([kM]?)/) || [];
		return Math.abs(Number(number) * {"": 1, k: 1e3, M: 1e6}[unit] - v) <= 0.05 * Math.abs(v) + 0.06; // as it is rounded
	}));
	t.ok(shown, "the value under the cursor is in the legend");
	await page.mouse.move(5, 5);
}

async function events(page) {
	const e = await page.evaluate(() => {
		const p = document.getElementById("graph-cpu").card.plot, lane = [...document.querySelectorAll(".event")];
		return {lane: lane.map((b) => b.getAttribute("aria-label")), left: lane.map((b) => parseFloat(b.style.left) / 100), width: p.over.clientWidth};
	});
	const i = e.lane.findIndex((l) => l.includes("disk vda is saturated"));
	if (!t.ok(i >= 0, "a finding of then is in the lane", e.lane))
		return;
	const box = await page.locator("#graph-cpu .u-over").boundingBox();
	await page.mouse.move(box.x + box.width * e.left[i] + 20, box.y + 50);
	await page.mouse.move(box.x + box.width * e.left[i] + 1, box.y + 50);
	t.ok(await until(async () => (await page.locator(".graph-tip").textContent()).includes("disk vda is saturated") && await page.locator(".graph-tip").isVisible()),
		"pointing at it in a graph says what it was", await page.locator(".graph-tip").textContent());
	t.ok(await page.locator(".graph-tip").evaluate((x) => x.getBoundingClientRect().right <= innerWidth), "on the screen");
	await page.mouse.move(5, 5);
	await until(async () => page.locator(".graph-tip").isHidden());
	await page.locator(".event").nth(i).focus();
	t.ok(await page.locator(".graph-tip").isVisible() && (await page.locator(".graph-tip").textContent()).includes("finding: disk vda"), "so does the focus in the lane");
	t.ok(await page.evaluate(() => {
		const u = document.getElementById("graph-memory").card.plot;
		return u !== null;
	}), "with all graphs");
	await page.locator("#graph-cpu .plot").focus();
	await page.keyboard.press("Home");
	await page.keyboard.press("ArrowRight");
	t.ok(await until(async () => /\d\d:\d\d:\d\d: busy \d.*user/.test(await page.locator("#graphs p[aria-live]").textContent())), "arrow keys say the values of a moment",
		await page.locator("#graphs p[aria-live]").textContent());
	t.ok(!(await page.evaluate(() => location.hash)).includes("at="), "and do not move the page");
}

// What is painted where most of the counts of a moment are, beside what the API counted.
async function heat(page, s) {
	const id = "graph-sched.latency";
	await page.locator(`[id="${id}"]`).scrollIntoViewIfNeeded();
	t.ok(await until(() => page.evaluate((i) => document.getElementById(i).card.drawn !== null, id), 15), "the heat map is drawn");
	const m = await page.evaluate((i) => {
		const c = document.getElementById(i).card, u = c.plot, at = Math.floor(c.model.x.length / 2), n = c.heatNow.buckets.length;
		const x = u.valToPos(c.model.x[at] + c.model.step / 2, "x", true);
		const alpha = c.heatNow.buckets.map((b, row) => [...u.ctx.getImageData(Math.round(x), Math.round(u.valToPos(row + 0.5, "y", true)), 1, 1).data]);
		return {time: c.model.x[at], step: c.model.step, buckets: c.heatNow.buckets.map((b) => b.text), values: c.heatNow.buckets.map((b) => b.values[at]), alpha, n};
	}, id);
	const series = await ask(s, "sched.latency", m.time, m.time + m.step, m.step);
	const counted = new Map(series.map((x) => [x.labels.bucket, x.values[0]]));
	t.ok(m.buckets.every((b, i) => near(m.values[i] || 0, counted.get(b) || 0, 1e-6 * (counted.get(b) || 1))), "a heat map has the counts of the API", [m, [...counted]]);
	const most = m.values.indexOf(Math.max(...m.values)), least = m.values.findIndex((v) => v > 0 && v < m.values[most] / 50);
	t.ok(m.alpha[most][3] > 150 && m.alpha[most][2] > m.alpha[most][0], "where most waits are it is painted", m);
	t.ok(least < 0 || m.alpha[least][3] < m.alpha[most][3], "where fewer are, lighter", m);
	t.ok(/half took at most .*99 %/.test(await page.locator(`[id="${id}"] .legend`).textContent()), "and it says so in words", await page.locator(`[id="${id}"]`).textContent());
	const before = await range(page, id);
	await anew(page, () => drag(page, id.replace(".", "\\."), 0.4, 0.6));
	const now = await range(page, id);
	t.ok(now[0] > before[0] && now[1] < before[1], "a drag zooms in a heat map", [before, now]);
	await page.keyboard.press("Backspace");
}

// Apache with four workers on loopback, who writes down how long each request took; null where there is none, or the recorder may not ask it.
async function apache(work) {
	const modules = "/usr/lib/apache2/modules", port = 18760 + process.pid % 200;
	if (process.geteuid() !== 0 || !fs.existsSync("/usr/sbin/apache2"))
		return null;
	const dir = path.join(work, "apache");
	fs.mkdirSync(dir);
	fs.chmodSync(dir, 0o755);
	fs.writeFileSync(path.join(dir, "index.html"), "shop");
	fs.writeFileSync(path.join(dir, "conf"), [...["mpm_prefork", "authz_core", "authz_host", "dir", "status"].map((m) => `LoadModule ${m}_module ${modules}/mod_${m}.so`),
		`ServerRoot ${dir}`, "ServerName shop", `PidFile ${dir}/pid`, `DefaultRuntimeDir ${dir}`, "User www-data", "Group www-data", `Listen 127.0.0.1:${port}`,
		`DocumentRoot ${dir}`, `ErrorLog ${dir}/error.log`, 'LogFormat "%h %l %u %t \\"%r\\" %>s %b %D" timed', `CustomLog ${dir}/access.log timed`,
		"StartServers 4", "ServerLimit 4", "MaxRequestWorkers 4", "ExtendedStatus On", `<Directory ${dir}>`, "Require all granted", "</Directory>",
		"<Location /server-status>", "SetHandler server-status", "Require local", "</Location>", ""].join("\n"));
	// In a session of its own: Apache ends its whole process group.
	const p = new Process("setsid", "/usr/sbin/apache2", "-f", path.join(dir, "conf"), "-DFOREGROUND");
	p.port = port;
	p.name = `apache2:${port}`;
	p.asks = setInterval(() => http.get({port, host: "127.0.0.1", path: "/index.html"}, (r) => r.resume()).on("error", () => {}), 100);
	return p;
}

// Its workers above each other up to the limit, and how long its answers took, as the API has both.
async function servers(page, s, name) {
	const shown = (id) => until(() => page.evaluate((i) => document.getElementById(i).card.drawn !== null, id), 15);
	await page.locator("#graph-workers").scrollIntoViewIfNeeded();
	t.ok(await shown("graph-workers"), "workers by what they do are drawn");
	// Others of this machine may have more: ours is picked.
	await page.evaluate((n) => {
		const {pick} = document.getElementById("graph-workers").card;
		pick.value = n;
		pick.dispatchEvent(new Event("change"));
	}, name);
	const m = await page.evaluate(() => {
		const c = document.getElementById("graph-workers").card, u = c.plot, at = Math.floor(c.model.x.length / 2);
		const x = Math.round(u.valToPos(c.model.x[at], "x", true)), of = c.pick.value;
		const edges = u.data.slice(1).map((d) => d[at]);
		return {of, time: c.model.x[at], step: c.model.step, names: c.model.curves.map((v) => v.name), values: c.model.curves.map((v) => v.values[at]), edges,
			inked: [...u.ctx.getImageData(x, Math.round(u.valToPos(edges[0] / 2 || 0.5, "y", true)), 1, 1).data][3]};
	});
	t.equal(m.of, name, "they are those of the server");
	t.ok(m.names.includes("idle") && m.names.at(-1) === "limit", "free ones and the limit are told", m);
	const api = new Map((await ask(s, "server.workers", m.time, m.time + m.step, m.step)).filter((x) => x.labels.server_state.startsWith(`${name} `)).map((x) => [x.labels.server_state.split(" ").pop(), x.values[0]]));
	t.ok(m.names.slice(0, -1).every((n, i) => near(m.values[i] || 0, api.get(n) || 0, 1e-6)), "with the numbers of the API", [m, [...api]]);
	const sum = m.values.slice(0, -1).reduce((a, b) => a + b, 0);
	t.ok(near(m.edges[m.edges.length - 2], sum, 1e-6) && sum > 2 && sum <= m.values.at(-1) + 1e-6, "they lie above each other, and below the limit", m);
	t.ok(m.inked > 100, "the area is painted", m);
	t.ok(/idle.*limit/.test(await page.locator("#graph-workers .legend").textContent()), "the legend names them");
	const heat = '[id="graph-server.latency"]';
	await page.locator(heat).scrollIntoViewIfNeeded();
	t.ok(await shown("graph-server.latency"), "how long answers took is drawn beside them");
	t.ok(/half took at most .*ms/.test(await page.locator(`${heat} .legend`).textContent()), "and said in words", await page.locator(heat).textContent());
}

async function words(page) {
	const label = await page.locator("#graph-memory .plot").getAttribute("aria-label");
	t.ok(/available: last .* least .* most /.test(label), "a graph says its last, least and most", label);
	await page.locator("#graph-memory summary").click();
	t.ok(await until(async () => await page.locator("#graph-memory table tbody tr").count() > 10), "its numbers are a table, too");
	t.ok((await page.locator("#graph-memory table thead").textContent()).includes("available"), "with heads");
}

async function look(page) {
	const shot = () => page.evaluate(() => document.querySelector("#graph-cpu canvas").toDataURL());
	const light = await shot();
	await page.emulateMedia({colorScheme: "dark"});
	t.ok(await until(async () => await shot() !== light), "dark mode repaints the graphs");
	const wide = await page.evaluate(() => document.querySelector("#graph-cpu canvas").clientWidth);
	const pdf = await page.pdf({format: "A4"});
	t.ok(pdf.length > 20000, "a report can be printed");
	t.ok(await until(async () => await page.evaluate(() => document.querySelector("#graph-cpu canvas").clientWidth) === wide), "and the screen is as before");
}

async function phone(browser, s) {
	const page = await arrive(browser, s, `#span=${SPAN}`, {viewport: {width: 360, height: 740}, hasTouch: true, isMobile: true});
	t.ok(await page.evaluate(() => [...document.querySelectorAll(".graph:not([hidden])")].every((f) => f.getBoundingClientRect().right <= innerWidth)), "graphs fit on a phone");
	t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
	t.equal(page.complaints.filter((c) => !c.includes("503")), [], "no complaint of the browser on a phone");
	await page.context().close();
}

async function live(browser, s, store) {
	const recorder = record(store);
	await until(async () => (await fetch(s.url + "/healthz")).status === 200, 30);
	const page = await arrive(browser, s, "#span=300");
	const last = () => page.evaluate(() => document.getElementById("graph-tasks").card.model.x.at(-1));
	const begun = await last();
	t.ok(await until(async () => await last() >= begun + 4, 60), "live graphs grow", [begun, await last(), await page.locator("#graphs .trouble").textContent(), await page.evaluate(() => [document.getElementById("graphs").getAttribute("aria-busy"),
		document.getElementById("graph-tasks").card.near, performance.getEntriesByName("graphs-drawn").length, document.getElementById("age").textContent])]);
	const newest = await page.evaluate(() => {
		const c = document.getElementById("graph-tasks").card, v = c.model.curves[0].values;
		return [c.model.x[v.findLastIndex((x) => x !== null)], document.getElementById("graph-cpu").card.plot.scales.x.max];
	});
	t.ok(newest[1] - newest[0] < 30, "up to the newest seconds", newest); // as seldom as the answers are slow
	t.equal(page.complaints, [], "no complaint of the browser while live");
	await page.context().close();
	await recorder.end();
}

await run(async (work, browsing) => {
	const store = path.join(work, "store");
	const web = await apache(work);
	const recorder = web ? new Process(BINARY, "record", "--store", path.join(work, "seconds")) : record(path.join(work, "seconds"));
	await sleep(web ? 12000 : 8000);
	await recorder.end();
	if (web) {
		clearInterval(web.asks);
		await web.end();
	}
	fs.mkdirSync(store, {mode: 0o755});
	const repeat = new Process(REPEAT, path.join(work, "seconds"), store, "3");
	t.equal(await repeat.ended, 0, "three hours are made");
	const s = await serve(store);
	if ((await (await fetch(s.url + await assets(s.url) + "uplot.js")).text()).length < 1000) {
		console.log("skip: the graphs of the page: built without uPlot");
		return;
	}
	const browser = await browsing();
	const page = await arrive(browser, s);
	t.ok(await until(async () => await page.locator(".graph:not([hidden])").count() >= 20, 15), "there are graphs", await page.locator(".graph:not([hidden])").count());
	await events(page);
	await cursor(page);
	await words(page);
	await heat(page, s);
	if (web)
		await servers(page, s, web.name);
	await page.locator("#graph-cpu").scrollIntoViewIfNeeded();
	await look(page);
	await page.context().close();
	const other = await arrive(browser, s);
	await zoom(other, s);
	t.equal(other.complaints.filter((c) => !c.includes("503")), [], "no complaint of the browser"); // 503: no recorder runs
	t.equal([...other.hosts], [`127.0.0.1:${s.port}`], "no request to another host");
	await other.context().close();
	await phone(browser, s);
	await live(browser, s, store);
});
