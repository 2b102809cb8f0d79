#include "operations_endpoints.hpp"

#include "mxcd/base/text.hpp"
#include "mxcd/matrix/error.hpp"

#include <optional>
#include <utility>

namespace mxcd::api {

namespace {

using matrix::Error;
using matrix::ErrorCode;
using matrix::Json;

std::string_view word_of(const HealthFinding& finding) {
    if (finding.is_healthy) return "ok";
    return finding.is_required ? "down" : "degraded";
}

std::string_view status_of(const std::vector<HealthFinding>& findings) {
    std::string_view status = "ready";
    for (const HealthFinding& finding : findings) {
        if (finding.is_healthy) continue;
        if (finding.is_required) return "unavailable";
        status = "degraded";
    }
    return status;
}

std::string folder_of(const http::Request& request) {
    const std::optional<std::string_view> encoded = base::query_value(request.query, "folder");
    if (!encoded) throw Error(ErrorCode::missing_param, "Missing query parameter folder");
    std::optional<std::string> folder = base::percent_decode(*encoded, base::PlusSign::space);
    const bool is_usable = folder && folder->starts_with('/') && folder->find('\0') == std::string::npos;
    if (!is_usable) throw Error(ErrorCode::invalid_param, "Query parameter folder must be an absolute path");
    return *std::move(folder);
}

std::string_view name_of(BackupState::Stage stage) {
    switch (stage) {
        case BackupState::Stage::none:
            break;
        case BackupState::Stage::running:
            return "running";
        case BackupState::Stage::done:
            return "done";
        case BackupState::Stage::failed:
            return "failed";
    }
    return "none";
}

}  // namespace

OperationsEndpoints::OperationsEndpoints(Operations operations, async::TaskGroup& background,
                                         const ErrorResponses& errors, const ResponseHeaders& headers)
    : health_(std::move(operations.health)),
      metrics_text_(std::move(operations.metrics_text)),
      backup_(std::move(operations.back_up), background, errors),
      headers_(headers) {}

async::Task<http::Response> OperationsEndpoints::alive() const {
    co_return headers_.json(200, std::string("{\"status\":\"alive\"}"));
}

async::Task<http::Response> OperationsEndpoints::ready() const {
    const std::vector<HealthFinding> findings = co_await health_();
    Json dependencies = Json::object();
    for (const HealthFinding& finding : findings) dependencies[finding.name] = word_of(finding);
    const std::string_view status = status_of(findings);
    if (status == "unavailable") {
        Error error(ErrorCode::unavailable, "The service is not ready");
        error.with_retry_after(std::chrono::seconds(5))
            .with("status", status)
            .with("dependencies", std::move(dependencies));
        throw error;
    }
    Json body = Json::object();
    body["status"] = status;
    body["dependencies"] = std::move(dependencies);
    co_return headers_.json(200, body);
}

async::Task<http::Response> OperationsEndpoints::metrics() const {
    http::Response response;
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        .add("Cache-Control", "no-store");
    response.body = metrics_text_();
    co_return response;
}

async::Task<http::Response> OperationsEndpoints::start_backup(const Call& call) {
    std::string folder = folder_of(call.request);
    const async::Executor home = co_await async::asio::this_coro::executor;
    if (!backup_.start(home, std::move(folder))) throw Error(409, "M_UNKNOWN", "A backup is running already");
    co_return headers_.json(200, std::string("{\"status\":\"started\"}"));
}

async::Task<http::Response> OperationsEndpoints::backup_state() const {
    const BackupState state = backup_.state();
    if (state.stage == BackupState::Stage::none)
        throw Error(ErrorCode::not_found, "No backup has been started");
    Json body = Json::object();
    body["state"] = name_of(state.stage);
    body["fraction"] = state.fraction;
    if (!state.error.empty()) body["error"] = state.error;
    if (state.is_permission) body["reason"] = "permission";
    co_return headers_.json(200, body);
}

}  // namespace mxcd::api
