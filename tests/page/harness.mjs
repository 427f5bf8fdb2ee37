// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Processes of a test of the page, its browser, and the count of what passed.
import {spawn} from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {chromium} from "playwright-core";

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../..");
export const BINARY = process.env.PLIMSOLL || path.join(ROOT, "build/plimsoll");

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The first true answer, or the last one after so long.
export async function until(fn, seconds = 10, step = 100) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const got = await fn();
		if (got || Date.now() > end)
			return got;
		await sleep(step);
	}
}

/* ---- what passed ---- */

export const tally = {
	passed: 0,
	failed: 0,
	ok(good, what, detail) {
		if (good) {
			this.passed++;
		} else {
			this.failed++;
			console.log(`FAILED: ${what}${detail === undefined ? "" : `: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`}`.slice(0, 1500));
		}
		return good;
	},
	equal(got, want, what) {
		return this.ok(JSON.stringify(got) === JSON.stringify(want), what, `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
	},
	end() {
		console.log(`${this.passed} passed, ${this.failed} failed`);
		return this.failed ? 1 : 0;
	},
};

/* ---- processes ---- */

const running = new Set();

export class Process {
	constructor(...args) {
		this.lines = [];
		this.p = spawn(args[0], args.slice(1), {stdio: ["ignore", "pipe", "pipe"], env: {...process.env, LC_ALL: "C.UTF-8"}});
		running.add(this.p);
		this.ended = new Promise((done) => this.p.on("exit", (code, signal) => {
			running.delete(this.p);
			done(code === null ? signal : code);
		}));
		for (const stream of [this.p.stdout, this.p.stderr]) {
			let rest = "";
			stream.on("data", (d) => {
				const lines = (rest + d).split("\n");
				rest = lines.pop();
				this.lines.push(...lines);
			});
		}
	}

	line(pattern, seconds = 15) {
		return until(() => this.lines.map((l) => pattern.exec(l)).find(Boolean), seconds);
	}

	async end(signal = "SIGTERM") {
		this.p.kill(signal);
		const hard = setTimeout(() => this.p.kill("SIGKILL"), 10000);
		await this.ended;
		clearTimeout(hard);
	}
}

export async function endAll() {
	for (const p of running)
		p.kill("SIGKILL");
}

export const record = (store) => new Process(BINARY, "record", "--store", store, "--no-books");

export async function serve(store, port = 0) {
	const s = new Process(BINARY, "serve", "--store", store, "--listen", `127.0.0.1:${port}`);
	const m = await s.line(/^serving (http:\/\/127\.0\.0\.1:(\d+))$/);
	if (!m)
		throw new Error(`serve does not serve: ${s.lines.join("; ")}`);
	s.url = m[1];
	s.port = m[2];
	return s;
}

// The folder of the page's files, which bears a hash of them.
export async function assets(url) {
	return /="(\/[0-9a-f]{16}\/)/.exec(await (await fetch(url + "/login.html")).text())[1];
}

// A listener that does not accept: {pid, port}.
export async function fullListener(name, seconds = 300, port = 0) {
	const p = new Process("python3", path.join(HERE, "full-listener.py"), Buffer.from(name, "latin1").toString("hex"), String(seconds), String(port));
	const m = await p.line(/^(\d+) (\d+)$/);
	if (!m)
		throw new Error(`no listener: ${p.lines.join("; ")}`);
	p.pid = Number(m[1]);
	p.port = Number(m[2]);
	return p;
}

export function folder() {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "plimsoll-page-"));
	fs.chmodSync(dir, 0o755);
	return dir;
}

/* ---- the browser ---- */

export function launch() {
	return chromium.launch({executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--disable-gpu", "--disable-dev-shm-usage", ...(process.geteuid() === 0 ? ["--no-sandbox"] : [])]});
}

// A page that notes what the browser complains of and whom it asks.
export async function open(browser, options = {}) {
	const context = await browser.newContext({viewport: {width: 1280, height: 900}, permissions: ["clipboard-read", "clipboard-write"], timezoneId: "UTC", locale: "en-GB", ...options});
	const page = await context.newPage();
	page.complaints = [];
	page.hosts = new Set();
	page.on("console", (m) => ["error", "warning"].includes(m.type()) && page.complaints.push(`${m.text()} ${m.location().url}`));
	page.on("pageerror", (e) => page.complaints.push(String(e.stack)));
	page.on("request", (r) => page.hosts.add(new URL(r.url()).host));
	return page;
}

/* ---- a test ---- */

// Runs body(work, browsing): a folder of its own, and what starts a browser. What it leaves is ended and removed; then the process ends, with the count of what passed.
export async function run(body) {
	const work = folder();
	let browser;
	try {
		await body(work, async () => (browser = await launch()));
	} catch (e) {
		tally.ok(false, "the test itself", e.stack);
	} finally {
		if (browser)
			await browser.close();
		await endAll();
		fs.rmSync(work, {recursive: true, force: true});
	}
	process.exit(tally.end());
}
