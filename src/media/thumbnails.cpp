#include "mxcd/media/thumbnails.hpp"

#include "mxcd/async/single_flight.hpp"
#include "mxcd/async/timeout.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/matrix/error.hpp"

#include "preparation_queue.hpp"
#include "thumbnail_choice.hpp"
#include "thumbnail_making.hpp"
#include "thumbnail_memory.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mxcd::media {

namespace {

/// Sizes that clients choose freely are at most this many per piece of media; then the configured ones serve.
constexpr std::int64_t max_dynamic_thumbnails = 64;
/// After a decode that found too many others waiting.
constexpr std::chrono::milliseconds pause_when_busy{100};

[[noreturn]] void refuse(ThumbnailRefusal refusal) {
    if (refusal == ThumbnailRefusal::too_large)
        throw matrix::Error(matrix::ErrorCode::too_large, "The image has too many pixels to be thumbnailed");
    throw matrix::Error(matrix::ErrorCode::bad_request, "The media cannot be thumbnailed");
}

base::Counter& thumbnails(base::Metrics& metrics, const std::string& source) {
    return metrics.counter("mxcd_thumbnails_total", "Thumbnails that were given out, by where they came from",
                           {{"source", source}});
}

/// The work of preparing media.
std::string preparation_of(const matrix::MediaId& media, const ThumbnailPolicy& policy) {
    return media.text() + batch_name(configured_batch(policy, false));
}

}  // namespace

struct Thumbnails::Parts {
    Parts(const base::Snapshot<ThumbnailPolicy>& snapshot, ThumbnailDependencies dependencies)
        : current_policy(snapshot),
          downloads(dependencies.downloads),
          tools{dependencies.catalog, dependencies.blobs, dependencies.thumbnailer},
          memory(dependencies.clock),
          background(dependencies.background),
          flights(dependencies.background),
          from_memory(thumbnails(dependencies.metrics, "memory")),
          from_catalog(thumbnails(dependencies.metrics, "database")),
          from_decode(thumbnails(dependencies.metrics, "decode")),
          refused(thumbnails(dependencies.metrics, "none")) {}

    async::Task<std::shared_ptr<const ThumbnailRecord>> find(const Download& original,
                                                             const ThumbnailForm& form);
    async::Task<std::shared_ptr<const ThumbnailRecord>> make(Download original, ThumbnailChoice choice,
                                                             const ThumbnailPolicy& policy);
    async::Task<> prepare_all(matrix::MediaId first, PreparationQueue::Turn turn);
    async::Task<std::optional<matrix::MediaId>> next_unseen(PreparationQueue::Turn& turn);
    async::Task<bool> is_seen(const matrix::MediaId& media);
    async::Task<bool> prepare(const matrix::MediaId& media);
    async::Task<ThumbnailBatch> make_new(matrix::MediaId media,
                                         std::shared_ptr<const ThumbnailPolicy> policy);
    async::Task<Thumbnail> ready(const Download& original, std::shared_ptr<const ThumbnailRecord> record);
    async::Task<ThumbnailChoice> choose(const ThumbnailPolicy& policy, const Download& original,
                                        ThumbnailForm wanted);

    const base::Snapshot<ThumbnailPolicy>& current_policy;
    Downloads& downloads;
    ThumbnailTools tools;
    ThumbnailMemory memory;
    async::TaskGroup& background;
    async::SingleFlight<std::string, ThumbnailBatch> flights;
    PreparationQueue preparations;
    base::Counter& from_memory;
    base::Counter& from_catalog;
    base::Counter& from_decode;
    base::Counter& refused;
};

Thumbnails::Thumbnails(ThumbnailPolicy policy, ThumbnailDependencies dependencies)
    : policy_(std::move(policy)), parts_(std::make_unique<Parts>(policy_, dependencies)) {}

Thumbnails::~Thumbnails() = default;

void Thumbnails::reconfigure(ThumbnailPolicy policy) { policy_.replace(std::move(policy)); }

async::Task<std::optional<Thumbnail>> Thumbnails::open(Download original, ThumbnailForm wanted) {
    const std::shared_ptr<const ThumbnailPolicy> policy = policy_.get();
    ThumbnailChoice choice = co_await parts_->choose(*policy, original, wanted);
    std::shared_ptr<const ThumbnailRecord> record = co_await parts_->find(original, choice.form);
    if (!record) record = co_await parts_->make(original, std::move(choice), *policy);
    if (!record) co_return std::nullopt;
    Thumbnail thumbnail = co_await parts_->ready(original, std::move(record));
    co_return std::move(thumbnail);
}

