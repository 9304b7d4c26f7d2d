"""The open formats of the audit log, pure: bytes in, bytes out; no SQL, file, clock or socket is known here.

The hash tree is RFC 6962's (section 2.1), everything else is C2SP's: signed-note, tlog-checkpoint, tlog-tiles,
tlog-cosignature, tlog-proof, tlog-policy and tlog-witness. START HERE: `cases.tlog.tree`, then `note` and `keys`.
"""
