#pragma once

#include "async_upload_house.hpp"

#include <string>

namespace mxcd::test {

/// A desk with an admin (token: root), on a listener with the admin's routes.
struct ModerationHouse : AsyncUploadHouse {
    ModerationHouse() {
        media::Identity root{matrix::UserId::parse("@root:hs.test").value()};
        root.is_admin = true;
        authenticator.identities.emplace("root", root);
        listener = api::resource_media | api::resource_admin;
    }

    Answer admin(const std::string& method, const std::string& path, const std::string& token = "root") {
        return ask(method, "/_synapse/admin/v1/" + path, token);
    }
    std::string upload_as(const std::string& token, const std::string& body) {
        TestRequest request("POST", upload_path);
        const Answer answer = ask(request.as(token).body_is(body));
        REQUIRE(answer.status == 200);
        return answer.text("content_uri").substr(std::string("mxc://hs.test/").size());
    }
    matrix::Json facts(const std::string& id) {
        return admin("GET", "media/hs.test/" + id).json().at("media_info");
    }
};

inline const std::string large_body = std::string(5000, 'x');  // lives in the blob store

}  // namespace mxcd::test
