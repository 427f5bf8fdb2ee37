// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Who looks at the page, where a login is asked for: a button in the header that logs out, and the way back to the login when the session is
// over. Without a login it does nothing.

const EVERY_MS = 60000;

async function leave(csrf) {
	await fetch("/api/v1/logout", {method: "POST", headers: {"X-CSRF-Token": csrf}});
	location.replace("/login.html");
}

function show(session) {
	const button = document.createElement("button");
	button.id = "logout";
	button.type = "button";
	button.textContent = "Log out " + session.name;
	button.addEventListener("click", () => leave(session.csrf));
	document.querySelector("header .tools").append(button);
}

async function look(first) {
	const session = await (await fetch("/api/v1/session")).json();
	if (!session.login)
		return;
	if (!session.name)
		return location.replace("/login.html" + location.hash);
	if (first)
		show(session);
	setTimeout(() => look(false).catch(() => {}), EVERY_MS);
}

document.addEventListener("visibilitychange", () => document.hidden || look(false).catch(() => {}));
look(true).catch(() => {});
