#include "accept_language.hpp"

#include "mxcd/base/text.hpp"

#include <algorithm>
#include <cstddef>

namespace mxcd::api {

namespace {

/// What stands before `mark`; `text` becomes what stands behind it.
std::string_view cut(std::string_view& text, char mark) {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

std::string_view trim(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// A weight in thousandths: `q=0.8` is 800. 1000 without one, 0 when it is unreadable.
int weight_of(std::string_view parameter) {
    parameter = trim(parameter);
    if (parameter.empty()) return 1000;
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) return 0;
    const std::string_view number = parameter.substr(2);
    if (number.empty() || number.size() > 5 || (number[0] != '0' && number[0] != '1')) return 0;
    if (number.size() > 1 && number[1] != '.') return 0;
    int weight = (number[0] - '0') * 1000;
    int place = 100;
    for (const char digit : number.substr(std::min<std::size_t>(2, number.size()))) {
        if (digit < '0' || digit > '9') return 0;
        weight += (digit - '0') * place;
        place /= 10;
    }
    return std::min(weight, 1000);
}

std::string_view primary_subtag(std::string_view range) { return range.substr(0, range.find('-')); }

}  // namespace

std::string_view preferred_language(std::string_view accept_language,
                                    std::span<const std::string_view> offered) {
    std::string_view best = offered.front();
    int best_weight = 0;
    while (!accept_language.empty()) {
        std::string_view entry = cut(accept_language, ',');
        const std::string_view range = trim(cut(entry, ';'));
        const int weight = weight_of(entry);
        if (weight <= best_weight) continue;
        const auto wanted = std::ranges::find_if(offered, [range](std::string_view language) {
            return range == "*" || base::equal_ignoring_ascii_case(primary_subtag(range), language);
        });
        if (wanted == offered.end()) continue;
        best = *wanted;
        best_weight = weight;
    }
    return best;
}

}  // namespace mxcd::api