std::optional<Thumbnail> Thumbnails::recall(const matrix::MediaId& media, const ThumbnailForm& wanted) {
    if (wanted.is_animated) return std::nullopt;  // that is for the original's type to say
    const std::shared_ptr<const ThumbnailPolicy> policy = policy_.get();
    const ThumbnailChoice choice =
        policy->is_dynamic ? choose_exact(*policy, wanted) : choose_configured(*policy, wanted);
    std::shared_ptr<const ThumbnailRecord> record = parts_->memory.find(media, choice.form);
    if (!record || record->is_original || !record->inline_body) return std::nullopt;
    parts_->from_memory.add();
    return Thumbnail{record, record->inline_body, record->size, record->blob};
}

async::Task<ThumbnailChoice> Thumbnails::Parts::choose(const ThumbnailPolicy& policy,
                                                       const Download& original, ThumbnailForm wanted) {
    if (wanted.is_animated) {
        const std::optional<ImageType> type = type_of(original);
        wanted.is_animated = type == ImageType::gif || type == ImageType::webp;
    }
    if (!policy.is_dynamic) co_return choose_configured(policy, wanted);
    ThumbnailChoice exact = choose_exact(policy, wanted);
    if (exact.batch.size() > 1 || memory.find(original.record->id, exact.form)) co_return std::move(exact);
    const std::int64_t count = co_await tools.catalog.count(original.record->id);
    if (count < max_dynamic_thumbnails) co_return std::move(exact);
    std::optional<ThumbnailRecord> made = co_await tools.catalog.find(original.record->id, exact.form);
    co_return made ? std::move(exact) : choose_configured(policy, wanted);
}

async::Task<std::shared_ptr<const ThumbnailRecord>> Thumbnails::Parts::find(const Download& original,
                                                                            const ThumbnailForm& form) {
    std::shared_ptr<const ThumbnailRecord> record = memory.find(original.record->id, form);
    if (record) {
        from_memory.add();
        co_return std::move(record);
    }
    std::optional<ThumbnailRecord> found = co_await tools.catalog.find(original.record->id, form);
    if (!found) co_return nullptr;
    from_catalog.add();
    record = std::make_shared<const ThumbnailRecord>(*std::move(found));
    memory.insert(record);
    co_return std::move(record);
}

async::Task<std::shared_ptr<const ThumbnailRecord>> Thumbnails::Parts::make(Download original,
                                                                            ThumbnailChoice choice,
                                                                            const ThumbnailPolicy& policy) {
    const std::string work = original.record->id.text() + batch_name(choice.batch);
    std::optional<ThumbnailRefusal> refusal = memory.find_refusal(work);
    const std::optional<ThumbnailSource> source = source_of(original, policy);
    if (!source) refusal = ThumbnailRefusal::not_an_image;
    ThumbnailBatch batch;
    if (!refusal) {
        try {
            batch = co_await flights.run(work, [this, &original, &source, &choice, &policy] {
                return make_batch(tools, {original, *source, choice.batch, policy.inline_body_max});
            });
        } catch (const NoThumbnail& none) {
            refusal = none.refusal;
            memory.insert_refusal(work, none.refusal);
        }
    }
    if (refusal) {
        refused.add();
        refuse(*refusal);
    }
    if (!batch) co_return nullptr;
    from_decode.add();
    for (const std::shared_ptr<const ThumbnailRecord>& record : *batch) memory.insert(record);
    const auto mine = std::find(choice.batch.begin(), choice.batch.end(), choice.form);
    co_return batch->at(static_cast<std::size_t>(mine - choice.batch.begin()));
}

async::Task<Thumbnail> Thumbnails::Parts::ready(const Download& original,
                                                std::shared_ptr<const ThumbnailRecord> record) {
    Thumbnail thumbnail{record, record->inline_body, record->size, record->blob};
    if (record->is_original) {
        if (original.blob) {
            thumbnail.body = *original.blob;
        } else {
            thumbnail.body = original.record->inline_body;
        }
        co_return std::move(thumbnail);
    }
    if (record->inline_body) co_return std::move(thumbnail);
    std::optional<OpenBlob> blob = co_await tools.blobs.open(record->blob);
    if (!blob || blob->size != record->size) throw base::StorageError("the bytes of a thumbnail are missing");
    thumbnail.body = *std::move(blob);
    co_return std::move(thumbnail);
}

