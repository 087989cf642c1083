"""Django's SQLite backend, which also starts while another process locks the database."""
