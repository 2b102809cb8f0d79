// The SDK bundled into a page of another origin, in headless Chromium: every answer must be readable by the page,
// refusals included; a missing CORS header would show as a network error.
import assert from "node:assert/strict";
import { withPage } from "./browser.mjs";

const baseUrl = process.argv[2];

await withPage(["page.mjs"], async (page, problems) => {
    const results = await page.evaluate((url) => window.runAll(url), baseUrl);
    console.log(JSON.stringify(results, null, 1));

    assert.match(results.contentUri, /^mxc:\/\/hs\.test\//);
    assert.ok(results.progressEvents >= 1);
    assert.deepEqual(results.lastProgress, [15 * 1024 * 1024, 15 * 1024 * 1024]);
    assert.equal(results.downloaded, 15 * 1024 * 1024);
    assert.ok(results.requestId);
    assert.deepEqual(results.range, [206, `bytes 0-1/${15 * 1024 * 1024}`]);
    assert.equal(results.notModified, 304);
    for (const refusal of [results.tooLargeForMxcd, results.tooLargeForNginx]) {
        assert.equal(refusal.errcode, "M_TOO_LARGE");
        assert.equal(refusal.status, 413);
    }
    assert.equal(results.overLimit.errcode, "M_USER_LIMIT_EXCEEDED");
    assert.equal(results.overLimit.status, 403);
    assert.equal(results.overLimit.data.info_uri, "https://example.org/limits");
    assert.equal(results.overLimit.data.can_upgrade, true);
    assert.deepEqual(results.withoutToken, [401, "M_MISSING_TOKEN"]);
    assert.deepEqual(problems, []);
    console.log("Chromium: upload with progress, download, range, 304, and the bodies of 413, 403 and 401");
});
