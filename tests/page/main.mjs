// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// What people do with the page, on a machine with a trouble of its own: see tests/page/run.
import fs from "node:fs";
import path from "node:path";
import {createRequire} from "node:module";
import {BINARY, ROOT, assets, fullListener, open, record, run, serve, sleep, tally as t, until} from "./harness.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const HOSTILE = "<img src=x>\x1b"; // 15 bytes at most
const $ = (page, id) => page.locator("#" + id);

const api = async (s, what) => (await fetch(s.url + what)).json();
const text = (page, selector) => page.locator(selector).first().textContent();

async function arrive(page, url) {
	await page.goto(url);
	await page.waitForSelector(".finding, .empty", {timeout: 15000});
}

async function clock(page) {
	return $(page, "clock").getAttribute("datetime");
}

// Of elements that scroll by themselves what they hold may be wider.
const sticksOut = (page) => page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 &&
	!e.closest("thead, .scroll, .tabs, .aside, .u-wrap") && getComputedStyle(e).position !== "absolute" && e.offsetParent).map((e) => `${e.tagName}#${e.id}.${e.className}`));

async function axe(page, where) {
	await page.evaluate(fs.readFileSync(AXE, "utf8")); // as a developer's tool does: no script of the page
	const found = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
	const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
	t.equal(bad.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0] || {message: ""}).message)]), [], `axe finds nothing serious: ${where}`);
	t.ok(found.violations.length - bad.length <= 2, `axe finds little else: ${where}`, found.violations.map((v) => v.id));
}

function quiet(page, s, what) {
	t.equal(page.complaints, [], `no complaint of the browser: ${what}`);
	t.equal([...page.hosts], [`127.0.0.1:${s.port}`], `no request to another host: ${what}`);
}

/* ---- the first screen ---- */

async function firstScreen(browser, s, victim) {
	const page = await open(browser);
	await arrive(page, s.url);
	const complete = await until(() => page.evaluate(() => (performance.getEntriesByName("first-screen")[0] || {}).startTime));
	console.log(`first screen after ${Math.round(complete)} ms on this machine, as busy as it is`);
	t.equal(await text(page, "#word"), "CRITICAL", "the verdict");
	t.ok(/^\d+ critical.*: ./.test(await text(page, "#headline")), "how much is wrong, and with what, in a line", await text(page, "#headline"));
	t.ok((await page.locator(".finding").first().getAttribute("class")).includes("open"), "the first finding is unfolded");
	const mine = (await api(s, "/api/v1/check")).findings.find((f) => f.culprits.some((c) => c.pid === victim.pid)); // the machine may have other troubles
	const first = page.locator(`#finding-${mine && mine.id}`);
	if (!(await first.getAttribute("class")).includes("open"))
		await first.locator(".title").click();
	const body = await first.textContent();
	for (const [what, words] of [["cause", "does not accept"], ["culprit", `pid ${victim.pid}`], ["victims", "Who suffers"], ["proof", "ss -ltn"], ["remedy", "What to do"],
		["refused", "refused"], ["since", "since"], ["how to check the rule", "plimsoll explain tcp.listen.overflow"]])
		t.ok(body.includes(words), `the finding says the ${what}`, body);
	t.ok(body.includes("<img src=x>\\x1b"), "a hostile name is shown as it is");
	t.equal(await page.evaluate(() => [...document.images].map((i) => i.getAttribute("src"))), [], "and does not become markup");
	t.ok(await first.locator(".proof ol > li").count() >= 2, "the proof is a list");
	t.equal(await page.locator(".tile").count(), 4, "signs of life");
	t.ok(await until(() => page.evaluate(() => document.querySelectorAll(".tile polyline")[0].getAttribute("points").split(" ").length > 5)), "with a past");

	const command = first.locator(".do .command").first();
	await command.locator("button").click();
	t.ok(await until(async () => (await command.locator("button").textContent()).includes("copied")), "a remedy is copied by a button");
	t.equal(await page.evaluate(() => navigator.clipboard.readText()), await command.locator("code").textContent(), "and nothing else is");
	await first.locator("button", {hasText: "copy link"}).click();
	await sleep(200);
	const link = await page.evaluate(() => navigator.clipboard.readText());
	t.ok(link.startsWith(s.url + "/#at=") && link.includes("finding="), "the link of a finding has its moment", link);
	await page.waitForSelector("#graphs > *:nth-child(2)", {timeout: 10000});
	quiet(page, s, "first screen");
	await axe(page, "light");
	await page.context().close();
	return link;
}

