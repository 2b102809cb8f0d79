#pragma once

namespace mxcd::test {

#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define MXCD_TEST_CHECKS_TYPES
#endif
#endif

/// Built with the undefined-behaviour sanitizer, which itself needs descriptors to look at a type: what a
/// process does without any cannot be tested then.
#ifdef MXCD_TEST_CHECKS_TYPES
constexpr bool is_type_checking = true;
#else
constexpr bool is_type_checking = false;
#endif

}  // namespace mxcd::test
