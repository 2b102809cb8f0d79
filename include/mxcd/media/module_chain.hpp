#pragma once

#include "mxcd/async/started.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/async/task_group.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/media/media_module.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::media {

class ModuleLink;

/// What a module's failure or silence means for the upload it was asked about.
enum class OnError : std::uint8_t {
    deny,   // 503 with Retry-After
    allow,  // as if it had no opinion
};

struct ChainEntry {
    std::string name;                     // for log and metrics
    std::shared_ptr<MediaModule> module;  // shared with calls past their deadline and with older chains
    std::chrono::milliseconds timeout{5000};
    OnError on_error = OnError::deny;
};

/// The modules in their configured order, and how their answers combine (contract section 5): for config and
/// limits the first answer that is not "none" wins; all must allow an upload, the first refusal ends it;
/// everybody is told of events. A module that fails or is late: `on_error` for uploads and files, for config
/// and limits the configured ones. A module's own matrix::Error ends the request.
class ModuleChain {
  public:
    /// `background` owns calls past their deadline and the telling of events; it outlives the chain.
    ModuleChain(std::vector<ChainEntry> entries, async::TaskGroup& background, base::Metrics& metrics);
    ~ModuleChain();
    ModuleChain(const ModuleChain&) = delete;
    ModuleChain& operator=(const ModuleChain&) = delete;

    /// Whether any module may have an opinion about this user's config; when none has, nobody need be asked.
    [[nodiscard]] bool tells_config(const matrix::UserId& user) const;
    async::Task<std::optional<matrix::Json>> media_config(const matrix::UserId& user) const;
    /// Throws matrix::Error: 413 M_TOO_LARGE on a refusal, 503 on a failing module that denies.
    async::Task<> require_upload_allowed(const UploadFacts& facts) const;
    /// Nothing when no module answers: the configured limits apply.
    async::Task<std::optional<std::vector<UploadLimit>>> upload_limits(const matrix::UserId& user,
                                                                       base::ByteCount size) const;
    /// Begins to ask for the limits while the caller does something else; `chain` is kept alive for it.
    [[nodiscard]] static async::Started<std::optional<std::vector<UploadLimit>>> begin_upload_limits(
        std::shared_ptr<const ModuleChain> chain, async::Executor home, const matrix::UserId& user,
        base::ByteCount size);
    /// Whether some answers take their time: then questions that do not depend on each other run together.
    [[nodiscard]] bool takes_time() const;
    async::Task<std::vector<StorageQuota>> storage_quotas(const matrix::UserId& user) const;
    [[nodiscard]] bool checks_files() const;
    /// The first verdict that is not "allow" wins: the name of the module that quarantines the file, nothing
    /// when all let it pass. Throws the rejecting module's matrix::Error, 503 on a failing module that
    /// denies.
    async::Task<std::optional<std::string>> require_file_allowed(const FileFacts& facts) const;
    /// Tell everybody, in the background, on `home`; return at once.
    void tell_limit_exceeded(async::Executor home, const LimitEvent& event) const;
    void tell_media_uploaded(async::Executor home, const matrix::UserId& user, const matrix::MediaId& media,
                             base::ByteCount size) const;
    void tell_media_deleted(async::Executor home, const matrix::MediaId& media) const;

    /// For the readiness report: names of entries that are down or whose last call failed.
    [[nodiscard]] std::vector<std::string> degraded() const;

  private:
    std::vector<std::shared_ptr<ModuleLink>> links_;  // shared with background calls that outlive the chain
    async::TaskGroup& background_;
};

}  // namespace mxcd::media
