"""The tests. Helpers are imported as `tests.programs`, `tests.plain_client`, `tests.browser`."""
