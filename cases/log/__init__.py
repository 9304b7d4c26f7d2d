"""The append-only log: rows of record, one order, signed checkpoints, export and verification. START HERE: `store`."""
