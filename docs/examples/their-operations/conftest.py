pytest_plugins = ["minigrad.testing.plugin"]
