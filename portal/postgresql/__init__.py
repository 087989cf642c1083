"""Django's PostgreSQL backend, for connections that stay open for days and for poolers in between."""
