#include "log_buffer.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

namespace mxcd::base {

namespace {

constexpr std::chrono::milliseconds gathering_time(50);
/// What fits into a processor's cache: memory of a whole burst costs more than to write more often.
constexpr std::size_t gathered_size = 64 * 1024;
constexpr std::size_t file_portion = 32 * 1024;
constexpr std::size_t kept_capacity = 128 * 1024;
constexpr int poll_slice_ms = 100;
constexpr int slices_after_stop = 10;

bool is_file(int fd) {
    struct stat facts{};
    return ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// Ends with a line where one ends. PIPE_BUF bytes go into a writable pipe without blocking, and in one
/// piece. A file takes all at once, but many kernels let nobody else onto the processor meanwhile.
std::size_t portion_of(std::string_view lines, bool goes_to_file) {
    const std::size_t most = goes_to_file ? file_portion : PIPE_BUF;
    if (lines.size() <= most) return lines.size();
    const std::size_t line_end = lines.rfind('\n', most - 1);
    return line_end == std::string_view::npos ? most : line_end + 1;
}

/// A signal on this thread would be one of the process, and a closed standard error must not end it
/// (SIGPIPE).
void block_all_signals() {
    sigset_t all{};
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void write_directly(int fd, std::string_view lines) {
    const bool goes_to_file = is_file(fd);
    while (!lines.empty()) {
        pollfd target{fd, POLLOUT, 0};
        if (::poll(&target, 1, poll_slice_ms * slices_after_stop) == 0) return;
        const ssize_t count = ::write(fd, lines.data(), portion_of(lines, goes_to_file));
        if (count < 0 && errno != EINTR) return;
        lines.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
}

}  // namespace

LogBuffer::LogBuffer(LogBufferConfig config) : config_(std::move(config)) {}

LogBuffer::~LogBuffer() { stop(); }

void LogBuffer::start() {
    const std::lock_guard control(control_);
    if (thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        is_running_ = true;
        is_stopping_ = false;
    }
    thread_ = std::thread([this] { serve(); });
}

void LogBuffer::stop() {
    const std::lock_guard control(control_);
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void LogBuffer::append(std::string_view lines, bool is_urgent) {
    std::unique_lock lock(mutex_);
    if (!is_running_) {
        lock.unlock();
        write_directly(config_.fd, lines);
        return;
    }
    if (lines.size() > config_.limit - pending_.size()) {
        dropped_ += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
        const bool must_wake = std::exchange(is_resting_, false);
        lock.unlock();
        if (must_wake) wake_.notify_one();
        return;
    }
    const bool was_hurried = is_urgent_;
    pending_ += lines;
    is_urgent_ = is_urgent_ || is_urgent || pending_.size() >= gathered_size;
    const bool must_wake = std::exchange(is_resting_, false) || (is_urgent_ && !was_hurried);
    lock.unlock();
    if (must_wake) wake_.notify_one();
}

void LogBuffer::serve() {
    block_all_signals();
    pthread_setname_np(pthread_self(), "log");
    std::string lines;
    for (;;) {
        lines = take(std::move(lines));
        if (lines.empty() || !write(lines)) break;
    }
    const std::lock_guard lock(mutex_);
    is_running_ = false;
}

std::string LogBuffer::take(std::string spare) {
    // After a burst its memory goes back.
    if (spare.capacity() > kept_capacity) std::string().swap(spare);
    spare.clear();
    std::unique_lock lock(mutex_);
    const auto has_more = [this] { return !pending_.empty() || dropped_ > 0; };
    const auto gather = [this, &lock] {
        wake_.wait_for(lock, gathering_time, [this] { return is_stopping_ || is_urgent_; });
    };
    // Where lines came a moment ago there will be more: to be woken for the first costs who logs it.
    gather();
    if (!has_more() && !is_stopping_) {
        is_resting_ = true;
        wake_.wait(lock, [&] { return is_stopping_ || has_more(); });
        is_resting_ = false;
        gather();
    }
    if (pending_.empty() && dropped_ == 0) {
        // Under the same lock as the look at the buffer, so that no line falls between the two ways.
        is_running_ = false;
        return {};
    }
    std::swap(spare, pending_);
    is_urgent_ = false;
    const std::uint64_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    if (dropped > 0) spare += config_.describe_drops(dropped);
    return spare;
}

bool LogBuffer::write(std::string_view lines) {
    const bool goes_to_file = is_file(config_.fd);
    while (!lines.empty()) {
        if (!goes_to_file && !wait_until_writable()) return false;
        const ssize_t count = ::write(config_.fd, lines.data(), portion_of(lines, goes_to_file));
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return true;  // these lines are lost, and nobody can be told
        lines.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool LogBuffer::wait_until_writable() {
    int slices_left = slices_after_stop;
    for (;;) {
        pollfd target{config_.fd, POLLOUT, 0};
        if (::poll(&target, 1, poll_slice_ms) != 0) return true;
        const std::lock_guard lock(mutex_);
        if (is_stopping_ && --slices_left == 0) return false;
    }
}

}  // namespace mxcd::base
