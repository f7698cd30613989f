# ccache if it is there (and no other launcher was asked for).
find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT DEFINED CMAKE_C_COMPILER_LAUNCHER AND NOT DEFINED ENV{CMAKE_C_COMPILER_LAUNCHER})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

# Flags of every target. -ffp-contract=off: the same bits from gcc and clang, with and without FMA.
add_library(lensweep_flags INTERFACE)
target_include_directories(lensweep_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(lensweep_flags INTERFACE _XOPEN_SOURCE=700) # POSIX beside C17
target_compile_options(lensweep_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -ffp-contract=off -fno-math-errno)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # It cannot know that a function which returns an error code leaves its results unread.
  target_compile_options(lensweep_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(LENSWEEP_WERROR)
  target_compile_options(lensweep_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_C_FLAGS_RELEASE "-O3")
endif()
if(LENSWEEP_SANITIZE)
  target_compile_options(lensweep_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lensweep_flags INTERFACE -fsanitize=address,undefined)
endif()

# A floor is one static library; it may use the floors below it and names them here.
#   lensweep_floor(engine SOURCES wave.c naive.c USES model base)
function(lensweep_floor name)
  cmake_parse_arguments(F "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(ls_${name} STATIC ${F_SOURCES})
  foreach(floor ${F_USES})
    target_link_libraries(ls_${name} PUBLIC ls_${floor})
  endforeach()
  target_link_libraries(ls_${name} PUBLIC lensweep_flags PRIVATE ${F_LIBS})
endfunction()

# Compiles SOURCES once for each instruction set of src/base/isa.h, into one floor's library:
#   lensweep_per_isa(base lanes.c)
function(lensweep_per_isa floor)
  set(portable "")
  set(avx2 -mavx2 -mfma -mf16c)
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512)
  set(neon "")
  set(isas portable)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    list(APPEND isas avx2 avx512)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    list(APPEND isas neon)
  endif()
  foreach(isa ${isas})
    add_library(ls_${floor}_${isa} OBJECT ${ARGN})
    target_link_libraries(ls_${floor}_${isa} PRIVATE lensweep_flags)
    target_compile_definitions(ls_${floor}_${isa} PRIVATE ISA_NAME=${isa}
      $<$<STREQUAL:${isa},portable>:ISA_IS_PORTABLE>)
    target_compile_options(ls_${floor}_${isa} PRIVATE ${${isa}})
    target_sources(ls_${floor} PRIVATE $<TARGET_OBJECTS:ls_${floor}_${isa}>)
  endforeach()
endfunction()
