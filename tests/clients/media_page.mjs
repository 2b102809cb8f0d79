// Runs in the browser, from another origin than mxcd's: what a client does with media beyond a plain upload. The driver
// (chromium_media.mjs) calls the functions of `window.media` one by one.
import { makeWebm } from "./webm.mjs";

const authorization = { Authorization: "Bearer bob-token" };
const path_of = (contentUri) => contentUri.replace("mxc://", "");

const once = (target, wanted) => new Promise((resolve, reject) => {
    target.addEventListener(wanted, resolve, { once: true });
    target.addEventListener("error", () => reject(new Error(`${target.tagName}: ${target.error?.message ?? "error"}`)), { once: true });
});

const upload = async (baseUrl, blob) => {
    const answer = await fetch(`${baseUrl}/_matrix/media/v3/upload`, { method: "POST", headers: { ...authorization, "Content-Type": blob.type }, body: blob });
    if (answer.status !== 200) throw new Error(`upload of ${blob.size} bytes: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).content_uri;
};

/// A PUT by XMLHttpRequest, the only way a page sees how far an upload is.
const put = (url, blob) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = [];
    request.upload.onprogress = ({ loaded, total }) => progress.push([loaded, total]);
    request.onload = () => resolve({ status: request.status, body: request.responseText, progress });
    request.onerror = () => reject(new Error(`PUT ${url}`));
    request.open("PUT", url);
    request.setRequestHeader("Authorization", authorization.Authorization);
    request.setRequestHeader("Content-Type", blob.type);
    request.send(blob);
});

const picture = async (width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.fillStyle = "teal";
    context.fillRect(0, 0, width / 2, height);
    return canvas.convertToBlob({ type: "image/png" });
};

/// What the service worker answered so far; a token is given along.
const worker_answers = (worker) => new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ token: "bob-token" }, [channel.port2]);
});

window.media = {
    async create(baseUrl) {
        const answer = await fetch(`${baseUrl}/_matrix/media/v1/create`, { method: "POST", headers: authorization });
        return answer.json();
    },

    /// Begins a download that has nothing to give out yet.
    beginDownload(baseUrl, contentUri) {
        const url = `${baseUrl}/_matrix/client/v1/media/download/${path_of(contentUri)}?timeout_ms=60000`;
        window.download = fetch(url, { headers: authorization }).then(async (answer) => (
            { status: answer.status, type: answer.headers.get("content-type"), bytes: new Uint8Array(await answer.arrayBuffer()), at: performance.now() }));
    },

    async fill(baseUrl, contentUri, size) {
        const bytes = new Uint8Array(size).map((_, i) => i % 251);
        const upload = await put(`${baseUrl}/_matrix/media/v3/upload/${path_of(contentUri)}`, new Blob([bytes], { type: "image/x-test" }));
        const filled = performance.now();
        const download = await window.download;
        const same = download.bytes.length === bytes.length && bytes.every((byte, i) => byte === download.bytes[i]);
        return { ...upload, download: { status: download.status, type: download.type, same, afterMs: download.at - filled } };
    },

    async showThumbnail(baseUrl) {
        const contentUri = await upload(baseUrl, await picture(1000, 673));
        const url = `${baseUrl}/_matrix/client/v1/media/thumbnail/${path_of(contentUri)}?width=320&height=240&method=scale`;
        const answer = await fetch(url, { headers: authorization });
        const image = new Image();
        image.src = URL.createObjectURL(await answer.blob());
        document.body.append(image);
        await image.decode();
        return { status: answer.status, type: answer.headers.get("content-type"), natural: [image.naturalWidth, image.naturalHeight] };
    },

    async playVideo(baseUrl) {
        await navigator.serviceWorker.register("/media_worker.mjs");
        const worker = (await navigator.serviceWorker.ready).active;
        if (!navigator.serviceWorker.controller) await new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve));
        await worker_answers(worker);

        const film = { width: 320, height: 240, frames: 160, frameMs: 250 };
        const webm = new Blob([await makeWebm(film)], { type: "video/webm" });
        const contentUri = await upload(baseUrl, webm);

        const video = document.createElement("video");
        video.muted = true;
        document.body.append(video);
        const opened = once(video, "loadeddata");
        video.src = `${baseUrl}/_matrix/media/v3/download/${path_of(contentUri)}`;
        await opened;
        const seeks = [];
        for (const time of [33, 3, 18]) {
            const seeked = once(video, "seeked");
            video.currentTime = time;
            await seeked;
            seeks.push(video.currentTime);
        }
        const moved = once(video, "timeupdate");
        await video.play();
        await moved;
        video.pause();
        return {
            size: webm.size, duration: video.duration, picture: [video.videoWidth, video.videoHeight], seeks, playedTo: video.currentTime,
            answers: await worker_answers(worker),
        };
    },
};
