// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// How long the page takes, by the browser's own clock: see bench/README.md. Without --store it records this machine under bench/load.py for two
// minutes and repeats that until it is a day; then the recorder goes on at the end of it, so that the page is live.
import {spawn} from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import {fileURLToPath} from "node:url";
import zlib from "node:zlib";
import {BINARY, Process, assets, endAll, folder, launch, record, serve, sleep, until} from "../../tests/page/harness.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BOUNDS = {first: 150, bytes: 200, zoom: 100, hour: 400, memory: 20};
const SETTLE_MS = 700; // a new tab starts processes of its own: that is over when it is led to the page
const TALL = {width: 1280, height: 6000}; // all graphs are on the screen

const args = {hours: 24, processes: 2000, repeat: 9, store: null, markdown: false};
for (let i = 2; i < process.argv.length; i++) {
	const name = process.argv[i].replace(/^--/, "");
	if (!(name in args) || !process.argv[i].startsWith("--")) {
		console.error(`run: ${process.argv[i]}: no such option (--store DIR --hours H --processes N --repeat N --markdown)`);
		process.exit(64);
	}
	args[name] = typeof args[name] === "boolean" ? true : typeof args[name] === "number" ? Number(process.argv[++i]) : process.argv[++i];
}

/* ---- what is measured ---- */

async function load() {
	const p = spawn("python3", [path.join(HERE, "../load.py"), "--processes", String(args.processes), "--connections", "2000"], {stdio: ["pipe", "pipe", "inherit"]});
	let said = "";
	p.stdout.on("data", (d) => said += d);
	if (!await until(() => said.includes("ready"), 120))
		throw new Error("bench/load.py does not get ready");
	return p;
}

async function makeStore(work) {
	const seconds = path.join(work, "minutes"), store = path.join(work, "store");
	const recorder = record(seconds);
	await sleep(130000);
	await recorder.end();
	fs.mkdirSync(store, {mode: 0o755});
	const repeat = new Process(path.join(path.dirname(BINARY), "store_repeat"), seconds, store, String(args.hours));
	if (await repeat.ended !== 0)
		throw new Error(`store_repeat: ${repeat.lines.join("; ")}`);
	return store;
}

// The process of serve that answers: plimsoll becomes plimsoll-net.
function memoryOf(pid) {
	const text = fs.readFileSync(`/proc/${pid}/status`, "utf8");
	return Object.fromEntries(["VmRSS", "VmHWM", "RssAnon", "RssFile"].map((k) => [k, Number(new RegExp(`${k}:\\s+(\\d+)`).exec(text)[1]) / 1024]));
}

// Milliseconds that our browser and our server have had of processors, all their processes and threads together: what a time would be at most if
// nobody else ran. Processes of a browser are ours by descent: those that draw write over their environment.
function worked(pid) {
	const parent = new Map(), browsers = [];
	let ns = 0;
	for (const p of fs.readdirSync("/proc").filter((x) => /^\d+$/.test(x))) {
		try {
			const [, name, above] = /^\d+ \((.*)\) \S (\d+)/s.exec(fs.readFileSync(`/proc/${p}/stat`, "utf8"));
			parent.set(p, above);
			if (name.startsWith("chrom"))
				browsers.push(p);
		} catch {
			// it has just ended
		}
	}
	const isOurs = (p) => p === String(process.pid) || (parent.has(p) && isOurs(parent.get(p)));
	for (const p of [String(pid), ...browsers.filter(isOurs)]) {
		try {
			for (const t of fs.readdirSync(`/proc/${p}/task`))
				ns += Number(fs.readFileSync(`/proc/${p}/task/${t}/schedstat`, "utf8").split(" ")[0]);
		} catch {
			// it has just ended
		}
	}
	return ns / 1e6;
}

/* ---- in the browser ---- */

let timeModule = ""; // where the page has its time.js

