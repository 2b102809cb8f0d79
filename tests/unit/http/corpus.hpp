#pragma once

#include <string>
#include <vector>

namespace mxcd::test {

/// One way to send a request that two readers might understand differently, and what must come of it. A
/// request for /marker hides where a body would be: it must never be served unless `served` says so.
struct Vector {
    std::string name;
    std::string request_line;
    std::vector<std::string> fields;  // each may hold a line break of its own
    std::string body;
    std::vector<int> statuses;        // of the answers, in order
    std::vector<std::string> served;  // paths that the desk may see complete, in order

    [[nodiscard]] std::string text() const;
};

/// The hand-written vectors.
[[nodiscard]] std::vector<Vector> base_vectors();

/// Each base vector with its fields in other orders, cases and spacing: at least 400.
[[nodiscard]] std::vector<Vector> corpus();

}  // namespace mxcd::test
