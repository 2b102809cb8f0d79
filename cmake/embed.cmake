# Compiles migrations/*.sql into the metadata room. Included by the top CMakeLists.txt, and run as a script
# (cmake -DMIGRATIONS=... -DOUTPUT=... -P embed.cmake) at build time, whenever one of the files has changed.

if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB migrations "${MIGRATIONS}/*.sql")
  list(SORT migrations)
  set(entries "")
  set(expected 1)
  foreach(migration IN LISTS migrations)
    get_filename_component(name "${migration}" NAME)
    if(NOT name MATCHES "^0*([1-9][0-9]*)_" OR NOT CMAKE_MATCH_1 EQUAL expected)
      message(FATAL_ERROR "migrations must be numbered 0001_, 0002_, ... without gaps: ${name}")
    endif()
    math(EXPR expected "${expected} + 1")
    file(READ "${migration}" text)
    string(APPEND entries "    R\"mxcdsql(${text})mxcdsql\",\n")
  endforeach()
  file(WRITE "${OUTPUT}.new" "#include <array>
#include <span>

namespace mxcd::metadata {

std::span<const char* const> embedded_migrations();

namespace {
constexpr auto texts = std::to_array<const char*>({
${entries}});
}  // namespace

std::span<const char* const> embedded_migrations() { return texts; }

}  // namespace mxcd::metadata
")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

file(GLOB mxcd_migrations CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/migrations/*.sql)
set(mxcd_embedded_migrations ${CMAKE_BINARY_DIR}/generated/embedded_migrations.cpp)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${mxcd_embedded_migrations}
  COMMAND ${CMAKE_COMMAND} -DMIGRATIONS=${PROJECT_SOURCE_DIR}/migrations -DOUTPUT=${mxcd_embedded_migrations}
          -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${mxcd_migrations} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding migrations"
  VERBATIM)
target_sources(mxcd_metadata PRIVATE ${mxcd_embedded_migrations})
