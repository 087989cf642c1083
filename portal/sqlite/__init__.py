"""Django's SQLite backend, which knows what the library can while the database is locked."""
