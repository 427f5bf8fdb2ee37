// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Asks for what the first screen shows while the other modules are still on their way. A link to the past asks for the past by itself.
const early = new Map();

if (!/[#&](at|from)=/.test(location.hash)) {
	for (const path of ["/healthz", "/api/v1/check", "/api/v1/limits"]) {
		const answer = fetch(path);
		answer.catch(() => {}); // who takes it hears of that
		early.set(path, answer);
	}
}

// The answer that was asked for early, once; undefined: it was not.
export function take(path) {
	const answer = early.get(path);
	early.delete(path);
	return answer;
}
