#pragma once

#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "support/catch.hpp"
#include "support/memory_metrics.hpp"
#include "support/run_task.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace mxcd::test {

/// A thumbnailer with its processes, for sources of one kind.
class DecodingHouse {
  public:
    explicit DecodingHouse(media::ThumbnailSource source, std::int64_t max_pixels = 1'000'000)
        : source_(source),
          thumbnailer_(imaging::make_sandboxed_thumbnailer(
              {.max_image_pixels = max_pixels, .program = MXCD_DECODER_PROGRAM}, metrics)) {}

    media::ThumbnailOutcome ask(const std::string& bytes, media::ThumbnailForm form = whole) {
        return runner_.run(thumbnailer_->make(std::make_shared<const std::string>(bytes), source_, {form}));
    }
    media::DecodedPicture decode(const std::string& bytes, media::ThumbnailForm form = whole) {
        media::ThumbnailOutcome outcome = ask(bytes, form);
        REQUIRE(std::holds_alternative<media::DecodedPicture>(outcome));
        return std::get<media::DecodedPicture>(std::move(outcome));
    }
    media::ThumbnailRefusal refusal(const std::string& bytes) {
        const media::ThumbnailOutcome outcome = ask(bytes);
        REQUIRE(std::holds_alternative<media::RefusedPicture>(outcome));
        return std::get<media::RefusedPicture>(outcome).reason;
    }

    static constexpr media::ThumbnailForm whole{{800, 600, media::ThumbnailMethod::scale}, false, false};
    MemoryMetrics metrics;

  private:
    const media::ThumbnailSource source_;
    TaskRunner runner_;  // above the thumbnailer, whose threads post to it
    std::unique_ptr<media::Thumbnailer> thumbnailer_;
};

}  // namespace mxcd::test