async function ledger(browser, s, victim) {
	const page = await open(browser);
	await arrive(page, s.url);
	const row = page.locator("#ledger tbody tr").filter({hasText: `tcp.listen:${victim.port}`}).filter({hasText: `(${victim.pid})`});
	t.equal(await row.count(), 1, "the ledger has the full queue");
	t.ok((await row.getAttribute("class")).includes("full") && (await row.textContent()).includes("none"), "as full, in words too");
	const [bar, mark, fill] = await row.locator(".bar").evaluate((b) => [b, b.querySelector(".mark"), b.querySelector(".fill")].map((e) => e.getBoundingClientRect()).map((r) => [r.left, r.right]));
	t.ok(Math.abs((mark[0] + mark[1]) / 2 - (bar[0] + 0.8 * (bar[1] - bar[0]))) < 2, "the load line stands at the limit", [bar, mark]);
	t.ok(fill[1] > mark[1], "and what is above the limit lies beyond it", [fill, mark]);
	t.equal(await row.locator(".high").count(), 1, "with a high-water mark");
	await page.locator("#all").check();
	const all = (await api(s, "/api/v1/limits")).resources.length;
	t.ok(Math.abs(await page.locator("#ledger tbody tr").count() - all) <= all / 5 + 2, "all rows when asked");
	await $(page, "filter").fill("cpu");
	const found = await page.locator("#ledger tbody tr").allTextContents();
	t.equal(found.filter((x) => !x.toLowerCase().includes("cpu")), [], "it can be searched");
	await $(page, "filter").fill("no such resource");
	t.ok((await text(page, "#shown")).includes("none"), "nothing found is said");
	quiet(page, s, "ledger");
	await page.context().close();
}

async function tables(browser, s, victim) {
	const page = await open(browser);
	await arrive(page, s.url + `/#view=procs&q=${victim.pid}`);
	t.ok(await until(async () => (await page.locator("#table tbody tr").count()) >= 1), "a link to a process shows its row");
	t.ok((await page.locator("#table tbody tr").first().textContent()).includes(String(victim.pid)), "and that one");
	t.ok(await until(() => page.evaluate(() => {
		const r = document.querySelector("#table tbody tr").getBoundingClientRect();
		return r.top > 0 && r.bottom < innerHeight;
	})), "the page goes there");
	await $(page, "words").fill("");
	await until(async () => (await page.locator("#table tbody tr").count()) > 5);
	const memory = page.locator("#table thead button", {hasText: "memory"});
	await memory.focus();
	t.ok(await $(page, "tip").isVisible() && (await text(page, "#tip")).length > 10, "each column says what it is");
	await memory.press("Enter");
	t.equal(await page.locator("#table thead th[aria-sort]").getAttribute("aria-sort"), "descending", "a heading sorts, and says so");
	t.ok(page.url().includes("sort=-"), "the order is in the link", page.url());
	const names = await page.locator(".tabs button").evaluateAll((all) => all.map((b) => b.dataset.view));
	t.ok(names.length >= 14, "all views of top are there", names);
	for (const name of names) {
		await page.locator(`.tabs button[data-view=${name}]`).click();
		const answer = await page.waitForResponse((r) => r.url().includes(`/api/v1/view/${name}`), {timeout: 10000}).catch(() => null);
		const shown = await until(() => page.evaluate(() => (!document.querySelector(".scroll").hidden && document.querySelectorAll("#table tbody tr").length > 0) ||
			!document.querySelector("#tables .empty").hidden));
		t.ok(shown && (!answer || answer.status() === 200), `the view ${name} is shown`, answer && answer.status());
	}
	quiet(page, s, "tables");
	await page.context().close();
}

