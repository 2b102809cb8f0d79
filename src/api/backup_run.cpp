#include "backup_run.hpp"

#include "mxcd/base/errors.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace mxcd::api {

BackupRun::BackupRun(Work work, async::TaskGroup& background, const ErrorResponses& errors)
    : work_(std::move(work)), background_(background), errors_(errors) {}

bool BackupRun::start(async::Executor home, std::string folder) {
    {
        const std::lock_guard lock(progress_->mutex);
        if (progress_->state.stage == BackupState::Stage::running) return false;
        progress_->state = {};
        progress_->state.stage = BackupState::Stage::running;
    }
    background_.spawn(std::move(home), run(work_, std::move(folder), progress_, errors_));
    return true;
}

BackupState BackupRun::state() const {
    const std::lock_guard lock(progress_->mutex);
    return progress_->state;
}

async::Task<> BackupRun::run(Work work, std::string folder, std::shared_ptr<Progress> progress,
                             const ErrorResponses& errors) {
    const auto report = [progress](double fraction) {
        const std::lock_guard lock(progress->mutex);
        progress->state.fraction = std::clamp(fraction, 0.0, 1.0);
    };
    const auto end = [&progress](BackupState::Stage stage, std::string error, bool is_permission) {
        const std::lock_guard lock(progress->mutex);
        progress->state.stage = stage;
        progress->state.error = std::move(error);
        progress->state.is_permission = is_permission;
    };
    std::exception_ptr failure;
    bool is_permission = false;
    try {
        co_await work(std::move(folder), report);
    } catch (const base::NotPermitted&) {
        failure = std::current_exception();
        is_permission = true;
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) {
        report(1);
        end(BackupState::Stage::done, {}, false);
        co_return;
    }
    // What stands if the run was cancelled: explain() lets a cancellation pass.
    end(BackupState::Stage::failed, "the service is stopping", false);
    end(BackupState::Stage::failed, errors.explain(failure, "backup"), is_permission);
}

}  // namespace mxcd::api
