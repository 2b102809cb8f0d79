#include "mxcd/base/ascii.hpp"

#include "support/catch.hpp"

#include <string>

using namespace mxcd::base;

TEST_CASE(
    "text is visible or printable when each of its bytes is, wherever it stands and whatever is beside it") {
    CHECK(is_visible_ascii(""));
    CHECK(is_printable_ascii(""));
    for (std::size_t size = 1; size <= 25; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (int byte = 0; byte < 256; ++byte)
                for (const char others : {'!', '~', '\0', '\x7f', '\x80', '\xff'}) {
                    std::string text(size, others);
                    text[at] = static_cast<char>(byte);
                    const bool others_are_visible = size == 1 || others == '!' || others == '~';
                    const bool is_visible = byte > 0x20 && byte < 0x7f;
                    const bool is_printable = byte >= 0x20 && byte < 0x7f;
                    if (is_visible_ascii(text) != (others_are_visible && is_visible) ||
                        is_printable_ascii(text) != (others_are_visible && is_printable))
                        FAIL("byte " << byte << " at " << at << " of " << size << " beside "
                                     << static_cast<int>(others));
                }
}