/* ---- time ---- */

async function travel(browser, s, victim) {
	const page = await open(browser);
	await arrive(page, s.url);
	const begun = await clock(page);
	t.ok(await until(async () => (await clock(page)) > begun, 5), "live, the clock goes on");
	await page.keyboard.press("Space");
	const stopped = await clock(page);
	t.ok(page.url().includes("#at="), "the moment is in the address", page.url());
	await sleep(2500);
	t.equal(await clock(page), stopped, "stopped, it stands");
	t.ok((await text(page, "#mode")).includes("the past"), "and says that this is the past");
	for (const [key, ms] of [["ArrowLeft", -1000], ["ArrowLeft", -1000], ["ArrowRight", 1000], ["ArrowLeft", -1000]]) {
		const before = Date.parse(await clock(page));
		await page.keyboard.press(key);
		t.equal(Date.parse(await clock(page)) - before, ms, `${key} is a second`);
	}
	const then = await clock(page);
	t.ok(await until(async () => (await text(page, "#watched")).includes(then.slice(11, 19)) || (await text(page, "#watched")).includes(new Date(Date.parse(then) - 1000).toISOString().slice(11, 19))),
		"the verdict is of that second", [then, await text(page, "#watched")]);

	const other = await open(browser);
	await arrive(other, page.url());
	t.equal(await clock(other), then, "the address shows the same second elsewhere");
	await other.context().close();

	await page.keyboard.press("b");
	await page.keyboard.type("-5s");
	await page.keyboard.press("Enter");
	const jumped = Date.parse((await api(s, "/healthz")).at) - Date.parse(await clock(page));
	t.ok(jumped > 3500 && jumped < 8000, "a jump by words", jumped);
	await page.locator("#when").fill("nonsense");
	await page.locator("#when").press("Enter");
	t.ok((await text(page, "#timenote")).includes("no time"), "what is no time is said");
	await page.locator("#when").press("Escape");

	await page.keyboard.press("[");
	t.ok(await until(() => page.url().includes("finding=")), "to the finding before", page.url());
	await page.goBack();
	t.ok(await until(() => !page.url().includes("finding=")), "back goes back", page.url());
	t.ok(await until(async () => (await page.locator("#earlier li").count()) >= 1), "what was found in the last day is listed");
	await page.locator("#earlier summary").click();
	await page.locator("#earlier li a", {hasText: `port ${victim.port}`}).last().click();
	t.ok(await until(() => page.locator(".finding.chosen.open").count()), "and leads there, where it is unfolded", await text(page, "#findings"));
	await page.goBack();

	await page.locator("#when").fill("2001-02-03 04:05:06");
	await page.locator("#when").press("Enter");
	t.ok(await until(async () => (await text(page, "#headline")).includes("Nothing was recorded")), "a time before the recording is said in plain words", await text(page, "#headline"));
	t.ok((await text(page, "#findings")).includes("The store reaches from"), "with what there is");
	await page.locator("#findings button", {hasText: "back to live"}).click();
	t.ok(await until(async () => (await text(page, "#word")) === "CRITICAL" && (await text(page, "#play")) === "live"), "and the way back to live");
	page.complaints = page.complaints.filter((c) => !c.includes("404")); // of the time before the recording: the browser tells of each such answer
	quiet(page, s, "time travel");
	await page.context().close();
}

async function deepLink(browser, s, link) {
	const page = await open(browser);
	await arrive(page, link);
	const id = new URLSearchParams(new URL(link).hash.slice(1)).get("finding");
	const card = page.locator(`#finding-${id}`);
	t.ok(await until(() => card.count()), "the link's finding is there");
	t.ok(/open/.test(await card.getAttribute("class")) && /chosen/.test(await card.getAttribute("class")), "unfolded and marked");
	t.ok((await text(page, "#mode")).includes("the past"), "at its moment");
	await axe(page, "the past");
	await page.goto(s.url + "/#finding=0000000000000000");
	t.ok(await until(async () => (await text(page, "#findings")).includes("is over, or not of this machine")), "a finding that is over is said to be");
	quiet(page, s, "deep link");
	await page.context().close();
}

