// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Light or dark: as the system has it, until somebody chooses. Kept in this browser.
import {$, say} from "./dom.js";

const NEXT = {"": "dark", dark: "light", light: ""};

function kept(key, value) {
	try {
		if (value === undefined)
			return localStorage.getItem(key) || "";
		localStorage.setItem(key, value);
	} catch {
		// a browser that keeps nothing
	}
	return value || "";
}

function apply(theme) {
	const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
	document.documentElement.dataset.theme = theme || system;
	document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
	say($("theme"), theme === "dark" ? "● dark" : theme ? "○ light" : "◐ auto");
	$("theme").title = "light, dark, or as the system has it (d)";
	dispatchEvent(new CustomEvent("themechange", {detail: theme || system})); // for what draws on a canvas
}

export function turn() {
	apply(kept("theme", NEXT[kept("theme")] === undefined ? "" : NEXT[kept("theme")]));
}

export function mount() {
	apply(["dark", "light"].includes(kept("theme")) ? kept("theme") : "");
	$("theme").addEventListener("click", turn);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(kept("theme")));
}

export {kept};
