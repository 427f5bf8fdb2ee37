// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Numbers, spans and times for people. The API gives base units: bytes, seconds, counts, ratios.

export function scaled(value, step, units) {
	let i = 0;
	while (Math.abs(value) >= step && i < units.length - 1) {
		value /= step;
		i++;
	}
	const digits = i === 0 && Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
	return String(Number(value.toFixed(digits))) + units[i];
}

export function amount(value, unit) {
	if (value === null || value === undefined)
		return "";
	if (unit === "bytes" || unit === "bytes/s")
		return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]) + (unit === "bytes/s" ? "/s" : "");
	if (unit === "ratio")
		return scaled(value * 100, Infinity, [" %"]);
	if (unit === "seconds")
		return duration(value);
	return Math.abs(value) < 10000 ? scaled(value, 10000, [""]) : scaled(value, 1000, ["", "k", "M", "G", "T"]);
}

export function duration(s) {
	if (s < 1)
		return Math.round(s * 1000) + " ms";
	if (s < 120)
		return Math.round(s) + " s";
	if (s < 7200)
		return Math.round(s / 60) + " min";
	return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " days";
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let zones = null; // dear to make, and not needed for the first screen
const two = (n) => String(n).padStart(2, "0");

// 04:12:09, by the browser's zone: seconds count, and so does that every line has the same width.
export function hms(time) {
	const d = new Date(time);
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

const dayAndMonth = (d) => `${DAYS[d.getDay()]}, ${d.getDate()} ${MONTHS[d.getMonth()]}`;

// Of today only the time, else with the day.
export function clock(time, now = Date.now()) {
	const d = new Date(time), n = new Date(now);
	if (d.toDateString() === n.toDateString())
		return hms(d);
	return `${dayAndMonth(d)}${d.getFullYear() === n.getFullYear() ? "" : ` ${d.getFullYear()}`}, ${hms(d)}`;
}

export function day(time) {
	const d = new Date(time);
	return `${dayAndMonth(d)} ${d.getFullYear()}`;
}

// The name of the browser's zone then. The first call takes some milliseconds.
export function zone(time) {
	zones = zones || new Intl.DateTimeFormat(undefined, {timeZoneName: "short"});
	const part = zones.formatToParts(new Date(time)).find((p) => p.type === "timeZoneName");
	return part ? part.value : "";
}

export function plural(n, one, many) {
	return `${n} ${n === 1 ? one : many || one + "s"}`;
}
