"""`make fuzz`: random issuances, mutated requests and mutated keys, in numbers that `make test` does not wait for."""
