#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/http/response.hpp"

#include "connection.hpp"
#include "lane.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mxcd::http {

/// How an answer goes out.
struct AnswerForm {
    bool is_head_only = false;  // the request was HEAD
    bool closes = false;
    bool is_http_1_0 = false;
};

/// Status line and header fields of an answer, with Content-Length, Date and Connection added.
void render_head(const Response& response, AnswerForm form, std::string_view date_field, std::string& into);

/// Sends one answer. The response must outlive it.
class ResponseWriter {
  public:
    ResponseWriter(Lane& lane, Connection& connection, const Response& response, AnswerForm form);

    /// Sends what can be sent without waiting; true when that was everything, as it is for nearly every small
    /// answer. Throws boost::system::system_error when the connection is broken.
    [[nodiscard]] bool send_at_once();
    /// Sends the rest. False when the client is too slow, or the file is shorter than promised: the
    /// connection must close then, so that the client sees a short body.
    [[nodiscard]] async::Task<bool> send_rest();

    [[nodiscard]] std::int64_t body_sent() const;

  private:
    enum class Progress : std::uint8_t { moved, blocked, failed };

    [[nodiscard]] bool is_done() const { return head_sent_ == head_.size() && body_sent_ == body_length_; }
    Progress send_some();
    Progress send_head_and_memory();
    Progress send_file();

    Lane& lane_;
    Connection& connection_;
    const char* memory_ = nullptr;  // of the body, when it is in memory
    const FileSlice* file_ = nullptr;
    std::string_view head_;  // and a small body behind it
    std::string rest_of_head_;
    std::size_t head_sent_ = 0;
    std::int64_t body_in_head_ = 0;
    std::int64_t body_length_ = 0;  // of what is not in the head
    std::int64_t body_sent_ = 0;
};

}  // namespace mxcd::http
