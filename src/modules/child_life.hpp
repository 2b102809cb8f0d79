#pragma once

#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/async/timeout.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/modules/children.hpp"

#include "child_calls.hpp"
#include "child_log.hpp"
#include "child_process.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::modules {

/// What a life works on.
struct LifeSurroundings {
    std::shared_ptr<const void>
        owner;  // of the rest; shared with the life's tasks, which may be its last users
    async::Executor home;
    async::TaskGroup& tasks;
    ChildCalls& calls;
    ChildLog& log;
    base::Counter& strays;
};

/// One life of a child, from its process' start to its end: listens to the process, writes what its socket
/// did not take at once, and kills it when it hangs or talks nonsense. Everything happens on its home thread;
/// its tasks share it.
class ChildLife : public std::enable_shared_from_this<ChildLife> {
  public:
    struct Events {
        std::function<void(std::vector<std::string> callbacks)> ready;
        std::function<void(std::string sentence)> failed_to_load;
    };

    /// Throws base::UpstreamError when there is no process to be had.
    ChildLife(const ChildConfig& config, LifeSurroundings surroundings, Events events);

    /// Lives until the process has ended, and gives the reason.
    async::Task<std::string> live();
    void kill(const std::string& reason);
    [[nodiscard]] bool was_ready() const { return is_ready_; }
    void flush();
    [[nodiscard]] const std::shared_ptr<ChildProcess>& process() const { return process_; }

  private:
    /// Closes a life that has come to its end, whatever ended it.
    class Closing {
      public:
        explicit Closing(ChildLife& life) : life_(life) {}
        ~Closing() { life_.close(); }
        Closing(const Closing&) = delete;
        Closing& operator=(const Closing&) = delete;

      private:
        ChildLife& life_;
    };

    using Moment = std::chrono::steady_clock::time_point;
    using Socket = async::asio::basic_stream_socket<async::asio::local::stream_protocol, async::Executor>;
    using Descriptor = async::asio::posix::basic_stream_descriptor<async::Executor>;

    static async::Task<> listen(std::shared_ptr<ChildLife> life);
    static async::Task<> read_output(std::shared_ptr<ChildLife> life);
    static async::Task<> watch(std::shared_ptr<ChildLife> life);
    static async::Task<> write_rest(std::shared_ptr<ChildLife> life);
    static async::Task<> answer_questions(std::shared_ptr<ChildLife> life);

    async::Task<> hear_frames();
    void take(const matrix::Json& frame);
    void take_ready(const matrix::Json& ready);
    void take_log(const matrix::Json& log);
    void take_question(matrix::Json question);
    async::Task<matrix::Json> answer_to(matrix::Json question);
    void look_for_hang(Moment now);
    void read_last_output();
    void close();

    const ChildConfig& config_;
    const LifeSurroundings on_;
    const Events events_;
    std::shared_ptr<ChildProcess> process_;  // shared with whoever may end the child from another thread
    Descriptor ended_;
    Socket socket_;
    Descriptor output_;
    async::Timer clock_;
    Moment begun_ = std::chrono::steady_clock::now();
    Moment heard_at_ = begun_;
    std::optional<Moment> pinged_at_;
    std::string reason_;  // why it was killed
    bool is_ready_ = false;
    bool is_over_ = false;
    std::deque<matrix::Json> questions_;  // the first is being answered
    std::size_t noise_ = 0;               // frames without use, since the last look at the clock
};

}  // namespace mxcd::modules
