// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// Logs in, and goes to the page with the '#...' that it was asked for with.

const $ = (id) => document.getElementById(id);

function enter() {
	location.replace("/" + location.hash);
}

async function said(answer) {
	try {
		return (await answer.json()).error || String(answer.status);
	} catch {
		return String(answer.status);
	}
}

// A link on another site leads here without the cookie, though there is one.
async function look() {
	const answer = await fetch("/api/v1/session");
	const session = await answer.json();
	if (!session.login || session.name)
		enter();
}

async function submit(event) {
	event.preventDefault();
	$("go").disabled = true;
	$("why").textContent = "";
	try {
		const answer = await fetch("/api/v1/login", {method: "POST", body: new URLSearchParams(new FormData($("login")))});
		if (answer.ok)
			return enter();
		$("why").textContent = await said(answer);
		$("password").value = "";
		$("password").focus();
	} catch {
		$("why").textContent = "the server does not answer";
	}
	$("go").disabled = false;
}

$("login").addEventListener("submit", submit);
look().catch(() => {});
