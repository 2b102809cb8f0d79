#include "mxcd/base/secret.hpp"

#include <openssl/crypto.h>

namespace mxcd::base {

namespace {

/// Wipes the capacity, not the size: a string that was moved from or shortened still holds its old bytes.
void wipe(std::string& text) {
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace

Secret::Secret(std::string text) : text_(std::move(text)) { wipe(text); }

Secret::~Secret() { wipe(text_); }

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }

Secret& Secret::operator=(const Secret& other) {
    if (this == &other) return *this;
    wipe(text_);
    text_ = other.text_;
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe(text_);
    text_ = std::move(other.text_);
    wipe(other.text_);
    return *this;
}

}  // namespace mxcd::base
