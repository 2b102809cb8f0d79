#include "thumbnail_making.hpp"

#include "mxcd/base/errors.hpp"

#include <unistd.h>

#include <array>
#include <span>
#include <string>
#include <utility>

namespace mxcd::media {

namespace {

constexpr std::size_t signature_size = 16;

ImageBytes bytes_of(const Download& original) {
    if (original.blob) return *original.blob;
    return original.record->inline_body;
}

/// As many of the first bytes as a signature has, or fewer when there are no more.
std::string head_of(const Download& original) {
    if (!original.blob) return original.record->inline_body->substr(0, signature_size);
    std::array<char, signature_size> head{};
    const ssize_t count = pread(original.blob->file->get(), head.data(), head.size(), 0);
    if (count < 0) throw base::StorageError("the bytes of an image cannot be read");
    return {head.data(), static_cast<std::size_t>(count)};
}

/// A thumbnail's row, and the bytes that are in place for it and not yet spoken for.
struct Stored {
    ThumbnailRecord record;
    std::unique_ptr<StoredBlob> blob;
};

async::Task<Stored> store(BlobStore& blobs, const Download& original, const ThumbnailForm& form,
                          const MadeThumbnail& made, base::ByteCount inline_body_max) {
    Stored stored{{original.record->id, form, made.type, made.width, made.height, made.is_original,
                   original.record->size, original.record->blob, nullptr},
                  nullptr};
    if (made.is_original) co_return std::move(stored);
    stored.record.size = base::ByteCount(std::ssize(made.bytes));
    if (stored.record.size <= inline_body_max) {
        stored.record.blob = BlobKey{base::sha256(made.bytes)};
        stored.record.inline_body = std::make_shared<const std::string>(made.bytes);
        co_return std::move(stored);
    }
    std::unique_ptr<BlobWriter> writer = co_await blobs.create();
    co_await writer->write(std::as_bytes(std::span(made.bytes)));
    const SpooledBody body = co_await writer->finish();
    stored.record.blob = body.key;
    stored.blob = co_await writer->store();
    co_return std::move(stored);
}

}  // namespace

std::optional<ImageType> type_of(const Download& original) { return sniff_image(head_of(original)); }

std::optional<ThumbnailSource> source_of(const Download& original, const ThumbnailPolicy& policy) {
    const std::string head = head_of(original);
    if (sniff_image(head)) return ThumbnailSource::image;
    if (policy.includes_video && sniff_video(head)) return ThumbnailSource::video;
    return std::nullopt;
}

async::Task<ThumbnailBatch> make_batch(ThumbnailTools tools, BatchOrder order) {
    const Download& original = order.original;
    ThumbnailOutcome outcome = co_await tools.thumbnailer.make(bytes_of(original), order.source, order.forms);
    if (auto* const refused = std::get_if<RefusedPicture>(&outcome)) {
        if (refused->facts)
            co_await tools.catalog.record(original.record->id, *std::move(refused->facts), {});
        throw NoThumbnail{refused->reason};
    }
    auto& picture = std::get<DecodedPicture>(outcome);
    const std::vector<MadeThumbnail>& made = picture.thumbnails;
    std::vector<ThumbnailRecord> rows;
    std::vector<std::unique_ptr<StoredBlob>> blobs;
    auto batch = std::make_shared<std::vector<std::shared_ptr<const ThumbnailRecord>>>();
    for (std::size_t i = 0; i < made.size(); ++i) {
        Stored stored =
            co_await store(tools.blobs, original, order.forms.at(i), made[i], order.inline_body_max);
        rows.push_back(stored.record);
        batch->push_back(std::make_shared<const ThumbnailRecord>(std::move(stored.record)));
        if (stored.blob) blobs.push_back(std::move(stored.blob));
    }
    bool is_recorded = false;
    try {
        is_recorded =
            co_await tools.catalog.record(original.record->id, std::move(picture.facts), std::move(rows));
    } catch (const base::OutcomeUnknown&) {
        for (const std::unique_ptr<StoredBlob>& blob : blobs) blob->leave();
        throw;
    }
    if (!is_recorded) co_return nullptr;
    for (const std::unique_ptr<StoredBlob>& blob : blobs) blob->keep();
    co_return batch;
}

}  // namespace mxcd::media
