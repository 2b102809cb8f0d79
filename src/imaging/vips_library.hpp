#pragma once

#include <vips/vips.h>

#include <memory>

namespace mxcd::imaging {

/// libvips, opened at run time: only decoder processes ever load it and the hundred libraries behind it, and
/// a machine without it still runs everything but thumbnails. Its members are the functions of that name.
struct VipsLibrary {
    /// Opens and initialises libvips: one thread per picture, no cache, every loader blocked but those for
    /// JPEG, PNG, GIF and WebP. Throws std::runtime_error when it is not installed.
    VipsLibrary();

    template <class Function>
    using Pointer = Function*;

    Pointer<decltype(vips_init)> init;
    Pointer<decltype(vips_concurrency_set)> concurrency_set;
    Pointer<decltype(vips_cache_set_max)> cache_set_max;
    Pointer<decltype(vips_operation_block_set)> operation_block_set;
    Pointer<decltype(vips_image_new_from_buffer)> image_new_from_buffer;
    Pointer<decltype(vips_image_get_width)> image_get_width;
    Pointer<decltype(vips_image_get_height)> image_get_height;
    Pointer<decltype(vips_image_get_page_height)> image_get_page_height;
    Pointer<decltype(vips_image_get_n_pages)> image_get_n_pages;
    Pointer<decltype(vips_image_get_orientation)> image_get_orientation;
    Pointer<decltype(vips_image_get_typeof)> image_get_typeof;
    Pointer<decltype(vips_image_get_interpretation)> image_get_interpretation;
    Pointer<decltype(vips_image_hasalpha)> image_hasalpha;
    Pointer<decltype(vips_image_remove)> image_remove;
    Pointer<decltype(vips_image_set_int)> image_set_int;
    Pointer<decltype(vips_image_copy_memory)> image_copy_memory;
    Pointer<decltype(vips_image_new_from_memory_copy)> image_new_from_memory_copy;
    Pointer<decltype(vips_image_write_to_memory)> image_write_to_memory;
    Pointer<decltype(vips_colourspace)> colourspace;
    Pointer<decltype(vips_thumbnail_buffer)> thumbnail_buffer;
    Pointer<decltype(vips_thumbnail_image)> thumbnail_image;
    Pointer<decltype(vips_autorot)> autorot;
    Pointer<decltype(vips_extract_area)> extract_area;
    Pointer<decltype(vips_arrayjoin)> arrayjoin;
    Pointer<decltype(vips_copy)> copy;
    Pointer<decltype(vips_jpegsave_buffer)> jpegsave_buffer;
    Pointer<decltype(vips_pngsave_buffer)> pngsave_buffer;
    Pointer<decltype(vips_webpsave_buffer)> webpsave_buffer;
    Pointer<decltype(vips_error_buffer)> error_buffer;
    Pointer<decltype(vips_error_clear)> error_clear;
    Pointer<decltype(g_object_unref)> object_unref;
    Pointer<decltype(g_free)> free;
};

/// A reference to a picture that ends with its owner.
using Picture = std::unique_ptr<VipsImage, void (*)(void*)>;

}  // namespace mxcd::imaging
