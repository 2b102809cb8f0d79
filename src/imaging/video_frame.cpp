#include "video_frame.hpp"

#include "mxcd/media/thumbnailer.hpp"

#include "source_picture.hpp"
#include "video_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace mxcd::imaging {

namespace {

/// What swscale writes to begins and goes on at multiples of this.
constexpr int row_alignment = 64;
/// Decoders count the padding of rows, up to 64 pixels each, towards their limit.
constexpr std::int64_t padding_pixels = 64 * 65'536;
/// Videos from this height on are in the colours of HDTV unless they say otherwise.
constexpr int hd_height = 720;
/// However few pixels a frame has above one another.
constexpr std::int64_t max_side = 1'000'000;
constexpr std::size_t matrix_size = 9;

bool is_allowed(AVCodecID codec) {
    constexpr std::array allowed{AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP8, AV_CODEC_ID_VP9,
                                 AV_CODEC_ID_AV1};
    return std::ranges::find(allowed, codec) != allowed.end();
}

const char* demuxer_of(std::span<const std::byte> bytes) {
    return bytes.front() == std::byte{0x1a} ? "matroska" : "mov";
}

Owned<AVCodecContext> open_decoder(const VideoLibrary& av, const AVCodecParameters& parameters,
                                   std::int64_t max_pixels) {
    if (!is_allowed(parameters.codec_id)) throw Undecodable{};
    const Dimensions size{parameters.width, parameters.height};
    if (size.pixels() > max_pixels) throw TooManyPixels{size};
    const AVCodec* const codec = av.find_decoder(parameters.codec_id);
    if (codec == nullptr) throw Undecodable{};
    Owned<AVCodecContext> decoder(av.codec_alloc_context(codec), {av.codec_free_context});
    if (!decoder) throw std::bad_alloc();
    if (av.parameters_to_context(decoder.get(), &parameters) < 0) throw Undecodable{};
    decoder->thread_count = 1;
    // The stream itself may be larger than its container says. The exact limit comes later.
    decoder->max_pixels = max_pixels + padding_pixels;
    if (av.codec_open(decoder.get(), codec, nullptr) < 0) throw Undecodable{};
    return decoder;
}

/// What this one packet shows. Half a frame is none.
Owned<AVFrame> decode_alone(const VideoLibrary& av, AVCodecContext& decoder, const AVPacket& packet) {
    Owned<AVFrame> frame(av.frame_alloc(), {av.frame_free});
    if (!frame) throw std::bad_alloc();
    // Nothing comes after it, so that the decoder does not wait for more.
    const bool is_decoded = av.send_packet(&decoder, &packet) >= 0 &&
                            av.send_packet(&decoder, nullptr) >= 0 &&
                            av.receive_frame(&decoder, frame.get()) >= 0;
    const bool is_damaged = (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0;
    if (!is_decoded || is_damaged || frame->width < 1 || frame->height < 1) throw Undecodable{};
    return frame;
}

/// How the container wants its frames turned, by the signs of x' = ax + cy, y' = bx + dy. Nothing but quarter
/// turns and mirroring; anything else counts as upright.
int orientation_of(const std::array<std::int32_t, matrix_size>& matrix) {
    const auto [a, b, u, c, d, v, x, y, w] = matrix;
    if (b == 0 && c == 0) {
        if (a < 0) return d < 0 ? 3 : 2;
        return d < 0 ? 4 : 1;
    }
    if (a == 0 && d == 0) {
        if (b > 0) return c > 0 ? 5 : 6;
        return c > 0 ? 8 : 7;
    }
    return 1;
}

int orientation_of(const VideoLibrary& av, const AVStream& stream) {
#if LIBAVFORMAT_VERSION_MAJOR < 61
    std::size_t size = 0;
    const std::uint8_t* const bytes = av.stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
#else
    const AVPacketSideData* const side = av.packet_side_data_get(
        stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    const std::uint8_t* const bytes = side == nullptr ? nullptr : side->data;
    const std::size_t size = side == nullptr ? 0 : side->size;
#endif
    std::array<std::int32_t, matrix_size> matrix{};
    if (bytes == nullptr || size < sizeof matrix) return 1;
    std::memcpy(matrix.data(), bytes, sizeof matrix);
    return orientation_of(matrix);
}

/// The frame's size with square pixels.
Dimensions shown_size(const AVFrame& frame, const AVStream& stream, std::int64_t max_pixels) {
    const bool has_ratio = stream.sample_aspect_ratio.num > 0;
    const AVRational ratio = has_ratio ? stream.sample_aspect_ratio : frame.sample_aspect_ratio;
    std::int64_t width = frame.width;
    if (ratio.num > 0 && ratio.den > 0) width = std::max<std::int64_t>(1, width * ratio.num / ratio.den);
    if (width > max_side) throw TooManyPixels{};
    const Dimensions size{static_cast<std::int32_t>(width), frame.height};
    if (size.pixels() > max_pixels) throw TooManyPixels{size};
    return size;
}

Dimensions turned(Dimensions size, int orientation) {
    if (orientation >= 5) std::swap(size.width, size.height);
    return size;
}

struct FreeScaler {
    void (*free)(SwsContext* scaler);
    void operator()(SwsContext* scaler) const { free(scaler); }
};

/// The frame as red, green and blue at this size, row by row.
std::vector<std::byte> rgb_of(const VideoLibrary& av, const AVFrame& frame, Dimensions size) {
    const std::unique_ptr<SwsContext, FreeScaler> scaler(
        av.scaler_get(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), size.width,
                      size.height, AV_PIX_FMT_RGB24, SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
                      nullptr, nullptr, nullptr),
        {av.scaler_free});
    if (!scaler) throw Undecodable{};
    const int guess = frame.height >= hd_height ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    const int colours = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? guess : frame.colorspace;
    constexpr int one = 1 << 16;
    // Refused for frames that are red, green and blue already.
    static_cast<void>(av.scaler_set_colours(scaler.get(), av.scaler_coefficients(colours),
                                            frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                                            av.scaler_coefficients(SWS_CS_DEFAULT), 1, 0, one, one));
    const int tight = size.width * 3;
    const int stride = (tight + row_alignment - 1) / row_alignment * row_alignment;
    const auto bytes = static_cast<std::size_t>(stride) * static_cast<std::size_t>(size.height);
    std::vector<std::uint8_t> wide(bytes + row_alignment * 2);
    void* start = wide.data();
    std::size_t space = wide.size();
    auto* const rows = static_cast<std::uint8_t*>(std::align(row_alignment, bytes, start, space));
    const std::array<std::uint8_t*, 4> planes{rows};
    const std::array<int, 4> strides{stride};
    if (av.scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes.data(), strides.data()) !=
        size.height)
        throw Undecodable{};
    std::vector<std::byte> rgb(static_cast<std::size_t>(tight) * static_cast<std::size_t>(size.height));
    for (std::int32_t row = 0; row < size.height; ++row)
        std::memcpy(rgb.data() + static_cast<std::ptrdiff_t>(row) * tight,
                    rows + static_cast<std::ptrdiff_t>(row) * stride, static_cast<std::size_t>(tight));
    return rgb;
}

Picture own(const VipsLibrary& vips, VipsImage* image) {
    if (image == nullptr) throw Undecodable{};
    return {image, vips.object_unref};
}

}  // namespace

