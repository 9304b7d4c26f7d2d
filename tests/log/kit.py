"""Records to append, and a process that appends them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from cases.log.store import NewEntry

# A child that appends one record after the other and prints each position only after it was acknowledged.
APPENDER = """
    import sys
    from cases.log.store import AuditLog, NewEntry

    where, name, count, padding = sys.argv[1], sys.argv[2], int(sys.argv[3]), "x" * int(sys.argv[4])
    with AuditLog.open(where) as log:
        for number in range(count):
            id = f"{name}-{number}"
            place, = log.append([NewEntry(id=id, data=b'{"id":"%s","pad":"%s"}' % (id.encode(), padding.encode()))])
            print(place.seq, id, flush=True)
"""


def record(id: str, pad: str = "") -> NewEntry:  # noqa: A002 - the record's own word for it
    return NewEntry(id=id, data=f'{{"id":"{id}","pad":"{pad}"}}'.encode())


def keyed(id: str, key: str, fingerprint: str) -> NewEntry:  # noqa: A002 - see above
    return NewEntry(id=id, data=f'{{"id":"{id}"}}'.encode(), key=key, fingerprint=fingerprint)


def appender(where: Path | str, name: str, count: int, padding: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(APPENDER), str(where), name, str(count), str(padding)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
