// matrix-js-sdk under Node: config, upload, download, and the errors as the SDK sees them.
import assert from "node:assert/strict";
import { createClient } from "matrix-js-sdk";

const baseUrl = process.argv[2];
const client = createClient({ baseUrl, accessToken: "alice-token", userId: "@alice:hs.test" });

const legacy = await client.getMediaConfig();
const authenticated = await client.getMediaConfig(true);
assert.equal(legacy["m.upload.size"], 20 * 1024 * 1024);
assert.deepEqual(authenticated, legacy);

const bytes = Buffer.alloc(300_000, "mxcd");
const { content_uri } = await client.uploadContent(bytes, { name: "pÄ x.png", type: "image/png" });
assert.match(content_uri, /^mxc:\/\/hs\.test\/[A-Za-z]{24}$/);

const url = client.mxcUrlToHttp(content_uri, undefined, undefined, undefined, false, true, true);
assert.match(url, /\/_matrix\/client\/v1\/media\/download\//);
const answer = await fetch(url, { headers: { Authorization: "Bearer alice-token" } });
assert.equal(answer.status, 200);
assert.equal(answer.headers.get("content-type"), "image/png");
assert.match(answer.headers.get("content-disposition"), /^inline; filename\*=utf-8''p%C3%84%20x\.png$/);
assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);

// Created first and filled later: the SDK has no call of its own for it, so its HTTP layer is used as by applications.
const created = await client.http.authedRequest("POST", "/create", undefined, undefined, { prefix: "/_matrix/media/v1" });
assert.ok(created.unused_expires_at > Date.now());
const later = new URL(client.mxcUrlToHttp(created.content_uri, undefined, undefined, undefined, false, true, true));
const pending = fetch(later, { headers: { Authorization: "Bearer alice-token" } });
const target = created.content_uri.replace("mxc://", `${baseUrl}/_matrix/media/v3/upload/`);
const filled = await fetch(target, {
    method: "PUT", headers: { Authorization: "Bearer alice-token", "Content-Type": "image/png" }, body: bytes,
});
assert.deepEqual(await filled.json(), {});
assert.deepEqual(Buffer.from(await (await pending).arrayBuffer()), bytes);

await assert.rejects(client.uploadContent(Buffer.alloc(21 * 1024 * 1024), { name: "big" }), (error) => {
    assert.equal(error.errcode, "M_TOO_LARGE");
    assert.equal(error.httpStatus, 413);
    return true;
});

const stranger = createClient({ baseUrl, accessToken: "nobody", userId: "@nobody:hs.test" });
await assert.rejects(stranger.getMediaConfig(true), (error) => error.errcode === "M_UNKNOWN_TOKEN");
console.log("matrix-js-sdk: config, upload (also to an ID created before), download, 413 and 401 as the SDK's own errors");
