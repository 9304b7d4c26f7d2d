"""What was decided: records, the audit log, replay, verification and supervision. START HERE: `cases.desk`."""
