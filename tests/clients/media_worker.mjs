// The service worker of a client, as web clients have it: an <img> or <video> cannot send a token, so the worker turns the
// old addresses in them into authenticated requests, and passes the element's Range on.
let token;
const answers = [];

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
    if (event.data.token) token = event.data.token;
    event.ports[0].postMessage(answers);
});

const answer = async (request) => {
    const url = request.url.replace("/_matrix/media/v3/download/", "/_matrix/client/v1/media/download/");
    const headers = { Authorization: `Bearer ${token}` };
    const range = request.headers.get("range");
    if (range) headers.Range = range;
    const response = await fetch(url, { headers });
    answers.push({ range, status: response.status, contentRange: response.headers.get("content-range") });
    return response;
};

self.addEventListener("fetch", (event) => {
    if (new URL(event.request.url).pathname.startsWith("/_matrix/media/v3/download/")) event.respondWith(answer(event.request));
});
