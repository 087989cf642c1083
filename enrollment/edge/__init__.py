"""A complete edge: `manage.py enroll_edge`. Knows neither Django, settings nor a database."""