/* ---- how it looks, and for whom ---- */

const luminance = (page, selector = "body") => page.evaluate((q) => {
	const [r, g, b] = getComputedStyle(document.querySelector(q)).backgroundColor.match(/[\d.]+/g).map(Number);
	return (r + g + b) / 3;
}, selector);

async function dark(browser, s) {
	const page = await open(browser, {colorScheme: "dark"});
	await arrive(page, s.url);
	t.ok(await luminance(page) < 60, "dark where the system is dark");
	await axe(page, "dark");
	await page.keyboard.press("d");
	await page.keyboard.press("d");
	t.ok(await luminance(page) > 200, "light by choice");
	await page.reload();
	await page.waitForSelector(".finding");
	t.ok(await luminance(page) > 200, "the choice stays");
	quiet(page, s, "dark");
	await page.context().close();
	const bright = await open(browser, {colorScheme: "light"});
	await arrive(bright, s.url);
	t.ok(await luminance(bright) > 200, "light where the system is light");
	await bright.context().close();
}

async function keyboard(browser, s) {
	const page = await open(browser);
	await arrive(page, s.url);
	await page.keyboard.press("Tab");
	t.equal(await page.evaluate(() => document.activeElement.className), "skip", "the first stop leads past the head");
	await page.keyboard.press("Enter");
	t.equal(await page.evaluate(() => document.activeElement.id), "h-findings", "to the findings");
	await page.keyboard.press("Tab");
	t.ok(await page.evaluate(() => document.activeElement.matches(".finding .title")), "then comes the first finding");
	await page.keyboard.press("Enter");
	t.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "false", "Enter folds it, and the focus stays");
	await page.keyboard.press("Enter");
	t.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "true", "and unfolds it");
	await sleep(2500); // answers come
	t.ok(await page.evaluate(() => document.activeElement.matches(".finding .title")), "new answers leave the focus where it is");
	await page.keyboard.press("c");
	await sleep(300);
	t.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator(".finding.open .do .command code").first().textContent(), "c copies what to do");
	await page.keyboard.press("j");
	t.ok(await page.evaluate(() => [...document.querySelectorAll(".finding .title")].indexOf(document.activeElement) >= 0), "j goes on");
	await page.keyboard.press("?");
	t.ok(await $(page, "keys").isVisible(), "? opens the help");
	await axe(page, "help");
	await page.keyboard.press("Escape");
	t.ok(!await $(page, "keys").isVisible(), "Escape closes it");
	await page.keyboard.press("/");
	await page.keyboard.type("b l?");
	t.equal(await $(page, "filter").inputValue(), "b l?", "letters that are typed are no keys");
	await page.keyboard.press("Escape");
	t.ok(await page.evaluate(() => document.activeElement === document.body), "Escape leaves a field");
	await page.keyboard.press("4");
	t.ok(await until(async () => (await page.locator("#table tbody tr").count()) > 0), "4 goes to the tables");
	await page.keyboard.press("v");
	t.ok(page.url().includes("view=conns"), "v is the next one", page.url());
	// Whatever can be reached shows that it is reached.
	const lost = await page.evaluate(() => [...document.querySelectorAll("button, a[href], input, summary")].filter((e) => e.offsetParent && !e.disabled).filter((e) => {
		e.focus();
		return e.matches(":focus-visible") && getComputedStyle(e).outlineStyle === "none";
	}).map((e) => e.outerHTML.slice(0, 100)));
	t.equal(lost, [], "focus is seen everywhere");
	quiet(page, s, "keyboard");
	await page.context().close();
}

