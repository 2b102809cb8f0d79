#pragma once

#include "mxcd/base/metrics.hpp"

#include "blobs/folder_store.hpp"
#include "support/blob_store_contract.hpp"
#include "support/temp_folder.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mxcd::test {

/// The names of the files below `folder`, its subfolders included.
inline std::vector<std::string> files_below(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_directory()) names.push_back(entry.path().filename().string());
    }
    return names;
}

inline media::BlobKey key_of(const std::string& body) { return media::BlobKey{base::sha256(body)}; }

/// A folder store in a folder of its own, and what it needs.
class StoreFixture {
  public:
    explicit StoreFixture(blobs::DiskCalls calls = {}, std::size_t threads = 3)
        : workers(async::WorkerPoolConfig{.name = "disk", .threads = threads, .queue_limit = 64}),
          path(folder.path() / "store") {
        open(std::move(calls));
    }

    void open(blobs::DiskCalls calls = {}) {
        store.reset();
        store = blobs::open_folder_store({.path = path, .min_free_space = base::ByteCount(0)}, workers,
                                         *metrics, std::move(calls));
    }

    [[nodiscard]] std::vector<std::string> spool_files() const { return files_below(path / "spool"); }
    [[nodiscard]] std::vector<std::string> blob_files() const { return files_below(path / "blobs"); }

    TempFolder folder;
    std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    TaskRunner tasks;  // above the workers, who post to it
    async::WorkerPool workers;
    std::filesystem::path path;
    std::unique_ptr<media::BlobStore> store;
};

}  // namespace mxcd::test
