"""What Alembic asks for: the connection the caller gave, whose transaction the steps run in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
