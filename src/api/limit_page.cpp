#include "limit_page.hpp"

#include "accept_language.hpp"
#include "limit_text.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mxcd::api {

namespace {

constexpr std::string_view style =
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1d22}"
    "main{max-width:34rem;margin:10vh auto;padding:1.5rem 2rem;background:#fff;border-radius:.75rem}"
    "h1{font-size:1.4rem;margin:0 0 .75rem}"
    "@media(prefers-color-scheme:dark){body{background:#15171b;color:#e8eaee}main{background:#1f2228}}";

const LimitPhrases& phrases_for(const http::Request& request) {
    const std::span<const LimitPhrases> all = limit_phrases();
    std::vector<std::string_view> languages;
    std::ranges::transform(all, std::back_inserter(languages), &LimitPhrases::language);
    const std::string_view wanted =
        preferred_language(request.header("Accept-Language").value_or(std::string_view()), languages);
    return *std::ranges::find(all, wanted, &LimitPhrases::language);
}

void add_paragraph(std::string_view text, std::string& html) {
    html.append("<p>").append(text).append("</p>\n");
}

/// No text from outside goes into the page, only numbers and phrases of ours: nothing needs escaping.
std::string render(const std::vector<std::string>& findings, const LimitPhrases& phrases) {
    std::string html = "<!doctype html>\n<html lang=\"";
    html.append(phrases.language).append("\">\n<head>\n<meta charset=\"utf-8\">\n");
    html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    html.append("<title>").append(phrases.title).append("</title>\n");
    html.append("<style>").append(style).append("</style>\n</head>\n<body>\n<main>\n");
    html.append("<h1>").append(phrases.title).append("</h1>\n");
    add_paragraph(phrases.general, html);
    for (const std::string& finding : findings) add_paragraph(finding, html);
    add_paragraph(phrases.advice, html);
    html += "</main>\n</body>\n</html>\n";
    return html;
}

}  // namespace

LimitPage::LimitPage(const LimitLinks& links, const base::Clock& clock, base::Metrics& metrics)
    : links_(links),
      clock_(clock),
      views_(metrics.counter("mxcd_limit_page_views_total", "Times the page about upload limits was shown")) {
    headers_.add("Content-Type", "text/html; charset=utf-8")
        .add("Content-Security-Policy",
             "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'")
        .add("X-Content-Type-Options", "nosniff")
        .add("X-Frame-Options", "DENY")
        .add("Referrer-Policy", "no-referrer")
        .add("X-Robots-Tag", "noindex, nofollow, noarchive, noimageindex")
        // It tells how long it takes from now, and the link is personal.
        .add("Cache-Control", "no-store")
        .add("Vary", "Accept-Language");
}

async::Task<http::Response> LimitPage::show(const Call& call) const {
    views_.add();
    const LimitPhrases& phrases = phrases_for(call.request);
    const std::optional<LimitFacts> facts = links_.read(call.request.query);
    std::vector<std::string> findings;
    if (facts) findings = limit_text(*facts, clock_.now(), phrases);
    http::Response response;
    response.headers = headers_;
    response.headers.add("Content-Language", phrases.language);
    response.body = render(findings, phrases);
    co_return response;
}

}  // namespace mxcd::api
