#pragma once

#include "mxcd/base/random.hpp"
#include "mxcd/media/uploads.hpp"

#include "scripted_module.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/first_bytes_sniffer.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_blob_store.hpp"
#include "support/memory_body.hpp"
#include "support/memory_metadata.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"
#include "support/scripted_body.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mxcd::test {

using namespace std::chrono_literals;
using namespace base::literals;

inline constexpr std::chrono::milliseconds day = 24h;

inline matrix::UserId user(const std::string& text = "@alice:example.org") {
    return matrix::UserId::parse(text).value();
}

inline media::UploadLimit limit(std::chrono::milliseconds period, std::int64_t bytes) {
    return media::UploadLimit{period, base::ByteCount(bytes), "", false};
}

/// Everything that uploads need, in memory.
struct UploadHouse {
    ManualClock clock;
    MemoryMetadata metadata{clock};
    MemoryBlobStore blobs;
    FirstBytesSniffer sniffer;
    MemoryMetrics metrics;
    std::unique_ptr<base::RandomSource> random = base::make_system_random();
    media::UploadPolicy policy{1_MiB, {}, 1_KiB, nullptr};
    std::unique_ptr<media::Uploads> uploads;
    TaskRunner runner;

    /// The modules, in order, each named by its position.
    void use_modules(const std::vector<std::shared_ptr<ScriptedModule>>& modules,
                     media::OnError on_error = media::OnError::deny, std::chrono::milliseconds timeout = 5s) {
        std::vector<media::ChainEntry> entries;
        for (const auto& module : modules)
            entries.push_back({"m" + std::to_string(entries.size() + 1), module, timeout, on_error});
        policy.modules = std::make_shared<media::ModuleChain>(std::move(entries), runner.group(), metrics);
    }

    media::Uploads& open() {
        if (!uploads)
            uploads = std::make_unique<media::Uploads>(
                policy,
                media::UploadDependencies{metadata, metadata, metadata, blobs, sniffer, *random, metrics});
        return *uploads;
    }

    media::UploadRequest request(async::ByteSource& body, std::optional<base::ByteCount> declared,
                                 const matrix::UserId& owner = user()) {
        return media::UploadRequest{owner, "text/plain", "notes.txt", declared, body};
    }

    /// Uploads a declared body of `size` bytes to its end.
    matrix::MediaId upload(std::size_t size, const matrix::UserId& owner = user()) {
        MemoryBody body(std::string(size, '0'));
        return runner.run(
            open().store(request(body, base::ByteCount(static_cast<std::int64_t>(size)), owner)));
    }

    matrix::MediaId upload_chunked(std::size_t size, std::size_t piece = 1024) {
        MemoryBody body(std::string(size, '0'), piece);
        return runner.run(open().store(request(body, std::nullopt)));
    }

    /// The refusal of an upload that a limit refuses.
    media::LimitRefusal refusal_of(std::size_t size, const matrix::UserId& owner = user()) {
        try {
            upload(size, owner);
        } catch (const media::UploadLimitExceeded& refused) {
            REQUIRE(refused.attempted == base::ByteCount(static_cast<std::int64_t>(size)));
            return std::get<media::LimitRefusal>(refused.refusal);
        }
        FAIL("the upload was not refused");
        std::abort();
    }

    /// Whether nothing is stored, spooled, reserved or under way.
    [[nodiscard]] bool is_untouched() const {
        return metadata.records().empty() && metadata.reservations() == 0 && blobs.blob_count() == 0 &&
               blobs.spool_count() == 0 && metrics.value("mxcd_uploads_in_flight") == 0;
    }

    /// What the windows of a user hold.
    base::ByteCount sent(const matrix::UserId& owner = user()) {
        const std::vector<media::WindowUsage> usage =
            runner.run(metadata.usage(owner, {limit(365 * day, 0)}));
        return usage.at(0).sent + usage.at(0).reserved;
    }
};

}  // namespace mxcd::test
