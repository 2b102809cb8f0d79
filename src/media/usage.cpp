#include "mxcd/media/usage.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace mxcd::media {

async::Task<UserUsage> Usage::of(matrix::UserId user) const {
    const std::shared_ptr<const UploadPolicy> policy = uploads_.policy();
    std::vector<UploadLimit> limits = policy->limits;
    if (policy->modules) {
        std::optional<std::vector<UploadLimit>> answer =
            co_await policy->modules->upload_limits(user, base::ByteCount(1));
        if (answer) limits = *std::move(answer);
    }
    UserUsage usage;
    usage.stored = co_await ledger_.stored(user);
    usage.windows = co_await ledger_.usage(std::move(user), std::move(limits));
    co_return std::move(usage);
}

}  // namespace mxcd::media
