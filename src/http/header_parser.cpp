#include "header_parser.hpp"

#include "head_buffer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace mxcd::http {

namespace {

namespace beast = boost::beast;

std::string_view to_std(beast::string_view text) { return std::string_view(text.data(), text.size()); }

/// Beast's parser with the fields kept as views: its own container would allocate for each of them.
class FieldCollector final : public beast::http::basic_parser<true> {
  public:
    explicit FieldCollector(RequestHead& head) : head_(head) {}

    [[nodiscard]] std::string_view method() const { return method_; }

  private:
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view, int,
                         beast::error_code&) override {
        method_ = to_std(method);
    }
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                       beast::error_code& error) override {
        if (!head_.add_field(to_std(name), to_std(value))) error = beast::http::error::header_limit;
    }
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override {
        return 0;
    }
    void on_finish_impl(beast::error_code&) override {}

    RequestHead& head_;
    std::string_view method_;
};

}  // namespace

bool parse_fields(std::string_view block, RequestHead& head) {
    FieldCollector parser(head);
    parser.header_limit(HeadBuffer::capacity);
    parser.body_limit(boost::none);
    beast::error_code error;
    parser.put(boost::asio::const_buffer(block.data(), block.size()), error);
    if (error || !parser.is_header_done() || parser.method() != head.method) return false;
    if (parser.chunked() != head.body.is_chunked) return false;
    const std::uint64_t length = parser.content_length().value_or(0);
    if (!head.body.is_chunked && length != static_cast<std::uint64_t>(head.body.length)) return false;
    head.keep_alive = parser.keep_alive();
    return true;
}

}  // namespace mxcd::http
