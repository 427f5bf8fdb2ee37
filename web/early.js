// SPDX-FileCopyrightText: 2026 The Plimsoll authors
// SPDX-License-Identifier: ISC
// What the first screen shows of the newest sample is asked for while the modules of the page still come; app.js takes the answers. A page that
// begins at a moment of the past asks for that by itself.
"use strict";

if (!/[#&](at|from)=/.test(location.hash)) {
	window.early = Object.fromEntries(["/healthz", "/api/v1/check", "/api/v1/limits"].map((path) => [path, fetch(path)]));
	for (const answer of Object.values(window.early))
		answer.catch(() => {}); // it is asked again
}
