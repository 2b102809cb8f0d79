#include "report.hpp"

namespace mxcd::app {

std::string Remark::text() const {
    std::string text;
    if (!where.file.empty()) text += where.file + ":";
    if (where.line > 0) text += std::to_string(where.line) + ":";
    if (!text.empty()) text += " ";
    if (!key.empty()) text += key + ": ";
    text += reason;
    if (!suggestion.empty()) text += " (did you mean \"" + suggestion + "\"?)";
    return text;
}

}  // namespace mxcd::app
