"""Django's PostgreSQL backend for persistent connections, direct or through a pooler."""
