#pragma once

#include "mxcd/http/request.hpp"

#include "body_reader.hpp"
#include "request_head.hpp"

namespace mxcd::http {

/// A request as the handler sees it: views into the connection's workspace, and the body's reader.
class IncomingRequest final : public Request {
  public:
    IncomingRequest(const RequestHead& head, Lane& lane, Connection& connection, HeadBuffer& buffer)
        : head_(head), connection_(connection), body_(lane, connection, buffer, head.body) {
        method = head.method;
        path = head.path;
        query = head.query;
        if (!head.body.is_chunked) content_length = base::ByteCount(head.body.length);
    }

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const override {
        return head_.first(name);
    }
    [[nodiscard]] std::size_t header_count(std::string_view name) const override { return head_.count(name); }
    [[nodiscard]] BodyReader& body() override { return body_; }
    [[nodiscard]] async::Task<> hang_up() override { return connection_.hang_up(); }

  private:
    const RequestHead& head_;
    Connection& connection_;
    BodyReader body_;
};

}  // namespace mxcd::http
