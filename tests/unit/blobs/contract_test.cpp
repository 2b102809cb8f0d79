#include "store_fixture.hpp"
#include "support/memory_blob_store.hpp"

using namespace mxcd;

TEST_CASE("a folder store keeps the contract of a blob store") {
    const test::TempFolder folder;
    const std::unique_ptr<base::Metrics> metrics = base::make_no_metrics();
    test::BlobStoreContract contract([&](async::WorkerPool& workers) {
        return blobs::open_folder_store(
            {.path = folder.path() / "store", .min_free_space = base::ByteCount(0)}, workers, *metrics);
    });
    contract.check();
}

TEST_CASE("the blob store in memory keeps the contract of a blob store") {
    test::BlobStoreContract contract([](async::WorkerPool&) -> std::unique_ptr<media::BlobStore> {
        return std::make_unique<test::MemoryBlobStore>();
    });
    contract.check();
}
