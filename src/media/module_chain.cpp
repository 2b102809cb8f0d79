#include "mxcd/media/module_chain.hpp"

#include "module_link.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace mxcd::media {

namespace {

constexpr std::chrono::seconds retry_after_failure(5);

/// The upload depends on a module that failed.
void require_leave_to_go_on(const ModuleLink& link) {
    if (link.on_error() == OnError::allow) return;
    throw matrix::Error(matrix::ErrorCode::unavailable,
                        "A part of the service is unavailable, try again later")
        .with_retry_after(retry_after_failure);
}

bool is_sound(const std::vector<UploadLimit>& limits) {
    return std::all_of(limits.begin(), limits.end(), [](const UploadLimit& limit) {
        return limit.max_size >= base::ByteCount(0) && limit.time_period >= std::chrono::milliseconds(0);
    });
}

async::Task<std::monostate> completion(async::Task<> call) {
    co_await std::move(call);
    co_return std::monostate{};
}

/// Tells one module. Nobody hears of its errors but the log.
template <class Begin>
async::Task<> tell(ModuleLink& link, async::TaskGroup& background, Callback callback, Begin begin) {
    try {
        co_await link.ask(background, callback, std::move(begin));
    } catch (const matrix::Error& error) {
        link.failed(callback, std::string_view(error.what()));
    }
}

async::Task<> tell_limit(std::shared_ptr<ModuleLink> link, async::TaskGroup& background, LimitEvent event) {
    const auto begin = [&link, &event] { return completion(link->module().limit_exceeded(event)); };
    co_await tell(*link, background, Callback::limit_exceeded, begin);
}

async::Task<> tell_upload(std::shared_ptr<ModuleLink> link, async::TaskGroup& background, matrix::UserId user,
                          matrix::MediaId media, base::ByteCount size) {
    const auto begin = [&link, &user, &media, size] {
        return completion(link->module().media_uploaded(user, media, size));
    };
    co_await tell(*link, background, Callback::media_uploaded, begin);
}

async::Task<> tell_deletion(std::shared_ptr<ModuleLink> link, async::TaskGroup& background,
                            matrix::MediaId media) {
    const auto begin = [&link, &media] { return completion(link->module().media_deleted(media)); };
    co_await tell(*link, background, Callback::media_deleted, begin);
}

using Limits = std::optional<std::vector<UploadLimit>>;

async::Task<Limits> limits_from(std::shared_ptr<const ModuleChain> chain, matrix::UserId user,
                                base::ByteCount size) {
    Limits limits = co_await chain->upload_limits(user, size);
    co_return std::move(limits);
}

}  // namespace

ModuleChain::ModuleChain(std::vector<ChainEntry> entries, async::TaskGroup& background,
                         base::Metrics& metrics)
    : background_(background) {
    for (ChainEntry& entry : entries)
        links_.push_back(std::make_shared<ModuleLink>(std::move(entry), metrics));
}

ModuleChain::~ModuleChain() = default;

bool ModuleChain::tells_config(const matrix::UserId& user) const {
    return std::any_of(links_.begin(), links_.end(), [&user](const std::shared_ptr<ModuleLink>& link) {
        return link->module().tells_config(user);
    });
}

async::Task<std::optional<matrix::Json>> ModuleChain::media_config(const matrix::UserId& user) const {
    for (const std::shared_ptr<ModuleLink>& link : links_) {
        if (!link->module().tells_config(user)) continue;
        const auto begin = [&link, &user] { return link->module().media_config(user); };
        std::optional<std::optional<matrix::Json>> answer =
            co_await link->ask(background_, Callback::media_config, begin);
        if (!answer) co_return std::nullopt;
        if (!*answer) continue;
        if ((*answer)->is_object()) co_return *std::move(answer);
        link->failed(Callback::media_config, std::string_view("the answer is no object"));
        co_return std::nullopt;
    }
    co_return std::nullopt;
}

async::Task<> ModuleChain::require_upload_allowed(const UploadFacts& facts) const {
    for (const std::shared_ptr<ModuleLink>& link : links_) {
        const auto begin = [&link, &facts] { return link->module().is_upload_allowed(facts); };
        const std::optional<bool> is_allowed =
            co_await link->ask(background_, Callback::is_upload_allowed, begin);
        if (!is_allowed) {
            require_leave_to_go_on(*link);
        } else if (!*is_allowed) {
            throw matrix::Error(matrix::ErrorCode::too_large, "Upload request body is too large");
        }
    }
}

