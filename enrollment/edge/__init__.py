"""The program that enrolls and renews an edge. It needs neither Django, settings nor a database."""
