"""Programs and packages that the pages talk about."""
