// A WebM of noise, made by the browser's own VP8 encoder: noise, so that it is too large to be fetched in one go. Its
// index (Cues) comes last, as encoders that write in one pass leave it: a player has to ask for the end of the file before it can seek.
// Source: RFC 9559 (Matroska), section 5; RFC 8794 (EBML), sections 4 and 5.
const header = 0x1a45dfa3, segment = 0x18538067, seek_head = 0x114d9b74, seek = 0x4dbb, seek_id = 0x53ab;
const seek_position = 0x53ac, info = 0x1549a966, timestamp_scale = 0x2ad7b1, duration = 0x4489, muxer = 0x4d80;
const writer = 0x5741, tracks = 0x1654ae6b, track = 0xae, track_number = 0xd7, track_uid = 0x73c5, track_type = 0x83;
const codec = 0x86, video = 0xe0, pixel_width = 0xb0, pixel_height = 0xba, cluster = 0x1f43b675, timestamp = 0xe7;
const simple_block = 0xa3, cues = 0x1c53bb6b, cue_point = 0xbb, cue_time = 0xb3, cue_positions = 0xb7, cue_track = 0xf7;
const cue_cluster = 0xf1, doc_type = 0x4282, doc_version = 0x4287, doc_read_version = 0x4285;

const bytes_of = (value, length) => {
    const bytes = new Uint8Array(length);
    for (let at = length - 1; at >= 0; --at, value = Math.floor(value / 256)) bytes[at] = value % 256;
    return bytes;
};
const id_bytes = (id) => bytes_of(id, Math.ceil(id.toString(16).length / 2));
const joined = (parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
};
/// One element; its length always takes eight bytes, so that positions can be counted before they are known.
const element = (id, ...parts) => {
    const body = joined(parts);
    const length = bytes_of(body.length, 8);
    length[0] = 1;
    return joined([id_bytes(id), length, body]);
};
const number = (id, value) => element(id, bytes_of(value, 8));
const text = (id, value) => element(id, new TextEncoder().encode(value));
const real = (id, value) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    return element(id, bytes);
};

const noise = (context, { width, height }) => {
    const picture = context.createImageData(width, height);
    for (let at = 0; at < picture.data.length; at += 65536) {
        crypto.getRandomValues(picture.data.subarray(at, Math.min(at + 65536, picture.data.length)));
    }
    for (let at = 3; at < picture.data.length; at += 4) picture.data[at] = 255;
    context.putImageData(picture, 0, 0);
};

/// The frames of a film as encoded chunks, each a key frame.
const encoded = async (film) => {
    const frames = [];
    let failure;
    const encoder = new VideoEncoder({
        output: (chunk) => {
            const bytes = new Uint8Array(chunk.byteLength);
            chunk.copyTo(bytes);
            frames.push(bytes);
        },
        error: (error) => (failure = error),
    });
    encoder.configure({ codec: "vp8", width: film.width, height: film.height, bitrate: 40_000_000, framerate: 1000 / film.frameMs });
    const context = new OffscreenCanvas(film.width, film.height).getContext("2d");
    for (let i = 0; i < film.frames; ++i) {
        noise(context, film);
        const frame = new VideoFrame(context.canvas, { timestamp: i * film.frameMs * 1000 });
        encoder.encode(frame, { keyFrame: true });
        frame.close();
    }
    await encoder.flush();
    if (failure) throw failure;
    return frames;
};

/// A WebM of `film`: {width, height, frames, frameMs}. Its bytes.
export async function makeWebm(film) {
    const clusters = (await encoded(film)).map((frame, i) =>
        element(cluster, number(timestamp, i * film.frameMs), element(simple_block, Uint8Array.of(0x81, 0, 0, 0x80), frame)));
    const about = element(info, number(timestamp_scale, 1_000_000), real(duration, film.frames * film.frameMs),
        text(muxer, "mxcd tests"), text(writer, "mxcd tests"));
    const picture = element(video, number(pixel_width, film.width), number(pixel_height, film.height));
    const the_track = element(tracks, element(track, number(track_number, 1), number(track_uid, 1), number(track_type, 1), text(codec, "V_VP8"), picture));
    const head_with = (position) => element(seek_head, element(seek, element(seek_id, id_bytes(cues)), number(seek_position, position)));

    let position = head_with(0).length + about.length + the_track.length;
    const points = clusters.map((one, i) => {
        const point = element(cue_point, number(cue_time, i * film.frameMs), element(cue_positions, number(cue_track, 1), number(cue_cluster, position)));
        position += one.length;
        return point;
    });
    return joined([
        element(header, text(doc_type, "webm"), number(doc_version, 4), number(doc_read_version, 2)),
        element(segment, head_with(position), about, the_track, ...clusters, element(cues, ...points)),
    ]);
}
