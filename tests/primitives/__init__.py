"""The primitive table, and the tests that its rows drive."""
