#pragma once

#include "mxcd/base/errors.hpp"

#include "desk_house.hpp"
#include "support/scripted_body.hpp"

#include <future>
#include <string>

namespace mxcd::test {

inline const std::string create_path = "/_matrix/media/v1/create";

/// A desk, and what one does with media IDs that are created first and filled later.
struct AsyncUploadHouse : DeskHouse {
    /// Creates an ID as alice.
    std::string create() {
        const Answer answer = ask("POST", create_path, "alice");
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        return answer.text("content_uri").substr(std::string("mxc://hs.test/").size());
    }

    Answer put(const std::string& path, const std::string& body, const std::string& token = "alice") {
        TestRequest request("PUT", upload_path + "/hs.test/" + path);
        return ask(request.as(token).body_is(body));
    }

    /// Asks beside the test; the request must outlive the answer.
    std::future<http::Response> begin(TestRequest& request) {
        request.resources = listener;
        static_cast<void>(desk());
        return std::async(std::launch::async,
                          [this, &request] { return runner.run(desk().answer(request)); });
    }

    /// Whether that many requests wait for an upload, within ten seconds.
    bool are_waiting(int count) {
        return eventually([this, count] { return metrics.value("mxcd_arrivals_waiting") == count; });
    }
};

}  // namespace mxcd::test
