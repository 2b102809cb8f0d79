#pragma once

#include "mxcd/api/api.hpp"
#include "mxcd/base/random.hpp"
#include "mxcd/http/request.hpp"
#include "mxcd/media/module_chain.hpp"

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/fake_thumbnailer.hpp"
#include "support/first_bytes_sniffer.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_blob_store.hpp"
#include "support/memory_body.hpp"
#include "support/memory_metadata.hpp"
#include "support/memory_metrics.hpp"
#include "support/memory_thumbnails.hpp"
#include "support/run_task.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mxcd::test {

/// A request as the door hands it over.
class TestRequest final : public http::Request {
  public:
    TestRequest(std::string verb, const std::string& target);

    TestRequest& with(std::string name, std::string value);
    TestRequest& as(const std::string& token) { return with("Authorization", "Bearer " + token); }
    TestRequest& body_is(std::string bytes);
    /// A body whose end is not announced.
    TestRequest& chunked(std::string bytes);
    /// Somebody else's body, which must outlive the request.
    TestRequest& body_from(async::ByteSource& body, std::int64_t declared);
    /// A body that fails with `failure` instead of arriving.
    TestRequest& body_fails(std::exception_ptr failure, std::int64_t declared);

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const override;
    [[nodiscard]] std::size_t header_count(std::string_view name) const override;
    [[nodiscard]] async::ByteSource& body() override { return *source_; }
    [[nodiscard]] async::Task<> hang_up() override;
    /// From any thread.
    void hangs_up() { has_hung_up_ = true; }

  private:
    std::atomic<bool> has_hung_up_ = false;
    std::string verb_;
    std::string path_;
    std::string query_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::unique_ptr<async::ByteSource> body_;
    async::ByteSource* source_ = nullptr;
};

/// An answer, read strictly: a header field that appears twice fails the test.
struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    bool close = false;

    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] bool has(const std::string& name) const { return headers.contains(name); }
    [[nodiscard]] matrix::Json json() const;
    /// A string of the JSON body; empty when there is none.
    [[nodiscard]] std::string text(const std::string& key) const {
        return matrix::get_string(json(), key).value_or("");
    }
    [[nodiscard]] std::string errcode() const { return text("errcode"); }
};

[[nodiscard]] Answer read_answer(const http::Response& response);

/// Knows tokens; what it does not know is 401 M_UNKNOWN_TOKEN.
class TestAuthenticator final : public media::TokenAuthenticator {
  public:
    std::map<std::string, media::Identity> identities;
    std::map<std::string, std::exception_ptr> failures;
    std::atomic<int> calls = 0;

    [[nodiscard]] media::Credentials last() const;

    async::Task<media::Identity> authenticate(media::Credentials credentials) override;

  private:
    mutable std::mutex mutex_;
    media::Credentials last_;
};

/// A module that answers the config endpoint.
class ConfigModule final : public media::MediaModule {
  public:
    std::optional<matrix::Json> config;
    [[nodiscard]] bool answers_at_once() const override { return true; }
    async::Task<std::optional<matrix::Json>> media_config(matrix::UserId) override { co_return config; }
};

/// The desk with everything behind it in memory. Tokens: alice, bob, guest.
class DeskHouse {
  public:
    DeskHouse();
    /// Thumbnails that are still being made use members that would go before the runner.
    ~DeskHouse() { runner.end(); }
    DeskHouse(const DeskHouse&) = delete;
    DeskHouse& operator=(const DeskHouse&) = delete;

    ManualClock clock;
    MemoryMetadata metadata{clock};
    MemoryBlobStore blobs;
    FirstBytesSniffer sniffer;
    MemoryThumbnails catalog;
    FakeThumbnailer thumbnailer;
    MemoryMetrics metrics;
    TestAuthenticator authenticator;
    std::unique_ptr<base::RandomSource> random = base::make_system_random();
    media::FileOffers offers{*random};
    media::UploadPolicy policy;
    std::size_t max_waiting = 1024;
    media::ThumbnailPolicy thumbnail_policy;
    bool prepares_thumbnails = false;
    api::DeskConfig config;
    api::Operations operations;
    http::ResourceMask listener = api::resource_media;
    TaskRunner runner;

    /// Built at the first use, from what the members say then.
    [[nodiscard]] api::Api& desk();
    [[nodiscard]] media::Uploads& uploads();
    [[nodiscard]] media::Arrivals& arrivals() {
        static_cast<void>(desk());
        return *arrivals_;
    }

    Answer ask(TestRequest& request);
    Answer ask(const std::string& method, const std::string& target, const std::string& token = "");

    /// Uploads as alice and gives the media ID.
    std::string upload(const std::string& body, const std::string& type = "text/plain",
                       const std::string& query = "");
    Answer download(const std::string& path, const std::string& token = "alice");

  private:
    std::unique_ptr<media::Uploads> uploads_;
    std::unique_ptr<media::Downloads> downloads_;
    std::unique_ptr<media::Arrivals> arrivals_;
    std::unique_ptr<media::Thumbnails> thumbnails_;
    media::Removals removals_{metadata, runner.group()};
    std::unique_ptr<media::Moderation> moderation_;
    std::unique_ptr<media::Usage> usage_;
    std::unique_ptr<api::Api> desk_;
};

inline const std::string upload_path = "/_matrix/media/v3/upload";
inline const std::string config_path = "/_matrix/client/v1/media/config";
inline const std::string download_path = "/_matrix/client/v1/media/download/";
inline const std::string thumbnail_path = "/_matrix/client/v1/media/thumbnail/";

}  // namespace mxcd::test
