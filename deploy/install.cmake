# Runs within cmake --install. Takes source (this folder), config (muster.toml) and filled (a place for
# what is filled in before it is copied).
set(BIN "${CMAKE_INSTALL_PREFIX}/bin")
set(DOC "${CMAKE_INSTALL_PREFIX}/share/doc/muster")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(ETC "/etc/muster")
else()
  set(ETC "${CMAKE_INSTALL_PREFIX}/etc/muster")
endif()

# The operator's own is never written over.
if(EXISTS "$ENV{DESTDIR}${ETC}/muster.toml")
  message(STATUS "Kept: $ENV{DESTDIR}${ETC}/muster.toml")
else()
  file(INSTALL "${config}" DESTINATION "${ETC}")
endif()

file(READ "${source}/systemd/service.in" SERVICE)

function(fill template folder name)
  configure_file("${source}/systemd/${template}" "${filled}/${folder}/${name}" @ONLY)
  file(INSTALL "${filled}/${folder}/${name}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/${folder}")
endfunction()

foreach(unit muster-registry.service muster-replicator.service muster-evictor.service
    muster-gateway@.service muster.target)
  fill(${unit}.in systemd/system ${unit})
endforeach()
fill(sysusers.in sysusers.d muster.conf)
fill(tmpfiles.in tmpfiles.d muster.conf)
