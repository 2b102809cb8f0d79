#include "mxcd/base/memory_file.hpp"

#include "desk_house.hpp"

using namespace mxcd;
using namespace mxcd::test;

TEST_CASE("an offered file is given out once, on the listener for it only") {
    DeskHouse house;
    house.offers.set_address("http://127.0.0.1:1");
    const std::string bytes = "the bytes";
    const media::OpenBlob file{std::make_shared<const base::UniqueFd>(base::memory_file("test", bytes)),
                               base::ByteCount(std::ssize(bytes))};
    const std::optional<media::FileOffers::Offer> offer = house.offers.offer(file);
    REQUIRE(offer);
    const std::string path = offer->url().substr(std::string("http://127.0.0.1:1").size());
    CHECK(house.ask("GET", path).status == 404);
    house.listener = api::resource_offered_files;
    const Answer answer = house.ask("GET", path);
    CHECK(answer.status == 200);
    CHECK(answer.body == bytes);
    CHECK(answer.header("content-type") == "application/octet-stream");
    CHECK(house.ask("GET", path).status == 404);
    CHECK(house.ask("GET", "/_mxcd/files/").status == 404);
    CHECK(house.ask("GET", config_path, "alice").status == 404);
}
