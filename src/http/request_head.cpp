#include "request_head.hpp"

#include "mxcd/base/text.hpp"

#include <algorithm>

namespace mxcd::http {

void RequestHead::clear() {
    method = path = query = {};
    body = {};
    keep_alive = is_http_1_0 = false;
    count_ = 0;
}

bool RequestHead::add_field(std::string_view name, std::string_view value) {
    if (count_ == max_fields) return false;
    fields_[count_++] = {name, value};
    return true;
}

std::optional<std::string_view> RequestHead::first(std::string_view name) const {
    for (const HeaderField& field : fields())
        if (field.name.size() == name.size() && base::equal_ignoring_ascii_case(field.name, name))
            return field.value;
    return std::nullopt;
}

std::size_t RequestHead::count(std::string_view name) const {
    const auto matches = [name](const HeaderField& field) {
        return field.name.size() == name.size() && base::equal_ignoring_ascii_case(field.name, name);
    };
    return static_cast<std::size_t>(std::ranges::count_if(fields(), matches));
}

}  // namespace mxcd::http