async::Task<std::optional<std::vector<UploadLimit>>> ModuleChain::upload_limits(const matrix::UserId& user,
                                                                                base::ByteCount size) const {
    for (const std::shared_ptr<ModuleLink>& link : links_) {
        const auto begin = [&link, &user, size] { return link->module().upload_limits(user, size); };
        std::optional<std::optional<std::vector<UploadLimit>>> answer =
            co_await link->ask(background_, Callback::upload_limits, begin);
        if (!answer) co_return std::nullopt;
        if (!*answer) continue;
        if (is_sound(**answer)) co_return *std::move(answer);
        link->failed(Callback::upload_limits, std::string_view("a limit has a negative size or period"));
        co_return std::nullopt;
    }
    co_return std::nullopt;
}

async::Started<std::optional<std::vector<UploadLimit>>> ModuleChain::begin_upload_limits(
    std::shared_ptr<const ModuleChain> chain, async::Executor home, const matrix::UserId& user,
    base::ByteCount size) {
    async::TaskGroup& background = chain->background_;
    return {background, home, limits_from(std::move(chain), user, size)};
}

bool ModuleChain::takes_time() const {
    return std::any_of(links_.begin(), links_.end(), [](const std::shared_ptr<ModuleLink>& link) {
        return !link->module().answers_at_once();
    });
}

async::Task<std::vector<StorageQuota>> ModuleChain::storage_quotas(const matrix::UserId& user) const {
    std::vector<StorageQuota> all;
    for (const std::shared_ptr<ModuleLink>& link : links_) {
        const auto begin = [&link, &user] { return link->module().storage_quotas(user); };
        const std::optional<std::vector<StorageQuota>> quotas =
            co_await link->ask(background_, Callback::storage_quotas, begin);
        if (!quotas) {
            require_leave_to_go_on(*link);
        } else {
            all.insert(all.end(), quotas->begin(), quotas->end());
        }
    }
    co_return std::move(all);
}

bool ModuleChain::checks_files() const {
    return std::any_of(links_.begin(), links_.end(),
                       [](const std::shared_ptr<ModuleLink>& link) { return link->module().checks_files(); });
}

async::Task<std::optional<std::string>> ModuleChain::require_file_allowed(const FileFacts& facts) const {
    for (const std::shared_ptr<ModuleLink>& link : links_) {
        if (!link->module().checks_files()) continue;
        const auto begin = [&link, &facts] { return link->module().check_file(facts); };
        const std::optional<FileVerdict> verdict =
            co_await link->ask(background_, Callback::check_file, begin);
        if (!verdict) {
            require_leave_to_go_on(*link);
        } else if (const auto* const rejected = std::get_if<FileRejected>(&*verdict)) {
            throw matrix::Error(rejected->error);
        } else if (std::holds_alternative<FileQuarantined>(*verdict)) {
            co_return link->name();
        }
    }
    co_return std::nullopt;
}

void ModuleChain::tell_limit_exceeded(async::Executor home, const LimitEvent& event) const {
    for (const std::shared_ptr<ModuleLink>& link : links_)
        background_.spawn(home, tell_limit(link, background_, event));
}

void ModuleChain::tell_media_uploaded(async::Executor home, const matrix::UserId& user,
                                      const matrix::MediaId& media, base::ByteCount size) const {
    for (const std::shared_ptr<ModuleLink>& link : links_)
        background_.spawn(home, tell_upload(link, background_, user, media, size));
}

void ModuleChain::tell_media_deleted(async::Executor home, const matrix::MediaId& media) const {
    for (const std::shared_ptr<ModuleLink>& link : links_)
        background_.spawn(home, tell_deletion(link, background_, media));
}

std::vector<std::string> ModuleChain::degraded() const {
    std::vector<std::string> names;
    for (const std::shared_ptr<ModuleLink>& link : links_)
        if (link->is_degraded()) names.push_back(link->name());
    return names;
}

}  // namespace mxcd::media
