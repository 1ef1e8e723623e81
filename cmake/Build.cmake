# Compiler settings and the few helpers that the module lists use.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(WN_WERROR "Treat warnings as errors" OFF)
set(WN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize: address,undefined or thread")
option(WN_TESTS "Build the tests" ON)
option(WN_FUZZ "Build the fuzz targets for libFuzzer (clang)" OFF)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1 -DNDEBUG") # files and lines for traces; all of -g takes a tenth longer to build
if(WN_SANITIZE)
    # Optimising and describing what the sanitizers add doubles the time of a build; file and line remain in reports.
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
endif()

# Flags that every target of ours takes.
add_library(wn_flags INTERFACE)
target_include_directories(wn_flags INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(wn_flags INTERFACE _GNU_SOURCE WN_BUILD_TYPE="${CMAKE_BUILD_TYPE}")
target_compile_options(wn_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wundef -Wwrite-strings -fno-math-errno -fno-trapping-math)
if(WN_WERROR)
    target_compile_options(wn_flags INTERFACE -Werror)
endif()
if(WN_SANITIZE)
    target_compile_options(wn_flags INTERFACE -fsanitize=${WN_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(wn_flags INTERFACE -fsanitize=${WN_SANITIZE})
    if(WN_SANITIZE MATCHES "address" AND NOT WN_FUZZ)
        # At a fixed address the tables of the sanitizers need no relocation at each start: a fifth of the pages it touches.
        target_link_options(wn_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
    endif()
    if(WN_SANITIZE MATCHES "undefined")
        target_compile_options(wn_flags INTERFACE -fno-sanitize-recover=undefined)
    endif()
endif()

if(WN_FUZZ)
    target_compile_options(wn_flags INTERFACE -fsanitize=fuzzer-no-link) # coverage, by which libFuzzer finds its way
endif()

# Modules in which tests under a sanitizer spend their time.
set(WN_BUSY_MODULES num index projection draw)

# wn_module(NAME SOURCES file... LIBS target...): one object library of a module.
function(wn_module name)
    cmake_parse_arguments(M "" "" "SOURCES;LIBS" ${ARGN})
    add_library(wn_${name} OBJECT ${M_SOURCES})
    target_link_libraries(wn_${name} PUBLIC wn_flags ${M_LIBS})
    if(WN_SANITIZE AND name IN_LIST WN_BUSY_MODULES)
        target_compile_options(wn_${name} PRIVATE -O2)
    endif()
    set_property(GLOBAL APPEND PROPERTY WN_MODULES wn_${name})
    set_property(GLOBAL APPEND PROPERTY WN_MODULE_LIBS ${M_LIBS})
endfunction()

# wn_plugins(OUT LIST FOLDER): the files FOLDER/NAME.c for each X(NAME) of LIST; re-configures when LIST changes.
function(wn_plugins out list folder)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
    file(STRINGS ${list} lines REGEX "^X\\([a-z0-9_]+\\)")
    set(files "")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^X\\(([a-z0-9_]+)\\).*" "${folder}/\\1.c" file "${line}")
        list(APPEND files ${file})
    endforeach()
    set(${out} ${files} PARENT_SCOPE)
endfunction()

# wn_isa(LEVEL file...): compiles these files, and only these, for an instruction-set level.
set(WN_ISA_avx2 -mavx2 -mfma -mf16c -mpopcnt)
set(WN_ISA_avx512 ${WN_ISA_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl)
if(WN_SANITIZE AND EXISTS /proc/cpuinfo)
    # What this machine can not run no sanitizer can look at: compiled, but plainly.
    file(STRINGS /proc/cpuinfo avx512_lines REGEX " avx512f " LIMIT_COUNT 1)
    if(NOT avx512_lines)
        list(APPEND WN_ISA_avx512 -fno-sanitize=all)
    endif()
endif()
set(WN_ISA_avx512vnni ${WN_ISA_avx512} -mavx512vnni)
set(WN_ISA_avx512bf16 ${WN_ISA_avx512vnni} -mavx512bf16)
function(wn_isa level)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${WN_ISA_${level}}")
endfunction()

# libwinnow.a for tests and tools, libwinnow.so for users; both from the same objects.
function(wn_libraries)
    get_property(modules GLOBAL PROPERTY WN_MODULES)
    get_property(libs GLOBAL PROPERTY WN_MODULE_LIBS)
    list(REMOVE_DUPLICATES libs)
    set(objects "")
    foreach(module IN LISTS modules)
        list(APPEND objects $<TARGET_OBJECTS:${module}>)
    endforeach()
    add_library(winnow STATIC ${objects})
    target_link_libraries(winnow PUBLIC wn_flags ${libs})
    add_library(winnow_shared SHARED ${objects})
    set_target_properties(winnow_shared PROPERTIES OUTPUT_NAME winnow
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_link_libraries(winnow_shared PRIVATE ${libs} PUBLIC wn_flags)
    install(TARGETS winnow_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/winnow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# wn_test(NAME): tests/unit/NAME.c as a cmocka program linked with the static library.
function(wn_test name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE winnow PkgConfig::CMOCKA PkgConfig::JANSSON)
    add_test(NAME ${name} COMMAND ${name})
endfunction()
