// Runs in the browser, from another origin than mxcd's: the SDK's XHR upload with progress, and plain fetches.
import { createClient } from "matrix-js-sdk";

window.runAll = async (baseUrl) => {
    const client = createClient({ baseUrl, accessToken: "alice-token", userId: "@alice:hs.test" });
    const results = {};

    const progress = [];
    const body = new Blob([new Uint8Array(15 * 1024 * 1024)], { type: "application/octet-stream" });
    const uploaded = await client.uploadContent(body, {
        name: "fifteen.bin",
        progressHandler: ({ loaded, total }) => progress.push([loaded, total]),
    });
    results.contentUri = uploaded.content_uri;
    results.progressEvents = progress.length;
    results.lastProgress = progress.at(-1);

    const url = client.mxcUrlToHttp(uploaded.content_uri, undefined, undefined, undefined, false, true, true);
    const headers = { Authorization: "Bearer alice-token" };
    const download = await fetch(url, { headers });
    results.downloaded = (await download.arrayBuffer()).byteLength;
    results.requestId = download.headers.get("x-request-id");
    const range = await fetch(url, { headers: { ...headers, Range: "bytes=0-1" } });
    await range.arrayBuffer();
    results.range = [range.status, range.headers.get("content-range")];
    const again = await fetch(url, { headers: { ...headers, "If-None-Match": download.headers.get("etag") }, cache: "no-store" });
    await again.text();
    results.notModified = again.status;

    const failure = async (size) => {
        try {
            await client.uploadContent(new Blob([new Uint8Array(size)]), { name: "x" });
            return "no error";
        } catch (error) {
            return { errcode: error.errcode, status: error.httpStatus, data: error.data, name: error.name };
        }
    };
    results.tooLargeForMxcd = await failure(25 * 1024 * 1024);
    results.tooLargeForNginx = await failure(55 * 1024 * 1024);
    for (let i = 0; i < 4; ++i) {
        results.overLimit = await failure(15 * 1024 * 1024);
        if (results.overLimit !== "no error") break;
    }

    const nobody = await fetch(url);
    results.withoutToken = [nobody.status, (await nobody.json()).errcode];
    return results;
};
