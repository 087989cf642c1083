"""`make run`: from an empty machine to a running portal with demo data and an administrator."""
