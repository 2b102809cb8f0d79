#include "mxcd/media/uploads.hpp"

#include "mxcd/base/errors.hpp"
#include "mxcd/base/failpoint.hpp"
#include "mxcd/base/log.hpp"

#include "received_body.hpp"
#include "upload_instruments.hpp"

#include <utility>

namespace mxcd::media {

namespace {

constexpr base::Logger logger("media");

constexpr std::size_t media_id_length = 24;

matrix::MediaId new_media_id(base::RandomSource& random) {
    const std::string letters = base::random_letters(random, media_id_length);
    return matrix::MediaId::parse(letters).value();
}

/// A body of unknown size counts as one byte until it has been received.
UploadFacts facts_of(const UploadRequest& request) {
    return UploadFacts{request.user, request.declared_size.value_or(base::ByteCount(1)), request.content_type,
                       request.file_name};
}

MediaRecord record_of(const UploadFacts& facts, const matrix::MediaId& id, ReceivedBody& received) {
    MediaRecord record{id, facts.user, facts.declared_type, facts.file_name, received.size, received.key,
                       {}, {}};
    if (!received.writer) record.inline_body = std::make_shared<const std::string>(std::move(received.bytes));
    return record;
}

matrix::Error error_of(ClaimRefusal refusal) {
    using matrix::Error;
    using matrix::ErrorCode;
    switch (refusal) {
        case ClaimRefusal::unknown:
            return Error(ErrorCode::not_found, "Unknown media ID");
        case ClaimRefusal::not_owner:
            return Error(ErrorCode::forbidden, "Only the creator of the media ID can upload to it");
        case ClaimRefusal::has_content:
            return Error(ErrorCode::cannot_overwrite_media, "Media ID already has content");
        case ClaimRefusal::claimed:
            return Error(ErrorCode::cannot_overwrite_media, "Another upload to the media ID is under way");
    }
    return Error(ErrorCode::not_found, "Unknown media ID");
}

}  // namespace

Uploads::Uploads(UploadPolicy policy, UploadDependencies dependencies)
    : policy_(std::move(policy)),
      metadata_(dependencies.metadata),
      ledger_(dependencies.ledger),
      pending_(dependencies.pending),
      blobs_(dependencies.blobs),
      sniffer_(dependencies.sniffer),
      random_(dependencies.random),
      instruments_(std::make_unique<Instruments>(dependencies.metrics)),
      stored_(std::move(dependencies.stored)) {}

Uploads::~Uploads() = default;

void Uploads::reconfigure(UploadPolicy policy) { policy_.replace(std::move(policy)); }

async::Task<CreatedMedia> Uploads::create(matrix::UserId user, bool is_ephemeral) {
    const std::shared_ptr<const UploadPolicy> policy = policy_.get();
    matrix::MediaId id = new_media_id(random_);
    const CreateOutcome outcome = co_await pending_.create(
        {id, std::move(user), policy->pending_lifetime, policy->max_pending, is_ephemeral});
    if (const auto* const full = std::get_if<TooManyPending>(&outcome)) {
        instruments_->too_many_pending.add();
        matrix::Error error(matrix::ErrorCode::limit_exceeded,
                            "Too many media IDs that wait for their upload");
        throw error.with_retry_after(full->wait);
    }
    instruments_->created.add();
    co_return CreatedMedia{std::move(id), std::get<Created>(outcome).expires_at};
}

async::Task<PendingClaim> Uploads::claim(matrix::MediaId id, matrix::UserId user) {
    ClaimOutcome outcome = co_await pending_.claim(std::move(id), std::move(user));
    if (const auto* const refusal = std::get_if<ClaimRefusal>(&outcome)) throw error_of(*refusal);
    co_return std::get<PendingClaim>(std::move(outcome));
}

async::Task<matrix::MediaId> Uploads::store(UploadRequest request) {
    const UploadInFlight in_flight(instruments_->in_flight);
    const std::shared_ptr<const UploadPolicy> policy = policy_.get();
    UploadFacts facts = facts_of(request);
    matrix::MediaId id = co_await take_in(*policy, request, facts);
    instruments_->uploads.add();
    instruments_->bytes.add(static_cast<double>(facts.size.value()));
    instruments_->duration.observe(in_flight.seconds());
    const async::Executor home = co_await async::asio::this_coro::executor;
    if (policy->modules) policy->modules->tell_media_uploaded(home, facts.user, id, facts.size);
    if (stored_) stored_(home, id, facts.declared_type);
    co_return std::move(id);
}

async::Task<matrix::MediaId> Uploads::take_in(const UploadPolicy& policy, const UploadRequest& request,
                                              UploadFacts& facts) {
    require_acceptable(policy, request);
    std::optional<Reservation> reservation;
    if (request.declared_size) {
        Reservation granted = co_await admit(policy, facts);
        reservation = std::move(granted);
    } else {
        co_await require_room_for_one_byte(policy, facts);
    }
    ReceivedBody received = co_await receive(policy, request);
    if (!reservation) {
        facts.size = received.size;
        Reservation granted = co_await admit(policy, facts);
        reservation = std::move(granted);
    }
    matrix::MediaId id = request.claim ? request.claim->id() : new_media_id(random_);
    std::optional<std::string> quarantined_by = co_await inspect(policy, facts, id, received);
    MediaRecord record = record_of(facts, id, received);
    record.quarantined_by = std::move(quarantined_by);
    record.needs_authentication = policy.authenticates_media;
    record.is_ephemeral = request.is_ephemeral;
    co_await commit(std::move(record), received, *reservation, request.claim.has_value());
    co_return std::move(id);
}

void Uploads::require_acceptable(const UploadPolicy& policy, const UploadRequest& request) {
    if (request.declared_size && *request.declared_size > policy.max_upload_size) {
        instruments_->too_large.add();
        throw matrix::Error(matrix::ErrorCode::too_large, "Upload request body is too large");
    }
    if (!blobs_.has_room()) {
        instruments_->no_space.add();
        throw matrix::Error(matrix::ErrorCode::insufficient_storage, "The server has no room for uploads");
    }
}

async::Task<Reservation> Uploads::admit(const UploadPolicy& policy, const UploadFacts& facts) {
    ReserveRequest wanted = co_await ask_modules(policy, facts, Size::known);
    ReserveOutcome outcome = co_await ledger_.reserve(std::move(wanted));
    const async::Executor home = co_await async::asio::this_coro::executor;
    if (auto* const limit = std::get_if<LimitRefusal>(&outcome))
        refuse(policy, home, facts, Size::known, std::move(*limit));
    if (auto* const quota = std::get_if<QuotaRefusal>(&outcome))
        refuse(policy, home, facts, Size::known, std::move(*quota));
    MXCD_FAILPOINT("upload.admitted");
    co_return std::get<Reservation>(std::move(outcome));
}

async::Task<ReserveRequest> Uploads::ask_modules(const UploadPolicy& policy, const UploadFacts& facts,
                                                 Size size) {
    ReserveRequest wanted{facts.user, facts.size, policy.limits, {}};
    if (!policy.modules) co_return std::move(wanted);
    try {
        std::optional<std::vector<UploadLimit>> limits = co_await permitted_limits(policy, facts, size);
        if (limits) wanted.limits = *std::move(limits);
        if (size == Size::known) wanted.quotas = co_await policy.modules->storage_quotas(facts.user);
    } catch (const matrix::Error&) {
        instruments_->module.add();
        throw;
    }
    co_return std::move(wanted);
}

async::Task<std::optional<std::vector<UploadLimit>>> Uploads::permitted_limits(const UploadPolicy& policy,
                                                                               const UploadFacts& facts,
                                                                               Size size) {
    using Limits = std::optional<std::vector<UploadLimit>>;
    const ModuleChain& modules = *policy.modules;
    std::optional<async::Started<Limits>> beside;
    if (size == Size::known && modules.takes_time()) {
        // The two questions do not depend on each other; whoever is refused does not wait for the limits.
        const async::Executor home = co_await async::asio::this_coro::executor;
        beside.emplace(ModuleChain::begin_upload_limits(policy.modules, home, facts.user, facts.size));
    }
    if (size == Size::known) co_await modules.require_upload_allowed(facts);
    Limits limits;
    if (beside)
        limits = co_await beside->result();
    else
        limits = co_await modules.upload_limits(facts.user, facts.size);
    co_return std::move(limits);
}

async::Task<> Uploads::require_room_for_one_byte(const UploadPolicy& policy, const UploadFacts& facts) {
    ReserveRequest one_byte = co_await ask_modules(policy, facts, Size::unknown);
    std::optional<LimitRefusal> refusal = co_await ledger_.check(std::move(one_byte));
    const async::Executor home = co_await async::asio::this_coro::executor;
    if (refusal) refuse(policy, home, facts, Size::unknown, *std::move(refusal));
}

void Uploads::refuse(const UploadPolicy& policy, async::Executor home, const UploadFacts& facts, Size size,
                     std::variant<LimitRefusal, QuotaRefusal> refusal) {
    if (const auto* const broken = std::get_if<LimitRefusal>(&refusal)) {
        instruments_->limit.add();
        const LimitEvent event{facts.user, broken->limit, broken->sent, facts.size};
        if (policy.modules) policy.modules->tell_limit_exceeded(home, event);
    } else {
        instruments_->quota.add();
    }
    std::optional<base::ByteCount> attempted;
    if (size == Size::known) attempted = facts.size;
    throw UploadLimitExceeded(std::move(refusal), attempted);
}

async::Task<ReceivedBody> Uploads::receive(const UploadPolicy& policy, const UploadRequest& request) {
    const BodyRules rules{request.declared_size, policy.max_upload_size, policy.inline_body_max};
    try {
        ReceivedBody received = co_await receive_body(request.body, rules, blobs_);
        MXCD_FAILPOINT("upload.received");
        co_return std::move(received);
    } catch (const matrix::Error&) {
        instruments_->too_large.add();
        throw;
    }
}

async::Task<FileFacts> Uploads::facts_of_file(const UploadFacts& facts, const matrix::MediaId& id,
                                              const ReceivedBody& received) {
    OpenBlob file = co_await open_received(received);
    FileFacts result{facts, id, received.key, std::nullopt, std::move(file)};
    try {
        result.sniffed_type = co_await sniffer_.type_of(result.file);
    } catch (const base::StorageError& error) {
        // What that means is for the modules that want to know the type.
        logger.warn("the type of a file cannot be told", {{"reason", std::string_view(error.what())}});
    }
    co_return std::move(result);
}

async::Task<std::optional<std::string>> Uploads::inspect(const UploadPolicy& policy, const UploadFacts& facts,
                                                         const matrix::MediaId& id,
                                                         const ReceivedBody& received) {
    if (!policy.modules || !policy.modules->checks_files()) co_return std::nullopt;
    const FileFacts file = co_await facts_of_file(facts, id, received);
    std::optional<std::string> quarantined_by;
    try {
        quarantined_by = co_await policy.modules->require_file_allowed(file);
    } catch (const matrix::Error&) {
        instruments_->file.add();
        throw;
    }
    if (quarantined_by) instruments_->quarantined.add();
    MXCD_FAILPOINT("upload.inspected");
    co_return std::move(quarantined_by);
}

async::Task<> Uploads::commit(MediaRecord record, ReceivedBody& received, Reservation& reservation,
                              bool is_claimed) {
    std::unique_ptr<StoredBlob> stored;
    if (received.writer) stored = co_await received.writer->store();
    MXCD_FAILPOINT("upload.stored");
    try {
        if (is_claimed)
            co_await pending_.fill(std::move(record), reservation.id());
        else
            co_await metadata_.record_upload(std::move(record), reservation.id());
    } catch (const base::OutcomeUnknown&) {
        if (stored) stored->leave();
        throw;
    }
    // No await from here on: a cancellation must not part the committed row from its bytes.
    reservation.settled();
    if (stored) stored->keep();
    MXCD_FAILPOINT("upload.recorded");
}

}  // namespace mxcd::media
