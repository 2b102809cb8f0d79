#include "vips_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace mxcd::imaging {

namespace {

constexpr const char* library_name = "libvips.so.42";

void* open_library() {
    // Never closed: libraries behind it do not expect that.
    void* const library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error("libvips is not installed (package libvips42)");
    return library;
}

template <class Function>
void find(void* library, const char* name, Function*& into) {
    into = reinterpret_cast<Function*>(dlsym(library, name));
    if (into == nullptr) throw std::runtime_error(std::string("libvips has no ") + name);
}

void find_all(void* library, VipsLibrary& vips) {
    find(library, "vips_init", vips.init);
    find(library, "vips_concurrency_set", vips.concurrency_set);
    find(library, "vips_cache_set_max", vips.cache_set_max);
    find(library, "vips_operation_block_set", vips.operation_block_set);
    find(library, "vips_image_new_from_buffer", vips.image_new_from_buffer);
    find(library, "vips_image_get_width", vips.image_get_width);
    find(library, "vips_image_get_height", vips.image_get_height);
    find(library, "vips_image_get_page_height", vips.image_get_page_height);
    find(library, "vips_image_get_n_pages", vips.image_get_n_pages);
    find(library, "vips_image_get_orientation", vips.image_get_orientation);
    find(library, "vips_image_get_typeof", vips.image_get_typeof);
    find(library, "vips_image_get_interpretation", vips.image_get_interpretation);
    find(library, "vips_image_hasalpha", vips.image_hasalpha);
    find(library, "vips_image_remove", vips.image_remove);
    find(library, "vips_image_set_int", vips.image_set_int);
    find(library, "vips_image_copy_memory", vips.image_copy_memory);
    find(library, "vips_image_write_to_memory", vips.image_write_to_memory);
    find(library, "vips_colourspace", vips.colourspace);
    find(library, "vips_thumbnail_buffer", vips.thumbnail_buffer);
    find(library, "vips_thumbnail_image", vips.thumbnail_image);
    find(library, "vips_extract_area", vips.extract_area);
    find(library, "vips_arrayjoin", vips.arrayjoin);
    find(library, "vips_copy", vips.copy);
    find(library, "vips_jpegsave_buffer", vips.jpegsave_buffer);
    find(library, "vips_pngsave_buffer", vips.pngsave_buffer);
    find(library, "vips_webpsave_buffer", vips.webpsave_buffer);
    find(library, "vips_error_buffer", vips.error_buffer);
    find(library, "vips_error_clear", vips.error_clear);
    find(library, "g_object_unref", vips.object_unref);
    find(library, "g_free", vips.free);
}

}  // namespace

VipsLibrary::VipsLibrary() {
    find_all(open_library(), *this);
    if (init("mxcd") != 0) throw std::runtime_error("libvips cannot be initialised");
    concurrency_set(1);
    cache_set_max(0);
    operation_block_set("VipsForeignLoad", TRUE);
    for (const char* const loader :
         {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif", "VipsForeignLoadWebp"})
        operation_block_set(loader, FALSE);
}

}  // namespace mxcd::imaging
