// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// picture.mjs FOLDER: page.png, page-dark.png and page-phone.png. See tools/page-picture.
import fs from "node:fs";
import path from "node:path";
import {endAll, folder, fullListener, launch, open, record, serve, sleep, until} from "./harness.mjs";

const out = process.argv[2], QUIET_S = 45, FAULT_S = 45; // what the graphs show before and of the trouble
const GROUP = "/sys/fs/cgroup/shop.service";
const PICTURES = [
	["page.png", {viewport: {width: 1280, height: 1000}, colorScheme: "light"}, "#span=120"],
	["page-dark.png", {viewport: {width: 1280, height: 1000}, colorScheme: "dark"}, "#span=120", "#graphs"],
	["page-phone.png", {viewport: {width: 390, height: 844}, deviceScaleFactor: 1.5, colorScheme: "light"}, ""],
];

const work = folder(), store = path.join(work, "store");
try {
	record(store);
	await until(() => fs.existsSync(store));
	const s = await serve(store);
	await sleep(QUIET_S * 1000);
	const shop = await fullListener("shop-worker", 300, 8080);
	try { // as on a server: in a control group of its own
		fs.mkdirSync(GROUP, {recursive: true});
		fs.writeFileSync(path.join(GROUP, "cgroup.procs"), String(shop.pid));
	} catch {
		console.error(`no control group ${GROUP}`);
	}
	await sleep(FAULT_S * 1000);
	const browser = await launch();
	for (const [name, options, hash, at] of PICTURES) {
		const page = await open(browser, options);
		await page.goto(`${s.url}/${hash}`);
		await page.waitForSelector(".finding.open");
		await sleep(4000);
		if (at) {
			await page.evaluate((q) => document.querySelector(q).scrollIntoView(), at);
			await sleep(4000);
		}
		await page.screenshot({path: path.join(out, name)});
		await page.context().close();
	}
	await browser.close();
} finally {
	await endAll();
	await sleep(500);
	if (fs.existsSync(GROUP))
		fs.rmdirSync(GROUP);
	fs.rmSync(work, {recursive: true, force: true});
}
