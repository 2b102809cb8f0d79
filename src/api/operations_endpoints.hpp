#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/async/task.hpp"

#include "backup_run.hpp"
#include "call.hpp"
#include "response_headers.hpp"

namespace mxcd::api {

/// The operator's routes: health, metrics, and the control socket's backup.
class OperationsEndpoints {
  public:
    /// References must outlive it.
    OperationsEndpoints(Operations operations, async::TaskGroup& background, const ErrorResponses& errors,
                        const ResponseHeaders& headers);

    /// The process is alive: always 200.
    async::Task<http::Response> alive() const;
    /// 503 when something required is down; names every dependency: "ok", "degraded" or "down".
    async::Task<http::Response> ready() const;
    async::Task<http::Response> metrics() const;

    /// Starts a backup into `folder`, an absolute path; 409 while one runs.
    async::Task<http::Response> start_backup(const Call& call);
    /// `{"state": "running" | "done" | "failed", "fraction", "error"}` of the newest backup; 404 before the
    /// first.
    async::Task<http::Response> backup_state() const;

  private:
    std::function<async::Task<std::vector<HealthFinding>>()> health_;
    std::function<std::string()> metrics_text_;
    BackupRun backup_;
    const ResponseHeaders& headers_;
};

}  // namespace mxcd::api
