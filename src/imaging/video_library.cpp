#include "video_library.hpp"

#include "library_file.hpp"

#include <string>

namespace mxcd::imaging {

namespace {

/// The library of the version whose structures this was compiled with. Debian's packages are named like it.
LibraryFile open(const std::string& name, int major) {
    const std::string version = std::to_string(major);
    return {"lib" + name + ".so." + version, "lib" + name + version};
}

void find_avformat(const LibraryFile& library, VideoLibrary& av) {
    library.find("avformat_alloc_context", av.format_alloc_context);
    library.find("avformat_open_input", av.format_open_input);
    library.find("avformat_close_input", av.format_close_input);
    library.find("av_find_input_format", av.find_input_format);
    library.find("av_read_frame", av.read_frame);
    library.find("avio_alloc_context", av.io_alloc_context);
    library.find("avio_context_free", av.io_context_free);
#if LIBAVFORMAT_VERSION_MAJOR < 61
    library.find("av_stream_get_side_data", av.stream_get_side_data);
#endif
}

void find_avcodec(const LibraryFile& library, VideoLibrary& av) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    library.find("av_packet_side_data_get", av.packet_side_data_get);
#endif
    library.find("avcodec_find_decoder", av.find_decoder);
    library.find("avcodec_alloc_context3", av.codec_alloc_context);
    library.find("avcodec_free_context", av.codec_free_context);
    library.find("avcodec_parameters_to_context", av.parameters_to_context);
    library.find("avcodec_open2", av.codec_open);
    library.find("avcodec_send_packet", av.send_packet);
    library.find("avcodec_receive_frame", av.receive_frame);
    library.find("av_packet_alloc", av.packet_alloc);
    library.find("av_packet_free", av.packet_free);
    library.find("av_packet_unref", av.packet_unref);
}

void find_avutil(const LibraryFile& library, VideoLibrary& av) {
    library.find("av_frame_alloc", av.frame_alloc);
    library.find("av_frame_free", av.frame_free);
    library.find("av_malloc", av.allocate);
    library.find("av_freep", av.free_pointer);
    library.find("av_dict_set", av.dict_set);
    library.find("av_dict_free", av.dict_free);
    library.find("av_log_set_level", av.log_set_level);
}

void find_swscale(const LibraryFile& library, VideoLibrary& av) {
    library.find("sws_getContext", av.scaler_get);
    library.find("sws_freeContext", av.scaler_free);
    library.find("sws_getCoefficients", av.scaler_coefficients);
    library.find("sws_setColorspaceDetails", av.scaler_set_colours);
    library.find("sws_scale", av.scale);
}

}  // namespace

VideoLibrary::VideoLibrary() {
    find_avformat(open("avformat", LIBAVFORMAT_VERSION_MAJOR), *this);
    find_avcodec(open("avcodec", LIBAVCODEC_VERSION_MAJOR), *this);
    find_avutil(open("avutil", LIBAVUTIL_VERSION_MAJOR), *this);
    find_swscale(open("swscale", LIBSWSCALE_VERSION_MAJOR), *this);
    // Text about what a stranger has sent, and nobody to read it.
    log_set_level(AV_LOG_QUIET);
}

}  // namespace mxcd::imaging
