// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// picture.mjs FOLDER: page.png, page-dark.png and page-phone.png. See tools/page-picture.
import fs from "node:fs";
import path from "node:path";
import {endAll, folder, fullListener, launch, open, record, serve, sleep, until} from "./harness.mjs";

const out = process.argv[2], QUIET_S = 30, FAULT_S = 40; // what the graphs show before and of the trouble
// As on a server, the listener is in a control group of its own; of version 1 there are several trees.
const GROUPS = fs.readFileSync("/proc/mounts", "utf8").split("\n").map((l) => l.split(" ")).filter(([, , kind]) => /^cgroup2?$/.test(kind))
	.map(([, where]) => path.join(where, "shop.service"));
const PICTURES = [
	["page.png", {viewport: {width: 1280, height: 1000}, colorScheme: "light"}, "#span=120"],
	["page-dark.png", {viewport: {width: 1280, height: 1000}, colorScheme: "dark"}, "#span=120", "#graphs"],
	["page-phone.png", {viewport: {width: 390, height: 844}, deviceScaleFactor: 1.5, colorScheme: "light"}, ""],
];

function inGroups(pid) {
	for (const g of GROUPS) {
		try {
			fs.mkdirSync(g, {recursive: true});
			fs.writeFileSync(path.join(g, "cgroup.procs"), String(pid));
		} catch {
			// without root, or a tree that wants more said
		}
	}
}

const work = folder(), store = path.join(work, "store");
try {
	record(store);
	await until(() => fs.existsSync(store));
	const s = await serve(store);
	await sleep(QUIET_S * 1000);
	const shop = await fullListener("shop-worker", 300, 8080);
	inGroups(shop.pid);
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
	for (const g of GROUPS.filter((g) => fs.existsSync(g)))
		fs.rmdirSync(g);
	fs.rmSync(work, {recursive: true, force: true});
}