async function phone(browser, s) {
	for (const [width, hash] of [[360, ""], [360, "#at=-8s"], [320, ""], [768, ""]]) {
		const page = await open(browser, {viewport: {width, height: 740}, isMobile: width < 400, hasTouch: width < 400});
		await arrive(page, s.url + "/" + hash);
		await page.locator("#tables").scrollIntoViewIfNeeded();
		await until(async () => (await page.locator("#table tbody tr").count()) > 0);
		t.equal(await sticksOut(page), [], `nothing sticks out at ${width} px ${hash}`);
		t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `no sideways scrolling at ${width} px ${hash}`);
		if (width === 360 && !hash) {
			await page.evaluate(() => scrollTo(0, 0));
			const top = await page.locator(".finding .title").first().evaluate((e) => e.getBoundingClientRect().bottom);
			t.ok(top < 740, "on a phone the first finding is on the first screen", top);
			await axe(page, "phone");
		}
		quiet(page, s, `${width} px`);
		await page.context().close();
	}
}

async function paper(browser, s) {
	const page = await open(browser);
	await arrive(page, s.url);
	await page.evaluate(() => { window.print = () => dispatchEvent(new Event("beforeprint")); });
	await $(page, "print").click();
	await page.emulateMedia({media: "print"});
	for (const id of ["time", "theme", "help"])
		t.ok(!await $(page, id).isVisible(), `#${id} is not on paper`);
	t.equal(await page.locator('.finding .title[aria-expanded="false"]').count(), 0, "on paper all findings are unfolded");
	t.ok(await page.locator("#ledger tbody tr").count() > 20, "and the ledger is whole");
	const pdf = await page.pdf({format: "A4"});
	t.ok(pdf.subarray(0, 5).toString() === "%PDF-" && pdf.length > 20000, "a report can be printed", pdf.length);
	quiet(page, s, "paper");
	await page.context().close();
}

/* ---- what is served ---- */

async function strict(s) {
	const r = await fetch(s.url + "/");
	const html = await r.text(), policy = r.headers.get("content-security-policy") || "";
	t.ok(/default-src '(self|none)'/.test(policy) && !policy.includes("unsafe"), "the policy is strict", policy);
	t.ok(!/<script(?![^>]*(\bsrc=|type="application\/json"))[^>]*>|<style|\sstyle=|\son\w+=|javascript:/i.test(html), "the page needs no inline script or style; data is none");
	const all = fs.readdirSync(path.join(ROOT, "web")).filter((f) => /\.(js|html|css|svg)$/.test(f));
	const hashed = await assets(s.url);
	for (const f of all)
		t.equal((await fetch(s.url + (f === "index.html" ? "/" : f.endsWith(".html") ? "/" + f : hashed + f))).status, 200, `${f} is served`);
	for (const f of all.filter((x) => x.endsWith(".js"))) {
		const js = fs.readFileSync(path.join(ROOT, "web", f), "utf8");
		t.ok(!/\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)\b/.test(js), `${f} makes no markup of text`);
	}
}

