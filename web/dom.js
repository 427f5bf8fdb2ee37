// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// The only way into the document. Names of processes, paths and peers are chosen by strangers: nothing here makes markup of text. el() puts
// strings into text nodes.

export const $ = (id) => document.getElementById(id);

const SVG = new Set(["svg", "polyline", "path", "circle", "line", "rect"]);

// Attributes that are functions are listeners of that name; false, null and undefined leave the attribute out.
export function el(tag, attributes, ...children) {
	const e = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (typeof value === "function")
			e.addEventListener(name, value);
		else if (value !== null && value !== false && value !== undefined)
			e.setAttribute(name, value === true ? "" : value);
	}
	e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== "" && c !== false));
	return e;
}

// Characters that turn or hide text, in a name that somebody chose.
export function plain(text) {
	return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
		(c) => c < "\u0100" ? "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0") : "\\u{" + c.charCodeAt(0).toString(16) + "}");
}

// A text that stays the same is not read out again.
export function say(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

// Whoever marks a text to copy it shall not lose it to the next answer.
export function isMarking(box) {
	const s = getSelection();
	return !s.isCollapsed && box.contains(s.anchorNode);
}

/* ---- lists that are drawn again each second ---- */

const FOCUSABLE = "a[href], button, input, select, summary";

function replaceKeepingFocus(e, fresh) {
	const at = e.contains(document.activeElement) ? [...e.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement) : -1;
	e.replaceWith(fresh);
	const to = at >= 0 ? fresh.querySelectorAll(FOCUSABLE)[at] : null;
	if (to)
		to.focus({preventScroll: true});
}

// Brings a parent's children to what is wanted with as few changes as can be, so that focus, scroll position and what is unfolded stay:
// a child with the same key and the same signature stays as it is. wanted: [{key, signature, make()}].
export function renew(parent, wanted) {
	const old = new Map([...parent.children].map((c) => [c.dataset.key, c]));
	const seen = new Map();
	let at = parent.firstElementChild;
	for (const w of wanted) {
		const n = seen.get(w.key) || 0; // two of one key are two
		seen.set(w.key, n + 1);
		const key = n ? `${w.key} (${n})` : w.key;
		let e = old.get(key);
		old.delete(key);
		if (!e || e.signature !== w.signature) {
			if (e && isMarking(e)) {
				// drawn when nobody marks anything in it
			} else {
				const fresh = w.make();
				fresh.dataset.key = key;
				fresh.signature = w.signature;
				if (e)
					replaceKeepingFocus(e, fresh);
				if (e && at === e)
					at = fresh;
				e = fresh;
			}
		}
		if (e === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(e, at);
	}
	for (const e of old.values())
		e.remove();
}

/* ---- arriving ---- */

let staying = null;

// Goes to an element and stays there while what stands above it is still growing, until somebody moves on their own.
export function goTo(e) {
	if (staying)
		staying();
	const settle = () => e.scrollIntoView({block: "start"});
	const watch = new ResizeObserver(settle);
	const moves = ["wheel", "touchstart", "pointerdown", "keydown"];
	const end = staying = () => {
		watch.disconnect();
		for (const m of moves)
			removeEventListener(m, end, true);
		staying = null;
	};
	for (const m of moves)
		addEventListener(m, end, true);
	watch.observe(document.body);
	setTimeout(() => staying === end && end(), 4000);
	settle();
}

/* ---- copying ---- */

// Without a secure context (a name other than localhost, without TLS) there is no clipboard but this one.
function copyOldWay(text) {
	const box = el("textarea", {class: "aside", "aria-hidden": "true"});
	const back = document.activeElement;
	box.value = text;
	document.body.append(box);
	box.select();
	const done = document.execCommand("copy");
	box.remove();
	if (back)
		back.focus({preventScroll: true});
	return done;
}

export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copyOldWay(text);
	}
}

// text may be a function that says it when the button is pressed.
export function copyButton(text, label, name) {
	const button = el("button", {type: "button", class: "copy", title: name, click: async () => {
		button.textContent = await copy(typeof text === "function" ? text() : text) ? "copied ✓" : "not allowed";
		setTimeout(() => button.textContent = label, 2000);
	}}, label);
	return button;
}

// A command to copy. Only what stands there is copied: one with bytes that cannot be shown is to be read first.
export function command(text) {
	const shown = plain(text);
	return el("div", {class: "command"}, el("code", {}, shown),
		shown === text ? copyButton(text, "copy", "copy this command") : el("span", {class: "dim"}, "has bytes that cannot be shown"));
}
