#include "mxcd/imaging/sandboxed_thumbnailer.hpp"

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/errors.hpp"
#include "mxcd/base/log.hpp"

#include "decoder_host.hpp"
#include "memory_file.hpp"
#include "read_result.hpp"
#include "self_test.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace mxcd::imaging {

namespace {

using std::chrono::steady_clock;

constexpr base::Logger logger("imaging");
constexpr std::chrono::milliseconds start_limit{5000};
/// More than a process takes to die.
constexpr std::chrono::milliseconds dying_time{50};
/// After a decoder process that would not start.
constexpr std::chrono::milliseconds start_pause{5000};
/// Videos that may wait for the one that is being decoded.
constexpr std::size_t video_queue_limit = 16;

/// Keeps a decoder process at hand: starts it, proves it, replaces it when it has died. Thread-safe.
class Hosts {
  public:
    Hosts(std::filesystem::path program, DecoderKind kind, base::Counter& starts)
        : program_(std::move(program)), kind_(kind), starts_(starts) {}

    /// The process, started now if need be; blocks meanwhile. Throws base::UpstreamError.
    [[nodiscard]] std::shared_ptr<const DecoderHost> get() {
        const std::lock_guard lock(starting_);
        if (std::shared_ptr<const DecoderHost> host = current(); host && host->is_alive()) return host;
        if (steady_clock::now() < next_start_)
            throw base::UpstreamError("pictures cannot be decoded at present");
        replace(nullptr);
        is_ready_ = false;
        try {
            auto host = std::make_shared<const DecoderHost>(program_, kind_);
            // Known before it is proven, so that stop() finds it.
            replace(host);
            host->await_greeting(start_limit);
            require_sound(*host, kind_);
            starts_.add();
            is_ready_ = true;
            return host;
        } catch (const base::UpstreamError& failure) {
            replace(nullptr);
            next_start_ = steady_clock::now() + start_pause;
            if (!is_stopped_)
                logger.error(kind_ == DecoderKind::videos
                                 ? "there are no thumbnails of videos: they cannot be decoded safely"
                                 : "there are no thumbnails: pictures cannot be decoded safely",
                             {{"reason", std::string_view(failure.what())}});
            throw;
        }
    }

    [[nodiscard]] bool is_ready() const { return is_ready_; }

    void stop() noexcept {
        is_stopped_ = true;
        is_ready_ = false;
        if (const std::shared_ptr<const DecoderHost> host = current()) host->kill();
    }

  private:
    [[nodiscard]] std::shared_ptr<const DecoderHost> current() const {
        const std::lock_guard lock(mutex_);
        return host_;
    }
    void replace(std::shared_ptr<const DecoderHost> host) {
        if (host && is_stopped_) throw base::UpstreamError("the service stops");
        const std::lock_guard lock(mutex_);
        host_ = std::move(host);
    }

    const std::filesystem::path program_;
    const DecoderKind kind_;
    base::Counter& starts_;
    std::mutex starting_;  // held while a process starts, so that there is one start at a time
    steady_clock::time_point next_start_;
    mutable std::mutex mutex_;
    std::shared_ptr<const DecoderHost> host_;  // shared with the decodes that run in it
    std::atomic<bool> is_ready_ = false;
    std::atomic<bool> is_stopped_ = false;
};

base::Counter& decodes(base::Metrics& metrics, const std::string& outcome) {
    return metrics.counter("mxcd_decodes_total", "Decodes of pictures by how they ended",
                           {{"outcome", outcome}});
}

struct Instruments {
    explicit Instruments(base::Metrics& metrics)
        : made(decodes(metrics, "made")),
          refused(decodes(metrics, "refused")),
          crashed(decodes(metrics, "crashed")),
          timed_out(decodes(metrics, "timed_out")),
          nonsense(decodes(metrics, "nonsense")),
          in_flight(metrics.gauge("mxcd_decodes_in_flight", "Decodes under way")),
          duration(metrics.histogram("mxcd_decode_duration_seconds", "One decode, with its process",
                                     base::duration_buckets())) {}

