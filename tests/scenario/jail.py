"""Runs a program as a systemd unit's SystemCallFilter=, RestrictAddressFamilies= and MemoryDenyWriteExecute=
let it: jail.py UNIT PROGRAM ARGUMENT… What is not allowed fails with EPERM, as the units ask for."""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys

ALLOW, REFUSE = 0x7fff0000, 0x00050001  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO, EPERM
LOAD, EQUAL, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
NUMBER, ARGUMENTS = 0, 16  # where struct seccomp_data has them
PROT_WRITE, PROT_EXEC = 2, 4
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def said(*command):
    return subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout


def numbers():
    """System call by name, as this machine's kernel counts them."""
    text = said("gcc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null")
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}


def members(group):
    for word in said("systemd-analyze", "syscall-filter", group).split("\n")[1:]:
        word = word.strip()
        if word.startswith("@"):
            yield from members(word)
        elif word and not word.startswith("#"):
            yield word


def allowed(settings):
    names = set()
    for value in settings["SystemCallFilter"]:
        groups = {name for group in value.lstrip("~").split() for name in members(group)}
        names = names - groups if value.startswith("~") else names | groups
    return names


def program(settings):
    """In BPF: [code, jump if true, jump if false, operand]."""
    number = numbers()
    special = {"execve", "mmap", "mprotect", "socket"}
    lines = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 1, number["execve"]), (RETURN, 0, 0, ALLOW)]
    for name in sorted(allowed(settings) - special):
        if name in number:
            lines += [(EQUAL, 0, 1, number[name]), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 0, 4, number["mprotect"]), (LOAD, 0, 0, ARGUMENTS + 16), (ANY_BIT, 0, 1, PROT_EXEC),
              (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    both = PROT_WRITE | PROT_EXEC
    lines += [(EQUAL, 0, 5, number["mmap"]), (LOAD, 0, 0, ARGUMENTS + 16), (AND, 0, 0, both), (EQUAL, 0, 1, both),
              (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    families = [int(getattr(socket, name)) for name in settings["RestrictAddressFamilies"][0].split()]
    lines += [(EQUAL, 0, 2 * len(families) + 1, number["socket"]), (LOAD, 0, 0, ARGUMENTS)]
    for family in families:
        lines += [(EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    return lines + [(RETURN, 0, 0, REFUSE)]


def main():
    settings = {}
    with open(sys.argv[1], encoding="utf-8") as unit:
        for line in unit:
            name, _, value = line.strip().partition("=")
            settings.setdefault(name, []).append(value)
    lines = program(settings)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    about = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, about)):
        if libc.prctl(*words) != 0:
            sys.exit("no filter here: %s" % os.strerror(ctypes.get_errno()))
    os.execv(sys.argv[2], sys.argv[2:])


main()