bool can_open_video(const VideoLibrary& av, std::span<const std::byte> bytes) {
    try {
        const VideoFile file(av, bytes, nullptr);
        return true;
    } catch (const Undecodable&) {
        return false;
    }
}

VideoFrame::VideoFrame(const VideoLibrary& av, std::span<const std::byte> bytes, std::int64_t max_pixels)
    : av_(av), frame_(nullptr, {av.frame_free}) {
    VideoFile file(av, bytes, demuxer_of(bytes));
    const AVStream& stream = file.choose_stream();
    const Owned<AVCodecContext> decoder = open_decoder(av, *stream.codecpar, max_pixels);
    const Owned<AVPacket> packet = file.next_key_packet(stream);
    frame_ = decode_alone(av, *decoder, *packet);
    orientation_ = orientation_of(av, stream);
    size_ = turned(shown_size(*frame_, stream, max_pixels), orientation_);
}

Picture VideoFrame::scaled(const VipsLibrary& vips, Dimensions upright) const {
    const Dimensions size = turned(upright, orientation_);
    const std::vector<std::byte> rgb = rgb_of(av_, *frame_, size);
    const Picture plain = own(vips, vips.image_new_from_memory_copy(rgb.data(), rgb.size(), size.width,
                                                                    size.height, 3, VIPS_FORMAT_UCHAR));
    VipsImage* image = nullptr;
    if (vips.copy(plain.get(), &image, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) != 0)
        throw Undecodable{};
    const Picture coloured = own(vips, image);
    vips.image_set_int(coloured.get(), "orientation", orientation_);
    image = nullptr;
    if (vips.autorot(coloured.get(), &image, nullptr) != 0) throw Undecodable{};
    return own(vips, image);
}

}  // namespace mxcd::imaging