void Thumbnails::forget(const matrix::MediaId& media) { parts_->memory.erase(media); }

async::Task<std::optional<PictureFacts>> Thumbnails::find_picture(matrix::MediaId media) {
    return parts_->tools.catalog.find_picture(std::move(media));
}

async::Task<std::optional<PictureFacts>> Thumbnails::await_picture(matrix::MediaId media,
                                                                   std::chrono::milliseconds patience) {
    async::Task<ThumbnailBatch> preparation = parts_->flights.join(preparation_of(media, *policy_.get()));
    std::optional<PictureFacts> picture;
    try {
        co_await async::with_deadline(parts_->background, std::move(preparation), patience);
        picture = co_await find_picture(std::move(media));
    } catch (const NoThumbnail&) {
        co_return std::nullopt;
    } catch (const async::TimedOut&) {
        co_return std::nullopt;
    } catch (const base::Overloaded&) {
        co_return std::nullopt;
    } catch (const base::UpstreamError&) {
        co_return std::nullopt;
    } catch (const base::StorageError&) {
        co_return std::nullopt;
    }
    co_return std::move(picture);
}

void Thumbnails::prepare(const async::Executor& home, const matrix::MediaId& media,
                         std::string_view declared_type) {
    std::shared_ptr<const ThumbnailPolicy> policy = policy_.get();
    const bool may_have_a_picture = declared_type.starts_with("image/") ||
                                    (policy->includes_video && declared_type.starts_with("video/"));
    if (!may_have_a_picture) return;
    std::optional<PreparationQueue::Turn> turn = parts_->preparations.begin(media);
    if (turn) parts_->background.spawn(home, parts_->prepare_all(media, *std::move(turn)));
}

async::Task<> Thumbnails::Parts::prepare_all(matrix::MediaId first, PreparationQueue::Turn turn) {
    async::Timer pause(co_await async::asio::this_coro::executor);
    std::optional<matrix::MediaId> next = std::move(first);
    while (next) {
        const bool was_tried = co_await prepare(*next);
        if (!was_tried) {
            turn.put_back(*std::move(next));
            pause.expires_after(pause_when_busy);
            co_await pause.async_wait(async::use_task);
        }
        next = co_await next_unseen(turn);
    }
}

/// Leaves out what somebody asked for while it waited.
async::Task<std::optional<matrix::MediaId>> Thumbnails::Parts::next_unseen(PreparationQueue::Turn& turn) {
    std::optional<matrix::MediaId> next = turn.next();
    while (next) {
        const bool is_known = co_await is_seen(*next);
        if (!is_known) break;
        next = turn.next();
    }
    co_return std::move(next);
}

async::Task<bool> Thumbnails::Parts::is_seen(const matrix::MediaId& media) {
    try {
        const std::optional<PictureFacts> picture = co_await tools.catalog.find_picture(media);
        co_return picture && picture->blurhash;
    } catch (const base::StorageError&) {
    } catch (const base::Overloaded&) {
    }
    co_return false;
}

/// False when it has to be tried again.
async::Task<bool> Thumbnails::Parts::prepare(const matrix::MediaId& media) {
    const std::shared_ptr<const ThumbnailPolicy> now = current_policy.get();
    try {
        co_await flights.run(preparation_of(media, *now),
                             [this, &media, &now] { return make_new(media, now); });
    } catch (const base::Overloaded&) {
        co_return false;
    } catch (const NoThumbnail&) {
        // Nothing to see, or too much.
    } catch (const base::UpstreamError&) {
        // The thumbnailer or the store have said so.
    } catch (const base::StorageError&) {
    }
    co_return true;
}

async::Task<ThumbnailBatch> Thumbnails::Parts::make_new(matrix::MediaId media,
                                                        std::shared_ptr<const ThumbnailPolicy> policy) {
    std::optional<Download> original = co_await downloads.open(media);
    const std::optional<ThumbnailSource> source = original ? source_of(*original, *policy) : std::nullopt;
    if (!source) throw NoThumbnail{ThumbnailRefusal::not_an_image};
    ThumbnailBatch batch = co_await make_batch(
        tools, {*std::move(original), *source, configured_batch(*policy, false), policy->inline_body_max});
    if (!batch) co_return nullptr;
    for (const std::shared_ptr<const ThumbnailRecord>& record : *batch) memory.insert(record);
    co_return std::move(batch);
}

}  // namespace mxcd::media
