#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/http/request.hpp"
#include "mxcd/media/token_authenticator.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace mxcd::api {

/// The variable segments of a path in the order of its template, still percent-encoded.
class PathParameters {
  public:
    void add(std::string_view segment) { segments_.at(count_++) = segment; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::string_view at(std::size_t index) const { return segments_.at(index); }

  private:
    std::array<std::string_view, 3> segments_;
    std::size_t count_ = 0;
};

/// One request as an endpoint sees it: routed and, where the route asks for it, authenticated. Lives until
/// the answer is ready.
struct Call {
    http::Request& request;
    const DeskConfig& config;
    PathParameters parameters;
    std::optional<media::Identity> caller = std::nullopt;  // nothing on open routes

    /// The caller of a route that is not open.
    [[nodiscard]] const matrix::UserId& user() const { return caller.value().user; }
};

}  // namespace mxcd::api
