#include "child_calls.hpp"

#include "mxcd/base/errors.hpp"

#include "callback_json.hpp"
#include "frames.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace mxcd::modules {

namespace {

using matrix::Json;

constexpr std::size_t most_unsent_bytes = std::size_t{1024} * 1024;

/// Room for one descriptor, aligned as the kernel wants it.
struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

void attach(msghdr& message, Control& control, int descriptor) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
}

/// The answer that a frame holds. Throws it when it is an error.
Json result_of(const Json& frame) {
    if (frame.contains("error")) throw error_of(frame.at("error"));
    if (frame.contains("failure"))
        throw base::UpstreamError("the module failed: " +
                                  matrix::get_string(frame, "failure").value_or("it does not say why"));
    if (!frame.contains("result")) throw BadAnswer("the answer has neither result nor error");
    return frame.at("result");
}

/// With an exception that nobody else has: each is used, and goes, on the thread of its call.
void fail(const ChildCalls::Answer& answer, const std::string& reason) {
    answer.with_error(std::make_exception_ptr(base::UpstreamError(reason)));
}

}  // namespace

void ChildCalls::connect(int socket, std::string first_frame) {
    const std::lock_guard lock(mutex_);
    socket_ = socket;
    down_reason_ = "it is starting";
    write(std::move(first_frame), std::nullopt);
}

void ChildCalls::open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
}

void ChildCalls::disconnect(const std::string& reason) {
    std::unordered_map<std::int64_t, Waiting> lost;
    {
        const std::lock_guard lock(mutex_);
        socket_ = -1;
        is_open_ = false;
        down_reason_ = reason;
        lost.swap(waiting_);
        oldest_.clear();
        unsent_.clear();
        unsent_bytes_ = 0;
    }
    for (const auto& [call, waiting] : lost) fail(waiting.answer, "the module's process ended: " + reason);
}

bool ChildCalls::is_open() const {
    const std::lock_guard lock(mutex_);
    return is_open_;
}

void ChildCalls::begin(Order order, const Answer& answer) {
    Json frame = {{"callback", std::move(order.callback)},
                  {"arguments", std::move(order.arguments)},
                  {"deadline_ms", timeout_.count()}};
    if (order.file) frame["has_file"] = true;
    const std::lock_guard lock(mutex_);
    if (!is_open_) throw base::UpstreamError("the module's process is down: " + down_reason_);
    if (waiting_.size() >= most_calls_ || unsent_bytes_ > most_unsent_bytes)
        throw base::Overloaded("too many calls of the module are under way");
    frame["call"] = next_call_;
    std::string bytes = frame_of(frame);
    waiting_.emplace(next_call_, Waiting{answer, std::chrono::steady_clock::now() + timeout_});
    oldest_.push_back(next_call_);
    ++next_call_;
    write(std::move(bytes), std::move(order.file));
}

bool ChildCalls::answer(std::int64_t call, const Json& frame) {
    std::optional<Answer> answer;
    {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.extract(call);
        if (found.empty()) return false;
        answer.emplace(std::move(found.mapped().answer));
        while (!oldest_.empty() && !waiting_.contains(oldest_.front())) oldest_.pop_front();
    }
    std::exception_ptr failure;
    try {
        answer->with(result_of(frame));
    } catch (...) {
        failure = std::current_exception();
    }
    // Handed over whole: from here on it is the waiting thread's alone.
    if (failure) answer->with_error(std::move(failure));
    return true;
}

std::size_t ChildCalls::expire(Moment now) {
    std::deque<Answer> overdue;
    {
        // All calls have the same time, so the oldest are due first.
        const std::lock_guard lock(mutex_);
        while (!oldest_.empty()) {
            const auto found = waiting_.find(oldest_.front());
            if (found != waiting_.end()) {
                if (found->second.until > now) break;
                overdue.push_back(std::move(found->second.answer));
                waiting_.erase(found);
            }
            oldest_.pop_front();
        }
    }
    for (const Answer& answer : overdue) fail(answer, "the module did not answer in time");
    return overdue.size();
}

void ChildCalls::ping() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) write(frame_of({{"ping", next_call_}}), std::nullopt);
}

void ChildCalls::tell(const Json& frame) {
    std::string bytes = frame_of(frame);
    const std::lock_guard lock(mutex_);
    if (unsent_bytes_ > most_unsent_bytes) throw base::Overloaded("the module's process does not read");
    if (socket_ >= 0) write(std::move(bytes), std::nullopt);
}

bool ChildCalls::flush() {
    const std::lock_guard lock(mutex_);
    while (!unsent_.empty()) {
        Unsent& first = unsent_.front();
        const std::size_t before = first.sent;
        const bool is_sent = send(first);
        unsent_bytes_ -= first.sent - before;
        if (!is_sent) return false;
        unsent_.pop_front();
    }
    return true;
}

void ChildCalls::write(std::string bytes, std::optional<media::OpenBlob> file) {
    Unsent unsent{std::move(bytes), 0, std::move(file)};
    const bool was_waiting = !unsent_.empty();
    if (!was_waiting && send(unsent)) return;
    unsent_bytes_ += unsent.bytes.size() - unsent.sent;
    unsent_.push_back(std::move(unsent));
    if (!was_waiting) ask_for_flush_();
}

bool ChildCalls::send(Unsent& unsent) {
    while (unsent.sent < unsent.bytes.size()) {
        iovec part{unsent.bytes.data() + unsent.sent, unsent.bytes.size() - unsent.sent};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        Control control;
        if (unsent.file) attach(message, control, unsent.file->file->get());
        const ssize_t sent = sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
        unsent.file.reset();
        // A dead child takes nothing more; whoever watches it will say so.
        unsent.sent = sent < 0 ? unsent.bytes.size() : unsent.sent + static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace mxcd::modules
