#include "response_writer.hpp"

#include "mxcd/base/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace mxcd::http {

namespace {

constexpr base::Logger logger("http");

/// What one system call may move, so that a fast reader cannot hold the io thread.
constexpr std::int64_t max_step = 1024 * 1024;
/// Copied behind its head: one piece costs less to send than two.
constexpr std::size_t small_body = 2048;

struct BodyMeasure {
    std::int64_t operator()(const std::monostate&) const { return 0; }
    std::int64_t operator()(const std::string& text) const { return static_cast<std::int64_t>(text.size()); }
    std::int64_t operator()(const MemorySlice& slice) const { return slice.length; }
    std::int64_t operator()(const FileSlice& slice) const { return slice.length; }
};

void append_number(std::int64_t number, std::string& into) {
    std::array<char, 24> digits{};
    const std::to_chars_result end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    into.append(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
}

bool may_have_content(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

void render_head(const Response& response, AnswerForm form, std::string_view date_field, std::string& into) {
    into = "HTTP/1.1 ";
    append_number(response.status, into);
    into += ' ';
    const boost::beast::http::status status =
        boost::beast::http::int_to_status(static_cast<unsigned>(response.status));
    const boost::beast::string_view reason = boost::beast::http::obsolete_reason(status);
    into.append(reason.data(), reason.size());
    into += "\r\n";
    into += response.headers.text();
    into += date_field;
    if (may_have_content(response.status)) {
        into += "Content-Length: ";
        append_number(std::visit(BodyMeasure(), response.body), into);
        into += "\r\n";
    }
    if (form.closes)
        into += "Connection: close\r\n";
    else if (form.is_http_1_0)
        into += "Connection: keep-alive\r\n";
    into += "\r\n";
}

ResponseWriter::ResponseWriter(Lane& lane, Connection& connection, const Response& response, AnswerForm form)
    : lane_(lane), connection_(connection) {
    render_head(response, form, lane.date.text(), lane.head_text);
    const bool has_body = !form.is_head_only && may_have_content(response.status);
    const auto* const text = std::get_if<std::string>(&response.body);
    if (has_body && text != nullptr && text->size() <= small_body) {
        lane.head_text += *text;
        body_in_head_ = static_cast<std::int64_t>(text->size());
    }
    head_ = lane.head_text;
    if (!has_body || body_in_head_ > 0) return;
    body_length_ = std::visit(BodyMeasure(), response.body);
    if (text != nullptr) memory_ = text->data();
    if (const auto* slice = std::get_if<MemorySlice>(&response.body))
        memory_ = slice->bytes->data() + slice->offset;
    file_ = std::get_if<FileSlice>(&response.body);
}

std::int64_t ResponseWriter::body_sent() const {
    const auto unsent = static_cast<std::int64_t>(head_.size() - head_sent_);
    return body_sent_ + std::max<std::int64_t>(body_in_head_ - unsent, 0);
}

bool ResponseWriter::send_at_once() {
    if (send_some() == Progress::moved && is_done()) return true;
    // The lane's text serves other connections while this one waits.
    rest_of_head_ = head_.substr(head_sent_);
    head_ = rest_of_head_;
    head_sent_ = 0;
    return false;
}

async::Task<bool> ResponseWriter::send_rest() {
    Pace pace(lane_.settings.pace);
    std::int64_t moved = 0;
    while (!is_done()) {
        const std::int64_t before = body_sent();
        const Progress progress = send_some();
        if (progress == Progress::failed) co_return false;
        moved += body_sent() - before;
        if (progress == Progress::blocked) {
            const Woken woken = co_await connection_.wait(Direction::write, pace, moved);
            if (woken != Woken::ready) co_return false;
        } else if (!is_done()) {
            co_await boost::asio::post(lane_.home, async::use_task);  // others are waiting, too
        }
    }
    co_return true;
}

ResponseWriter::Progress ResponseWriter::send_some() {
    if (file_ != nullptr && head_sent_ == head_.size()) return send_file();
    return send_head_and_memory();
}

ResponseWriter::Progress ResponseWriter::send_head_and_memory() {
    const std::string_view head = head_.substr(head_sent_);
    const std::int64_t step = memory_ == nullptr ? 0 : std::min(body_length_ - body_sent_, max_step);
    const char* const body = memory_ == nullptr ? nullptr : memory_ + body_sent_;
    const std::array<iovec, 2> pieces{iovec{const_cast<char*>(head.data()), head.size()},
                                      iovec{const_cast<char*>(body), static_cast<std::size_t>(step)}};
    const bool file_follows = file_ != nullptr && body_length_ > 0;
    const std::optional<std::size_t> sent =
        connection_.send(std::span(pieces).first(step == 0 ? 1 : 2), file_follows);
    if (!sent) return Progress::blocked;
    const std::size_t of_head = std::min(*sent, head.size());
    head_sent_ += of_head;
    body_sent_ += static_cast<std::int64_t>(*sent - of_head);
    return Progress::moved;
}

ResponseWriter::Progress ResponseWriter::send_file() {
    const std::int64_t step = std::min(body_length_ - body_sent_, max_step);
    const std::optional<std::size_t> sent =
        connection_.send_file(file_->file->get(), file_->offset + body_sent_, static_cast<std::size_t>(step));
    if (!sent) return Progress::blocked;
    if (*sent == 0) {
        logger.error("a file is shorter than its answer promised");
        return Progress::failed;
    }
    body_sent_ += static_cast<std::int64_t>(*sent);
    return Progress::moved;
}

}  // namespace mxcd::http
