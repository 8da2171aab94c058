"""The plugin that minigrad's checks belong to."""

pytest_plugins = ["minigrad.testing.plugin"]
