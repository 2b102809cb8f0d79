#pragma once

#include "mxcd/base/unique_fd.hpp"
#include "mxcd/modules/children.hpp"

#include <sys/types.h>

#include <mutex>
#include <string>

namespace mxcd::modules {

/// One process in a group of its own, with our end of its socket and of its output. It has no descriptors but
/// those, leaves no core file, and dies with the thread that started it; its whole group is killed and the
/// process reaped at the end of this object.
class ChildProcess {
  public:
    /// Throws base::UpstreamError when the program is not there or cannot be started.
    explicit ChildProcess(const ChildProgram& program);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// Kills the whole group. Any thread may call.
    void kill() noexcept;
    /// Waits for the end of the process, which kill() or the readable descriptor made certain, and tells how
    /// it ended: "exit status 1", "signal 9 (Killed)".
    [[nodiscard]] std::string reap();

    /// Descriptors to take over: readable at the end of the process; the socket; output and errors.
    [[nodiscard]] int take_process() { return process_.release(); }
    [[nodiscard]] int take_socket() { return socket_.release(); }
    [[nodiscard]] int take_output() { return output_.release(); }

  private:
    const std::string program_;
    base::UniqueFd process_;
    base::UniqueFd socket_;
    base::UniqueFd output_;
    std::mutex mutex_;  // nobody may kill what has been reaped: its number may be somebody else's
    pid_t pid_ = -1;
    bool is_reaped_ = false;
};

}  // namespace mxcd::modules