// The first screen is complete when the verdict, the findings and the ledger are there, and were painted.
const WATCH = () => {
	const complete = () => document.querySelector("#word") && !["", "…"].includes(document.querySelector("#word").textContent) &&
		document.querySelector("#findings > *") && document.querySelector("#shown").textContent;
	const look = () => complete() ? requestAnimationFrame(() => setTimeout(() => {
		performance.mark("first-screen-painted");
		console.debug("painted");
	})) : requestAnimationFrame(look);
	requestAnimationFrame(look);
};

async function newPage(browser, viewport) {
	const context = await browser.newContext({viewport});
	const page = await context.newPage();
	await page.addInitScript(WATCH);
	return page;
}

const marked = (page, name, n = 0) => page.waitForFunction(([m, k]) => performance.getEntriesByName(m).length > k, [name, n], {timeout: 30000, polling: 20});

async function firstScreen(browser, url, pid) {
	const page = await newPage(browser, {width: 1280, height: 900});
	await sleep(SETTLE_MS);
	const before = worked(pid), painted = page.waitForEvent("console", {predicate: (m) => m.text() === "painted"});
	await page.goto(url, {waitUntil: "commit"});
	await painted;
	const work = worked(pid) - before;
	const at = await page.evaluate(() => performance.getEntriesByName("first-screen-painted")[0].startTime);
	await page.context().close();
	return {at, work};
}

// As a browser gets it, headers left out.
const raw = (url) => new Promise((done, fail) => http.get(url, {headers: {"accept-encoding": "gzip"}}, (answer) => {
	const parts = [];
	answer.on("data", (d) => parts.push(d));
	answer.on("end", () => done({ok: answer.statusCode === 200, body: Buffer.concat(parts), packed: answer.headers["content-encoding"] === "gzip"}));
}).on("error", fail));