    base::Counter& made;
    base::Counter& refused;
    base::Counter& crashed;
    base::Counter& timed_out;
    base::Counter& nonsense;
    base::Gauge& in_flight;
    base::Histogram& duration;
};

std::size_t decodes_at_once(const ThumbnailerConfig& config) {
    if (config.decodes_at_once > 0) return config.decodes_at_once;
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

async::WorkerPoolConfig image_pool(const ThumbnailerConfig& config) {
    return {.name = "decodes", .threads = decodes_at_once(config), .queue_limit = config.queue_limit};
}

async::WorkerPoolConfig video_pool() {
    return {.name = "video-decodes", .threads = 1, .queue_limit = video_queue_limit};
}

/// Decoder processes of one kind, and the threads that wait for their decodes.
struct Line {
    Line(const ThumbnailerConfig& config, DecoderKind kind, base::Counter& starts)
        : hosts(config.program, kind, starts),
          workers(kind == DecoderKind::videos ? video_pool() : image_pool(config)) {}

    Hosts hosts;
    async::WorkerPool workers;
};

DecodeOrder order_of(const std::vector<media::ThumbnailForm>& forms, std::int64_t max_pixels) {
    DecodeOrder order;
    order.max_pixels = max_pixels;
    order.form_count = static_cast<std::uint32_t>(std::min(forms.size(), max_forms));
    for (std::size_t i = 0; i < order.form_count; ++i) {
        const media::ThumbnailForm& form = forms[i];
        order.forms.at(i) = {form.size.width, form.size.height,
                             static_cast<std::uint8_t>(form.size.method == media::ThumbnailMethod::crop),
                             static_cast<std::uint8_t>(form.is_animated),
                             static_cast<std::uint8_t>(form.prefers_webp)};
    }
    return order;
}

/// A picture as a file, for as long as this lives.
class PictureFile {
  public:
    explicit PictureFile(const media::ImageBytes& image) : image_(image) {
        if (const auto* const bytes = std::get_if<std::shared_ptr<const std::string>>(&image)) {
            copy_ = make_memory_file(**bytes);
            size_ = std::ssize(**bytes);
        } else {
            size_ = std::get<media::OpenBlob>(image).size.value();
        }
    }
    [[nodiscard]] const base::UniqueFd& file() const {
        return copy_ ? copy_ : *std::get<media::OpenBlob>(image_).file;
    }
    [[nodiscard]] std::int64_t size() const { return size_; }

  private:
    const media::ImageBytes& image_;
    base::UniqueFd copy_;
    std::int64_t size_ = 0;
};

class SandboxedThumbnailer final : public media::Thumbnailer {
  public:
    SandboxedThumbnailer(const ThumbnailerConfig& config, base::Metrics& metrics)
        : config_(config),
          instruments_(metrics),
          images_(config, DecoderKind::images,
                  metrics.counter("mxcd_decoder_starts_total", "Decoder processes that were started")),
          videos_(config, DecoderKind::videos,
                  metrics.counter("mxcd_video_decoder_starts_total",
                                  "Decoder processes for videos that were started")) {
        images_.workers.submit([this] { start_host(); });
    }
    ~SandboxedThumbnailer() override { stop(); }

    async::Task<media::ThumbnailOutcome> make(media::ImageBytes bytes, media::ThumbnailSource source,
                                              std::vector<media::ThumbnailForm> forms) override {
        const DecodeOrder order = order_of(forms, config_.max_image_pixels);
        Line& line = source == media::ThumbnailSource::video ? videos_ : images_;
        media::ThumbnailOutcome outcome =
            co_await line.workers.run([this, &line, bytes = std::move(bytes), order]() mutable {
                return decode(line.hosts, bytes, order);
            });
        co_return outcome;
    }

    bool is_ready() const override { return images_.hosts.is_ready(); }

    void stop() noexcept override {
        images_.hosts.stop();
        videos_.hosts.stop();
    }

  private:
    /// The first one, before anybody asks for a thumbnail. A failure was logged, and shows in readiness.
    void start_host() noexcept {
        try {
            static_cast<void>(images_.hosts.get());
        } catch (const std::exception&) {
        }
    }

    media::ThumbnailOutcome decode(Hosts& hosts, const media::ImageBytes& bytes, DecodeOrder order) {
        const PictureFile picture(bytes);
        if (picture.size() == 0) return media::RefusedPicture{};
        order.input_size = picture.size();
        instruments_.in_flight.add(1);
        const auto begun = steady_clock::now();
        std::optional<media::ThumbnailOutcome> outcome = decode_with_a_living_host(hosts, picture, order);
        instruments_.duration.observe(std::chrono::duration<double>(steady_clock::now() - begun).count());
        instruments_.in_flight.add(-1);
        if (!outcome) throw base::UpstreamError("a decoder process died twice");
        return *std::move(outcome);
    }

    /// Nothing when the decoder process died under it, and another one, too.
    std::optional<media::ThumbnailOutcome> decode_with_a_living_host(Hosts& hosts, const PictureFile& picture,
                                                                     const DecodeOrder& order) {
        for (int attempt = 0; attempt < 2; ++attempt) {
            const std::shared_ptr<const DecoderHost> host = hosts.get();
            const RawResult result = host->run(order, picture.file(), config_.deadline);
            if (!is_lost_with(*host, result.ending)) return judge(result, order);
        }
        return std::nullopt;
    }

    /// Whether the decoder process has died, not the decode alone. A dying process closes its sockets, and
    /// its children end, a moment before it counts as dead.
    static bool is_lost_with(const DecoderHost& host, Ending ending) {
        if (ending == Ending::crashed) return host.ends_within(dying_time);
        if (ending != Ending::not_begun) return false;
        host.kill();
        static_cast<void>(host.ends_within(start_limit));
        return true;
    }

    media::ThumbnailOutcome judge(const RawResult& result, const DecodeOrder& order) {
        if (result.ending == Ending::finished) {
            std::optional<media::ThumbnailOutcome> outcome = read_result(result.bytes, order);
            if (outcome) {
                const bool is_made = std::holds_alternative<media::DecodedPicture>(*outcome);
                (is_made ? instruments_.made : instruments_.refused).add();
                return *std::move(outcome);
            }
        }
        if (result.ending == Ending::crashed)
            instruments_.crashed.add();
        else if (result.ending == Ending::timed_out)
            instruments_.timed_out.add();
        else
            instruments_.nonsense.add();
        return media::RefusedPicture{};
    }

    const ThumbnailerConfig config_;
    Instruments instruments_;
    Line images_;
    Line videos_;
};

}  // namespace

std::unique_ptr<media::Thumbnailer> make_sandboxed_thumbnailer(const ThumbnailerConfig& config,
                                                               base::Metrics& metrics) {
    return std::make_unique<SandboxedThumbnailer>(config, metrics);
}

}  // namespace mxcd::imaging
