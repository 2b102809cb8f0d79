#include "spool_name.hpp"

#include "folders.hpp"

#include <algorithm>
#include <cstring>

namespace mxcd::blobs {

namespace {

constexpr std::size_t random_length = 24;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string new_spool_name(base::RandomSource& random) { return base::random_letters(random, random_length); }

std::string placed_spool_name(const media::BlobKey& key, std::string_view spool_name) {
    return key.hex() + "." + std::string(spool_name);
}

bool is_spool_name(std::string_view name) {
    return name.size() == random_length && std::all_of(name.begin(), name.end(), is_letter);
}

std::optional<media::BlobKey> key_in_spool_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || !is_spool_name(name.substr(dot + 1))) return std::nullopt;
    const std::string digits(name.substr(0, dot));
    if (!is_key_text(digits)) return std::nullopt;
    const std::optional<std::string> bytes = base::from_hex(digits);
    media::BlobKey key;
    std::memcpy(key.sha256.data(), bytes.value().data(), key.sha256.size());
    return key;
}

}  // namespace mxcd::blobs
