#pragma once

#include "mxcd/async/worker_pool.hpp"
#include "mxcd/base/byte_count.hpp"
#include "mxcd/matrix/json.hpp"
#include "mxcd/media/media_module.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mxcd::modules {

/// A rule of `user_tiers`. All conditions that are given must hold; a rule without conditions matches
/// everybody.
struct UserTier {
    std::optional<std::string> user;        // glob over the whole user ID
    std::optional<std::string> user_regex;  // must match the whole user ID; checked with is_valid_regex()
    std::optional<std::string> server;      // glob over the user ID's server name
    std::optional<base::ByteCount> max_upload_size;
    std::optional<std::vector<media::UploadLimit>> media_upload_limits;  // an empty list: unlimited
    std::optional<matrix::Json> config;  // the whole body of the config endpoint
};

struct UserTiersConfig {
    std::vector<UserTier> rules;  // first match wins
    /// The global maximum: tiers only tighten it, and never promise more.
    base::ByteCount max_upload_size;
};

/// Whether `user_regex` takes the pattern: ECMAScript without back-references, which cannot be matched in
/// bounded time.
[[nodiscard]] bool is_valid_regex(const std::string& pattern);
/// Throws std::regex_error when a `user_regex` is not valid.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_user_tiers(const UserTiersConfig& config);

struct MimePolicyConfig {
    enum class Check { declared, sniffed };
    Check check = Check::declared;
    std::vector<std::string> allow;  // globs over the lower-case `type/subtype`; empty: everything
    std::vector<std::string> deny;   // wins over allow
};

/// Refuses types with 403 M_FORBIDDEN: the declared one before the body, or the sniffed one between spool and
/// commit. A missing or malformed declared type counts as `application/octet-stream`. Throws
/// std::runtime_error when types are to be sniffed and libmagic's database cannot be loaded.
[[nodiscard]] std::shared_ptr<media::MediaModule> make_mime_policy(const MimePolicyConfig& config);

struct TotalQuotaConfig {
    std::optional<base::ByteCount> max_size;
    std::optional<std::int64_t> max_files;
};

[[nodiscard]] std::shared_ptr<media::MediaModule> make_total_quota(const TotalQuotaConfig& config);

struct ClamdConfig {
    enum class Infected { reject, quarantine };
    /// A path, or an IP address and port: 127.0.0.1:3310, [::1]:3310.
    std::string socket = "/run/clamav/clamd.ctl";
    /// clamd's StreamMaxLength. A larger file cannot be checked, which is a failure.
    base::ByteCount max_size{100LL * 1024 * 1024};
    Infected infected = Infected::reject;
    std::chrono::milliseconds timeout{5000};  // for the whole conversation
};

[[nodiscard]] bool is_clamd_address(const std::string& text);

/// Streams each file to a ClamAV daemon (INSTREAM). What it finds is rejected with 403 M_FORBIDDEN, or
/// quarantined. `workers` read the files and must outlive the module. The address is_clamd_address().
[[nodiscard]] std::shared_ptr<media::MediaModule> make_clamd(const ClamdConfig& config,
                                                             async::WorkerPool& workers);

}  // namespace mxcd::modules
