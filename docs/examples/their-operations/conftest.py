"""Options and fixtures of minigrad's tests: the device, the profiles."""

pytest_plugins = ["minigrad.testing.plugin"]
