// Headless Chromium with a page of another origin than mxcd's. 127.0.0.1 counts as a secure context, so service workers
// and WebCodecs are there as on a client's own site.
import http from "node:http";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const script_of = async (entry) => {
    const bundle = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife", define: { global: "globalThis" } });
    return bundle.outputFiles[0].text;
};

/// Serves each of `scripts` (such as "page.mjs") below its own name, and hands `use` a page that loaded the first one,
/// with the list that collects requests which failed on the network.
export async function withPage(scripts, use) {
    const served = new Map();
    for (const script of scripts) served.set(`/${script}`, await script_of(script));
    const server = http.createServer((request, response) => {
        const script = served.get(request.url);
        response.writeHead(200, { "Content-Type": script ? "text/javascript" : "text/html" });
        response.end(script ?? `<!doctype html><body><script src="/${scripts[0]}"></script>`);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    try {
        const page = await browser.newPage();
        const problems = [];
        page.on("requestfailed", (request) => problems.push(`${request.method()} ${request.url()}: ${request.failure().errorText}`));
        page.on("pageerror", (error) => problems.push(String(error)));
        await page.goto(`http://127.0.0.1:${server.address().port}/`);
        await use(page, problems);
    } finally {
        await browser.close();
        server.close();
    }
}
