#include "child_life.hpp"

#include "mxcd/base/errors.hpp"

#include "callback_json.hpp"
#include "frames.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <exception>
#include <string_view>
#include <utility>

namespace mxcd::modules {

namespace {

using async::use_task;
using matrix::Json;
using std::chrono::milliseconds;

constexpr milliseconds watch_interval{50};
/// How long a child with an overdue call may be silent after it was asked whether it is there.
constexpr milliseconds patience{300};
/// Frames that answer nothing (log lines, strays): more of them in one interval wait for the next one.
constexpr std::size_t most_noise = 200;
/// Of its own to us that wait for their answers.
constexpr std::size_t most_questions = 16;
/// Of its output, per interval: what floods waits in the pipe, and so does the child.
constexpr std::size_t most_output = std::size_t{64} * 1024;

base::LogLevel level_of(std::string_view name) {
    if (name == "debug") return base::LogLevel::debug;
    if (name == "warn") return base::LogLevel::warn;
    if (name == "error") return base::LogLevel::error;
    return base::LogLevel::info;
}

/// A sleep for one task alone.
async::Task<> rest(async::Executor home) {
    async::Timer timer(home, watch_interval);
    co_await timer.async_wait(use_task);
}

}  // namespace

ChildLife::ChildLife(const ChildConfig& config, LifeSurroundings surroundings, Events events)
    : config_(config),
      on_(std::move(surroundings)),
      events_(std::move(events)),
      process_(std::make_shared<ChildProcess>(config.program)),
      ended_(on_.home, process_->take_process()),
      socket_(on_.home, async::asio::local::stream_protocol(), process_->take_socket()),
      output_(on_.home, process_->take_output()),
      clock_(on_.home) {}

async::Task<std::string> ChildLife::live() {
    const std::shared_ptr<ChildLife> self = shared_from_this();
    const Closing closing(*this);
    on_.calls.connect(socket_.native_handle(), frame_of({{"load", config_.load}}));
    on_.tasks.spawn(on_.home, listen(self));
    on_.tasks.spawn(on_.home, read_output(self));
    on_.tasks.spawn(on_.home, watch(self));
    co_await ended_.async_wait(Descriptor::wait_read, use_task);
    const std::string ending = process_->reap();
    if (reason_.empty()) reason_ = ending;
    co_return reason_;
}

void ChildLife::kill(const std::string& reason) {
    if (reason_.empty()) reason_ = reason;
    process_->kill();
}

void ChildLife::close() {
    is_over_ = true;
    // Before the socket's number may mean something else.
    on_.calls.disconnect(reason_.empty() ? "it was stopped" : reason_);
    read_last_output();
    boost::system::error_code ignored;
    socket_.close(ignored);
    output_.close(ignored);
    clock_.cancel();
}

void ChildLife::read_last_output() {
    std::array<char, most_output> buffer{};
    boost::system::error_code error;
    output_.non_blocking(true, error);
    const std::size_t size = output_.read_some(async::asio::buffer(buffer), error);
    on_.log.add_output(std::string_view(buffer.data(), size));
}

async::Task<> ChildLife::listen(std::shared_ptr<ChildLife> life) {
    std::string reason;
    bool has_ended = false;
    try {
        co_await life->hear_frames();
    } catch (const BadFrame& nonsense) {
        reason = std::string("it sent ") + nonsense.what();
    } catch (const boost::system::system_error&) {
        reason = "it closed its socket";
        has_ended = true;
    }
    // Mostly because it is dying, and how it dies says more.
    if (has_ended && !life->is_over_) co_await rest(life->on_.home);
    if (!life->is_over_) life->kill(reason);
}

async::Task<> ChildLife::hear_frames() {
    FrameReader frames(longest_frame_from_child);
    std::array<char, std::size_t{16} * 1024> buffer{};
    for (;;) {
        const std::size_t size = co_await socket_.async_read_some(async::asio::buffer(buffer), use_task);
        frames.add(std::string_view(buffer.data(), size));
        while (std::optional<Json> frame = frames.next()) take(*frame);
        if (noise_ > most_noise) co_await rest(on_.home);
    }
}

void ChildLife::take(const Json& frame) {
    if (const std::optional<std::int64_t> call = matrix::get_integer(frame, "call")) {
        // Of all that it may say, answers alone show that it does its work: it may hang and log.
        if (on_.calls.answer(*call, frame)) {
            heard_at_ = std::chrono::steady_clock::now();
            return;
        }
        on_.strays.add();
        ++noise_;
    } else if (frame.contains("pong")) {
        pinged_at_.reset();
    } else if (frame.contains("log")) {
        take_log(frame.at("log"));
    } else if (frame.contains("ask") && config_.answer_question) {
        take_question(frame);
    } else if (frame.contains("ready") && !is_ready_) {
        take_ready(frame.at("ready"));
    } else if (frame.contains("failed") && !is_ready_) {
        events_.failed_to_load(matrix::get_string(frame, "failed").value_or("it does not say why"));
        kill("it could not be loaded");
    } else {
        throw BadFrame("a frame of an unknown kind");
    }
}

void ChildLife::take_ready(const Json& ready) {
    std::vector<std::string> callbacks;
    if (!ready.is_object() || !ready.contains("callbacks") || !ready.at("callbacks").is_array())
        throw BadFrame("a ready without callbacks");
    for (const Json& callback : ready.at("callbacks")) {
        if (!callback.is_string()) throw BadFrame("a callback without a name");
        callbacks.push_back(callback.get<std::string>());
    }
    is_ready_ = true;
    on_.calls.open();
    events_.ready(std::move(callbacks));
}

void ChildLife::take_log(const Json& log) {
    ++noise_;
    on_.log.write(level_of(matrix::get_string(log, "level").value_or("info")),
                  matrix::get_string(log, "text").value_or(""));
}

void ChildLife::take_question(Json question) {
    if (questions_.size() >= most_questions) throw BadFrame("more questions at once than it may ask");
    questions_.push_back(std::move(question));
    if (questions_.size() == 1) on_.tasks.spawn(on_.home, answer_questions(shared_from_this()));
}

async::Task<> ChildLife::answer_questions(std::shared_ptr<ChildLife> life) {
    while (!life->is_over_ && !life->questions_.empty()) {
        Json answer = co_await life->answer_to(life->questions_.front());
        if (life->is_over_) co_return;
        life->questions_.pop_front();
        try {
            life->on_.calls.tell(answer);
        } catch (const base::Overloaded&) {
            life->kill("it asks and does not read the answers");
        }
    }
}

async::Task<Json> ChildLife::answer_to(Json question) {
    const Json number = question.at("ask");
    Json answer;
    try {
        answer = co_await config_.answer_question(std::move(question));
    } catch (const boost::system::system_error& error) {
        if (error.code() == async::asio::error::operation_aborted) throw;
        answer = {{"failure", error.what()}};
    } catch (const std::exception& failure) {
        answer = {{"failure", failure.what()}};
    }
    answer["answer"] = number;
    co_return std::move(answer);
}

async::Task<> ChildLife::read_output(std::shared_ptr<ChildLife> life) {
    std::array<char, std::size_t{16} * 1024> buffer{};
    try {
        for (std::size_t read = 0;;) {
            const std::size_t size =
                co_await life->output_.async_read_some(async::asio::buffer(buffer), use_task);
            life->on_.log.add_output(std::string_view(buffer.data(), size));
            read += size;
            if (read < most_output) continue;
            co_await rest(life->on_.home);
            read = 0;
        }
    } catch (const boost::system::system_error&) {
        life->on_.log.end_output();
    }
}

async::Task<> ChildLife::watch(std::shared_ptr<ChildLife> life) {
    while (!life->is_over_) {
        life->clock_.expires_after(watch_interval);
        try {
            co_await life->clock_.async_wait(use_task);
        } catch (const boost::system::system_error&) {
            co_return;
        }
        if (life->is_over_) co_return;
        life->noise_ = 0;
        life->look_for_hang(std::chrono::steady_clock::now());
    }
}

void ChildLife::look_for_hang(Moment now) {
    if (!is_ready_ && now - begun_ > config_.load_limit) return kill("it was not ready in time");
    if (on_.calls.expire(now) > 0 && !pinged_at_) {
        pinged_at_ = now;
        on_.calls.ping();
        return;
    }
    if (pinged_at_ && heard_at_ > *pinged_at_) pinged_at_.reset();
    if (pinged_at_ && now - *pinged_at_ > patience) kill("it hung");
}

void ChildLife::flush() { on_.tasks.spawn(on_.home, write_rest(shared_from_this())); }

async::Task<> ChildLife::write_rest(std::shared_ptr<ChildLife> life) {
    while (!life->is_over_ && !life->on_.calls.flush()) {
        co_await life->socket_.async_wait(Socket::wait_write, use_task);
    }
}

}  // namespace mxcd::modules
