// In headless Chromium: an upload to a media ID that was created before and is already being downloaded, a thumbnail in an
// <img>, and a <video> that plays and seeks by ranges through a client's service worker.
import assert from "node:assert/strict";
import { withPage } from "./browser.mjs";

const [baseUrl, metricsUrl] = process.argv.slice(2);

const waitingDownloads = async () => {
    const text = await (await fetch(metricsUrl)).text();
    return Number(text.match(/^mxcd_arrivals_waiting (\S+)$/m)[1]);
};

/// Asks again and again, for ten seconds at most.
async function until(condition, what) {
    const end = Date.now() + 10_000;
    while (!(await condition())) {
        assert.ok(Date.now() < end, `waited 10 s until ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/// Makes the page's uploads slow enough to have progress worth showing.
async function slowUploads(page, bytesPerSecond) {
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    const unlimited = -1;
    const set = (uploadThroughput) => session.send("Network.emulateNetworkConditions", {
        offline: false, latency: 0, downloadThroughput: unlimited, uploadThroughput });
    await set(bytesPerSecond);
    return () => set(unlimited);
}

async function anUploadWakesTheDownloadThatWaitsForIt(page) {
    const size = 8 * 1024 * 1024;
    const created = await page.evaluate((url) => window.media.create(url), baseUrl);
    assert.ok(created.unused_expires_at > Date.now());
    const { content_uri: contentUri } = created;
    await page.evaluate(([url, uri]) => window.media.beginDownload(url, uri), [baseUrl, contentUri]);
    await until(async () => (await waitingDownloads()) === 1, "the download waits in mxcd");
    const fullSpeed = await slowUploads(page, size);
    const filled = await page.evaluate(([url, uri, bytes]) => window.media.fill(url, uri, bytes), [baseUrl, contentUri, size]);
    assert.deepEqual([filled.status, filled.body], [200, "{}"]);
    await fullSpeed();
    const loaded = filled.progress.map(([bytes]) => bytes);
    assert.ok(new Set(loaded).size >= 3, `progress: ${loaded}`);
    assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
    assert.deepEqual(filled.progress.at(-1), [size, size]);
    assert.deepEqual([filled.download.status, filled.download.type, filled.download.same], [200, "image/x-test", true]);
    // Far less than the 60 s that the download was ready to wait.
    assert.ok(filled.download.afterMs < 10_000, filled.download.afterMs);
    assert.equal(await waitingDownloads(), 0);
    console.log(`Chromium: created, filled (${filled.progress.length} progress events); the download that waited had all `
        + `${size} bytes ${Math.round(filled.download.afterMs)} ms after the upload's answer`);
}

async function aThumbnailShowsInAnImage(page) {
    const shown = await page.evaluate((url) => window.media.showThumbnail(url), baseUrl);
    assert.deepEqual(shown, { status: 200, type: "image/png", natural: [357, 240] });
    console.log(`Chromium: a thumbnail in an <img>, ${shown.natural.join(" x ")}`);
}

async function aVideoPlaysAndSeeksByRanges(page) {
    const played = await page.evaluate((url) => window.media.playVideo(url), baseUrl);
    assert.deepEqual(played.picture, [320, 240]);
    assert.equal(played.duration, 40);
    assert.deepEqual(played.seeks, [33, 3, 18]);
    assert.ok(played.playedTo > 18, played.playedTo);
    assert.ok(played.answers.length >= 2, "the element fetched everything at once");
    for (const { range, status, contentRange } of played.answers) {
        const from = Number(range.match(/^bytes=(\d+)-/)[1]);
        assert.equal(status, 206, range);
        assert.equal(contentRange, `bytes ${from}-${played.size - 1}/${played.size}`);
    }
    assert.ok(played.answers.some(({ range }) => range !== "bytes=0-"), "no seek asked for a part");
    console.log(`Chromium: a <video> of ${played.size} bytes played and sought by ${played.answers.length} ranges, all 206: `
        + played.answers.map(({ range }) => range).join(", "));
}

await withPage(["media_page.mjs", "media_worker.mjs"], async (page, problems) => {
    await anUploadWakesTheDownloadThatWaitsForIt(page);
    await aThumbnailShowsInAnImage(page);
    assert.deepEqual(problems, []);
    // Last: what a seek makes needless is broken off, which counts as failed.
    await aVideoPlaysAndSeeksByRanges(page);
});
