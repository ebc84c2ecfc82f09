# Runs within cmake --install, before anything is installed. Everybody may enter what is made here, whatever
# the umask of who installs; what is there already stays as it is.
function(make_open path)
  if(NOT EXISTS "${path}")
    get_filename_component(parent "${path}" DIRECTORY)
    make_open("${parent}")
    file(MAKE_DIRECTORY "${path}")
    file(CHMOD "${path}" DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
      GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endif()
endfunction()

foreach(folder bin lib/muster lib/systemd/system lib/sysusers.d lib/tmpfiles.d share/muster share/doc/muster
    share/man/man1 share/man/man5 share/man/man8 share/bash-completion/completions share/zsh/site-functions)
  make_open("$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${folder}")
endforeach()
