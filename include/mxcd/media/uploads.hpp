#pragma once

#include "mxcd/async/byte_source.hpp"
#include "mxcd/async/task.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/base/metrics.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/base/snapshot.hpp"
#include "mxcd/media/blob_store.hpp"
#include "mxcd/media/metadata_store.hpp"
#include "mxcd/media/module_chain.hpp"
#include "mxcd/media/pending_media.hpp"
#include "mxcd/media/type_sniffer.hpp"
#include "mxcd/media/upload_ledger.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mxcd::media {

struct ReceivedBody;

/// What the operator decided about uploads. Replaced as a whole on a reload.
struct UploadPolicy {
    base::ByteCount max_upload_size{50 * 1024 * 1024};
    std::vector<UploadLimit> limits;
    /// Bodies up to this size live in their row's transaction instead of a file.
    base::ByteCount inline_body_max{32 * 1024};
    std::shared_ptr<const ModuleChain> modules;  // shared with requests that began under an older policy
    /// What is uploaded is for authenticated clients only, now and later.
    bool authenticates_media = true;
    /// Media IDs that a user may have created and not yet filled, and for how long each can be filled.
    std::int64_t max_pending = 5;
    std::chrono::milliseconds pending_lifetime = std::chrono::hours(24);
};

struct UploadRequest {
    matrix::UserId user;
    std::string content_type;
    std::optional<std::string> file_name;
    std::optional<base::ByteCount> declared_size;  // nothing: chunked
    async::ByteSource& body;
    std::optional<PendingClaim> claim = std::nullopt;  // nothing: new media gets a new ID
    bool is_ephemeral = false;
};

/// A media ID for content that is to come.
struct CreatedMedia {
    matrix::MediaId id;
    base::TimePoint expires_at;
};

/// Thrown when a window or quota has no room; the desk renders it (`limit_exceeded_response`, `info_uri`).
struct UploadLimitExceeded : std::exception {
    UploadLimitExceeded(std::variant<LimitRefusal, QuotaRefusal> why, std::optional<base::ByteCount> size)
        : refusal(std::move(why)), attempted(size) {}
    [[nodiscard]] const char* what() const noexcept override { return "Media upload limit exceeded"; }
    std::variant<LimitRefusal, QuotaRefusal> refusal;
    /// Nothing when a chunked upload was refused before its body was read.
    std::optional<base::ByteCount> attempted;
};

struct UploadDependencies {
    MetadataStore& metadata;
    UploadLedger& ledger;
    PendingMedia& pending;
    BlobStore& blobs;
    TypeSniffer& sniffer;
    base::RandomSource& random;
    base::Metrics& metrics;
    /// Called after each commit, on the upload's io thread: new media, and its declared type. Must not throw.
    std::function<void(const async::Executor&, const matrix::MediaId&, std::string_view)> stored = {};
};

/// Taking in media, from admission to the commit (contract section 4, steps 2 to 7). Whatever fails on the
/// way undoes the steps before it.
class Uploads {
  public:
    Uploads(UploadPolicy policy, UploadDependencies dependencies);
    ~Uploads();

    /// Creates a media ID for a body that comes later. Throws matrix::Error 429 when the user has too many of
    /// them; it says when the first expires.
    async::Task<CreatedMedia> create(matrix::UserId user, bool is_ephemeral = false);
    /// The right to store a body under an ID that the user has created: it goes into the UploadRequest.
    /// Throws matrix::Error 404 (never created, or expired), 403 (somebody else's), 409 (it has content, or
    /// another upload to it is under way).
    async::Task<PendingClaim> claim(matrix::MediaId id, matrix::UserId user);

    /// Stores a body as media of `request.user`; durable when the task resumes.
    /// Throws matrix::Error (too large, refused by a module, no space), UploadLimitExceeded, base::ClientGone
    /// when the body ends before its declared size, and what the body source and the stores throw.
    async::Task<matrix::MediaId> store(UploadRequest request);

    void reconfigure(UploadPolicy policy);
    [[nodiscard]] std::shared_ptr<const UploadPolicy> policy() const { return policy_.get(); }

  private:
    struct Instruments;
    enum class Size : std::uint8_t { known, unknown };

    async::Task<matrix::MediaId> take_in(const UploadPolicy& policy, const UploadRequest& request,
                                         UploadFacts& facts);
    void require_acceptable(const UploadPolicy& policy, const UploadRequest& request);
    async::Task<Reservation> admit(const UploadPolicy& policy, const UploadFacts& facts);
    async::Task<ReserveRequest> ask_modules(const UploadPolicy& policy, const UploadFacts& facts, Size size);
    /// The modules' limits, once they allow the upload.
    async::Task<std::optional<std::vector<UploadLimit>>> permitted_limits(const UploadPolicy& policy,
                                                                          const UploadFacts& facts,
                                                                          Size size);
    async::Task<> require_room_for_one_byte(const UploadPolicy& policy, const UploadFacts& facts);
    [[noreturn]] void refuse(const UploadPolicy& policy, async::Executor home, const UploadFacts& facts,
                             Size size, std::variant<LimitRefusal, QuotaRefusal> refusal);
    async::Task<ReceivedBody> receive(const UploadPolicy& policy, const UploadRequest& request);
    async::Task<FileFacts> facts_of_file(const UploadFacts& facts, const matrix::MediaId& id,
                                         const ReceivedBody& received);
    /// Who quarantines the file, if anybody.
    async::Task<std::optional<std::string>> inspect(const UploadPolicy& policy, const UploadFacts& facts,
                                                    const matrix::MediaId& id, const ReceivedBody& received);
    async::Task<> commit(MediaRecord record, ReceivedBody& received, Reservation& reservation,
                         bool is_claimed);

    base::Snapshot<UploadPolicy> policy_;
    MetadataStore& metadata_;
    UploadLedger& ledger_;
    PendingMedia& pending_;
    BlobStore& blobs_;
    TypeSniffer& sniffer_;
    base::RandomSource& random_;
    std::unique_ptr<Instruments> instruments_;
    std::function<void(const async::Executor&, const matrix::MediaId&, std::string_view)> stored_;
};

}  // namespace mxcd::media
