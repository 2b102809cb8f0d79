#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/async/task_group.hpp"

#include "error_response.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace mxcd::api {

/// How a backup stands.
struct BackupState {
    enum class Stage : std::uint8_t { none, running, done, failed };
    Stage stage = Stage::none;
    double fraction = 0;
    std::string error;           // of a failed one, for the operator
    bool is_permission = false;  // what it failed of
};

/// At most one backup at a time, in the background. Thread-safe.
class BackupRun {
  public:
    using Work = decltype(Operations::back_up);

    /// References must outlive the background tasks, `errors` and `background` this object.
    BackupRun(Work work, async::TaskGroup& background, const ErrorResponses& errors);

    /// False when one is running already.
    [[nodiscard]] bool start(async::Executor home, std::string folder);
    [[nodiscard]] BackupState state() const;

  private:
    /// Shared with the running task, which reports to it from any thread.
    struct Progress {
        mutable std::mutex mutex;
        BackupState state;
    };

    static async::Task<> run(Work work, std::string folder, std::shared_ptr<Progress> progress,
                             const ErrorResponses& errors);

    Work work_;
    async::TaskGroup& background_;
    const ErrorResponses& errors_;
    std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
};

}  // namespace mxcd::api
