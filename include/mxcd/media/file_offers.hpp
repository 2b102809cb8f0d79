#pragma once

#include "mxcd/base/random.hpp"
#include "mxcd/media/blob_store.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace mxcd::media {

/// Files that may be fetched once over loopback, each under a random name, by modules that cannot be handed a
/// descriptor. Thread-safe.
class FileOffers {
  public:
    /// The path of an offered file is this and its token.
    static constexpr const char* path = "/_mxcd/files/";

    /// A file on offer, for as long as this lives. Movable; the offers must outlive it.
    class Offer {
      public:
        Offer(FileOffers& offers, std::string token) : offers_(&offers), token_(std::move(token)) {}
        ~Offer() {
            if (offers_ != nullptr) static_cast<void>(offers_->take(token_));
        }
        Offer(Offer&& other) noexcept
            : offers_(std::exchange(other.offers_, nullptr)), token_(std::move(other.token_)) {}
        Offer& operator=(Offer&&) = delete;

        [[nodiscard]] std::string url() const { return offers_->address() + path + token_; }

      private:
        FileOffers* offers_;
        std::string token_;
    };

    /// `random` must outlive it.
    explicit FileOffers(base::RandomSource& random) : random_(random) {}

    /// Where files can be fetched, as in "http://127.0.0.1:41233"; without it nothing is offered.
    void set_address(std::string address);
    [[nodiscard]] std::string address() const;

    [[nodiscard]] std::optional<Offer> offer(OpenBlob file);
    /// The file of a token, which ends the offer; nothing when there is none, or no longer.
    [[nodiscard]] std::optional<OpenBlob> take(const std::string& token);

  private:
    base::RandomSource& random_;
    mutable std::mutex mutex_;
    std::string address_;
    std::unordered_map<std::string, OpenBlob> files_;  // one per running call, which the chain bounds
};

}  // namespace mxcd::media
