#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <memory>

namespace mxcd::imaging {

/// FFmpeg's libraries, opened at run time: only decoder processes for videos ever load them, and a machine
/// without them still runs everything else. Its members are the functions of that name.
struct VideoLibrary {
    /// Opens them, and silences them. Throws std::runtime_error when those whose headers this was built with
    /// are not installed.
    VideoLibrary();

    template <class Function>
    using Pointer = Function*;

    Pointer<decltype(avformat_alloc_context)> format_alloc_context;
    Pointer<decltype(avformat_open_input)> format_open_input;
    Pointer<decltype(avformat_close_input)> format_close_input;
    Pointer<decltype(av_find_input_format)> find_input_format;
    Pointer<decltype(av_read_frame)> read_frame;
    Pointer<decltype(avio_alloc_context)> io_alloc_context;
    Pointer<decltype(avio_context_free)> io_context_free;
#if LIBAVFORMAT_VERSION_MAJOR < 61
    Pointer<decltype(av_stream_get_side_data)> stream_get_side_data;
#else
    Pointer<decltype(av_packet_side_data_get)> packet_side_data_get;
#endif
    Pointer<decltype(avcodec_find_decoder)> find_decoder;
    Pointer<decltype(avcodec_alloc_context3)> codec_alloc_context;
    Pointer<decltype(avcodec_free_context)> codec_free_context;
    Pointer<decltype(avcodec_parameters_to_context)> parameters_to_context;
    Pointer<decltype(avcodec_open2)> codec_open;
    Pointer<decltype(avcodec_send_packet)> send_packet;
    Pointer<decltype(avcodec_receive_frame)> receive_frame;
    Pointer<decltype(av_packet_alloc)> packet_alloc;
    Pointer<decltype(av_packet_free)> packet_free;
    Pointer<decltype(av_packet_unref)> packet_unref;
    Pointer<decltype(av_frame_alloc)> frame_alloc;
    Pointer<decltype(av_frame_free)> frame_free;
    Pointer<decltype(av_malloc)> allocate;
    Pointer<decltype(av_freep)> free_pointer;
    Pointer<decltype(av_dict_set)> dict_set;
    Pointer<decltype(av_dict_free)> dict_free;
    Pointer<decltype(av_log_set_level)> log_set_level;
    Pointer<decltype(sws_getContext)> scaler_get;
    Pointer<decltype(sws_freeContext)> scaler_free;
    Pointer<decltype(sws_getCoefficients)> scaler_coefficients;
    Pointer<decltype(sws_setColorspaceDetails)> scaler_set_colours;
    Pointer<decltype(sws_scale)> scale;
};

/// For what FFmpeg frees through a pointer to the pointer.
template <class Thing>
struct FreeAt {
    void (*free)(Thing** thing);
    void operator()(Thing* thing) const { free(&thing); }
};
template <class Thing>
using Owned = std::unique_ptr<Thing, FreeAt<Thing>>;

}  // namespace mxcd::imaging
