"""Runs a command in a pseudo-terminal and takes the steps of a session, given as JSON:
{"command": [...], "rows": 24, "columns": 80, "env": {...}, "steps": [...]}. A step is one of
{"wait": regex}    until the output after the last match has it
{"send": text}     keys
{"resize": [rows, columns]}
{"signal": "TERM"}
{"write": [file, text]}
{"hangUp": true}   closes the terminal
Prints JSON: exit status (negative: a signal), the output, whether the terminal's mode is as before. Nothing sleeps: each wait is
for output or for the end of the command, and has a limit."""
import fcntl, json, os, pty, re, select, signal, struct, subprocess, sys, termios

LIMIT_S = 60
given = json.load(sys.stdin)
master, slave = pty.openpty()


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


resize(given["rows"], given["columns"])
before = termios.tcgetattr(slave)
child = subprocess.Popen(
    given["command"], stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal,
    env={**os.environ, **given.get("env", {})},
)
ended = os.pidfd_open(child.pid)
output, seen, dead = b"", 0, False


def more(until_end=False):
    """Reads what comes next; False at the end."""
    global output, dead
    ready, _, _ = select.select(([] if dead else [master]) + [ended], [], [], LIMIT_S)
    if master in ready:
        output += os.read(master, 65536)
        return True
    if ended in ready:
        return False
    child.kill()
    raise SystemExit(f"nothing came within {LIMIT_S} s after {output[-2000:]!r}")


for step in given["steps"]:
    (what, value), = step.items()
    if what == "wait":
        while not (found := re.compile(value.encode(), re.S).search(output, seen)):
            if not more():
                raise SystemExit(f"ended before {value!r}: {output[-2000:]!r}")
        seen = found.end()
    elif what == "send":
        os.write(master, value.encode())
    elif what == "resize":
        resize(*value)
    elif what == "signal":
        os.kill(child.pid, getattr(signal, "SIG" + value))
    elif what == "write":
        with open(value[0] + ".new", "w") as file:
            file.write(value[1])
        os.replace(value[0] + ".new", value[0])
    elif what == "hangUp":
        os.close(slave)
        os.close(master)
        dead = True

while more():
    pass
status = child.wait()
while not dead and select.select([master], [], [], 0)[0]:
    output += os.read(master, 65536)
restored = None if dead else termios.tcgetattr(slave) == before
json.dump({"status": status, "output": output.decode("utf8", "replace"), "restored": restored}, sys.stdout)
