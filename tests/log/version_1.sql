-- The tables and triggers of a log as the first program made them (layout version 1), from a file of its own making.
CREATE TABLE entry (
seq INTEGER NOT NULL CHECK (seq >= 0),
id TEXT NOT NULL,
leaf_hash BLOB NOT NULL,
bytes BLOB NOT NULL,
PRIMARY KEY (seq),
UNIQUE (id)
);
CREATE TABLE head (
one INTEGER NOT NULL CHECK (one = 1),
size INTEGER NOT NULL,
root BLOB NOT NULL,
frontier BLOB NOT NULL,
PRIMARY KEY (one)
);
CREATE TABLE checkpoint (
size INTEGER NOT NULL,
root BLOB NOT NULL,
PRIMARY KEY (size)
);
CREATE TABLE source (
digest TEXT NOT NULL,
bytes BLOB NOT NULL,
PRIMARY KEY (digest)
);
CREATE TABLE meta (
name TEXT NOT NULL,
value TEXT NOT NULL,
PRIMARY KEY (name)
);
CREATE TABLE idempotency (
"key" TEXT NOT NULL,
fingerprint TEXT NOT NULL,
seq INTEGER NOT NULL,
PRIMARY KEY ("key"),
FOREIGN KEY(seq) REFERENCES entry (seq)
);
CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER head_shrink BEFORE UPDATE ON head WHEN NEW.size <= OLD.size BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER entry_replace BEFORE INSERT ON entry WHEN EXISTS (SELECT 1 FROM entry WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER checkpoint_replace BEFORE INSERT ON checkpoint WHEN EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size) BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER source_update BEFORE UPDATE ON source BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER source_delete BEFORE DELETE ON source BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER source_replace BEFORE INSERT ON source WHEN EXISTS (SELECT 1 FROM source WHERE digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER idempotency_update BEFORE UPDATE ON idempotency BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER idempotency_delete BEFORE DELETE ON idempotency BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER idempotency_replace BEFORE INSERT ON idempotency WHEN EXISTS (SELECT 1 FROM idempotency WHERE key = NEW.key) BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER meta_update BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER meta_delete BEFORE DELETE ON meta BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER meta_replace BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE name = NEW.name) BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
