#include "video_file.hpp"

#include "source_picture.hpp"

#include <new>
#include <utility>

namespace mxcd::imaging {

namespace {

constexpr const char* allowed_demuxers = "mov,matroska";
/// A name of no protocol, because an empty list would mean all of them.
constexpr const char* allowed_protocols = "none";
constexpr const char* max_streams = "64";
/// More than lie before a first key frame in files that are played.
constexpr int max_packets = 10'000;

int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
    return AVERROR(EPERM);
}

Owned<AVFormatContext> open(const VideoLibrary& av, AVIOContext* input, const char* demuxer) {
    AVFormatContext* context = av.format_alloc_context();
    if (context == nullptr) throw std::bad_alloc();
    context->pb = input;
    context->io_open = refuse_to_open;
    // What the headers say is enough: no parser, no guessing from decoded frames.
    context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
    AVDictionary* options = nullptr;
    av.dict_set(&options, "format_whitelist", allowed_demuxers, 0);
    av.dict_set(&options, "protocol_whitelist", allowed_protocols, 0);
    av.dict_set(&options, "max_streams", max_streams, 0);
    const AVInputFormat* const format = demuxer == nullptr ? nullptr : av.find_input_format(demuxer);
    // Frees the context when it fails.
    const int outcome = av.format_open_input(&context, "", format, &options);
    av.dict_free(&options);
    if (outcome < 0) throw Undecodable{};
    return {context, {av.format_close_input}};
}

bool has_moving_pictures(const AVStream& stream) {
    constexpr int still = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream.disposition & still) == 0;
}

}  // namespace

VideoFile::VideoFile(const VideoLibrary& av, std::span<const std::byte> bytes, const char* demuxer)
    : av_(av), input_(av, bytes), context_(open(av, input_.context(), demuxer)) {}

const AVStream& VideoFile::choose_stream() {
    const AVStream* chosen = nullptr;
    for (AVStream* const stream : std::span(context_->streams, context_->nb_streams)) {
        if (chosen == nullptr && has_moving_pictures(*stream))
            chosen = stream;
        else
            stream->discard = AVDISCARD_ALL;
    }
    if (chosen == nullptr) throw Undecodable{};
    return *chosen;
}

Owned<AVPacket> VideoFile::next_key_packet(const AVStream& stream) {
    Owned<AVPacket> packet(av_.packet_alloc(), {av_.packet_free});
    if (!packet) throw std::bad_alloc();
    for (int count = 0; count < max_packets; ++count) {
        if (av_.read_frame(context_.get(), packet.get()) < 0) break;
        const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
        // What an edit list cuts away is not for other people's eyes.
        const bool is_shown = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
        if (packet->stream_index == stream.index && is_key && is_shown) return packet;
        av_.packet_unref(packet.get());
    }
    throw Undecodable{};
}

}  // namespace mxcd::imaging
