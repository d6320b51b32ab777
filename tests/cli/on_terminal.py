# SPDX-License-Identifier: Apache-2.0
"""on_terminal.py COLUMNS COMMAND...: its standard output, which is a terminal of so many columns; exits as it."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 50, int(sys.argv[1]), 0, 0))
with subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=slave) as command:
    os.close(slave)
    try:
        while text := os.read(master, 1 << 16):
            sys.stdout.buffer.write(text.replace(b"\r\n", b"\n"))
    except OSError:  # EIO: it has been closed
        pass
sys.exit(command.returncode)
