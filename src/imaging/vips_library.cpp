#include "vips_library.hpp"

#include "library_file.hpp"

#include <stdexcept>

namespace mxcd::imaging {

namespace {

void find_all(const LibraryFile& library, VipsLibrary& vips) {
    library.find("vips_init", vips.init);
    library.find("vips_concurrency_set", vips.concurrency_set);
    library.find("vips_cache_set_max", vips.cache_set_max);
    library.find("vips_operation_block_set", vips.operation_block_set);
    library.find("vips_image_new_from_buffer", vips.image_new_from_buffer);
    library.find("vips_image_get_width", vips.image_get_width);
    library.find("vips_image_get_height", vips.image_get_height);
    library.find("vips_image_get_page_height", vips.image_get_page_height);
    library.find("vips_image_get_n_pages", vips.image_get_n_pages);
    library.find("vips_image_get_orientation", vips.image_get_orientation);
    library.find("vips_image_get_typeof", vips.image_get_typeof);
    library.find("vips_image_get_interpretation", vips.image_get_interpretation);
    library.find("vips_image_hasalpha", vips.image_hasalpha);
    library.find("vips_image_remove", vips.image_remove);
    library.find("vips_image_set_int", vips.image_set_int);
    library.find("vips_image_copy_memory", vips.image_copy_memory);
    library.find("vips_image_new_from_memory_copy", vips.image_new_from_memory_copy);
    library.find("vips_image_write_to_memory", vips.image_write_to_memory);
    library.find("vips_colourspace", vips.colourspace);
    library.find("vips_thumbnail_buffer", vips.thumbnail_buffer);
    library.find("vips_thumbnail_image", vips.thumbnail_image);
    library.find("vips_autorot", vips.autorot);
    library.find("vips_extract_area", vips.extract_area);
    library.find("vips_arrayjoin", vips.arrayjoin);
    library.find("vips_copy", vips.copy);
    library.find("vips_jpegsave_buffer", vips.jpegsave_buffer);
    library.find("vips_pngsave_buffer", vips.pngsave_buffer);
    library.find("vips_webpsave_buffer", vips.webpsave_buffer);
    library.find("vips_error_buffer", vips.error_buffer);
    library.find("vips_error_clear", vips.error_clear);
    library.find("g_object_unref", vips.object_unref);
    library.find("g_free", vips.free);
}

}  // namespace

VipsLibrary::VipsLibrary() {
    find_all(LibraryFile("libvips.so.42", "libvips42"), *this);
    if (init("mxcd") != 0) throw std::runtime_error("libvips cannot be initialised");
    concurrency_set(1);
    cache_set_max(0);
    operation_block_set("VipsForeignLoad", TRUE);
    for (const char* const loader :
         {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif", "VipsForeignLoadWebp"})
        operation_block_set(loader, FALSE);
}

}  // namespace mxcd::imaging
