#include "decode.hpp"
#include "source_picture.hpp"
#include "video_frame.hpp"

namespace mxcd::imaging {

namespace {

SourcePicture source_of(const VideoFrame& frame) {
    SourcePicture source;
    // Thumbnails of it are what those of a photograph are.
    source.type = media::ImageType::jpeg;
    source.size = frame.size();
    source.video = &frame;
    return source;
}

}  // namespace

void decode_video(const VipsLibrary& vips, const VideoLibrary& av, const DecodeOrder& order,
                  std::span<const std::byte> input, const ResultWriter& result) {
    if (order.trusts_loaders != 0) {
        result.head({can_open_video(av, input) ? Verdict::made : Verdict::not_an_image, 0});
        return;
    }
    try {
        const VideoFrame frame(av, input, order.max_pixels);
        make_thumbnails(vips, order, source_of(frame), result);
    } catch (const TooManyPixels& frame) {
        result.head({Verdict::too_large, 0, frame.size.width, frame.size.height});
    } catch (const Undecodable&) {
        result.head({Verdict::not_an_image, 0});
    }
}

}  // namespace mxcd::imaging
