#include "mxcd/media/file_offers.hpp"

namespace mxcd::media {

namespace {

// More than 256 bits: whoever knows the token has been told.
constexpr std::size_t token_length = 48;

}  // namespace

void FileOffers::set_address(std::string address) {
    const std::lock_guard lock(mutex_);
    address_ = std::move(address);
}

std::string FileOffers::address() const {
    const std::lock_guard lock(mutex_);
    return address_;
}

std::optional<FileOffers::Offer> FileOffers::offer(OpenBlob file) {
    std::string token = base::random_letters(random_, token_length);
    const std::lock_guard lock(mutex_);
    if (address_.empty()) return std::nullopt;
    files_.emplace(token, std::move(file));
    return std::optional<Offer>(std::in_place, *this, std::move(token));
}

std::optional<OpenBlob> FileOffers::take(const std::string& token) {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(token);
    if (found == files_.end()) return std::nullopt;
    OpenBlob file = std::move(found->second);
    files_.erase(found);
    return file;
}

}  // namespace mxcd::media
