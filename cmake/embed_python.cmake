# Compiles src/modules/python/**.py into the modules room, by their paths. Included by the top CMakeLists.txt, and run as
# a script (cmake -DSCRIPTS=... -DOUTPUT=... -P embed_python.cmake) at build time, whenever one of the files has changed.

if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE scripts RELATIVE "${SCRIPTS}" "${SCRIPTS}/*.py")
  list(SORT scripts)
  set(entries "")
  foreach(script IN LISTS scripts)
    file(READ "${SCRIPTS}/${script}" text)
    string(APPEND entries "    {\"${script}\", R\"mxcdpython(${text})mxcdpython\"},\n")
  endforeach()
  file(WRITE "${OUTPUT}.new" "#include \"modules/python_scripts.hpp\"

#include <array>

namespace mxcd::modules {

namespace {
constexpr auto scripts = std::to_array<PythonScript>({
${entries}});
}  // namespace

std::span<const PythonScript> python_scripts() { return scripts; }

}  // namespace mxcd::modules
")
  file(RENAME "${OUTPUT}.new" "${OUTPUT}")
  return()
endif()

file(GLOB_RECURSE mxcd_python_scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/modules/python/*.py)
set(mxcd_embedded_python ${CMAKE_BINARY_DIR}/generated/embedded_python.cpp)
add_custom_command(
  OUTPUT ${mxcd_embedded_python}
  COMMAND ${CMAKE_COMMAND} -DSCRIPTS=${PROJECT_SOURCE_DIR}/src/modules/python -DOUTPUT=${mxcd_embedded_python}
          -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${mxcd_python_scripts} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding Python scripts"
  VERBATIM)
target_sources(mxcd_modules PRIVATE ${mxcd_embedded_python})
target_include_directories(mxcd_modules PRIVATE ${PROJECT_SOURCE_DIR}/src)
