#include "app/yaml_tree.hpp"

#include "configuration_texts.hpp"
#include "support/catch.hpp"

namespace {

using mxcd::app::as_bool;
using mxcd::app::merge;
using mxcd::app::Node;
using mxcd::app::parse_yaml;
using mxcd::app::Report;
using mxcd::test::contains;
using mxcd::test::texts_of;

std::string mistakes_of(const std::string& text) {
    Report report;
    static_cast<void>(parse_yaml(text, "f.yaml", report));
    return texts_of(report.mistakes);
}

Node tree_of(const std::string& text) {
    Report report;
    std::optional<Node> node = parse_yaml(text, "f.yaml", report);
    REQUIRE(report.mistakes.empty());
    return node.value();
}

TEST_CASE("every value knows its line", "[yaml]") {
    const Node tree = tree_of("a: 1\nb:\n  - x\n  - c: y\n");
    CHECK(tree.find("a")->mark.line == 1);
    CHECK(tree.find("b")->items.at(0).mark.line == 3);
    CHECK(tree.find("b")->items.at(1).find("c")->text == "y");
    CHECK(tree.find("b")->items.at(1).entries.at(0).mark.line == 4);
    CHECK(tree.find("d") == nullptr);
}

TEST_CASE("an empty file is an empty mapping", "[yaml]") {
    const std::string text = GENERATE("", "# only a comment\n", "---\n", "~\n");
    CHECK(tree_of(text).kind == Node::Kind::mapping);
}

TEST_CASE("a duplicate key is a mistake that names both lines", "[yaml]") {
    CHECK(mistakes_of("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 4\n") ==
          "f.yaml:5: b.c: is given twice, first in line 3\nf.yaml:6: a: is given twice, first in line 1\n");
    CHECK(mistakes_of("l:\n  - x: 1\n    x: 2\n") == "f.yaml:3: l[0].x: is given twice, first in line 2\n");
}

TEST_CASE("aliases stand for what they name", "[yaml]") {
    const Node tree = tree_of("a: &x {size: 5M}\nb: *x\n");
    CHECK(tree.find("b")->find("size")->text == "5M");
}

TEST_CASE("a bomb of aliases is stopped", "[yaml]") {
    std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string below = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ", ") + below;
        text += "]\n";
    }
    CHECK_THAT(mistakes_of(text), contains("100000"));
}

TEST_CASE("nesting is limited, also through aliases", "[yaml]") {
    CHECK_THAT(mistakes_of(std::string(65, '[') + std::string(65, ']')), contains("64 levels"));
    CHECK(mistakes_of(std::string(64, '[') + std::string(64, ']')).empty());
    std::string text = "a0: &a0 " + std::string(40, '[') + std::string(40, ']') + "\n";
    text += "a1: " + std::string(40, '[') + "*a0" + std::string(40, ']') + "\n";
    CHECK_THAT(mistakes_of(text), contains("64 levels"));
    CHECK_FALSE(mistakes_of(std::string(200'000, '[')).empty());
}

TEST_CASE("what is not one plain YAML document is a mistake with its line", "[yaml]") {
    const auto [text, reason] = GENERATE(table<std::string, std::string>({
        {"a: [1\n", "f.yaml:"},
        {"a: 1\n b: 2\n", "f.yaml:2: this is not YAML"},
        {"a: 1\n---\nb: 2\n", "more than one YAML document"},
        {"a: !!binary x\n", "f.yaml:1: a: YAML tags are not supported"},
        {"a: !secret x\n", "tags are not supported"},
        {"? [a]\n: 1\n", "a key must be text"},
        {"~: 1\n", "a key must be text"},
        {"a: &x [*x]\n", "alias"},
        {"a: 1\nb: \"\x01\"\n", "f.yaml:2: the file has a control character"},
        {"a: 1\n\x04 b: 2", "f.yaml:2: the file has a control character"},
        {"a: \xff\n", "not UTF-8"},
        {std::string(1024 * 1024 + 1, ' '), "larger than 1 MiB"},
    }));
    CAPTURE(text.substr(0, 80));
    CHECK_THAT(mistakes_of(text), contains(reason));
}

TEST_CASE("merging goes by key, and lists are replaced", "[yaml]") {
    Node under = tree_of("a: {x: 1, y: 2}\nl: [1, 2, 3]\nk: v\n");
    merge(under, tree_of("a: {y: 3, z: 4}\nl: [9]\nn: m\n"));
    CHECK(under.find("a")->find("x")->text == "1");
    CHECK(under.find("a")->find("y")->text == "3");
    CHECK(under.find("a")->find("z")->text == "4");
    CHECK(under.find("l")->items.size() == 1);
    CHECK(under.find("k")->text == "v");
    CHECK(under.find("n")->text == "m");
}

TEST_CASE("quotes make text of what looks like something else", "[yaml]") {
    const Node tree = tree_of("a: true\nb: \"true\"\nc: Yes\nd: 'no'\n");
    CHECK(as_bool(*tree.find("a")) == true);
    CHECK_FALSE(as_bool(*tree.find("b")));
    CHECK(as_bool(*tree.find("c")) == true);
    CHECK_FALSE(as_bool(*tree.find("d")));
}

TEST_CASE("a tree becomes JSON of the same types", "[yaml]") {
    const Node tree = tree_of("{a: 1, b: -2.5, c: true, d: null, e: text, f: \"7\", g: [1, {h: 2}], i: inf}");
    CHECK(mxcd::app::to_json(tree) ==
          mxcd::matrix::Json::parse(
              R"({"a":1,"b":-2.5,"c":true,"d":null,"e":"text","f":"7","g":[1,{"h":2}],"i":"inf"})"));
}

TEST_CASE("a tree becomes JSON text in its own order", "[yaml]") {
    const Node tree = tree_of("{z: 1, \"a\\\"b\": [x, {c: null, b: \"7\"}, []], m: {}}");
    CHECK(mxcd::app::to_json_text(tree) == R"({"z":1,"a\"b":["x",{"c":null,"b":"7"},[]],"m":{}})");
}

}  // namespace
