#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace mxcd::test {

/// Whether something comes true within the limit: for what other threads do.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::steady_clock::duration limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace mxcd::test
