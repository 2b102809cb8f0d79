#include "content_type.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/base/token.hpp"

namespace mxcd::modules {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

std::string essence_of(std::string_view content_type) {
    const std::string_view essence = trimmed(content_type.substr(0, content_type.find(';')));
    const std::size_t slash = essence.find('/');
    const bool is_well_formed = slash != std::string_view::npos && base::is_token(essence.substr(0, slash)) &&
                                base::is_token(essence.substr(slash + 1));
    return is_well_formed ? base::to_lower_ascii(essence) : "application/octet-stream";
}

}  // namespace mxcd::modules
