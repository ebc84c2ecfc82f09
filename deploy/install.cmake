# Runs within cmake --install. Takes source (this folder), config (muster.toml) and filled (a place for
# what is filled in before it is copied).
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(ETC "/etc/muster")
else()
  set(ETC "${CMAKE_INSTALL_PREFIX}/etc/muster")
endif()

set(kept "$ENV{DESTDIR}${ETC}/muster.toml")

# As units take them: a word of a command line, and a URL, in which a percent sign is doubled.
function(unit_word variable path)
  string(REPLACE "\\" "\\\\" path "${path}")
  string(REPLACE "%" "%%" path "${path}")
  string(REPLACE "\"" "\\x22" path "${path}")
  string(REPLACE "'" "\\x27" path "${path}")
  string(REPLACE " " "\\x20" path "${path}")
  set(${variable} "${path}" PARENT_SCOPE)
endfunction()

function(unit_url variable path)
  string(REPLACE "%" "%25" path "${path}")
  string(REPLACE " " "%20" path "${path}")
  string(REPLACE "%" "%%" path "${path}")
  set(${variable} "${path}" PARENT_SCOPE)
endfunction()

unit_word(BIN "${CMAKE_INSTALL_PREFIX}/bin")
unit_url(DOC "${CMAKE_INSTALL_PREFIX}/share/doc/muster")
set(place "${ETC}")
unit_word(ETC "${place}")
string(REPLACE "$" "$$" ETC "${ETC}") # in arguments only, not in the program's own path

# The operator's own is never written over.
if(EXISTS "${kept}")
  message(STATUS "Kept: ${kept}")
else()
  make_open("$ENV{DESTDIR}${place}")
  file(INSTALL "${config}" DESTINATION "${place}")
endif()

file(READ "${source}/systemd/service.in" SERVICE)

function(fill template folder name)
  configure_file("${source}/systemd/${template}" "${filled}/${folder}/${name}" @ONLY)
  file(INSTALL "${filled}/${folder}/${name}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/${folder}")
endfunction()

foreach(unit muster-registry.service muster-replicator.service muster-evictor.service
    muster-gateway@.service muster-store.service muster-etcd@.service muster.target)
  fill(${unit}.in systemd/system ${unit})
endforeach()
fill(sysusers.in sysusers.d muster.conf)
fill(tmpfiles.in tmpfiles.d muster.conf)
