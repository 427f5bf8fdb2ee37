// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The keys, and the help that lists them: those of `plimsoll top` where a browser leaves them to us. They can be switched off, for people whose
// speech or hands press keys by themselves.
import * as control from "./control.js";
import {$, el} from "./dom.js";
import * as findings from "./findings.js";
import * as tables from "./tables.js";
import * as theme from "./theme.js";

const goTo = (id) => {
	$(id).focus({preventScroll: true});
	$(id).scrollIntoView({block: "start"});
};

const KEYS = [
	["The moment", [
		[" ", "space", "stop at this second, or follow the newest one", control.toggle],
		["ArrowLeft", "←", "one second back", () => control.step(-1000)],
		["ArrowRight", "→", "one second on", () => control.step(1000)],
		["Shift+ArrowLeft", "Shift ←", "one minute back", () => control.step(-60000)],
		["Shift+ArrowRight", "Shift →", "one minute on", () => control.step(60000)],
		["[", "[", "to the finding before", () => control.toFinding(-1)],
		["]", "]", "to the next finding", () => control.toFinding(1)],
		["b", "b", "jump to a time", control.focusWhen],
		["l", "l", "back to live", control.goLive],
	]],
	["Graphs", [
		["-", "-", "zoom out", () => dispatchEvent(new Event("graphs:out"))],
		["+", "+", "zoom in", () => dispatchEvent(new Event("graphs:in"))],
		["Backspace", "Backspace", "the span before", () => dispatchEvent(new Event("graphs:back"))],
		[null, "← →", "in a graph: its values, one by one", null],
	]],
	["Findings", [
		["j", "j", "next finding on the page", () => findings.step(1)],
		["k", "k", "finding before on the page", () => findings.step(-1)],
		[null, "Enter", "unfold or fold it", null],
		["c", "c", "copy the first command of what to do", findings.copyRemedy],
	]],
	["The page", [
		["1", "1", "findings", () => goTo("h-findings")],
		["2", "2", "graphs", () => goTo("h-graphs")],
		["3", "3", "ledger", () => goTo("h-ledger")],
		["4", "4", "tables", () => goTo("h-tables")],
		["v", "v", "next table", () => tables.nextView(1)],
		["V", "V", "table before", () => tables.nextView(-1)],
		["/", "/", "find in the ledger", () => { goTo("h-ledger"); $("filter").focus(); }],
		["w", "w", "find in the table", () => { goTo("h-tables"); tables.focusWords(); }],
		["d", "d", "light or dark", theme.turn],
		["?", "?", "this help", () => open()],
	]],
];

const WORDS = [
	["load line", "the mark on each bar: so far it may be filled. What lies beyond is refused, delayed or lost. The small tick is the most that was ever used."],
	["finding", "something waits or fails now, or a forecast says when it will. A busy machine that hurts nobody has none."],
	["note", "worth knowing, hurts nobody: it does not change the verdict."],
	["culprit", "who uses up what is short: the one to act on."],
	["not seen", "what could not be read, and what that hides. Without it the verdict may be incomplete."],
];

function open() {
	if (!$("keys").open)
		$("keys").showModal();
}

function isTyping(e) {
	return e.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function pressed(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || $("keys").open || e.defaultPrevented)
		return;
	if (isTyping(e)) {
		if (e.key === "Escape")
			e.target.blur();
		return;
	}
	if (theme.kept("keys") === "off" && e.key !== "?")
		return;
	const own = e.target.closest("button, a[href], summary, input");
	const scrolls = e.target.closest(".scroll, .u-over");
	const name = (e.shiftKey && e.key.startsWith("Arrow") ? "Shift+" : "") + e.key;
	if ((e.key === " " && own) || (e.key.startsWith("Arrow") && scrolls))
		return;
	for (const [, keys] of KEYS) {
		const found = keys.find(([k]) => k === name);
		if (found && found[3]) {
			e.preventDefault();
			found[3]();
			return;
		}
	}
}

export function mount() {
	const off = el("input", {type: "checkbox", change: () => theme.kept("keys", off.checked ? "" : "off")});
	off.checked = theme.kept("keys") !== "off";
	$("keys").append(el("form", {method: "dialog"}, el("h2", {id: "h-keys"}, "Keys and words"), el("button", {type: "submit", class: "close"}, "close")),
		el("div", {class: "columns"}, KEYS.map(([name, keys]) => el("div", {}, el("h3", {}, name), el("dl", {}, keys.map(([, shown, what]) =>
			[el("dt", {}, el("kbd", {}, shown)), el("dd", {}, what)]))))),
		el("h3", {}, "Words"), el("dl", {class: "words"}, WORDS.map(([w, what]) => [el("dt", {}, w), el("dd", {}, what)])),
		el("label", {}, off, " single keys do something"));
	$("keys").addEventListener("click", (e) => e.target === $("keys") && $("keys").close());
	$("help").addEventListener("click", open);
	addEventListener("keydown", pressed);
}
