#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mxcd::base {

/// Text that must never be shown: it has no stream operator, and its memory is wiped when it goes.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text);
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;

    /// The text itself, for the one place that needs it.
    [[nodiscard]] std::string_view reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

  private:
    std::string text_;
};

}  // namespace mxcd::base