// The first screen waits for its own files only, takes the answers that came with the document, and a second visit asks for no file again.
async function lean(browser, s) {
	const page = await open(browser);
	const asked = [];
	page.on("request", (r) => asked.push(new URL(r.url()).pathname));
	const files = () => page.evaluate(() => performance.getEntriesByType("resource").map((r) => ({path: new URL(r.name).pathname, begun: r.startTime, bytes: r.transferSize})));
	await arrive(page, s.url);
	await page.waitForSelector("#graphs > *:nth-child(2)", {timeout: 10000});
	const complete = await page.evaluate(() => performance.getEntriesByName("first-screen")[0].startTime);
	const late = (await files()).filter((f) => /(tables|tiles|keys|graphs[a-z-]*|uplot)\.(js|css)$/.test(f.path));
	t.ok(late.length > 5 && late.every((f) => f.begun > complete), "what is not of the first screen is asked for when that is there", [complete, late]);
	const before = asked.slice(0, asked.findIndex((p) => p.endsWith("/tables.js")));
	for (const path of ["/healthz", "/api/v1/check", "/api/v1/limits"])
		t.ok(!before.includes(path), `${path} is there with the document`);
	await page.goto("about:blank");
	await arrive(page, s.url);
	await page.waitForSelector("#graphs > *:nth-child(2)", {timeout: 10000});
	const again = (await files()).filter((f) => /^\/[0-9a-f]{16}\//.test(f.path));
	t.ok(again.length > 10 && again.every((f) => f.bytes === 0), "a second visit takes all files from the browser's cache", again.filter((f) => f.bytes));
	quiet(page, s, "two visits");
	await page.context().close();
}

/* ---- what is not there ---- */

async function withoutStream(browser, s) {
	const page = await open(browser);
	await page.route("**/api/v1/live", (r) => r.abort());
	await arrive(page, s.url);
	const begun = await text(page, "#watched");
	t.ok(await until(async () => (await text(page, "#watched")) !== begun, 8), "without the stream it asks every two seconds");
	await page.context().close();
}

async function emptyStore(browser, work) {
	const store = path.join(work, "empty");
	fs.mkdirSync(store, {mode: 0o755});
	const s = await serve(store);
	const page = await open(browser);
	await page.goto(s.url);
	t.ok(await until(async () => (await text(page, "#headline")).includes("Nothing is recorded yet")), "an empty store is said in plain words", await text(page, "#headline"));
	t.ok((await text(page, "#findings")).includes("systemctl start plimsoll"), "with what to do");
	t.ok(await page.evaluate(() => !document.getElementById("word").textContent.includes("OK")), "and no verdict is made up");
	await axe(page, "empty store");
	await page.context().close();
	await s.end();
}

async function stopped(browser, s, recorder) {
	const page = await open(browser);
	await arrive(page, s.url);
	await recorder.end();
	t.ok(await until(async () => (await $(page, "stale").isVisible()) && (await text(page, "#stale")).includes("The recorder does not run"), 20), "a recorder that was stopped is told", await text(page, "#stale"));
	t.ok((await text(page, "#stale")).includes("systemctl start plimsoll"), "with what to do");
	t.ok((await text(page, "#age")).includes("ago"), "and how old the last sample is");
	t.equal(await text(page, "#word"), "CRITICAL", "what was seen last stays");
	await axe(page, "recorder stopped");
	await s.end();
	t.ok(await until(async () => (await text(page, "#stale")).includes("does not answer"), 10), "a server that is gone is told", await text(page, "#stale"));
	await page.context().setOffline(true);
	t.ok(await until(async () => (await text(page, "#stale")).includes("offline"), 10), "and a browser that is offline", await text(page, "#stale"));
	await page.context().setOffline(false);
	const again = await serve(s.store, s.port);
	t.ok(await until(async () => !(await text(page, "#stale")).includes("does not answer"), 15), "when it is back, the page goes on by itself", await text(page, "#stale"));
	await page.context().close();
	await again.end();
}

await run(async (work, browsing) => {
	const store = path.join(work, "store");
	if (!fs.existsSync(BINARY))
		throw new Error(`${BINARY} is not there: ./check build page`);
	const recorder = record(store);
	await until(() => fs.existsSync(store));
	const s = await serve(store);
	s.store = store;
	const victim = await fullListener(HOSTILE);
	const browser = await browsing();
	const found = await until(async () => ((await api(s, "/api/v1/check")).findings || []).some((f) => f.rule === "tcp.listen.overflow" && f.culprits.some((c) => c.pid === victim.pid)), 30, 500);
	t.ok(found, "the made trouble is found", recorder.lines.slice(-5));
	await sleep(8000); // a past to travel in
	await strict(s);
	await lean(browser, s);
	const link = await firstScreen(browser, s, victim);
	await ledger(browser, s, victim);
	await tables(browser, s, victim);
	await travel(browser, s, victim);
	await deepLink(browser, s, link);
	await dark(browser, s);
	await keyboard(browser, s);
	await phone(browser, s);
	await paper(browser, s);
	await withoutStream(browser, s);
	await emptyStore(browser, work);
	await stopped(browser, s, recorder);
	await victim.end();
});