// All files that the page is made of, followed from "/".
async function bytes(url) {
	let sum = 0;
	const queue = ["/"], folder = await assets(url);
	for (const file of queue) {
		const {ok, body, packed} = await raw(url + file);
		if (!ok)
			throw new Error(`${file} is not there`);
		sum += body.length;
		const text = String(packed ? zlib.gunzipSync(body) : body);
		const refers = file === "/" ? /(?:href|src)="\/[0-9a-f]{16}\/([a-z0-9-]+\.[a-z]+)"/g : file.endsWith(".js") && !file.endsWith("/uplot.js") ? /(?:from |import\(|URL\()"\.\/([a-z0-9-]+\.(?:js|css))"/g : /$^/g;
		for (const m of text.matchAll(refers))
			if (!queue.includes(folder + m[1]))
				queue.push(folder + m[1]);
	}
	return sum / 1024;
}

// From the change of the span to the frame in which all graphs that are seen are new.
async function redrawn(page, change, pid) {
	const before = worked(pid);
	const at = await page.evaluate(async ([c, module]) => {
		const {time} = await import(module);
		const before = performance.getEntriesByName("graphs-drawn").length, begun = performance.now();
		time.set(c);
		while (performance.getEntriesByName("graphs-drawn").length === before)
			await new Promise((done) => setTimeout(done, 1));
		await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
		return performance.now() - begun;
	}, [change, timeModule]);
	return {at, work: worked(pid) - before};
}

async function zoom(browser, url, pid) {
	const page = await newPage(browser, {width: 1280, height: 900});
	await page.goto(`${url}/#span=86400`);
	await marked(page, "graphs-drawn");
	await page.locator("#graphs").scrollIntoViewIfNeeded();
	await page.locator("#graph-cpu").scrollIntoViewIfNeeded();
	await marked(page, "graphs-complete");
	const end = await page.evaluate(async (module) => (await import(module)).time.newest(), timeModule);
	const times = [];
	for (let i = 0; i < args.repeat; i++) {
		const to = end - (2 + i) * 3600000;
		times.push(await redrawn(page, {from: to - 300000, to}, pid));
		await page.waitForTimeout(300);
		await redrawn(page, {from: end - 86400000, to: end}, pid);
		await page.waitForTimeout(300);
	}
	await page.context().close();
	return times;
}

async function hour(browser, url, pid) {
	const page = await newPage(browser, TALL);
	await page.goto(`${url}/#span=300`);
	await marked(page, "graphs-complete");
	await page.waitForTimeout(500);
	const end = await page.evaluate(async (module) => (await import(module)).time.newest(), timeModule);
	const times = [];
	for (let i = 0; i < args.repeat; i++) {
		const to = end - (1 + i) * 3600000 - 1000;
		times.push(await redrawn(page, {from: to - 3600000, to}, pid));
		await page.waitForTimeout(300);
	}
	const n = await page.evaluate(() => [...document.querySelectorAll(".graph")].filter((f) => !f.hidden && f.card.plot).length);
	await page.context().close();
	return [times, n];
}

/* ---- what is told ---- */

const sorted = (x) => [...x].sort((a, b) => a - b);
const middle = (x) => sorted(x)[Math.floor(x.length / 2)];

function tell(what, got, unit, bound) {
	const all = [].concat(got), list = all.map((x) => x.at === undefined ? x : x.at), least = Math.min(...list), most = Math.max(...list), mid = middle(list);
	const work = all[0].work === undefined ? "" : `${middle(all.map((x) => x.work)).toFixed(0)} ms`;
	const digits = unit === "ms" ? 0 : 1;
	const figures = list.length > 1 ? [least, mid, most].map((x) => x.toFixed(digits)).join(" / ") : mid.toFixed(digits);
	const holds = mid <= bound ? "holds" : "DOES NOT HOLD";
	console.log(args.markdown ? `| ${what} | ${figures} ${unit} | ${work} | ${bound} ${unit} | ${holds} |`
		: `${what.padEnd(45)} ${figures.padStart(18)} ${unit.padEnd(4)}${work && ` processor time ${work},`} bound ${bound} ${unit}: ${holds}`);
}

async function measureAll(browser, store) {
	const s = await serve(store), pid = s.p.pid;
	await until(async () => (await fetch(s.url + "/healthz")).status === 200, 30);
	timeModule = `${await assets(s.url)}time.js`;
	const idle = memoryOf(pid);
	const first = [];
	for (let i = 0; i < args.repeat; i++)
		first.push(await firstScreen(browser, s.url, pid));
	const shown = memoryOf(pid);
	const zooms = await zoom(browser, s.url, pid);
	const [hours, n] = await hour(browser, s.url, pid);
	const busy = memoryOf(pid);
	await sleep(3000);
	const after = memoryOf(pid);
	if (args.markdown)
		console.log("| | least / median / most | processor time | bound | |\n| --- | --- | --- | --- | --- |");
	tell("first screen complete", first, "ms", BOUNDS.first);
	tell("page, compressed", await bytes(s.url), "KiB", BOUNDS.bytes);
	tell("zoom from a day to five minutes, redrawn", zooms, "ms", BOUNDS.zoom);
	tell(`${n} graphs of an hour`, hours, "ms", BOUNDS.hour);
	tell("memory of serve, after all that", after.VmRSS, "MiB", BOUNDS.memory);
	console.log(`memory of serve (MiB): begun ${idle.VmRSS.toFixed(1)}, first screens ${shown.VmRSS.toFixed(1)}, graphs ${busy.VmRSS.toFixed(1)}, then ${after.VmRSS.toFixed(1)} (own ${after.RssAnon.toFixed(1)}, files and libraries ${after.RssFile.toFixed(1)}), most ever ${after.VmHWM.toFixed(1)}`);
	await s.end();
}

async function main() {
	const work = folder();
	let browser, held, status = 0;
	try {
		held = await load();
		const store = args.store || await makeStore(work);
		const recorder = record(store);
		await sleep(8000);
		browser = await launch();
		await measureAll(browser, store);
		await recorder.end();
	} catch (e) {
		console.error(`run: ${e.stack}`);
		status = 2;
	} finally {
		if (browser)
			await browser.close();
		if (held)
			held.kill();
		await endAll();
		fs.rmSync(work, {recursive: true, force: true});
	}
	process.exit(status);
}

await main();
