# What `cmake --install` and the packages hold: the program, its manual page and completions, and, in
# share/lensweep, configs, jobs and data that run from there.
include(GNUInstallDirs)

set_target_properties(lensweep PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON) # libraries of modules
install(TARGETS lensweep RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES LICENSE README.md CHANGELOG.md CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(DIRECTORY data DESTINATION ${CMAKE_INSTALL_DATADIR}/lensweep)
install(PROGRAMS scripts/get-model DESTINATION ${CMAKE_INSTALL_DATADIR}/lensweep/scripts)
install(FILES scripts/lib.sh DESTINATION ${CMAKE_INSTALL_DATADIR}/lensweep/scripts)

# Written by the program itself, where the machine that builds can run it.
set(pages "")
if(NOT CMAKE_CROSSCOMPILING)
  foreach(page "man lensweep.1 ${CMAKE_INSTALL_MANDIR}/man1"
               "bash lensweep ${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
               "zsh _lensweep ${CMAKE_INSTALL_DATADIR}/zsh/site-functions"
               "fish lensweep.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
    separate_arguments(page)
    list(GET page 0 form)
    list(GET page 1 name)
    list(GET page 2 folder)
    set(file ${PROJECT_BINARY_DIR}/pages/${form}/${name})
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/pages/${form})
    add_custom_command(OUTPUT ${file} DEPENDS lensweep VERBATIM
      COMMAND sh -c "\"$1\" help --as \"$2\" >\"$3\"" sh $<TARGET_FILE:lensweep> ${form} ${file})
    list(APPEND pages ${file})
    install(FILES ${file} DESTINATION ${folder})
  endforeach()
  add_custom_target(pages ALL DEPENDS ${pages})
endif()

# A text with the paths of the place where it is installed, which is known at that time:
# installed_text(FILE DESTINATION)
function(installed_text file destination)
  install(CODE "
    set(from \"${PROJECT_SOURCE_DIR}/${file}\")
    set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
    set(bin \"\${prefix}/${CMAKE_INSTALL_BINDIR}\")
    set(share \"\${prefix}/${CMAKE_INSTALL_DATADIR}/lensweep\")
    set(version \"${PROJECT_VERSION}\")
    set(folder \"\$ENV{DESTDIR}\${prefix}/${destination}\")
    include(\"${PROJECT_SOURCE_DIR}/cmake/installed_text.cmake\")")
endfunction()

file(GLOB texts RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS configs/*.yaml)
foreach(text ${texts})
  installed_text(${text} ${CMAKE_INSTALL_DATADIR}/lensweep/configs)
endforeach()
file(GLOB texts RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS jobs/*)
foreach(text ${texts})
  installed_text(${text} ${CMAKE_INSTALL_DATADIR}/lensweep/jobs)
endforeach()
installed_text(packaging/modulefile ${CMAKE_INSTALL_DATADIR}/lensweep)

# `cpack -G DEB` in the build folder. What it needs is read from the program.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the lensweep authors <lensweep@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gnuplot-nox)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-pip, python3-xarray")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
include(CPack)
