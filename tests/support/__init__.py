"""Real parts for tests: a PostgreSQL server, a running portal, a browser."""
