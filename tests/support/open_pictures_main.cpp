#include "imaging/vips_library.hpp"

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

using namespace mxcd::imaging;

std::string bytes_of(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether libvips finds a loader, and that makes pixels.
bool decodes(const VipsLibrary& vips, const std::string& bytes) {
    const Picture image(vips.image_new_from_buffer(bytes.data(), bytes.size(), "", nullptr),
                        vips.object_unref);
    if (!image) return false;
    const Picture pixels(vips.image_copy_memory(image.get()), vips.object_unref);
    return pixels != nullptr;
}

}  // namespace

/// Says of each file that is named, on a line, whether libvips decodes it: as a decoder process sets it up,
/// but without a sandbox and with all plug-ins (1 or 0), and then with nothing blocked (1 or 0).
int main(int argc, char** argv) try {
    const VipsLibrary vips;
    for (const bool is_blocked : {true, false}) {
        if (!is_blocked) vips.operation_block_set("VipsForeignLoad", FALSE);
        for (int i = 1; i < argc; ++i) std::cout << decodes(vips, bytes_of(argv[i])) << argv[i] << '\n';
    }
    return EXIT_SUCCESS;
} catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return EXIT_FAILURE;
}
